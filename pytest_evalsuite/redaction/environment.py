"""Which variables of the environment hold secrets, and which of their values are fit to be looked for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

__all__ = ["LEAST", "Watch", "environment_secrets", "is_secret_name", "is_telling"]

LEAST: Final = 8
"""Characters of a value that is looked for: shorter ones stand in texts by chance."""

PLAIN: Final = 12
"""Characters from which on a value of letters of one case is looked for; below that it is taken for a word."""

SAY_SECRET: Final = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIAL)S?$|^(?:PASSWD|PASS|AUTH|PRIVATE|DSN|COOKIES?|CREDS?|JWT|SAS)$"
)
"""What a word of a name says: at its end, so that ``APIKEY`` counts; alone where other words end or begin so."""

SAY_NO_SECRET: Final = re.compile(r"(?:_FILE|_PATH|_DIR|_NAME|_ID|_URL|_SOCK|_TYPE|_HOST|_USER|_SIZE)$", re.IGNORECASE)
"""Ends of names that tell where a secret is, or whose."""

WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
ORDINARY: Final = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+|[-+]?[0-9]{1,15}(?:\.[0-9]+)?")
"""A word, or a number."""

CURRENT_TEST: Final = "PYTEST_CURRENT_TEST"
"""Pytest's own, which comes and goes with every phase of a test."""

PARTS: Final = re.compile(r"[,;\s]+")


def environment_secrets(
    environment: Mapping[str, str] | None = None,
    *,
    also: Iterable[str] = (),
    never: Iterable[str] = (),
) -> dict[str, str]:
    """The secrets among the variables, each with the name of its variable.

    ``also`` are names of further variables, whose values need no other look than four characters; ``never`` those that
    hold none whatever they are called. A list (of commas, semicolons, blanks) is looked for piece by piece too.
    """
    variables = os.environ if environment is None else environment
    named, not_meant = frozenset(also), frozenset(never)
    found: dict[str, str] = {}
    for name, value in variables.items():
        if name in not_meant:
            continue
        if name in named:
            found.update({piece: name for piece in _pieces(value) if len(piece) >= LEAST // 2 and piece not in found})
        elif is_secret_name(name):
            found.update({piece: name for piece in _pieces(value) if is_telling(piece, name) and piece not in found})
    return found


class Watch:
    """Notices that the environment has changed where it matters: quick enough to be asked after every case."""

    def __init__(self, also: Iterable[str] = ()) -> None:
        self._names = (*also, *filter(is_secret_name, os.environ))
        self._seen = self._now()

    def has_changed(self) -> bool:
        """Whether a variable has come or gone since, or one that holds a secret has another value."""
        return self._now() != self._seen

    def _now(self) -> tuple[int, tuple[str | None, ...]]:
        others = len(os.environ) - (CURRENT_TEST in os.environ)
        return others, tuple(map(os.environ.get, self._names))


def is_secret_name(name: str) -> bool:
    """Whether the name of a variable says that its value is a secret."""
    return not SAY_NO_SECRET.search(name) and any(SAY_SECRET.search(word.upper()) for word in _words(name))


def is_telling(value: str, name: str = "") -> bool:
    """Whether a value is long and odd enough to be looked for: no word, number or place of a file."""
    if len(value) < LEAST or len(set(value)) < 5 or value == name:
        return False
    if ORDINARY.fullmatch(value) and len(value) < PLAIN:
        return False
    return not (value.startswith(("/", "~", "./")) and _is_there(value))


def _words(name: str) -> Iterator[str]:
    for part in re.split(r"[^A-Za-z0-9]+", name):
        yield part
        yield from WORD.findall(part)


def _pieces(value: str) -> list[str]:
    whole = value.strip()
    return [piece for piece in dict.fromkeys([whole, *PARTS.split(whole)]) if piece]


def _is_there(path: str) -> bool:
    exists: Callable[[], bool] = Path(path).expanduser().exists
    try:
        return exists()
    except (OSError, ValueError, RuntimeError):
        return False
