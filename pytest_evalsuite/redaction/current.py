"""The redactor in force in this process: its environment is one for all that runs in it, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_evalsuite.redaction.environment import environment_secrets
from pytest_evalsuite.redaction.kinds import KINDS
from pytest_evalsuite.redaction.options import Choice
from pytest_evalsuite.redaction.redactor import Redactor

__all__ = [
    "current",
    "learn",
    "make_redactor",
    "may_hold",
    "may_hold_clipped",
    "redact",
    "redact_clipped",
    "redact_values",
    "use",
]

_current = Redactor()


def current() -> Redactor:
    """The redactor in force."""
    return _current


def use(redactor: Redactor) -> Redactor:
    """Put a redactor in force; gives the one that was before."""
    global _current
    before, _current = _current, redactor
    return before


def make_redactor(
    choice: Choice | None = None, values: Mapping[str, str] | None = None, patterns: Iterable[re.Pattern[str]] = ()
) -> Redactor:
    """A redactor for what a user has chosen, further values (each with its name) and patterns."""
    choice = choice or Choice()
    known = dict(values or {})
    if choice.environment:
        known = {**environment_secrets(also=choice.also, never=choice.never), **known}
    return Redactor(known, [KINDS[kind] for kind in choice.kinds], tuple(patterns))


def learn(value: str, name: str) -> None:
    """Take out this value from now on too."""
    if value not in _current.values:
        use(Redactor({**_current.values, value: name}, _current.kinds, _current.patterns))


def may_hold(text: str) -> bool:
    """Whether a text, or what it says as JSON, could hold a secret. Quick; False is certain."""
    return _current.may_hold(text)


def redact(text: str) -> str:
    """The text with every secret replaced by ``[redacted <name>]``. Call it before anything cuts the text short."""
    return _current.clean(text)


def redact_clipped(text: str) -> str:
    """The same for a text that somebody else has cut short."""
    return _current.clean_clipped(text)


def may_hold_clipped(text: str) -> bool:
    """Whether `redact_clipped` could find anything. Quick; False is certain, also of what the text is the repr of."""
    return _current.may_hold_clipped(text)


def redact_values(value: Any) -> Any:
    """The same for JSON values."""
    return _current.clean_values(value)
