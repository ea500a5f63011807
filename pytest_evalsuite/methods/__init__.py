"""Test methods: each scores an answer; one small file per method, found by its name."""

from __future__ import annotations

from pytest_evalsuite.methods._base import Answer, Method, Score, Text, Texts
from pytest_evalsuite.methods._registry import MethodRegistry, get_method, method_names

__all__ = ["Answer", "Method", "MethodRegistry", "Score", "Text", "Texts", "get_method", "method_names"]
