"""Methods with their options, and what is wrong with them in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.methods._registry import MethodRegistry, get_method, method_names
from pytest_evalsuite.testsets.part import Expectation
from pytest_evalsuite.testsets.values import Path, Refused, did_you_mean, json_value, kept_text, listed, show

__all__ = ["MethodLookup", "Methods", "holds_list", "takes"]

MethodLookup = Callable[[str], type[Method]]
"""Gives a method by name; raises ConfigurationError, with a suggestion, for an unknown one."""


class Methods:
    """Finds methods and makes them with their options, each combination once."""

    def __init__(self, source: MethodLookup | MethodRegistry = get_method) -> None:
        self._lookup: MethodLookup = source.get if isinstance(source, MethodRegistry) else source
        self._names = source.names if isinstance(source, MethodRegistry) else method_names
        self._found: dict[str, type[Method]] = {}
        self._made: dict[tuple[type[Method], str], Method] = {}

    def names(self) -> list[str]:
        """Names of the methods that can be used, as far as they are known before they are asked for."""
        return list(self._names())

    def find(self, name: str) -> type[Method]:
        """Give the method of this name; raises Refused when there is none."""
        method = self._found.get(name)
        if method is None:
            try:
                method = self._found[name] = self._lookup(name)
            except ConfigurationError as error:
                raise Refused(str(error)) from None
        return method

    def make(self, method: type[Method], options: Mapping[str, Any]) -> Method:
        """Make a method with options as they stand in a file; raises Refused with every mistake in them."""
        key = (method, repr(options) if options else "")
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = create(method, options)
        return made

    def owners(self, option: str) -> list[str]:
        """Names of the methods that have this option."""
        names = dict.fromkeys([*self.names(), *self._found])
        return [name for name in names if takes(self.find(name), option)]

    def options(self) -> list[str]:
        """Names of all options of all methods."""
        return list(dict.fromkeys(option for name in self.names() for option in self.find(name).model_fields))

    def fault(self, method: Method, given: Expectation) -> str | None:
        """Say why no answer could be scored against what is expected, or None."""
        try:
            return method.problem(expected_responses=given.responses, expected=given.expected)
        except Exception as error:  # noqa: BLE001 - a custom method's own code
            return f"{method.method} raised {type(error).__name__} when asked: {error}"


def takes(method: type[Method], option: str) -> bool:
    """Whether a method has an option of this name."""
    return option in method.model_fields or method.model_config.get("extra") == "allow"


def create(method: type[Method], options: Mapping[str, Any]) -> Method:
    """Read the options' values, then let the method check them."""
    texts = method.text_options()
    values: dict[str, Any] = {}
    problems: list[tuple[Path, str]] = []
    for key, value in options.items():
        try:
            values[key] = kept_text(value) if key in texts else json_value(value)
        except Refused as refused:
            problems.extend(((key, *path), message) for path, message in refused.problems)
    if problems:
        raise Refused(problems=problems)
    try:
        return method(**values)
    except ValidationError as error:
        raise Refused(problems=explain(error, method, values)) from None


def explain(error: ValidationError, method: type[Method], values: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Give (path, message) for each place that pydantic complains about, once, however many types it tried there."""
    found: dict[Path, list[str]] = {}
    for detail in error.errors(include_url=False):
        path = known_path(detail["loc"], values)
        if detail["type"] == "extra_forbidden":
            message = f"unknown key {str(detail['loc'][-1])!r}{_near(method, detail['loc'])}"
        else:
            message = wording(dict(detail), method.method)
        if message not in found.setdefault(path, []):
            found[path].append(message)
    return [(path, join_alternatives(messages)) for path, messages in found.items()]


def _near(method: type[Method], location: tuple[int | str, ...]) -> str:
    """What may be meant by a key within an option, which no model there has."""
    option = method.model_fields.get(str(location[0]))
    known = sorted(_keys(None if option is None else option.annotation, set()))
    return did_you_mean(str(location[-1]), known) or listed(known)


def _keys(annotation: Any, met: set[Any]) -> set[str]:
    """The fields of all models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in met:
            return set()
        met.add(annotation)
        fields = annotation.model_fields
        return set(fields).union(*(_keys(field.annotation, met) for field in fields.values()))
    return set().union(*(_keys(part, met) for part in get_args(annotation)))


def known_path(location: tuple[int | str, ...], values: Any) -> Path:
    """Keep of pydantic's location what is a path in the values; the rest names the types it tried."""
    path: list[int | str] = []
    for step in location:
        try:
            values = values[step]
        except (IndexError, KeyError, TypeError):
            continue
        path.append(step)
    return tuple(path)


def join_alternatives(messages: list[str]) -> str:
    """Make one message of what each of several allowed types expected."""
    prefix = "expected "
    if len(messages) == 1 or not all(message.startswith(prefix) and ", not " in message for message in messages):
        return "; or ".join(messages)
    expected = [message[len(prefix) :].rsplit(", not ", 1)[0] for message in messages]
    return f"{prefix}{' or '.join(dict.fromkeys(expected))}, not {messages[0].rsplit(', not ', 1)[1]}"


WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "none_required": "nothing",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number under {lt}",
    "less_than_equal": "a number of at most {le}",
}


def wording(detail: dict[str, Any], name: str) -> str:
    """Say one pydantic error in our words; what is not known here keeps pydantic's."""
    kind, context, value = detail["type"], detail.get("ctx", {}), detail.get("input")
    if kind in WANTED:
        return f"expected {WANTED[kind].format_map(context)}, not {show(value)}"
    if kind == "missing":
        option = repr(str(detail["loc"][-1]))
        return f"{name} needs the option {option}" if len(detail["loc"]) == 1 else f"{option} is missing"
    if kind in {"too_short", "string_too_short"}:
        least = context["min_length"]
        return "is empty" if least == 1 else f"is too short: at least {least} {unit(kind)}"
    if kind in {"too_long", "string_too_long"}:
        return f"is too long: at most {context['max_length']} {unit(kind)}"
    if kind in {"value_error", "assertion_error"}:
        return str(context.get("error", detail["msg"]))
    message = str(detail["msg"])
    return f"{message[:1].lower()}{message[1:]}, not {show(value)}"


def unit(kind: str) -> str:
    """Name what a length counts."""
    return "characters" if kind.startswith("string") else "items"


def holds_list(annotation: Any) -> bool:
    """Whether an option's type is, or may be, a list."""
    if get_origin(annotation) in {list, tuple, set, frozenset} or annotation in {list, tuple, set, frozenset}:
        return True
    return any(holds_list(part) for part in get_args(annotation) if get_origin(annotation) is not dict)
