"""What pytest always loads: options, ini values, the marker and the hooks.

Nothing but the standard library and pytest is imported here, for every run of pytest pays for it. All the rest is
loaded when ``--eval-suite`` is given.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import pytest

from pytest_evalsuite import hookspecs

DEFAULT_FILES = ("*.eval.yaml", "*.eval.yml", "*.eval.csv", "*.eval.jsonl")
DEFAULT_GROUP_FILES = ("*.evalgroup.yaml", "*.evalgroup.yml")
ISOLATION = ("none", "process")
FAIL_ON = ("any", "regression", "gate", "never")
NEEDS_EVAL_SUITE = (
    *("agent", "concurrency", "iterations", "timeout", "judge", "json", "csv", "markdown", "github", "run_name"),
    *("resume", "regrade", "record", "replay", "shard", "baseline", "baseline_missing", "fail_on", "confirm"),
    *("isolation", "traces", "human_verdicts"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and ini values."""
    group = parser.getgroup("evalsuite", "evaluation suites")
    add = group.addoption
    add("--eval-suite", action="store_true", help="Collect test sets as test items and evaluate them.")
    add(
        "--eval-agent",
        action="append",
        default=[],
        metavar="NAME",
        help="Put the cases to this agent: a configured name or module:callable. Repeat it to compare several.",
    )
    add(
        "--eval-concurrency",
        type=_whole_number(1),
        metavar="N",
        help="Calls in flight at once, for each agent (default: 16 for async agents, 1 for others).",
    )
    add("--eval-iterations", type=_whole_number(1, 100), metavar="N", help="Ask each case N times (1..100).")
    add("--eval-timeout", type=_seconds, metavar="SECONDS", help="Seconds that an agent may take for one answer.")
    add(
        "--eval-isolation",
        choices=ISOLATION,
        help="Where each call of an agent runs: here, or in a process of its own that a crash or a timeout ends.",
    )
    add(
        "--eval-judge",
        metavar="NAME",
        help="The judge of checks that name none: openai:<model>, anthropic:<model>, a configured name, or embedded.",
    )
    add("--eval-json", metavar="PATH", help="Write the run as one JSON document.")
    add("--eval-csv", metavar="PATH", help="Write the results as CSV.")
    add("--eval-markdown", metavar="PATH", help="Write the run, and its comparison, as Markdown for a pull request.")
    add(
        "--eval-github",
        action="append",
        default=[],
        choices=("summary", "annotations"),
        help="In GitHub Actions: append the Markdown to the job's summary, or mark failed cases in the changed files.",
    )
    add("--eval-run-name", metavar="NAME", help="A name for this run, kept with it.")
    add(
        "--eval-resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        help="Go on with a run (default: the latest): its verdicts stand where nothing has changed since.",
    )
    add("--eval-regrade", metavar="RUN", help="Score the answers of an earlier run anew; no agent is called.")
    add(
        "--eval-record",
        action="store_true",
        default=None,
        help="Keep every answer of agents and judges beside the run, for --eval-replay.",
    )
    add(
        "--eval-replay",
        metavar="RUN",
        help="Take every answer of agents and judges from a run that was recorded; nobody is asked.",
    )
    add(
        "--eval-traces",
        choices=("auto", "off"),
        help="Whether the spans are kept that agents make through OpenTelemetry, where they use it (default: auto).",
    )
    add("--eval-shard", metavar="I/N", help="Evaluate the I-th of N parts; `evalsuite merge` puts them together.")
    add(
        "--eval-baseline",
        metavar="REF",
        help="Compare with a run, an artifact, a baseline file or git:[<revision>:]<path>.",
    )
    add(
        "--eval-baseline-missing",
        choices=("fail", "warn"),
        help="What to do where there is no baseline: nothing is compared then (default: fail).",
    )
    add(
        "--eval-fail-on",
        choices=FAIL_ON,
        help="What fails the run: any failed case (default), a regression against the baseline, the gates that test "
        "sets declare, or nothing.",
    )
    add(
        "--eval-human-verdicts",
        action="store_true",
        default=None,
        help="Where a person has approved or rejected the same answer (`evalsuite assess`), that counts.",
    )
    add(
        "--eval-confirm",
        type=_whole_number(0, 100),
        metavar="N",
        help="Fresh trials of a case that fails and did not before, with --eval-fail-on regression (default: 4).",
    )

    parser.addini("evalsuite_agents", "Agents, one a line: name = module:callable", type="linelist")
    parser.addini("evalsuite_agent", "The agent of test sets that name none (default: the only one configured)")
    parser.addini("evalsuite_files", "Names of test set files", type="args", default=list(DEFAULT_FILES))
    parser.addini("evalsuite_group_files", "Names of group files", type="args", default=list(DEFAULT_GROUP_FILES))
    parser.addini("evalsuite_concurrency", "As --eval-concurrency", type="string")
    parser.addini("evalsuite_iterations", "As --eval-iterations, for cases that say nothing", type="string")
    parser.addini("evalsuite_timeout", "As --eval-timeout, for cases that say nothing", type="string")
    parser.addini("evalsuite_isolation", "As --eval-isolation, for test sets that say nothing")
    parser.addini("evalsuite_judge", "As --eval-judge")
    parser.addini("evalsuite_judges", "Names of judges, one a line: name = openai:<model>", type="linelist")
    parser.addini("evalsuite_judge_prompts", "A folder of prompts that replace those of judges")
    parser.addini("evalsuite_judge_rpm", "Requests that a model may get in a minute")
    parser.addini("evalsuite_baseline", "As --eval-baseline")
    parser.addini("evalsuite_fail_on", "As --eval-fail-on")
    parser.addini("evalsuite_confirm", "As --eval-confirm")
    parser.addini("evalsuite_human_verdicts", "As --eval-human-verdicts", type="bool", default=False)
    parser.addini("evalsuite_pass_rule", "When a case of several attempts passes: mean, all, any, majority, a number")
    parser.addini("evalsuite_test_method", "The test method of cases that name none", default="semantic_quality")
    parser.addini("evalsuite_max_file_mb", "Megabytes that a file of a case may have (default: 20)", type="string")
    parser.addini("evalsuite_fetch_hosts", "Hosts from which files of cases are fetched", type="args")
    parser.addini("evalsuite_traces", "As --eval-traces")
    parser.addini(
        "evalsuite_secrets", "Further variables that hold secrets, one a line; or: not NAME", type="linelist"
    )
    parser.addini("evalsuite_mode", "The mode of test sets that name none", default="independent")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a conftest.py implement our hooks, whether or not they are called."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Load the rest under ``--eval-suite``; else refuse options that would do nothing."""
    config.addinivalue_line(
        "markers",
        "evalsuite(method, test_set): set on every case of a test set; "
        "select with -m \"evalsuite(method='similarity')\"",
    )
    if config.getoption("eval_suite"):
        from pytest_evalsuite import garbage

        with garbage.not_looking():  # what is loaded stays
            from pytest_evalsuite import session

            session.start(config)
        return
    for option in NEEDS_EVAL_SUITE:
        if config.getoption(f"eval_{option}") not in (None, []):
            raise pytest.UsageError(f"--eval-{option.replace('_', '-')} does nothing without --eval-suite")


def _whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    def parse(text: str) -> int:
        bounds = f"{least} or more" if most is None else f"{least}..{most}"
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a whole number, {bounds}, got {text!r}") from None
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"expected {bounds}, got {number}")
        return number

    return parse


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, got {text!r}")
    return seconds
