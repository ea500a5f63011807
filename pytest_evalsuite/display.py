"""What the terminal shows of a session: a live count, scores and failures of cases, the section at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite.redaction import redact
from pytest_evalsuite.reporting.escape import encodable
from pytest_evalsuite.reporting.failure import FailureText, display_score
from pytest_evalsuite.reporting.github import annotation_commands
from pytest_evalsuite.reporting.progress import Progress, is_terminal
from pytest_evalsuite.reporting.resumption import resume_command
from pytest_evalsuite.reporting.terminal import summary_lines
from pytest_evalsuite.reporting.verdict import verdict_lines
from pytest_evalsuite.runs.recorder import Recorder
from pytest_evalsuite.runs.summary import gate_status
from pytest_evalsuite.settings import Settings
from pytest_evalsuite.settling import Settlement

__all__ = ["Display"]


class Display:
    """The terminal's side of a session, a plugin of its own; in a worker of xdist it shows nothing."""

    def __init__(self, config: pytest.Config, settings: Settings, settlement: Settlement, recorder: Recorder) -> None:
        self._config = config
        self._settings = settings
        self._settlement = settlement
        self._recorder = recorder
        self._verbosity = config.get_verbosity()
        self.progress = Progress()
        self.hints: list[str] = []
        """What a user may want to know of how the run went."""

    def start(self, total: int) -> None:
        """Begin to count cases, where there is a terminal to show that on."""
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        writer = getattr(reporter, "_tw", None)
        is_live = is_terminal(writer) and self._config.getoption("capture") != "no"
        self.progress.start(writer if is_live else None, total)

    def take(self, report: Any, record: Mapping[str, Any]) -> None:
        """Count a case, and put on its report what is to be shown of it."""
        self.progress.add(record["status"])
        if self._verbosity > 0:
            report.evalsuite_score = display_score(record)
        if report.failed and gate_status(record) != "passed":  # an unexpected pass is told by pytest
            report.longrepr = FailureText(record, verbosity=self._verbosity)

    def drop_silent_reports(self) -> None:
        """Drop those of the case before, so that they do not fill the memory."""
        silent = self._silent_reports()
        while silent and _says_nothing(silent[-1]):
            silent.pop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Drop what pytest would read for each failure."""
        silent = self._silent_reports()
        silent[:] = [report for report in silent if not _says_nothing(report)]

    def _silent_reports(self) -> list[pytest.TestReport]:
        """The reports that pytest shows nothing of, and reads again for each failure; none where it shows durations.

        There are two of each case, for its setup and its teardown.
        """
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or self._config.getoption("durations") is not None:
            return []
        silent: list[pytest.TestReport] = reporter.stats.get("", [])
        return silent

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, str] | None:
        """Show the score behind the verdict at ``-v``."""
        score = getattr(report, "evalsuite_score", None)
        if score is None or report.when != "call" or hasattr(report, "wasxfail"):
            return None
        return report.outcome, "." if report.passed else "F", f"{report.outcome.upper()} {score}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the section ``eval suites``."""
        settlement, settings = self._settlement, self._settings
        if settlement.run is None:
            return
        here = self._config.invocation_params
        writer = self._config.get_terminal_writer()
        lines = summary_lines(
            settlement.run,
            verbosity=self._verbosity,
            width=writer.fullwidth,
            problems=self._recorder.problems,
            hints=list(dict.fromkeys(self.hints)),
            files=[_shown(path, here.dir) for path in settings.outputs if path.exists()],
            verdict=verdict_lines(settlement.comparison, settlement.judgement),
            command=resume_command(here.args, settlement.run.info["id"]),
        )
        commands = annotation_commands(settlement.run) if "annotations" in settings.github else ()
        encoding = getattr(getattr(writer, "_file", None), "encoding", None)
        if self._verbosity >= 0:
            terminalreporter.section("eval suites")
        for line, markup in (*lines, *((command, {}) for command in commands)):
            terminalreporter.line(encodable(redact(line), encoding), **markup)


def _says_nothing(report: Any) -> bool:
    """Whether it is of a phase of a case that passed without a word."""
    return not report.sections and "evalsuite" in getattr(report, "keywords", ())


def _shown(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
