"""A judge that is a set of rules, so that these suites run without a model.

It says so: it compares facts (numbers, negations, words that say something), knows the few criteria below, and refuses
any other. A model judges by what sentences mean, this one by what they are made of. It shows what a function has to do
to be a judge, and nothing about how good a judge is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_evalsuite.errors import JudgeError
from pytest_evalsuite.judges import JudgeRequest

from .agent import stems

NEGATION: Final = re.compile(r"\b(no|not|never|cannot|nothing)\b|n't\b", re.IGNORECASE)
NOT: Final = "the answer does not do this: "


def has(pattern: str) -> Callable[[str], bool]:
    """Whether an answer holds the pattern."""
    return lambda answer: re.search(pattern, answer, re.IGNORECASE) is not None


CRITERIA: Final[Mapping[str, Callable[[str], bool]]] = {
    "says sorry": has(r"\b(sorry|apologi[sz]e)\b"),
    "names a number of days": has(r"\b\d+ (working )?days\b"),
    "names the next step": has(r"\bplease\b"),
    "blame the customer": has(r"\byou (should|must) have\b|\byour (own )?fault\b"),
    "ask for a phone number": has(r"\bphone\b"),
    "has at most 40 words": lambda answer: len(answer.split()) <= 40,
}


def judge(request: JudgeRequest) -> dict[str, Any]:
    """A verdict in the form that is asked for. Raises JudgeError for a criterion that it does not know."""
    if request.scale.kind == "rules":
        return {"verdicts": [verdict(number, rule, request) for number, rule in enumerate(request.scale.rules, 1)]}
    share, reason = compare(request) if request.criteria is None else weigh(request)
    values = {
        "passed": {"passed": share == 1},
        "points": {"score": 1 + round(9 * share)},
        "fraction": {"score": share},
        "label": {"label": label(request.scale.labels, share)},
    }
    return {"reason": f"rules, no model: {reason}", **values[request.scale.kind]}


def compare(request: JudgeRequest) -> tuple[float, str]:
    """How many facts of the expected answer are in the answer; of several expected answers the best one counts."""
    return max(shared_facts(expected, request.answer) for expected in request.expected)


def shared_facts(expected: str, answer: str) -> tuple[float, str]:
    """The share of facts, and which are missing. A wrong number or a missing 'not' leaves nothing of the rest."""
    facts = stems(expected) | numbers(expected)
    missing = facts - stems(answer) - numbers(answer)
    if missing & numbers(expected) or bool(NEGATION.search(expected)) > bool(NEGATION.search(answer)):
        return 0.0, f"{expected!r} is contradicted"
    return 1 - len(missing) / len(facts), f"missing: {', '.join(sorted(missing)) or 'nothing'}"


def weigh(request: JudgeRequest) -> tuple[float, str]:
    """The share of criteria, set apart by semicolons, that are met, and which are not."""
    criteria = [criterion.strip(" .") for criterion in (request.criteria or "").split(";")]
    unmet = [criterion for criterion in criteria if not is_met(criterion, request.answer)]
    return 1 - len(unmet) / len(criteria), f"not met: {', '.join(unmet) or 'nothing'}"


def verdict(number: int, rule: str, request: JudgeRequest) -> dict[str, Any]:
    """The verdict on one rule of a rubric."""
    met = is_met(rule, request.answer)
    return {"rule": number, "reason": f"rules, no model: it {'holds' if met else 'does not hold'}", "met": met}


def is_met(criterion: str, answer: str) -> bool:
    """Whether the answer meets a criterion. Raises JudgeError for one that is not known."""
    name = criterion.lower()
    known = CRITERIA.get(name.removeprefix(NOT))
    if known is None:
        raise JudgeError(f"could not be judged: {criterion!r} is none of {', '.join(map(repr, CRITERIA))}")
    return known(answer) != name.startswith(NOT)


def label(labels: tuple[str, ...], share: float) -> str | None:
    """The first label for all, the last one for nothing, the one between them for something."""
    if not labels:
        return None
    return labels[0] if share == 1 else labels[-1] if share == 0 else labels[len(labels) // 2]


def numbers(text: str) -> set[str]:
    """The numbers in a text."""
    return set(re.findall(r"\d+(?:\.\d+)?", text))
