"""What an evaluation was made of, as it was at the time: how answers were judged, the mapping, both sides' state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.testsets.model import Check, TestSet

__all__ = ["agent_configuration", "configuration_of"]

IMPORTED: Final = re.compile(r"[\w.]+:[\w.]+")
"""A target that names code; anything else, such as an address, may hold a secret."""


def configuration_of(test_set: TestSet) -> dict[str, Any]:
    """What all evaluations of a test set have in common, as JSON values; each has its ``agent`` beside it."""
    slots = test_set.slots
    mapping = slots.mapping if slots is not None else None
    return {
        "evaluator": evaluator(test_set),
        "mapping_type": None if mapping is None else "explicit",
        "mapping": None if mapping is None else mapping.as_json(),
        "test_set": configuration_of_test_set(test_set),
    }


def agent_configuration(name: str, target: Any, described: str, version: str | None) -> dict[str, Any]:
    """The agent's name, where it is from, its version, and a digest of these.

    ``target`` is what is configured, ``described`` stands for it where that is no text of the form ``module:name``.
    """
    shown = target if isinstance(target, str) and IMPORTED.fullmatch(target) else described
    return {"name": name, "target": shown, "version": version, "fingerprint": digest((name, shown, version or ""))}


def configuration_of_test_set(test_set: TestSet) -> dict[str, Any]:
    """The test set's settings, and a digest of them and of all its cases: the results hold what those say."""
    slots = test_set.slots
    inputs, outputs = (slots.inputs, slots.outputs) if slots is not None else (None, None)
    cases = digest(text for case in test_set.cases for text in (case.id, case.fingerprint))
    settings = {
        "mode": test_set.mode,
        "language": test_set.language,
        "agent": test_set.agent,
        "inputs_schema": None if inputs is None else inputs.schema,
        "outputs_schema": None if outputs is None else outputs.schema,
    }
    mapping = "" if slots is None or slots.mapping is None else repr(slots.mapping.as_json())
    fingerprint = digest((test_set.name, repr(settings), mapping, cases))
    return {"fingerprint": fingerprint, "cases": len(test_set.cases), **settings}


def evaluator(test_set: TestSet) -> dict[str, Any]:
    """The methods of all cases, sorted, and of each what is the same wherever it is used."""
    checks: dict[str, list[Check]] = {}
    for case in test_set.cases:
        for check in case.checks:
            checks.setdefault(check.method.method, []).append(check)
    return {"type": sorted(checks), "config": {name: shared(checks[name]) for name in sorted(checks)}}


def shared(checks: Sequence[Check]) -> dict[str, Any]:
    """What checks of one method share: its options, and the passing score (null where it differs)."""
    bars = {check.passing_score for check in checks}
    return {
        "options": shared_options(list({id(check.method): check.method for check in checks}.values())),
        "passing_score": bars.pop() if len(bars) == 1 else None,
    }


def shared_options(methods: Sequence[Method]) -> dict[str, Any]:
    """The options that have the same value in all of some methods of one name, as JSON values."""
    first, *others = methods
    names = dict.fromkeys(type(first).model_fields)
    for other in others:
        for name in [name for name in names if getattr(other, name, ...) != getattr(first, name)]:
            del names[name]
        if not names:
            return {}
    options: dict[str, Any] = first.model_dump(mode="json", include=set(names))
    return options


def digest(texts: Iterable[str]) -> str:
    """16 hex digits over some texts, in their order."""
    found = blake2b(digest_size=8)
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()
