"""The answers of agents and judges that a run has kept beside its results, to be given again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.forms import hold
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.testsets.fingerprint import changed_parts

__all__ = ["Recording"]


class Recording:
    """What was kept under ``--eval-record``: lines of JSON with ``kind`` answer, verdict or agent."""

    def __init__(self, run_id: str, lines: Iterator[tuple[str, Mapping[str, Any]]]) -> None:
        self.run_id = run_id
        self._answers: dict[tuple[CaseKey, int], Mapping[str, Any]] = {}
        self._moved: dict[tuple[str, str, int], Mapping[str, Any]] = {}
        """By fingerprint, for a case that has another id or file now."""
        self._verdicts: dict[str, Mapping[str, Any]] = {}
        self._agents: dict[tuple[str, str], dict[str, Any]] = {}
        self._required: dict[tuple[str, str], frozenset[str]] = {}
        for place, line in lines:
            try:
                self._take(line)
            except (KeyError, TypeError, ValueError) as error:
                raise StoreError(f"{place}: no recorded answer: {type(error).__name__}: {error}") from error

    @classmethod
    def read(cls, folder: Path) -> Recording:
        """Read what the run in this folder has kept. Raises StoreError where it has kept nothing."""
        files = sorted(folder.glob("recording-*.jsonl")) if folder.is_dir() else []
        if not files:
            raise StoreError(f"{folder.name} has no recorded answers: record them with --eval-record")
        return cls(folder.name, _lines(files))

    def answer(self, key: CaseKey, fingerprint: str, number: int) -> Mapping[str, Any] | str:
        """What came of one attempt, as JSON values; a text says why that is not known."""
        found = self._answers.get((key, number))
        if found is None:
            found = self._moved.get((fingerprint, key.agent, number))
        if found is None:
            return f"run {self.run_id} has no answer to case {key.case_id!r} (attempt {number})"
        if "question" in changed_parts(found["fingerprint"], fingerprint):
            return f"the question of case {key.case_id!r} has changed since run {self.run_id}"
        return found

    def verdict(self, key: str) -> Mapping[str, Any] | None:
        """What a judge said to what the key names, or None."""
        return self._verdicts.get(key)

    def agent(self, test_set: str, agent: str) -> dict[str, Any] | None:
        """The agent's configuration, as the run's artifact has it, or None."""
        return self._agents.get((test_set, agent))

    def required(self, test_set: str, agent: str) -> frozenset[str]:
        """The agent's parameters without default: a case that lacks one of them was not put to it."""
        return self._required.get((test_set, agent), frozenset())

    def _take(self, line: Mapping[str, Any]) -> None:
        if line["kind"] == "verdict":
            if "verdict" in line:
                hold(line, verdict=dict)
            self._verdicts[line["key"]] = line
        elif line["kind"] == "agent":
            hold(line, required=list, configuration=(dict, NoneType))
            self._agents[line["test_set"], line["agent"]] = line["configuration"]
            self._required[line["test_set"], line["agent"]] = frozenset(line["required"])
        else:
            key = CaseKey(line["test_set"], line["case_id"], line["agent"])
            hold(line, fingerprint=str, number=int, started_at=(int, float), seconds=(int, float), history=list)
            self._answers[key, line["number"]] = line  # of a case that was run again, the last
            self._moved[line["fingerprint"], line["agent"], line["number"]] = line


def _lines(files: list[Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in files:
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                value = decode(line)
            except ValueError as error:
                if number == len(lines):
                    return  # the machine went down while it was written
                raise StoreError(f"{path}:{number}: no recorded answer: {error}") from error
            yield f"{path}:{number}", value
