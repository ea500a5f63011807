"""Test sets: YAML, CSV and JSONL files become a `TestSet`, or a TestSetError that names every mistake."""

from __future__ import annotations

from pytest_evalsuite.testsets.checks import DEFAULT_METHOD
from pytest_evalsuite.testsets.defaults import Defaults
from pytest_evalsuite.testsets.load import SUFFIXES, load_test_set
from pytest_evalsuite.testsets.model import Case, Check, PassRule, Requirement, TestSet
from pytest_evalsuite.testsets.options import MethodLookup

__all__ = [
    "DEFAULT_METHOD",
    "SUFFIXES",
    "Case",
    "Check",
    "Defaults",
    "MethodLookup",
    "PassRule",
    "Requirement",
    "TestSet",
    "load_test_set",
]
