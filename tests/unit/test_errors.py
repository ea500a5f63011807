"""What all errors have in common."""

from __future__ import annotations

import pytest

from pytest_evalsuite.errors import BaselineMissing, Mistake, StoreError

BREAKS = ["\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("character", BREAKS)
def test_a_mistake_is_told_on_one_line_whatever_it_quotes(character: str) -> None:
    told = str(Mistake(f"a{character}b.eval.yaml", 1, 2, f"unknown key c{character}d"))
    assert len(told.splitlines()) == 1
    assert told == f"a{repr(character)[1:-1]}b.eval.yaml:1:2: unknown key c{repr(character)[1:-1]}d"


@pytest.mark.parametrize("character", BREAKS)
@pytest.mark.parametrize("kind", [StoreError, BaselineMissing])
def test_so_is_what_is_wrong_with_a_run(kind: type[StoreError], character: str) -> None:
    assert str(kind(f"a result of a{character}b.eval.yaml")) == f"a result of a{repr(character)[1:-1]}b.eval.yaml"
