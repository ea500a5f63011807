"""Templates over what a case gives: placeholders in the texts of a JSON value, substituted by name and nothing more.

``{question}``, ``{inputs.tier}``, ``{history}``: a text that is one placeholder becomes the value itself, within a
longer text it becomes text (a structured value its JSON). ``{{question}}`` stands for ``{question}``. Other braces are
left alone.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.errors import AgentError, ConfigurationError

__all__ = ["ROOTS", "as_json", "check_template", "fill", "plain"]

ROOTS: Final = ("question", "inputs", "history", "session_id", "metadata", "files")
"""What a placeholder may begin with."""

_PATH: Final = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[^{}.\s]+)*"
PLACEHOLDER: Final = re.compile(rf"\{{\{{({_PATH})\}}\}}|\{{({_PATH})\}}")


def check_template(template: Any, where: str) -> None:
    """Raise ConfigurationError for a placeholder that nothing can fill, or a value that JSON does not have."""
    if isinstance(template, str):
        for _, path in PLACEHOLDER.findall(template):
            root = path.partition(".")[0]
            if path and root not in ROOTS:
                guesses = difflib.get_close_matches(root, ROOTS, n=1)
                guess = f"; did you mean {guesses[0]!r}?" if guesses else ""
                raise ConfigurationError(
                    f"{where}: unknown placeholder {{{path}}}{guess} (known: {', '.join(ROOTS)}; "
                    f"write {{{{{path}}}}} for the text itself)"
                )
    elif isinstance(template, Mapping):
        for key, value in template.items():
            if not isinstance(key, str):
                raise ConfigurationError(f"{where}: the key {key!r} is no text")
            check_template(value, f"{where}.{key}")
    elif isinstance(template, (list, tuple)):
        for number, value in enumerate(template):
            check_template(value, f"{where}[{number}]")
    elif template is not None and not isinstance(template, (bool, int, float)):
        raise ConfigurationError(f"{where}: a {type(template).__name__} is no JSON value")


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders filled. Raises AgentError for one that the case has no value for."""
    if isinstance(template, str):
        return _filled(template, values)
    if isinstance(template, Mapping):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [fill(value, values) for value in template]
    return template


def as_json(value: Any) -> str:
    """The value as JSON, characters as they are. Raises AgentError for what JSON does not have."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise AgentError(f"what the case gives cannot be sent as JSON: {error}") from None


def plain(value: Any) -> Any:
    """For `json`: mappings and sequences of any class as dicts and lists."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return list(value)
    raise TypeError(f"it holds a {type(value).__name__}")


def _filled(text: str, values: Mapping[str, Any]) -> Any:
    whole = PLACEHOLDER.fullmatch(text)
    if whole is not None and whole[2] is not None:
        return _look_up(whole[2], values)

    def replace(match: re.Match[str]) -> str:
        return f"{{{match[1]}}}" if match[2] is None else _as_text(_look_up(match[2], values))

    return PLACEHOLDER.sub(replace, text)


def _look_up(path: str, values: Mapping[str, Any]) -> Any:
    value: Any = values
    for name in path.split("."):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, (list, tuple)) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise AgentError(f"the case gives no value for the placeholder {{{path}}}")
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)
