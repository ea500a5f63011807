"""A judge's reply is read: exactly one verdict, every value in its range, or it is unreadable."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pytest_evalsuite.judges._base import Scale
from pytest_evalsuite.redaction import redact

__all__ = ["Unreadable", "fits", "read_verdict", "verdict_form"]

LONGEST: Final = 50_000
RANGES: Final = {"points": (1, 10), "fraction": (0, 1)}
THINKING: Final = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
CODE: Final = re.compile(r"\A```(?:json)?\s(.*)```\Z", re.DOTALL | re.IGNORECASE)


class Unreadable(Exception):
    """A reply that is no verdict; the message says what is wrong with it, for the judge to do better."""


def verdict_form(scale: Scale) -> str:
    """The form of a verdict as it is shown to a judge."""
    reason = '"reason": "<why, in one to three sentences>"'
    if scale.kind == "rules":
        rules = ", ".join(
            f'{{"rule": {number}, {reason}, "met": true or false}}' for number in range(1, len(scale.rules) + 1)
        )
        return f'{{"verdicts": [{rules}]}}'
    value = {
        "passed": '"passed": true or false',
        "points": '"score": <whole number from 1 to 10>',
        "fraction": '"score": <number from 0 to 1>',
        "label": f'"label": one of {", ".join(json.dumps(label, ensure_ascii=False) for label in scale.labels)}',
    }[scale.kind]
    return f"{{{reason}, {value}}}"


def read_verdict(reply: str, scale: Scale) -> tuple[Any, str, tuple[str, ...]]:
    """The value, the reason, and for a rubric the reason for each rule. Raises Unreadable.

    The reply must be one JSON object and nothing else, but for a code fence around it and a block of thoughts before
    it. Keys that were not asked for are ignored; keys that occur twice are not.
    """
    found = _object(reply)
    if scale.kind == "rules":
        return _rules(found, scale)
    reason = _text(found, "reason")
    if scale.kind == "label":
        label = _text(found, "label")
        if label not in scale.labels:
            raise Unreadable(f'"label" must be one of {", ".join(map(repr, scale.labels))}, not {_shown(label)}')
        return label, reason, ()
    if scale.kind == "passed":
        return _bool(found, "passed"), reason, ()
    score: Any = found.get("score")
    if not fits(score, scale):
        low, high = RANGES[scale.kind]
        raise Unreadable(f'"score" must be a number from {low} to {high}, not {_shown(score)}')
    if scale.kind == "fraction":
        return float(score), reason, ()
    if score != int(score):
        raise Unreadable(f'"score" must be a whole number, not {score}')
    return int(score), reason, ()


def fits(value: Any, scale: Scale) -> bool:
    """Whether a verdict's value is one of the scale's. Points may be broken, for they may be a mean."""
    if scale.kind == "passed":
        return isinstance(value, bool)
    if scale.kind == "label":
        return isinstance(value, str) and value in scale.labels
    if scale.kind == "rules":
        whole = isinstance(value, tuple) and len(value) == len(scale.rules)
        return whole and all(isinstance(met, bool) for met in value)
    low, high = RANGES[scale.kind]
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _object(reply: str) -> dict[str, Any]:
    if len(reply) > LONGEST:
        raise Unreadable(f"the reply has {len(reply):,} characters")
    text = THINKING.sub("", reply).strip()
    fenced = CODE.match(text)
    if fenced is not None:
        text = fenced[1].strip()
    if not text:
        raise Unreadable("the reply is empty")
    try:
        found, end = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant).raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the reply is not one JSON object: {error}") from None
    if not isinstance(found, dict):
        raise Unreadable("the reply is JSON, but no object")
    if text[end:].strip():
        raise Unreadable("there is more in the reply than one JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _text(found: dict[str, Any], key: str) -> str:
    text = found.get(key)
    if not isinstance(text, str) or not text.strip():
        raise Unreadable(f'"{key}" must be a text, not {_shown(text)}')
    return text.strip()


def _bool(found: dict[str, Any], key: str) -> bool:
    value = found.get(key)
    if not isinstance(value, bool):
        raise Unreadable(f'"{key}" must be true or false, not {_shown(value)}')
    return value


def _shown(value: Any) -> str:
    text = redact(repr(value))
    return text if len(text) <= 80 else f"{text[:80]}..."


def _rules(found: dict[str, Any], scale: Scale) -> tuple[tuple[bool, ...], str, tuple[str, ...]]:
    verdicts = found.get("verdicts")
    if not isinstance(verdicts, list) or not all(isinstance(verdict, dict) for verdict in verdicts):
        raise Unreadable('"verdicts" must be a list of objects, one for each rule')
    numbers = [verdict.get("rule") for verdict in verdicts]
    if numbers != list(range(1, len(scale.rules) + 1)):
        raise Unreadable(f'"verdicts" must be about the rules 1 to {len(scale.rules)} in order, not {_shown(numbers)}')
    reasons = tuple(_text(verdict, "reason") for verdict in verdicts)
    met = tuple(_bool(verdict, "met") for verdict in verdicts)
    unmet = [f"{number}: {reason}" for number, reason, fine in zip(numbers, reasons, met, strict=True) if not fine]
    return met, "; ".join(unmet) or "all rules are met", reasons
