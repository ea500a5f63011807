"""Secrets are taken out of whatever leaves the process: the values of the environment, and what looks like a key.

`redact` and `redact_values` do it with what `use` has put in force; without that they change nothing.
"""

from pytest_evalsuite.redaction.current import (
    current,
    learn,
    make_redactor,
    may_hold,
    may_hold_clipped,
    redact,
    redact_clipped,
    redact_values,
    use,
)
from pytest_evalsuite.redaction.environment import Watch, environment_secrets, is_telling
from pytest_evalsuite.redaction.options import Choice, read_choice, redact_arguments
from pytest_evalsuite.redaction.redactor import MARK, Redactor, names_in

__all__ = [
    "MARK",
    "Choice",
    "Redactor",
    "Watch",
    "current",
    "environment_secrets",
    "is_telling",
    "learn",
    "make_redactor",
    "may_hold",
    "may_hold_clipped",
    "names_in",
    "read_choice",
    "redact",
    "redact_arguments",
    "redact_clipped",
    "redact_values",
    "use",
]
