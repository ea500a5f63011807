"""``evalsuite show``: a run, case by case, or all that is known of one case."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.assessments.reading import read_assessed_run
from pytest_evalsuite.cli._case import as_text, case_lines
from pytest_evalsuite.cli._common import (
    add_json,
    add_paging,
    add_run,
    columns,
    named_run,
    nothing,
    page_of,
    print_json,
    root_of,
    say,
)
from pytest_evalsuite.cli._select import near, sort_known, test_set_named
from pytest_evalsuite.cli._tables import shortened, table
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.people import in_short
from pytest_evalsuite.reporting.terminal import COLUMNS
from pytest_evalsuite.reporting.trace import trace_lines
from pytest_evalsuite.runs.artifact import evaluation_head
from pytest_evalsuite.runs.run import Run
from pytest_evalsuite.runs.summary import STATUSES, gate_status
from pytest_evalsuite.runs.traces import Traces
from pytest_evalsuite.tracing.span import Trace

__all__ = ["add_parser", "run"]

Record = Mapping[str, Any]

QUESTION: Final = 60
"""Columns that a table has for a question."""

WORST_FIRST: Final = ("failed", "error", "not_run", "cancelled", "skipped", "passed")

FIGURES: Final = ("cases", "passed", "failed", "errors", "skipped", "not run", "mean score", "p50", "p95")
SPARE: Final = ("p95", "p50", "not run", "skipped")


SORTS: Final[dict[str, Callable[[Record], Any]]] = {
    "score": lambda record: record["score"],
    "duration": lambda record: record.get("execution_time_ms"),
    "status": lambda record: WORST_FIRST.index(record["status"]),
}
"""The keys of the orders in which results may be shown, but for that of the test set."""


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "show a run, case by case, or all that is known of one case"
    parser = subparsers.add_parser("show", help=text, description=text)
    add_run(parser)
    parser.add_argument("--case", metavar="ID", help="all that is known of this case")
    parser.add_argument("--agent", metavar="NAME", help="only cases put to this agent")
    parser.add_argument("--test-set", metavar="TEST_SET", help="only cases of this test set: its path or its title")
    parser.add_argument(
        "--trace",
        action="store_true",
        help="the steps of the agent's calls, as a tree",
    )
    parser.add_argument(
        "--status", action="append", choices=STATUSES, dest="statuses", help="only these cases (may be repeated)"
    )
    parser.add_argument("--method", metavar="NAME", help="only cases that this method checks")
    parser.add_argument("--question", metavar="TEXT", help="only cases whose question or inputs hold this text")
    parser.add_argument(
        "--sort",
        choices=("position", *SORTS),
        default="position",
        help="by place in the test set, lowest score, longest duration or worst status first (default: %(default)s)",
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    add_paging(parser, 50)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the run or the case; 1 where there is no such thing."""
    path = named_run(args).path
    kept, problems = read_assessed_run(path)
    for problem in problems:
        say(f"problem: {problem}", sys.stderr)
    try:
        return show(kept, args, Traces(kept, path))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StoreError(f"run {kept.info['id']} holds a result of no known form ({reason})") from None


def show(kept: Run, args: argparse.Namespace, traces: Traces) -> int:
    """Print what is asked for."""
    records = [record for record in selected(kept, args) if is_wanted(record, args)]
    if args.sort == "position":
        records = records[::-1] if args.reverse else records
    else:
        records = sort_known(records, SORTS[args.sort], descending=(args.sort == "duration") != args.reverse)
    shown, line = page_of(records, args, "case")
    if args.trace:
        return show_traces([trace for record in shown for trace in traces.of(record)], as_json=args.json)
    if args.json:
        evaluations = [evaluation_head(kept, evaluation) for evaluation in kept.evaluations]
        told = {"run": kept.info, "totals": kept.tally.as_json(), "evaluations": evaluations, **kept.verdicts}
        print_json({**told, "total": len(records), "page": args.page, "results": shown})
    elif args.case is not None:
        for number, record in enumerate(shown):
            print("\n" * bool(number) + "\n".join(case_lines(record, columns())))
    else:
        for text in (*head(kept), *figures(kept, columns())):
            print(text)
        if records:
            print()
            for text in case_table(shown, columns()):
                print(text)
            say(line)
    return 0 if records else nothing(f"no case of {kept.tally.total:,} is such a one")


def show_traces(found: Sequence[Trace], *, as_json: bool) -> int:
    """Print the steps of calls."""
    if as_json:
        print_json([trace.as_json() for trace in found])
    else:
        for number, trace in enumerate(found):
            print("\n" * bool(number) + "\n".join(trace_lines(trace, columns())))
    return 0 if found else nothing("none of these cases was put to an agent")


