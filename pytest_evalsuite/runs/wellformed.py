"""Whether what was read is what a run leaves: readers look into the parts of it without fear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import NoneType
from typing import Any, Final

from pytest_evalsuite.forms import Kind, fits, hold
from pytest_evalsuite.runs.summary import STATUSES, brief

__all__ = ["EVALUATION_FORM", "MOST_ATTEMPTS", "is_evaluation", "is_result"]

EVALUATION_FORM: Final[dict[str, Kind]] = {
    **dict.fromkeys(("test_set", "agent", "name", "mode", "language"), str),
    **dict.fromkeys(("total", "collected"), int),
    **dict.fromkeys(("metadata", "gate", "configuration"), dict),
    **dict.fromkeys(("description", "agent_version"), (str, NoneType)),
    "tags": list,
}
"""The types of what a plan and an artifact say of an evaluation."""

MOST_ATTEMPTS: Final = 10_000
"""A case is asked a hundred times at most in a run: a file that tells of more was not written by one."""

KNOWN_STATUSES: Final = frozenset(STATUSES)
FIGURES_OF_CALL: Final = ("execution_time_ms", "cost")
TOKENS: Final = ("input_tokens", "output_tokens")
NUMBERS: Final = frozenset((int, float, bool, NoneType))


def is_result(record: Any) -> bool:
    """Whether this is what came of a case: it says which one, and figures can be worked out from it."""
    try:
        _look_into(record)
        one = brief(record)
        score = 0 if one.score is None else one.score
        return (
            type(record["test_set"]) is type(record["case_id"]) is type(record["agent"]) is str
            and type(record["fingerprint"]) is str
            and type(record["position"]) is type(record["line"]) is int
            and one.status in KNOWN_STATUSES
            and 0 <= score <= 1
            and _adds_up(one.seconds, one.input_tokens, one.output_tokens, one.cost)
            and all(type(judge) is str and _adds_up(*figures) for judge, *figures in one.judging)
        )
    except (ArithmeticError, AttributeError, KeyError, TypeError):
        return False


def _look_into(record: Mapping[str, Any]) -> None:
    """Raise TypeError or KeyError where a part of a result, or of an attempt, is not as its readers expect it."""
    for name in PARTS.keys() & record.keys():
        PARTS[name](record[name])
    if "statistics" in record and "passed_attempts" in record.get("human_verdict", ()):
        _check_counts(record["human_verdict"]["passed_attempts"], record["statistics"]["scored"])


def _counted(part: Any, of: str) -> None:
    _check_counts(part["passed"], part[of])


def _is_a(*kinds: type) -> Callable[[Any], None]:
    def check(part: Any) -> None:
        if not isinstance(part, kinds):
            raise TypeError(f"a {type(part).__name__}")

    return check


def _attempts(part: Any) -> None:
    _is_a(list)(part)
    for told in part:
        _look_into(told)
        usage = told.get("usage") or {}
        if not _adds_up(*map(told.get, FIGURES_OF_CALL), *map(usage.get, TOKENS)):
            raise TypeError("figures that are no numbers")


PARTS: Final[dict[str, Callable[[Any], None]]] = {
    **dict.fromkeys(("human_verdict", "metadata", "inputs"), _is_a(dict)),
    "usage": _is_a(dict, NoneType),
    "checks": _is_a(list),
    "attempts": _attempts,
    "trace_id": _is_a(str),
    "statistics": partial(_counted, of="scored"),
    "confirmation": partial(_counted, of="trials"),
    "cause": partial(hold, kind=str, message=str),
}


def _adds_up(*figures: object) -> bool:
    """Whether these can be counted together: numbers, or unknown."""
    return NUMBERS.issuperset(map(type, figures))


def _check_counts(passed: Any, attempts: Any) -> None:
    """Raise TypeError where these are not how many of a case's attempts passed, and how many there were."""
    if type(passed) is not int or type(attempts) is not int or not 0 <= passed <= attempts <= MOST_ATTEMPTS:
        raise TypeError(f"{passed!r:.20} of {attempts!r:.20} attempts passed")


def is_evaluation(evaluation: Any) -> bool:
    """Whether this is the head of an evaluation as an artifact has it."""
    return (
        isinstance(evaluation, dict)
        and all(key in evaluation for key in ("test_set", "name", "agent"))
        and fits(evaluation, EVALUATION_FORM)
        and isinstance(evaluation.get("cases_in_test_set", 0), int)
    )
