"""A function becomes a test method: parameters with known names are filled in, the others are its options."""

from __future__ import annotations

import asyncio
import inspect
import math
import numbers
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Final, get_type_hints

from pydantic import create_model
from pydantic.errors import PydanticUserError

from pytest_evalsuite.errors import ConfigurationError, MethodError
from pytest_evalsuite.methods._base import KEEP_TEXT, Answer, Method, Score

__all__ = ["FunctionMethod", "function_method"]

_ANSWER: Final = ("actual", "output", "answer", "reply")
_EXPECTED: Final = ("expected", "expected_responses")
_FILLED: Final = frozenset({*_ANSWER, *_EXPECTED, "question", "inputs", "metadata", "history", "spans"})
_REQUIRED: Final = inspect.Parameter.empty
_KEPT_TEXT: Final = (str, str | None, list[str], list[str] | None)


class FunctionMethod(Method):
    """Scores an answer with a function.

    Filled in by name: ``actual`` (text), ``output`` (as the agent returned it), ``answer`` (the `Answer`), ``reply``
    (the `AgentReply`), ``question``, ``inputs``, ``metadata``, ``history``, ``spans``, ``expected_responses`` (texts)
    and ``expected`` (one of them, or the structured expectation). The function is called once for each expected
    response when it takes ``expected`` alone, until one gives 1.0; the best score counts, since any of them is right.
    """

    default_passing_score: ClassVar[float] = 0.7
    function: ClassVar[Callable[..., Any]]
    filled: ClassVar[frozenset[str]]
    needed: ClassVar[frozenset[str]]
    """Those of ``expected`` and ``expected_responses`` that the function takes and has no default for."""

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        if "expected_responses" in self.needed and not expected_responses:
            return "an expected_response"
        if "expected" in self.needed and not expected_responses and expected is None:
            return "an expected_response, or expected"
        return None

    def score(self, answer: Answer) -> Score:
        """Score one answer. Raises MethodError for what is no score; what the function raises passes through."""
        if self.is_async:
            return asyncio.run(self.ascore(answer))
        return _best(self._score(self.function(**arguments)) for arguments in self._calls(answer))

    async def ascore(self, answer: Answer) -> Score:
        """As `score`, awaiting the function where it is ``async def``."""
        if not self.is_async:
            return self.score(answer)
        scores: list[Score] = []
        for arguments in self._calls(answer):
            scores.append(self._score(await self.function(**arguments)))
            if scores[-1].value == 1.0:
                break
        return _best(iter(scores))

    def _calls(self, answer: Answer) -> Iterator[dict[str, Any]]:
        known: Mapping[str, Any] = {
            "actual": answer.text,
            "output": answer.output,
            "answer": answer,
            "reply": answer.reply,
            "question": answer.question,
            "inputs": answer.inputs,
            "metadata": answer.metadata,
            "history": answer.history,
            "spans": answer.spans,
        }
        arguments = {name: known[name] for name in self.filled if name in known}
        arguments |= {option: getattr(self, option) for option in type(self).model_fields}
        if "expected_responses" in self.needed or ("expected_responses" in self.filled and answer.expected_responses):
            arguments["expected_responses"] = answer.expected_responses
        expected = answer.expected_responses or (() if answer.expected is None else (answer.expected,))
        if answer.slot is not None:
            expected = (answer.expected,)
        if "expected" not in self.filled or not expected:
            yield arguments
        elif "expected_responses" in self.filled:
            yield {**arguments, "expected": expected[0]}
        else:
            for one in expected:
                yield {**arguments, "expected": one}

    def _score(self, value: Any) -> Score:
        if isinstance(value, Score):
            return value
        if isinstance(value, bool):
            return Score(float(value), raw=value)
        if isinstance(value, numbers.Real) and 0.0 <= float(value) <= 1.0:
            return Score(float(value))
        if inspect.iscoroutine(value):
            value.close()
            raise MethodError(f"method {self.method!r} returned a coroutine: declare its function with async def")
        raise MethodError(
            f"method {self.method!r} returned {_shown(value)}; expected True or False, a number in 0..1, or a Score"
        )


def function_method(name: str, function: Callable[..., Any]) -> type[Method]:
    """Make the Method class of a function.

    Raises ConfigurationError when the function never looks at the answer, takes ``*args`` or ``**kwargs``, or has an
    option whose name or type cannot be one.
    """
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the parameters of method {name!r} cannot be read: {error}") from None
    _check_parameters(name, parameters)
    options = [parameter for parameter in parameters.values() if parameter.name not in _FILLED]
    hints = _hints(name, function, options)
    fields: dict[str, Any] = {
        option.name: (hints[option.name], ... if option.default is option.empty else option.default)
        for option in options
    }
    try:
        model = create_model(name, __base__=FunctionMethod, __doc__=inspect.getdoc(function), **fields)
    except PydanticUserError as error:
        raise ConfigurationError(f"method {name!r} has an option of an unusable type: {error}") from None
    model.method = name
    model.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an instance with an async __call__
    )
    model.function = staticmethod(function)
    model.filled = _FILLED & parameters.keys()
    model.needed = frozenset(p for p in _EXPECTED if p in parameters and parameters[p].default is _REQUIRED)
    return model


def _check_parameters(name: str, parameters: Mapping[str, inspect.Parameter]) -> None:
    for parameter in parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigurationError(
                f"method {name!r} takes {str(parameter)!r}: all parameters must be named, since they are given by name"
            )
        option = parameter.name
        if option not in _FILLED and (option.startswith(("_", "model_")) or hasattr(FunctionMethod, option)):
            raise ConfigurationError(f"method {name!r} has an option {option!r}, which is reserved: rename it")
    if not parameters.keys() & set(_ANSWER):
        raise ConfigurationError(
            f"method {name!r} never sees the answer: give its function a parameter {', '.join(_ANSWER[:-1])} or reply"
        )


def _hints(name: str, function: Callable[..., Any], options: list[inspect.Parameter]) -> dict[str, Any]:
    """Types of the options alone: those of the other parameters may exist for type checkers only."""

    def only_options() -> None: ...

    only_options.__annotations__ = {o.name: Any if o.annotation is o.empty else o.annotation for o in options}
    try:
        hints = get_type_hints(only_options, globalns=_globals(function), include_extras=True)
    except Exception as error:  # noqa: BLE001 - an annotation may be any expression
        raise ConfigurationError(f"the type of an option of method {name!r} cannot be resolved: {error}") from None
    return {option: Annotated[hint, KEEP_TEXT] if hint in _KEPT_TEXT else hint for option, hint in hints.items()}


def _globals(function: Any) -> dict[str, Any]:
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    if not hasattr(function, "__globals__"):
        function = type(function).__call__
    return getattr(function, "__globals__", {})


def _best(scores: Iterator[Score]) -> Score:
    best = next(scores)
    while best.value < 1.0 and (score := next(scores, None)) is not None:
        best = max(best, score, key=lambda s: s.value)
    return best


def _shown(value: object) -> str:
    if value is None or (isinstance(value, (int, float)) and not math.isfinite(value)):
        return str(value)
    if isinstance(value, numbers.Real):
        return f"{value}, which is not in 0..1"
    return f"a {type(value).__name__}"
