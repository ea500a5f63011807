"""What the commands about assessments share: the run, the case that is meant, what is said, who says it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.assessments.answers import Answer
from pytest_evalsuite.assessments.author import VARIABLE
from pytest_evalsuite.cli._common import named_run, root_of, say
from pytest_evalsuite.cli._select import near, test_set_named
from pytest_evalsuite.errors import AssessmentError, StoreError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.runs.encoding import decode

__all__ = [
    "add_author",
    "add_case",
    "add_content",
    "answer_named",
    "answers_named",
    "content_of",
    "json_of",
    "opened",
]

CONTENT: Final = ("comment", "rating", "approval", "rubric", "metadata", "overwrite", "expires")


def add_author(parser: argparse.ArgumentParser, text: str = "who says so") -> None:
    """Add the option that names the author."""
    parser.add_argument(
        "--by", metavar="NAME", help=f"{text} (default: ${VARIABLE}, git's user.email, or the account)"
    )


def add_case(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a case of the run."""
    parser.add_argument("case", metavar="CASE", help="the case's id")
    parser.add_argument("--agent", metavar="NAME", help="the agent, where several were asked")
    parser.add_argument("--test-set", metavar="TEST_SET", help="the test set, where several have such a case")
    parser.add_argument(
        "--attempt", type=int, metavar="N", help="the attempt, from 1 (default: the one that is shown)"
    )


def add_content(parser: argparse.ArgumentParser) -> None:
    """Add the options that say something of an answer."""
    parser.add_argument("--rating", metavar="1..5", help="how good it is")
    verdict = parser.add_mutually_exclusive_group()
    verdict.add_argument(
        "--approve", action="store_const", const="approved", dest="approval", help="the answer is right"
    )
    verdict.add_argument(
        "--reject", action="store_const", const="rejected", dest="approval", help="the answer is wrong"
    )
    parser.add_argument("--expires", metavar="DATE", help="the last day (UTC) on which an approval counts: 2026-12-31")
    parser.add_argument(
        "--rubric", action="append", metavar="RULE=VERDICT", help="a rule and how the answer keeps it (repeatable)"
    )
    parser.add_argument(
        "--metadata", action="append", metavar="KEY=VALUE", help="anything else (repeatable), or a JSON object"
    )
    parser.add_argument(
        "--overwrite",
        metavar="ANSWER",
        help="what would have been right: a text, or JSON where the answer was no text",
    )
    parser.add_argument("--comment", metavar="TEXT", help="in words; may come with any of these, or alone")


def content_of(args: argparse.Namespace, *, structured: bool | None) -> dict[str, Any]:
    """The fields that the options give. Raises AssessmentError.

    ``structured`` is whether the answer is JSON, so that what overwrites it must be; None: not known.
    """
    told: dict[str, Any] = {name: getattr(args, name) for name in CONTENT}
    if told["rating"] is not None:
        told["rating"] = int(told["rating"]) if told["rating"] in ("1", "2", "3", "4", "5") else told["rating"]
    for name in ("rubric", "metadata"):
        if told[name] is not None:
            told[name] = pairs(name, told[name])
    if told["overwrite"] is not None:
        told["overwrite"] = correction(told["overwrite"], structured=structured)
    return {name: value for name, value in told.items() if value is not None}


def pairs(name: str, texts: Sequence[str]) -> dict[str, Any]:
    """``KEY=VALUE`` texts, or one JSON object, as a mapping. Raises AssessmentError."""
    if len(texts) == 1 and texts[0].lstrip().startswith("{"):
        found = json_of(f"--{name}", texts[0])
        return found if isinstance(found, dict) else {}
    read: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise AssessmentError(f"--{name}: expected KEY=VALUE or a JSON object, got {text!r:.80}")
        if key in read:
            raise AssessmentError(f"--{name}: {key!r:.50} is there twice")
        read[key] = value
    return read


def correction(text: str, *, structured: bool | None) -> Any:
    """What overwrites an answer: JSON for one that is no text."""
    if structured:
        return json_of("--overwrite", text)
    if structured is None and text.lstrip()[:1] in ("{", "["):
        return json_of("--overwrite", text)
    return text


def json_of(what: str, text: str) -> Any:
    """The value of a JSON text. Raises AssessmentError."""
    try:
        return decode(text)
    except ValueError as error:
        reason = (
            f"line {error.lineno}, column {error.colno}: {error.msg}"
            if isinstance(error, json.JSONDecodeError)
            else str(error)
        )
        raise AssessmentError(f"{what}: this is no JSON: {reason}") from None


def opened(args: argparse.Namespace, reference: str | None = None) -> Assessments:
    """The assessments of the run that is named, saying what of them cannot be read. Raises StoreError."""
    assessments = Assessments(named_run(args, reference).path)
    for problem in assessments.problems:
        say(f"problem: {problem}", sys.stderr)
    return assessments


def answers_named(assessments: Assessments, args: argparse.Namespace) -> Sequence[Answer]:
    """All attempts at the one case that is named. Raises StoreError where there is none, or more than one."""
    run, case = assessments.run, args.case
    every = [key for evaluation in run.evaluations for key in evaluation.keys]
    ids = sorted({key.case_id for key in every})
    if case not in ids:
        raise StoreError(f"run {run.info['id']} has no case {case!r}{near(case, ids)}")
    keys = [key for key in every if key.case_id == case]
    if args.test_set is not None:
        plans = [evaluation.plan for evaluation in run.evaluations]
        sets = test_set_named(args.test_set, [(plan.test_set, plan.name) for plan in plans], root_of(args))
        keys = [key for key in keys if key.test_set in sets]
    agents = sorted({key.agent for key in keys})
    if args.agent is not None:
        keys = [key for key in keys if key.agent == args.agent]
        if not keys:
            raise StoreError(f"no agent {args.agent!r} was asked case {case!r}{near(args.agent, agents)}")
    if len({key.test_set for key in keys}) > 1:
        raise StoreError(f"several test sets have a case {case!r}: give --test-set {keys[0].test_set}, or another")
    if len(keys) > 1:
        raise StoreError(f"case {case!r} was put to several agents: give --agent ({', '.join(agents)})")
    if not keys:
        raise StoreError(f"test set {args.test_set} has no case {case!r}")
    answers = assessments.answers.of_case(keys[0])
    if not answers:
        status = run.results.brief(keys[0]).status.replace("_", " ")
        raise StoreError(f"case {case!r} was not put to its agent ({status}): there is nothing to assess")
    return answers


def answer_named(assessments: Assessments, args: argparse.Namespace) -> Answer:
    """The attempt that is named, by default the one that the record shows. Raises StoreError."""
    answers = answers_named(assessments, args)
    if args.attempt is None:
        return next((answer for answer in answers if answer.is_shown), answers[0])
    found = [answer for answer in answers if answer.number == args.attempt]
    if not found:
        raise StoreError(
            f"case {args.case!r} has no attempt {args.attempt}: it was asked {numbers.count(len(answers), 'time')}"
        )
    return found[0]
