"""The baseline file: what each case did in the last runs that somebody accepted, one case a line.

It holds counts and scores, never answers or times, and is sorted, so that a pull request shows what changed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_evalsuite.comparison.model import Outcome, Side, SideInfo
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.runs.store import write_atomically
from pytest_evalsuite.runs.wellformed import MOST_ATTEMPTS

__all__ = [
    "BASELINE_NAME",
    "Baseline",
    "History",
    "Series",
    "Trial",
    "baseline_of",
    "baseline_text",
    "merge",
    "parse_baseline",
    "pool",
    "side_of_baseline",
    "write_baseline",
]

BASELINE_NAME: Final = "pytest-evalsuite/baseline"
BASELINE_VERSION: Final = "1.0"
WINDOW: Final = 10
"""Runs that are kept of each test set and agent."""

ABSENT: Final = "-"


class Trial(NamedTuple):
    """What one run says of a case: passes of attempts, and their mean score in 0..1 to three digits."""

    passes: int
    attempts: int
    score: float


@dataclass(slots=True)
class Series:
    """The runs that are kept of one test set put to one agent, oldest first."""

    name: str
    agent_version: str | None
    runs: list[str]


@dataclass(slots=True)
class History:
    """What the runs of its series say of one case; None where a run did not have it, or with another definition."""

    fingerprint: str
    trials: list[Trial | None]

    @property
    def passes(self) -> int:
        """Attempts that passed."""
        return sum(trial.passes for trial in self.trials if trial)

    @property
    def attempts(self) -> int:
        """Attempts that were scored."""
        return sum(trial.attempts for trial in self.trials if trial)

    @property
    def score(self) -> float | None:
        """Mean score over the attempts, None without any."""
        if not self.attempts:
            return None
        return math.fsum(trial.score * trial.attempts for trial in self.trials if trial) / self.attempts


Place = tuple[str, str]
"""Test set and agent."""


@dataclass(slots=True)
class Baseline:
    """A baseline: its series, and the cases of each."""

    window: int = WINDOW
    series: dict[Place, Series] = field(default_factory=dict)
    cases: dict[CaseKey, History] = field(default_factory=dict)

    def by_place(self) -> Mapping[Place, dict[CaseKey, History]]:
        """The cases of each series; an empty mapping for any other place."""
        places: defaultdict[Place, dict[CaseKey, History]] = defaultdict(dict)
        for key, history in self.cases.items():
            places[key.test_set, key.agent][key] = history
        return places


def baseline_of(side: Side, window: int = WINDOW) -> Baseline:
    """A baseline of one run alone."""
    result = Baseline(window)
    run = side.info.run_id or side.info.reference
    for place, version in side.info.agent_versions.items():
        result.series[place] = Series(side.info.test_sets.get(place[0], place[0]), version, [run])
    for outcome in side.outcomes:
        trial = _trial(outcome)
        if trial is not None:
            result.cases[outcome.key] = History(outcome.fingerprint, [trial])
    return result


def pool(
    before: Baseline, side: Side, *, window: int | None = None, prune: bool = False
) -> tuple[Baseline, list[CaseKey]]:
    """Add a run, and drop what falls out of the window; gives the cases whose history began anew, too.

    Of the test sets that a complete run has, cases that it does not have are dropped, and if ``prune`` the other test
    sets. Raises StoreError when the run is there already.
    """
    run = baseline_of(side)
    width = window or before.window
    result = Baseline(width)
    anew: list[CaseKey] = []
    known = before.by_place()
    outcomes: defaultdict[Place, list[Outcome]] = defaultdict(list)
    for outcome in side.outcomes:
        outcomes[outcome.test_set, outcome.agent].append(outcome)
    for place, series in before.series.items():
        if place in run.series or prune:
            continue
        result.series[place] = replace(series, runs=series.runs[-width:])
        result.cases.update(_carried(known[place], (), width))
    for place, series in run.series.items():
        old = before.series.get(place)
        if old is not None and series.runs[0] in old.runs:
            raise StoreError(f"run {series.runs[0]} is in the baseline already")
        earlier = [] if old is None else old.runs
        result.series[place] = replace(series, runs=[*earlier, *series.runs][-width:])
        if not side.info.complete:
            result.cases.update(_carried(known[place], (None,), width))
        for outcome in outcomes[place]:
            then = before.cases.get(outcome.key)
            history, is_new = _continued(then, outcome, len(earlier), width)
            if history is None:
                result.cases.pop(outcome.key, None)
            else:
                result.cases[outcome.key] = history
            if is_new:
                anew.append(outcome.key)
    return result, anew


def merge(ours: Baseline, theirs: Baseline, base: Baseline | None = None) -> Baseline:
    """Put together what two branches have made of a baseline: the runs of both, in the order of their ids.

    A case that has another definition on each side keeps that of the newer run. What one side has dropped since
    ``base``, and the other has left as it was, stays dropped.
    """
    result = Baseline(max(ours.window, theirs.window))
    cases_of = {id(side): side.by_place() for side in (ours, theirs, base) if side is not None}
    for place in sorted({*ours.series, *theirs.series}):
        sides = [side for side in (ours, theirs) if place in side.series]
        if (
            len(sides) == 1
            and base is not None
            and place in base.series
            and sides[0].series[place] == base.series[place]
            and cases_of[id(sides[0])][place] == cases_of[id(base)][place]
        ):
            continue
        runs = sorted({run for side in sides for run in side.series[place].runs})[-result.window :]
        newest = max(sides, key=lambda side: side.series[place].runs[-1:])
        result.series[place] = replace(newest.series[place], runs=runs)
        known = [cases_of[id(side)][place] for side in sides]
        for key in sorted({key for cases in known for key in cases}):
            found = [
                (side.series[place].runs, cases[key]) for side, cases in zip(sides, known, strict=True) if key in cases
            ]
            old = None if base is None else base.cases.get(key)
            if len(found) == 1 and len(sides) == 2 and old is not None and found[0][1] == old:
                continue
            history = _joined(found, runs)
            if history is not None:
                result.cases[key] = history
    return result


def side_of_baseline(baseline: Baseline, reference: str) -> Side:
    """A baseline as a side of a comparison."""
    outcomes = []
    for key, history in baseline.cases.items():
        passes, attempts = history.passes, history.attempts
        if not attempts:
            continue
        status = "passed" if 2 * passes >= attempts else "failed"
        outcomes.append(
            Outcome(*key[:2], key.agent, history.fingerprint, status, passes, attempts, history.score)._replace(
                joined_by=key.case_id
            )
        )
    runs = sorted({run for series in baseline.series.values() for run in series.runs})
    return Side(
        SideInfo(
            reference=reference,
            kind="baseline",
            run_id=runs[-1] if runs else None,
            name=f"{len(runs)} run{'s' if len(runs) != 1 else ''}",
            agent_versions={place: series.agent_version for place, series in baseline.series.items()},
            test_sets={place[0]: series.name for place, series in baseline.series.items()},
        ),
        outcomes,
    )


def baseline_text(baseline: Baseline) -> str:
    """The file: JSON, one series and one case a line, sorted by test set, case and agent."""
    series = [
        {
            "test_set": place[0],
            "agent": place[1],
            "name": one.name,
            "agent_version": one.agent_version,
            "runs": one.runs,
        }
        for place, one in sorted(baseline.series.items())
    ]
    cases = [
        {
            "test_set": key.test_set,
            "case": key.case_id,
            "agent": key.agent,
            "fingerprint": history.fingerprint,
            "results": " ".join(f"{one.passes}/{one.attempts}" if one else ABSENT for one in history.trials),
            "scores": " ".join(f"{one.score:g}" if one else ABSENT for one in history.trials),
        }
        for key, history in sorted(baseline.cases.items())
    ]
    form = {"name": BASELINE_NAME, "version": BASELINE_VERSION}
    head = f'{{"schema":{encode(form)},\n"window":{baseline.window},\n'
    return f'{head}"evaluations":[{_lines(series)}],\n"cases":[{_lines(cases)}]}}\n'


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write the file. Raises StoreError."""
    write_atomically(path, [baseline_text(baseline).encode()])


