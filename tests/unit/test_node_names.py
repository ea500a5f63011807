from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.collection import NAME_LIMIT, _safe

IDS = st.text(
    st.one_of(st.sampled_from([*":[]@%/\\  -"]), st.characters(exclude_categories=["Cc", "Cs"])), max_size=80
)


@given(IDS)
def test_a_name_can_stand_in_a_node_id(text: str) -> None:
    name = _safe(text)
    assert "::" not in name
    assert not set(name) & set("[]@\n")
    assert not any(unicodedata.category(character) == "Cc" for character in name)


@given(IDS, IDS)
def test_different_ids_have_different_names(one: str, other: str) -> None:
    assert (one == other) == (_safe(one) == _safe(other))
    assert NAME_LIMIT > 80
