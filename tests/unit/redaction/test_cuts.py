"""What cuts a text short takes the secrets out before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pytest_evalsuite.agents.environment import clipped
from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.errors import ReplyError
from pytest_evalsuite.execution.call import _argument
from pytest_evalsuite.execution.dialogue import MESSAGE_LIMIT, _shortened
from pytest_evalsuite.execution.failure import MAX_MESSAGE, message_of
from pytest_evalsuite.execution.output import MAX_CHARS, Output
from pytest_evalsuite.judges._reply import _shown
from pytest_evalsuite.redaction import Redactor, use
from pytest_evalsuite.runs.encoding import encode

SECRET = "wJ4rXUtnFEMIK7MDENGbPxRf"


@pytest.fixture(autouse=True)
def in_force() -> Iterator[None]:
    """A redactor that knows one secret."""
    before = use(Redactor({SECRET: "A_KEY"}))
    yield
    use(before)


class Odd:
    """Has a long text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def printed(text: str) -> str:
    """What is kept of a flood."""
    output = Output()
    output.write("stdout", "y" * (MAX_CHARS - 100))
    output.write("stdout", text)
    (kept,) = output._events
    assert isinstance(kept, tuple)
    return kept[1].getvalue()[-200:]


def refused(text: str) -> str:
    with pytest.raises(ReplyError) as caught:
        read_reply(text, max_chars=10)
    return str(caught.value)


CUTS: dict[str, tuple[Callable[[str], str], int]] = {
    "a message of an agent of ours": (clipped, 300),
    "a message of an exception": (lambda text: message_of(ValueError(text)), MAX_MESSAGE // 2),
    "what ended more than the case": (lambda text: _argument(SystemExit(text)), 80),
    "what was said before": (_shortened, MESSAGE_LIMIT),
    "an odd reply of a judge": (_shown, 80),
    "an answer that is too long": (refused, 80),
    "evidence that is no JSON": (lambda text: encode({"seen": Odd(text)}), 1_000),
    "a flood": (printed, 100),
}


@pytest.mark.parametrize("name", CUTS)
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(name: str) -> None:
    cut, limit = CUTS[name]
    for before in range(max(limit - len(SECRET) - 3, 0), limit + 3):
        left = cut("." * before + SECRET + "." * (limit + MAX_MESSAGE))
        assert not any(SECRET[start : start + 4] in left for start in range(len(SECRET) - 3)), (before, left)
