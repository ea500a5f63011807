"""What cases have unless they say otherwise: from the configuration and from a test set's ``defaults``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pytest_evalsuite.testsets.build import check_attempts
from pytest_evalsuite.testsets.checks import DEFAULT_METHOD, SLOT_METHOD, CaseDefaults
from pytest_evalsuite.testsets.fields import DEFAULTS
from pytest_evalsuite.testsets.options import Methods
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.scalars import is_null
from pytest_evalsuite.testsets.values import Refused, did_you_mean, listed, show

__all__ = ["Defaults", "read_defaults"]


@dataclass(frozen=True, slots=True)
class Defaults:
    """Defaults of the configuration. ``passing_score`` in 0..1, or None for each method's own."""

    mode: Literal["independent", "scenario"] = "independent"
    test_method: str = DEFAULT_METHOD
    passing_score: float | None = None


def read_defaults(test_set: Part, configured: Defaults, methods: Methods) -> CaseDefaults:
    """Read the ``defaults`` of a test set, adding what is wrong with them to its problems."""
    raw = test_set.raw.get("defaults", {})
    if type(raw) is not dict:
        wrong = "is empty: leave the key out" if is_null(raw) else f"expected a mapping, not {show(raw)}"
        test_set.report("defaults", wrong)
        raw = {}
    part = Part(raw, DEFAULTS, test_set.problems, ("defaults",))
    method = named_method(part, methods)
    options: dict[str, Any] = {}
    for key, value in part.rest.items():
        if key == "threshold":
            read_threshold(part, value)
        elif not methods.owners(key):
            known = [*DEFAULTS.by_key, *methods.options()]
            hint = did_you_mean(key, known) or listed(known)
            part.report(key, f"unknown default {key!r}: no method has this option{hint}", on_key=True)
        elif usable(part, key, value, methods):
            options[key] = value
    values = part.values
    check_attempts(part, values.get("iterations"), values.get("pass_rule"))
    return CaseDefaults(
        test_method=None if "test_method" in part.refused else method or configured.test_method,
        passing_score=values.get("passing_score", configured.passing_score),
        agent=test_set.values.get("agent"),
        iterations=values.get("iterations"),
        timeout=values.get("timeout"),
        pass_rule=values.get("pass_rule"),
        options=options,
        slot_method=method or SLOT_METHOD,
    )


def named_method(part: Part, methods: Methods) -> str | None:
    """Give the method that the defaults name, if there is such a one."""
    name: str | None = part.values.get("test_method")
    if name is not None:
        try:
            methods.find(name)
        except Refused as refused:
            part.refuse("test_method", refused, part.key("test_method"))
    return name


def read_threshold(part: Part, value: Any) -> None:
    """Read ``threshold`` as the passing score."""
    if "passing_score" in part.raw:
        part.report("threshold", "'threshold' and 'passing_score' mean the same: keep one", on_key=True)
        return
    try:
        part.values["passing_score"] = DEFAULTS.by_key["passing_score"][1](value)
    except Refused as refused:
        part.refuse("passing_score", refused, "threshold")


def usable(part: Part, key: str, value: Any, methods: Methods) -> bool:
    """Whether a method takes an option's value; if none does, say so once here rather than for each case."""
    refusals: list[Refused] = []
    for owner in methods.owners(key):
        try:
            methods.make(methods.find(owner), {key: value})
        except Refused as refused:
            about_it = [(path, message) for path, message in refused.problems if path[:1] == (key,)]
            if about_it:
                refusals.append(Refused(problems=about_it))
                continue
        return True
    part.refuse(key, refusals[0])
    return False