def parse_baseline(text: bytes, path: str) -> Baseline:
    """Read a baseline file; ``path`` is its name in messages. Raises StoreError."""
    try:
        document = decode(text.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise StoreError(f"{path}: no JSON: {error}") from None
    form = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(form, dict) or form.get("name") != BASELINE_NAME:
        raise StoreError(f"{path}: this is no baseline (no schema {BASELINE_NAME!r})")
    version = str(form.get("version"))
    if version.partition(".")[0] != BASELINE_VERSION.partition(".")[0]:
        raise StoreError(f"{path}: a baseline of version {version:.20}; this version reads {BASELINE_VERSION[0]}.x")
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"{path}: {_worded(error)}") from None


def _read(document: Mapping[str, Any]) -> Baseline:
    window = document["window"]
    if type(window) is not int or window < 1:
        raise ValueError(f"window: expected a whole number of runs, got {window!r:.40}")
    result = Baseline(window)
    for one in document["evaluations"]:
        place = (_text(one["test_set"]), _text(one["agent"]))
        if place in result.series:
            raise ValueError(f"{place[0]} with agent {place[1]} is there twice")
        version = None if one.get("agent_version") is None else _text(one["agent_version"])
        result.series[place] = Series(_text(one["name"]), version, list(map(_text, one["runs"])))
    for one in document["cases"]:
        key = CaseKey(_text(one["test_set"]), _text(one["case"]), _text(one["agent"]))
        if key in result.cases:
            raise ValueError(f"case {key.case_id!r} of {key.test_set} is there twice")
        series = result.series.get((key.test_set, key.agent))
        trials = _trials(one, f"case {key.case_id!r} of {key.test_set}")
        if series is None or len(series.runs) != len(trials):
            raise ValueError(f"case {key.case_id!r} of {key.test_set} does not go with the runs of its evaluation")
        result.cases[key] = History(_text(one["fingerprint"]), trials)
    return result


