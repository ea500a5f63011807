"""The group files of a session: what they want evaluated, and what they show of it at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_evalsuite.errors import GroupError, StoreError, TestSetError
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.reporting.escape import encodable, escape_terminal
from pytest_evalsuite.settings import Settings

if TYPE_CHECKING:
    from pytest_evalsuite.groups.file import GroupFile
    from pytest_evalsuite.groups.report import GroupReport
    from pytest_evalsuite.groups.side_by_side import SideBySide
    from pytest_evalsuite.runs.run import Run

__all__ = ["Demand", "GroupCollector", "Groups"]

IN_ARTIFACT: Final = ("members", "row-identifiers", "aggregates", "differences")
IN_TERMINAL: Final = ("members", "aggregates", "differences")
ROWS: Final = 10
"""Rows of each list in the terminal; ``-vv`` shows all."""


class Demand:
    """What group files want of one test set: agents, each with the file that names it; ``own``: its own agent too."""

    def __init__(self) -> None:
        self.own = False
        self.agents: dict[str, str] = {}


class GroupCollector(pytest.File):
    """A group file. It has no items: its members are those of its test sets."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing; all mistakes of the file at once as a collection error."""
        from pytest_evalsuite.items import STATE

        found = self.config.stash[STATE].groups.read(self.path)
        if isinstance(found, TestSetError):
            raise self.CollectError(escape_terminal(str(found), keep_newlines=True))
        return iter(())


class Groups:
    """The groups of a session, found before anything is collected, so that agents are asked whom only they name."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._files: dict[Path, GroupFile | TestSetError] = {}
        self._demands: dict[Path, Demand] = {}
        self._reports: list[GroupReport] = []
        self._side_by_side: SideBySide | None = None

    def is_file(self, path: Path) -> bool:
        """Whether this has the name of a group file."""
        return any(map(path.match, self._settings.group_files))

    def read(self, path: Path) -> GroupFile | TestSetError:
        """The group file, or what is wrong with it."""
        if path not in self._files:
            from pytest_evalsuite.groups.file import load_group_file

            root = self._config.rootpath
            shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            try:
                self._files[path] = load_group_file(path, root=root, display_path=shown)
            except TestSetError as error:
                self._files[path] = error
        return self._files[path]

    def demand_of(self, path: Path) -> Demand | None:
        """What group files want of the test set of this file; None where they want nothing special."""
        return None if self._settings.chosen_agents else self._demands.get(path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Read the group files that are going to be collected, and have their test sets collected, too."""
        asked = [self._config.invocation_params.dir / arg.partition("::")[0] for arg in self._config.args]
        wanted: dict[Path, None] = {}
        for path in dict.fromkeys(file for place in asked for file in self._files_at(place)):
            file = self.read(path)
            if isinstance(file, TestSetError):
                continue
            for member in file.members:
                if member.run != "this":
                    continue
                wanted[member.path] = None
                demand = self._demands.setdefault(member.path, Demand())
                if member.agent is None:
                    demand.own = True
                else:
                    demand.agents.setdefault(member.agent, file.path)
        places = [Path(os.path.normpath(place)) for place in asked]
        missing = [path for path in wanted if not any(path == one or path.is_relative_to(one) for one in places)]
        for path, demand in self._demands.items():
            demand.own = demand.own or path not in missing
        self._config.args += [str(path) for path in missing]

    def _files_at(self, place: Path) -> Iterator[Path]:
        """The group files at or below a place, without those that pytest would not collect."""
        ignored = self._config.hook.pytest_ignore_collect
        if place.is_file():
            if self.is_file(place):
                yield Path(os.path.normpath(place))
            return
        for folder, folders, names in os.walk(os.path.normpath(place)):
            folders[:] = sorted(
                name for name in folders if not ignored(collection_path=Path(folder, name), config=self._config)
            )
            for name in sorted(names):
                path = Path(folder, name)
                if self.is_file(path) and not ignored(collection_path=path, config=self._config):
                    yield path

    def wants(self, path: Path) -> bool:
        """Whether this is a member's test set, whatever its name."""
        return path in self._demands

    def settle(self, run: Run) -> list[str]:
        """Put the groups into the run's verdicts; gives what is wrong with them."""
        if run.info["status"] == "failed":
            return []  # nothing ran, and that is said
        problems: list[str] = []
        documents: list[Mapping[str, Any]] = []
        files = [file for file in self._files.values() if not isinstance(file, TestSetError)]
        if files:
            from pytest_evalsuite.groups.document import group_json, join_json
            from pytest_evalsuite.groups.evaluations import Library
            from pytest_evalsuite.groups.resolving import report_of, wanted_of

            library = Library(self._settings.root)
            for file in files:
                try:
                    report = report_of(file, wanted_of(file, library, run))
                    if report.sides:
                        documents.append({**group_json(report, IN_ARTIFACT), "join": join_json(report)})
                    self._reports.append(report)
                except (GroupError, StoreError) as error:
                    problems.append(f"group {file.name!r} ({file.path}): {error}")
        if len({one.plan.test_set for one in run.evaluations}) < len(run.evaluations):
            from pytest_evalsuite.groups.document import side_by_side_json
            from pytest_evalsuite.groups.side_by_side import side_by_side

            default = self._settings.default_agent
            order = self._settings.chosen_agents or ((default,) if default is not None else ())
            self._side_by_side = side_by_side(run, order)
            if self._side_by_side is not None:
                documents.append(side_by_side_json(self._side_by_side))
        if documents:
            run.verdicts["groups"] = documents
        return problems

    def markdown(self) -> list[str]:
        """The groups as parts of the run's Markdown."""
        parts: list[str] = []
        if self._side_by_side is not None:
            from pytest_evalsuite.reporting.side_by_side import side_by_side_view
            from pytest_evalsuite.reporting.views import view_markdown

            parts.append(view_markdown(side_by_side_view(self._side_by_side)))
        if self._reports:
            from pytest_evalsuite.reporting.groups import group_markdown

            parts += [group_markdown(report, IN_TERMINAL) for report in self._reports]
        return parts

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write a section for each group, and one for agents side by side; nothing under ``-q``."""
        verbosity = self._config.get_verbosity()
        if verbosity < 0:
            return
        writer = self._config.get_terminal_writer()
        encoding = getattr(getattr(writer, "_file", None), "encoding", None)
        rows = None if verbosity > 1 else ROWS
        for title, lines in self._sections(writer.fullwidth, rows):
            terminalreporter.section(encodable(redact(title), encoding))
            for line in lines:
                terminalreporter.line(encodable(redact(line), encoding))

    def _sections(self, width: int, rows: int | None) -> Iterator[tuple[str, Iterator[str]]]:
        if self._side_by_side is not None:
            from pytest_evalsuite.reporting.side_by_side import side_by_side_view
            from pytest_evalsuite.reporting.views import view_lines

            yield "eval agents", view_lines(side_by_side_view(self._side_by_side, rows=rows), width)
        if self._reports:
            from pytest_evalsuite.reporting.groups import group_lines, note_lines

            for report in self._reports:
                lines = [*note_lines(report), *group_lines(report, IN_TERMINAL, width, rows=rows)]
                yield escape_terminal(f"eval group: {report.name}"), iter(lines)
