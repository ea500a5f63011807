from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.testsets import Defaults, TestSet, load_test_set

Write = Callable[..., Path]
Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

EXACT = Defaults(test_method="exact_match")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file and give its path."""

    def write(content: str | bytes, name: str = "t.eval.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def load(write: Write) -> Load:
    """Load a text as a test set whose cases are matched exactly by default."""

    def load(content: str | bytes, name: str = "t.eval.yaml", defaults: Defaults = EXACT) -> TestSet:
        return load_test_set(write(content, name), display_path=name, defaults=defaults)

    return load


@pytest.fixture
def mistakes(load: Load) -> Mistakes:
    """Give what is wrong with a test set, as ``line:column: message``."""

    def mistakes(content: str | bytes, name: str = "t.eval.yaml", defaults: Defaults = EXACT) -> list[str]:
        with pytest.raises(TestSetError) as caught:
            load(content, name, defaults)
        return [f"{found.line}:{found.column}: {found.message}" for found in caught.value.mistakes]

    return mistakes
