"""The end of a run: it is put together, compared, judged, and written as was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_evalsuite.comparison.judgement import Judgement, judge_run
from pytest_evalsuite.grouping import Groups
from pytest_evalsuite.redaction import names_in, redact
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.github import append_to_step_summary
from pytest_evalsuite.reporting.numbers import count
from pytest_evalsuite.reporting.people import uncounted
from pytest_evalsuite.runs.artifact import write_artifact
from pytest_evalsuite.runs.recorder import Recorder
from pytest_evalsuite.runs.run import Run
from pytest_evalsuite.runs.store import write_atomically
from pytest_evalsuite.settings import Settings
from pytest_evalsuite.sources import Sources

if TYPE_CHECKING:
    from pytest_evalsuite.comparison.decision import BlameRule
    from pytest_evalsuite.comparison.model import Comparison

__all__ = ["Settlement"]


class Settlement:
    """What a run came to. Before `settle` there is none: ``run`` is None then."""

    def __init__(self, settings: Settings, sources: Sources, recorder: Recorder, groups: Groups) -> None:
        self.run: Run | None = None
        self.comparison: Comparison | None = None
        self.judgement: Judgement | None = None
        self._settings = settings
        self._sources = sources
        self._recorder = recorder
        self._groups = groups

    def settle(self, *, stopped: str | None, uncollected: Sequence[str], rule: BlameRule | None) -> Run:
        """Put the run together and write what was asked for.

        ``stopped`` says why it ended early, ``uncollected`` what could not be collected; by ``rule`` fresh trials have
        blamed cases, where they have.
        """
        self.run = self._recorder.settle(
            self._writers(),
            stopped=stopped,
            uncollected=uncollected,
            judge=lambda run: self._judge(run, rule),
        )
        return self.run

    @property
    def fails(self) -> bool:
        """Whether the session fails, whatever became of its test items."""
        if self.run is None:
            return False
        is_bad = self.judgement is not None and not self.judgement.passed
        return self.run.info["status"] != "succeeded" or bool(self._recorder.problems) or is_bad

    @property
    def is_empty_shard(self) -> bool:
        """Whether this is a shard that no case has fallen to, so that pytest's having run nothing is all right."""
        return self.run is not None and bool(self.run.info["shard"]) and self.run.info["status"] == "succeeded"

    def leaks(self) -> str | None:
        """Which secrets have turned up: a leak is worth knowing, and what is kept is not all that was said."""
        results = None if self.run is None else self.run.results
        lines = () if results is None else results.lines(results.keys())
        found = [names for line in lines if (names := names_in(line))]
        if not found:
            return None
        return f"secrets were left out of {count(len(found), 'result')}: {', '.join(sorted(set().union(*found)))}"

    def tell_junit(self, config: pytest.Config) -> None:
        """Give the verdict to the JUnit report, if one is written."""
        from _pytest.junitxml import xml_key

        report = config.stash.get(xml_key, None)
        if report is not None and self.judgement is not None:
            report.add_global_property("eval_verdict", self.judgement.verdict)
            for reason in self.judgement.reasons:
                report.add_global_property("eval_reason", escape_terminal(redact(reason)))

    def _writers(self) -> list[Callable[[Run], None]]:
        settings = self._settings
        writers: list[Callable[[Run], None]] = []
        if (json_path := settings.json_path) is not None:
            writers.append(lambda run: write_artifact(run, json_path))
        if (csv_path := settings.csv_path) is not None:
            from pytest_evalsuite.reporting.csv import write_csv

            writers.append(lambda run: write_csv(run, csv_path))
        if (markdown_path := settings.markdown_path) is not None:
            writers.append(lambda run: write_atomically(markdown_path, [self._markdown(run).encode()]))
        if "summary" in settings.github:
            writers.append(lambda run: append_to_step_summary(self._markdown(run)))
        return writers

    def _judge(self, run: Run, rule: BlameRule | None) -> None:
        """Say what became of the run that this one goes on with, compare with the baseline, give the verdict."""
        sources = self._sources
        if sources.resume is not None:
            run.info["resume"].update(sources.resume.used_for(run).as_json())
        if sources.baseline is not None and len(run.results):
            from pytest_evalsuite.comparison.compare import compare
            from pytest_evalsuite.comparison.document import comparison_json
            from pytest_evalsuite.comparison.sides import side_of_run

            side = side_of_run(run, "this run", by_people=True)
            self.comparison = compare(sources.baseline, side, rule=rule)
            run.verdicts["comparison"] = comparison_json(self.comparison)
        self.judgement = judge_run(run, self._settings.fail_on, self.comparison)
        if sources.people is not None:
            self.judgement.notes += [*sources.people.problems, *uncounted(run)]
        if sources.missing is not None:
            self.judgement.notes.append(sources.missing)
        run.verdicts["gate"] = self.judgement.as_json()
        self._recorder.problems += self._groups.settle(run)

    def _markdown(self, run: Run) -> str:
        from pytest_evalsuite.reporting.markdown import run_markdown

        side = self._sources.baseline
        before = {} if side is None else {"before": side.records}
        return run_markdown(run, self.comparison, self.judgement, more=self._groups.markdown(), **before)
