"""What a user says of secrets, and what a command line says of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.redaction.environment import is_secret_name
from pytest_evalsuite.redaction.kinds import KINDS

__all__ = ["Choice", "read_choice", "redact_arguments"]

VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ENVIRONMENT: Final = "environment"
EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    """Further variables whose values are secrets, variables that hold none, and which forms of keys are looked for."""

    also: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    kinds: tuple[str, ...] = tuple(KINDS)
    environment: bool = True


def read_choice(lines: Iterable[str], source: str = "evalsuite_secrets") -> Choice:
    """Read lines ``NAME`` (a further variable), ``not NAME`` and ``not <kind>``. Raises ConfigurationError."""
    also: list[str] = []
    never: list[str] = []
    kinds = list(KINDS)
    environment = True
    for line in lines:
        words = line.split()
        negated, name = words[:1] == ["not"], words[-1]
        if len(words) != 1 + negated:
            raise ConfigurationError(f"{source}: expected NAME, not NAME or not <kind>, got {line!r}")
        if not negated:
            also.append(_variable(name, source))
        elif name in (ENVIRONMENT, EVERYTHING):
            environment = False
            kinds = [] if name == EVERYTHING else kinds
        elif name in KINDS:
            kinds = [kind for kind in kinds if kind != name]
        elif name.isupper() and VARIABLE.fullmatch(name):
            never.append(name)
        else:
            raise ConfigurationError(f"{source}: {_unknown(name)}")
    return Choice(tuple(also), tuple(never), tuple(kinds), environment)


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command with the values of options left out that are called like secrets."""
    shown: list[str] = []
    takes_secret = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        names_secret = name.startswith("-") and is_secret_name(name.strip("-").replace("-", "_"))
        if takes_secret and not argument.startswith("-"):
            shown.append("[redacted]")
        elif names_secret and equals and value:
            shown.append(f"{name}=[redacted]")
        else:
            shown.append(argument)
        takes_secret = names_secret and not equals
    return shown


def _variable(name: str, source: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise ConfigurationError(f"{source}: expected the name of a variable of the environment, got {name!r}")
    return name


def _unknown(name: str) -> str:
    known = [ENVIRONMENT, EVERYTHING, *KINDS]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"kinds are {', '.join(known)}"
    return f"{name!r} is no kind of secret and no variable in capitals; {hint}"