def selected(kept: Run, args: argparse.Namespace) -> Iterator[Record]:
    """The cases of the agent, the test set and the id that are named. Raises StoreError for what is not there."""
    plans = [evaluation.plan for evaluation in kept.evaluations]
    agents = {plan.agent for plan in plans}
    if args.agent is not None and args.agent not in agents:
        raise StoreError(f"the run has no agent {args.agent!r}{near(args.agent, sorted(agents))}")
    sets = {plan.test_set for plan in plans}
    if args.test_set is not None:
        sets = test_set_named(args.test_set, [(plan.test_set, plan.name) for plan in plans], root_of(args))
    ids = {key.case_id for evaluation in kept.evaluations for key in evaluation.keys}
    if args.case is not None and args.case not in ids:
        raise StoreError(f"the run has no case {args.case!r}{near(args.case, sorted(ids))}")
    for evaluation in kept.evaluations:
        if evaluation.plan.test_set in sets and args.agent in (None, evaluation.plan.agent):
            yield from kept.records(evaluation)


def is_wanted(record: Record, args: argparse.Namespace) -> bool:
    """Whether the result is among those that are asked for."""
    method = record.get("test_method")
    asked = f"{record.get('question', '')}\n{as_text(record.get('inputs', ''))}"
    return (
        args.case in (None, record["case_id"])
        and (args.statuses is None or record["status"] in args.statuses)
        and (args.method is None or args.method in ([method] if isinstance(method, str) else method or ()))
        and (args.question is None or args.question.casefold() in asked.casefold())
    )


def head(kept: Run) -> Iterator[str]:
    """What run this is and how it ended."""
    info = kept.info
    name = f" ({info['name']})" if info.get("name") else ""
    yield escape_terminal(f"run {info['id']}{name}: {info['status']}")
    if info.get("error_message"):
        yield escape_terminal(f"why      {info['error_message'].partition(chr(10))[0]}")
    yield escape_terminal(f"started  {info.get('started_at')}, took {numbers.duration(info.get('duration_seconds'))}")
    if info.get("versions"):
        yield escape_terminal(
            "with     " + ", ".join(f"{name} {version}" for name, version in info["versions"].items())
        )
    if kept.results.broken:
        yield f"{numbers.count(kept.results.broken, 'line')} of its journals cannot be read"
    yield ""


def figures(kept: Run, width: int) -> list[str]:
    """The figures of each evaluation."""
    rows = [
        (evaluation.plan.name, evaluation.plan.agent, *(COLUMNS[name](evaluation.tally) for name in FIGURES))
        for evaluation in kept.evaluations
    ]
    heads = ("test set", "agent", *FIGURES)
    return table(heads, rows, width, right=FIGURES, cut=("test set", "agent"), spare=SPARE)


def case_table(records: Sequence[Record], width: int) -> list[str]:
    """The cases, with the columns in which they differ."""
    heads = ["status", "people", "score", "method", "case", "agent", "test set", "question"]
    if not any(in_short(record.get("assessments", ())) for record in records):
        heads.remove("people")
    for column, key in (("agent", "agent"), ("test set", "test_set")):
        if len({record[key] for record in records}) == 1:
            heads.remove(column)
    rows = [[CELLS[name](record) for name in heads] for record in records]
    return table(heads, rows, width, right=("score",), cut=("method", "case", "agent", "test set", "question"))


def method_of(record: Record) -> str:
    """The methods that check a case."""
    method = record.get("test_method") or "-"
    return method if isinstance(method, str) else ", ".join(method)


def status_of(record: Record) -> str:
    """The status as people write it."""
    status = str(record["status"]).replace("_", " ")
    if gate_status(record) != record["status"]:
        return f"{status} ({record['human_verdict']['approval']})"
    if status == "failed" and record.get("known_failure") is not None:
        return f"{status} (known)"
    return f"{status} (tolerated)" if record.get("tolerated") is not None else status


CELLS: Final[dict[str, Callable[[Record], str]]] = {
    "status": status_of,
    "people": lambda record: in_short(record.get("assessments", ())) or "-",
    "score": lambda record: numbers.score(record["score"]),
    "method": method_of,
    "case": lambda record: record["case_id"],
    "agent": lambda record: record["agent"],
    "test set": lambda record: record["test_set"],
    "question": lambda record: shortened(as_text(record.get("question") or record.get("inputs") or "-"), QUESTION),
}