def _trials(case: Mapping[str, Any], where: str) -> list[Trial | None]:
    trials: list[Trial | None] = []
    results, scores = _text(case["results"]).split(" "), _text(case["scores"]).split(" ")
    if len(results) != len(scores):
        raise ValueError(f"{where}: {len(results)} results, but {len(scores)} scores")
    for result, score in zip(results, scores, strict=True):
        if result == ABSENT:
            trials.append(None)
            continue
        passes, _, attempts = result.partition("/")
        trial = Trial(int(passes), int(attempts), float(score))
        if not (0 <= trial.passes <= trial.attempts and 0 < trial.attempts <= MOST_ATTEMPTS and 0 <= trial.score <= 1):
            raise ValueError(
                f"{where}: expected passes/attempts and a score in 0..1, got {result:.20} and {score:.20}"
            )
        trials.append(trial)
    return trials


def _worded(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return f"not the form of a baseline: {error}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r:.40}")
    return value


def _trial(outcome: Outcome) -> Trial | None:
    if not outcome.scored or outcome.known_failure:
        return None
    return Trial(outcome.passes, outcome.attempts, round(outcome.score or 0.0, 3))


def _continued(then: History | None, now: Outcome, earlier: int, width: int) -> tuple[History | None, bool]:
    """A case's history with one run more, and whether it begins anew; None where there is nothing in it."""
    trial = _trial(now)
    same = then is not None and then.fingerprint == now.fingerprint
    trials: list[Trial | None] = then.trials if then is not None and same else [None] * earlier
    history = _last(History(now.fingerprint, [*trials, trial]), width)
    return (history if history.attempts else None), then is not None and not same


def _carried(
    cases: Mapping[CaseKey, History], more: Sequence[Trial | None], width: int
) -> Iterator[tuple[CaseKey, History]]:
    """Cases that a run says nothing of, without those of which nothing is left."""
    for key, history in cases.items():
        kept = _last(History(history.fingerprint, [*history.trials, *more]), width)
        if kept.attempts:
            yield key, kept


def _last(history: History, width: int) -> History:
    return History(history.fingerprint, history.trials[-width:])


def _joined(found: Iterable[tuple[Sequence[str], History]], runs: Sequence[str]) -> History | None:
    """One history of those that two sides have; each comes with the ids of its runs."""
    by_run: dict[str, tuple[str, Trial]] = {}
    for ids, history in found:
        for run, trial in zip(ids, history.trials, strict=True):
            if trial is not None:
                by_run[run] = (history.fingerprint, trial)
    known = [run for run in runs if run in by_run]
    if not known:
        return None
    fingerprint = by_run[known[-1]][0]
    trials = [by_run[run][1] if run in by_run and by_run[run][0] == fingerprint else None for run in runs]
    return History(fingerprint, trials)


def _lines(values: Iterable[Any]) -> str:
    text = ",\n".join(map(encode, values))
    return f"\n{text}\n" if text else ""
