"""``evalsuite assess agreement``: whether the machine says what people say."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

from pytest_evalsuite.assessments import Assessment
from pytest_evalsuite.assessments.agreement import Agreement, Report, report
from pytest_evalsuite.assessments.answers import Answer
from pytest_evalsuite.cli._assessing import opened
from pytest_evalsuite.cli._common import RUN_HELP, add_json, add_root, columns, nothing, print_json, say
from pytest_evalsuite.cli._tables import table
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.people import assessed

__all__ = ["add_parser"]

HEADS: Final = (
    "verdicts of",
    "answers",
    "agree",
    "95 %",
    "kappa",
    "kappa 95 %",
    "yes/yes",
    "yes/no",
    "no/yes",
    "no/no",
)
RIGHT: Final = HEADS[1:]
SPARE: Final = ("yes/yes", "no/no", "kappa 95 %")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "agreement",
        help="say how far the machine's verdicts agree with people's",
        description="Hold the machine's verdicts against people's, and people's against each other: raw agreement, "
        "Cohen's kappa, and the cases where they differ.",
    )
    parser.add_argument("references", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--rating-at-least",
        type=int,
        choices=range(1, 6),
        default=4,
        metavar="1..5",
        help="the rating that counts as an approval, where nobody has approved or rejected (default: %(default)s)",
    )
    parser.add_argument("--author", metavar="NAME", help="only what this person says")
    add_root(parser)
    add_json(parser)
    parser.set_defaults(run=agreement_run)


def agreement_run(args: argparse.Namespace) -> int:
    """Print the figures; 1 where nobody has judged anything."""
    runs = {one.folder.resolve(): one for one in (opened(args, reference) for reference in args.references)}
    found = report(runs.values(), rating_at_least=args.rating_at_least, author=args.author)
    if args.json:
        print_json(as_json(found))
    else:
        for line in lines(found, columns()):
            print(line)
        for text in told(found):
            say(text)
    judged = found.overall.n or found.people or found.unjudged
    return 0 if judged else nothing("nobody has approved, rejected or rated an answer of this")


def lines(found: Report, width: int) -> list[str]:
    """The table of figures; nothing where there are none."""
    named = figures(found)
    if not named:
        return []
    rows = [(name, *cells(one)) for name, one in named]
    return table(HEADS, rows, width, right=RIGHT, cut=("verdicts of",), spare=SPARE)


def figures(found: Report) -> list[tuple[str, Agreement]]:
    """Whose verdicts are compared, and the figures of each."""
    named = [("all", found.overall)] if found.overall.n else []
    named += [(f"method {name}", one) for name, one in found.methods.items()]
    named += [(f"judge {name}", one) for name, one in found.judges.items()]
    return named + [(" and ".join(pair), one) for pair, one in found.people.items()]


def cells(one: Agreement) -> tuple[str, ...]:
    """The figures of one row."""
    beyond = one.kappa
    value = "-" if beyond.value is None else f"{beyond.value:.2f}"
    counts = (f"{count:,}" for count in one)
    return f"{one.n:,}", f"{one.rate or 0:.2f}", interval(one.interval), value, interval(beyond.interval), *counts


def interval(limits: tuple[float, float] | None) -> str:
    """An interval, or a dash."""
    return "-" if limits is None else f"{limits[0]:.2f} to {limits[1]:.2f}"


def told(found: Report) -> Iterator[str]:
    """What the figures leave out, and where the two differ."""
    notes: dict[str, list[str]] = {}
    for name, figure in figures(found):
        if figure.kappa.why is not None:
            notes.setdefault(figure.kappa.why, []).append(name)
    for why, names in notes.items():
        yield f"kappa of {', '.join(names)}: {why}"
    if found.unjudged:
        yield f"left out: {numbers.count(found.unjudged, 'answer')} without a verdict of the machine (errors)"
    if found.divided:
        yield f"left out: {numbers.count(len(found.divided), 'answer')} on which people differ:"
        for run, answer, said in found.divided:
            yield f"  {place(run, answer)}: {'; '.join(words(one) for one in said)}"
    if found.differences:
        yield f"machine and people differ on {numbers.count(len(found.differences), 'answer')}:"
        for one in found.differences:
            machine = f"{'passed' if one.machine else 'failed'} {numbers.score(one.answer.told.get('score'))}"
            yield f"  {place(one.run, one.answer)}: {machine}; {'; '.join(words(two) for two in one.people)}"


def words(one: Assessment) -> str:
    """What a person said."""
    return assessed(one.as_json())


def place(run: str, answer: Answer) -> str:
    """Which answer this is."""
    attempt = f", attempt {answer.number}" if answer.told is not answer.record else ""
    return f"{answer.key.case_id} [{answer.key.agent}]{attempt} of run {run}"


def as_json(found: Report) -> dict[str, Any]:
    """All of it as JSON values."""
    return {
        "overall": found.overall.as_json(),
        "methods": {name: one.as_json() for name, one in found.methods.items()},
        "judges": {name: one.as_json() for name, one in found.judges.items()},
        "people": [{"authors": list(pair), **one.as_json()} for pair, one in found.people.items()],
        "unjudged": found.unjudged,
        "divided": [
            {**answer_json(run, answer), "people": [one.as_json() for one in said]}
            for run, answer, said in found.divided
        ],
        "differences": [
            {
                **answer_json(one.run, one.answer),
                "status": one.answer.told["status"],
                "score": one.answer.told.get("score"),
                "people": [two.as_json() for two in one.people],
            }
            for one in found.differences
        ],
    }


def answer_json(run: str, answer: Answer) -> dict[str, Any]:
    """Which answer this is, as JSON values."""
    return {"run": run, **answer.key._asdict(), "attempt": answer.number, "trace_id": answer.trace_id}
