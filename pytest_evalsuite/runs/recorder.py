"""A run while it goes on: its directory, its plan, its results as they come, and what is written at its end."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, Literal

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.runs.artifact import run_summary
from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.reading import read_results
from pytest_evalsuite.runs.run import Results, Run, assemble, bare_record
from pytest_evalsuite.runs.store import Journal, RunDirectory, new_run_id

__all__ = ["Recorder"]

CI_USERS: Final = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOREMAIL", "CHANGE_AUTHOR")
"""Environment variables by which a CI says for whom it works."""


Beside = Literal["recording", "spans"]
"""What is kept of a run beside its results."""


class Recorder:
    """Keeps a run. What cannot be written is noted in ``problems``, and the run goes on.

    Several processes may keep one run: the first one calls `open`, the others `join`. ``facts`` are further things to
    say of it. With ``answers``, what agents and judges say is kept too.
    """

    def __init__(
        self,
        root: Path,
        *,
        name: str | None,
        versions: Mapping[str, str],
        facts: Mapping[str, Any] | None = None,
        answers: bool = False,
    ) -> None:
        self.plan = Plan()
        self.facts: dict[str, Any] = {"resume": None, "regrade": None, "replay": None, **(facts or {})}
        self.results = Results()
        self.problems: list[str] = []
        self._root = root
        self._name = name
        self._versions = {**versions, "python": platform.python_version()}
        self._started_at = datetime.now(timezone.utc)
        self._directory: RunDirectory | None = None
        self._journal: Journal | None = None
        self._keeps_answers = answers
        self._beside: dict[Beside, Journal] = {}
        self._beside_lock = threading.Lock()
        self._unkept: list[tuple[Beside, str]] = []

    @property
    def path(self) -> Path | None:
        """The run's folder, once there is one."""
        return None if self._directory is None else self._directory.path

    def open(self) -> None:
        """Make the run's folder, once; where it cannot be made, the run is kept among the temporary files."""
        if self._directory is None and not self.problems:
            self._keep_in_folder(self._create)

    def join(self, path: Path, worker: str) -> bool:
        """Keep the run of another process, in a journal of this worker's own; not where its folder is not to be had.

        A worker on another machine does not have it: what it finds out, the process that reports has to keep.
        """
        if not os.access(path, os.W_OK):
            return False
        self._directory = RunDirectory(path)
        self._begin_journals(self._directory, worker)
        return True

    def write_plan(self, plan: Plan) -> None:
        """Say which cases are to be evaluated."""
        self.plan = plan
        directory = self._directory
        if directory is not None and (len(plan) or plan.shard):
            self._keep_in_folder(lambda: directory.write_plan(plan.as_json()))

    def take_plan(self, text: str | None) -> None:
        """Take over the plan of a worker that could not write it."""
        if text is not None and not len(self.read_plan()):
            self.write_plan(Plan.from_json(text.encode()))

    def read_plan(self) -> Plan:
        """The plan: this process's own, or that of the workers where they alone have collected."""
        if not len(self.plan) and self._directory is not None:
            self.plan = Plan.from_json(self._directory.read_plan())
        return self.plan

    def keep(self, line: str) -> None:
        """Append a record, as its line of JSON, to this process's journal."""
        if self._journal is not None:
            self._journal.append(line)

    def keep_answer(self, said: Mapping[str, Any]) -> None:
        """Append what an agent or a judge said, in whatever thread it did."""
        if self._keeps_answers:
            self.keep_beside([("recording", encode(said))])

    def keep_trace(self, line: str) -> None:
        """Append the trace of a call, as its line of JSON."""
        self.keep_beside([("spans", line)])

    def keep_beside(self, lines: Iterable[tuple[Beside, str]]) -> None:
        """Append lines of JSON to what is kept beside the results."""
        with self._beside_lock:
            for what, line in lines:
                if what in self._beside:
                    self._beside[what].append(line)
                else:
                    self._unkept.append((what, line))

    def take_unkept(self) -> list[tuple[Beside, str]]:
        """What could not be appended, on a machine that does not have the run's folder."""
        with self._beside_lock:
            unkept, self._unkept = self._unkept, []
            return unkept

    def lost_with_worker(self, node_id: str, message: str) -> None:
        """Note that the worker died which ran the test item of this id, unless the case has a result."""
        found = self.read_plan().find(node_id)
        if found is not None and found[0] not in self.results:
            line = encode(bare_record(*found, "error", {"kind": "worker_crash", "message": redact(message)[:500]}))
            self.results.add(line)
            self.keep(line)

    def note(self, problems: Iterable[str]) -> None:
        """Note what a worker could not write; the run's folder is said to be unfit once, whoever found out."""
        if not self.problems:
            self.problems.extend([*problems][:1])

    def settle(
        self,
        writers: Iterable[Callable[[Run], None]],
        *,
        stopped: str | None = None,
        uncollected: Sequence[str] = (),
        judge: Callable[[Run], None] = lambda run: None,
    ) -> Run:
        """End the run: put it together, have it judged as a whole, and have it written.

        ``stopped`` says why it ended early, if it did; ``uncollected`` what is wrong with files that could not be
        collected.
        """
        self.close()
        plan = self.read_plan()
        self._take_from_journals(plan)
        cause = {"kind": "stopped", "message": stopped or "the session ended without it"}
        run = assemble({}, plan.evaluations, self.results, cause)
        missing = run.tally.counts["not_run"] + run.tally.counts["cancelled"]
        status = "cancelled" if missing else "succeeded"
        if uncollected:
            status, stopped = "failed", "\n".join(["not everything could be collected:", *uncollected])
        elif not len(plan) and (stopped or not plan.shard):
            status, stopped = "failed", stopped or "no case was selected"
        elif missing:
            stopped = stopped or f"{missing} of {len(plan)} selected cases have no result"
        else:
            stopped = None  # too late to matter
        run.info = self._info(status, stopped)
        judge(run)
        directory = self._directory
        if directory is not None:
            self._keep_in_folder(lambda: directory.write_run(run_summary(run)))
        for write in writers:
            try:
                write(run)
            except StoreError as error:
                self.problems.append(str(error))
        return run

    def _take_from_journals(self, plan: Plan) -> None:
        """Take what workers have finished and could not report any more."""
        if self._directory is None or len(self.results) >= len(plan):
            return
        with contextlib.suppress(StoreError):
            kept = read_results(self._directory.path)
            for key in kept.keys():  # noqa: SIM118 - these are no mapping's
                if key not in self.results:
                    self.results.add(kept.line(key))

    def close(self) -> None:
        """Bring the journal to the disk."""
        for journal in (self._journal, *self._beside.values()):
            if journal is not None:
                journal.close()
                if journal.problem is not None:
                    self.note([journal.problem])
        self._journal = None
        self._beside.clear()

    def _begin_journals(self, directory: RunDirectory, worker: str) -> None:
        self._journal = directory.journal(worker)
        self._beside["spans"] = directory.spans(worker)
        if self._keeps_answers:
            self._beside["recording"] = directory.recording(worker)

    def _create(self) -> None:
        try:
            self._directory = RunDirectory.create(self._root)
        except StoreError as error:
            self._directory = RunDirectory.create(Path(tempfile.gettempdir()) / f"evalsuite-{new_run_id()}")
            self.note([f"{error}; this run is kept in {self._directory.path}"])
        self._directory.write_run(self._info("running", None))
        self._begin_journals(self._directory, "main")

    def _keep_in_folder(self, write: Callable[[], object]) -> None:
        try:
            write()
        except StoreError as error:
            self.note([str(error)])

    def _info(self, status: str, message: str | None) -> dict[str, Any]:
        now = datetime.now(timezone.utc)
        ended = status != "running"
        return {
            "id": self._directory.id if self._directory else new_run_id(),
            "name": self._name,
            "status": status,
            "error_message": message,
            "started_at": _utc(self._started_at),
            "created_by": _user(),
            "completed_at": _utc(now) if ended else None,
            "duration_seconds": round((now - self._started_at).total_seconds(), 3) if ended else None,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "shard": self.plan.shard,
            **self.facts,
            "versions": self._versions,
        }


def _user() -> str | None:
    """Who has made the run: whom the CI names, or else the account; None where nobody is known."""
    by_ci = next(filter(None, map(os.environ.get, CI_USERS)), None)
    with contextlib.suppress(OSError, KeyError, ImportError):  # an account without a name
        return by_ci or getpass.getuser()
    return None


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
