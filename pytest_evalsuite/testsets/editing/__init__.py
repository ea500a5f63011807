"""Test sets edited in place: what is not asked to change stays as it is, to the byte."""

from __future__ import annotations

from pytest_evalsuite.testsets.editing.changes import UNSET
from pytest_evalsuite.testsets.editing.file import TestSetFile, open_test_set

__all__ = ["UNSET", "TestSetFile", "open_test_set"]
