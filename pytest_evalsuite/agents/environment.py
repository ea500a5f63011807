"""``${NAME}`` in configured text stands for a variable of the environment, whose value is never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.redaction import learn, redact

__all__ = ["VARIABLE", "Secrets", "clipped"]

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Secrets:
    """The variables that an agent has read, so that its messages can leave their values out."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def expand(self, text: str, where: str) -> str:
        """The text with its variables filled in. Raises ConfigurationError for one that is missing or empty."""
        return VARIABLE.sub(lambda match: self.value(match[1], where), text)

    def value(self, name: str, where: str) -> str:
        """The value of a variable. Raises ConfigurationError when it is missing or empty."""
        value = os.environ.get(name)
        if not value:
            raise ConfigurationError(f"{where} needs the environment variable {name}, which is not set")
        self._values[value] = f"${{{name}}}"
        return value

    def keep(self, value: str, name: str) -> str:
        """A secret that is configured as it stands: messages say its name instead."""
        self._values.setdefault(value, f"<{name}>")
        learn(value, name)
        return value

    def hide(self, text: str) -> str:
        """The text with every value replaced by its variable, the longest first."""
        return _replaced(text, self._values)


def clipped(text: str, limit: int = 300) -> str:
    """The text on one line, at most so many characters of it."""
    line = redact(" ".join(text.split()))
    return line if len(line) <= limit else f"{line[:limit]}..."


def _replaced(text: str, values: Mapping[str, str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, values[value])
    return text
