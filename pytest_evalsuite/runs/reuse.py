"""An earlier run whose results stand for those of cases that have not changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.run import CaseKey, PlannedCase, PlannedEvaluation, Run
from pytest_evalsuite.runs.traces import KeptTraces
from pytest_evalsuite.testsets.fingerprint import changed_parts

__all__ = ["Earlier", "Reuse", "answer_digest", "repeats_of"]

NO_RESULT: Final = "no result"
ASKED_ANEW: Final = "another turn of its conversation is asked"
REPLY: Final = (
    "actual_response",
    "actual_output",
    "tool_calls",
    "usage",
    "cost",
    "reply_metadata",
)
"""What a record says of a reply."""
VERDICTS: Final = frozenset({"passed", "failed"})


@dataclass(slots=True)
class Reuse:
    """What became of an earlier run's results: how many stand, why cases are asked, what was dropped and why."""

    reused: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    """Why a case has no result to reuse, to how many cases."""
    dropped: list[tuple[CaseKey, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        dropped = [{**key._asdict(), "reason": reason} for key, reason in self.dropped]
        return {"reused": self.reused, "asked": dict(sorted(self.asked.items())), "dropped": dropped}


class Earlier:
    """The results of an earlier run, and of those that it continues itself."""

    def __init__(self, runs: list[Run], traces: KeptTraces) -> None:
        self.traces = traces
        self.run_id: str = runs[0].info["id"]
        self.is_running = runs[0].info["status"] == "running"
        self._homes: dict[CaseKey, Run] = {}
        self._versions: dict[tuple[str, str], str | None] = {}
        for run in reversed(runs):
            for evaluation in run.evaluations:
                plan = evaluation.plan
                self._versions[plan.test_set, plan.agent] = plan.agent_version
            self._homes.update((key, run) for key in run.results.keys() if _is_there(run, key))  # noqa: SIM118

    @classmethod
    def read(cls, path: Path) -> Earlier:
        """Read a run's folder, or its artifact. Raises StoreError."""
        runs = list(_chain(path))
        return cls(runs, KeptTraces([path.parent / run.info["id"] for run in runs[:0:-1]] + [path]))

    def record(self, key: CaseKey) -> dict[str, Any] | None:
        """What came of the case, if anything did."""
        home = self._homes.get(key)
        return None if home is None else decode(home.results.line(key))

    def why_not(self, key: CaseKey, case: PlannedCase, agent_version: str | None) -> str | None:
        """Why the case's result cannot stand for that of this run; None: it can."""
        record = self.record(key)
        if record is None:
            return NO_RESULT
        if record["status"] not in VERDICTS:
            return f"was {record['status']}" if record["status"] != "error" else "was an error"
        changed = changed_parts(record["fingerprint"], case.fingerprint)
        if changed:
            return f"{', '.join(changed)} changed"
        if case.answer and answer_digest((record.get("attempts") or (record,))[0]) != case.answer:
            return "answer changed"
        before = self._versions.get((key.test_set, key.agent))
        if before is not None and agent_version is not None and before != agent_version:
            return "agent changed"
        if repeats_of(record) != case.repeats:
            return f"asked {repeats_of(record) or '1'}, now {case.repeats or '1'}"
        return None

    def used_for(self, run: Run) -> Reuse:
        """What became of this run's results in the other."""
        reuse = Reuse()
        planned = set()
        for evaluation in run.evaluations:
            plan = evaluation.plan
            reasons = {case: self.why_not(_key(plan, case), case, plan.agent_version) for case in plan.cases}
            broken = {case.conversation for case, reason in reasons.items() if reason is not None} - {None}
            for case, own in reasons.items():
                planned.add(_key(plan, case))
                reason = ASKED_ANEW if own is None and case.conversation in broken else own
                if reason is None:
                    reuse.reused += 1
                elif reason in (NO_RESULT, ASKED_ANEW) or reason.startswith("was "):
                    reuse.asked[reason] = reuse.asked.get(reason, 0) + 1
                else:
                    reuse.dropped.append((_key(plan, case), reason))
        reuse.dropped += [(key, "not among the selected cases") for key in self._homes if key not in planned]
        return reuse


def _key(plan: PlannedEvaluation, case: PlannedCase) -> CaseKey:
    return CaseKey(plan.test_set, case.case_id, plan.agent)


def answer_digest(record: Mapping[str, Any]) -> str:
    """A digest of the reply that a record, or an attempt in one, tells of."""
    told = {key: record[key] for key in REPLY if key in record}
    return blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def repeats_of(record: Mapping[str, Any]) -> str:
    """How often the case was asked and by what rule it passes, as `PlannedCase.repeats`."""
    rule = record.get("pass_rule")
    if rule is None:
        return ""
    return f"{record['statistics']['attempts']} {rule['at_least'] if isinstance(rule, dict) else rule}"


def _chain(path: Path) -> Iterator[Run]:
    """A run and those that it continues, newest first."""
    met: set[Path] = set()
    while path not in met:
        met.add(path)
        run = read_run(path)
        yield run
        before = (run.info.get("resume") or {}).get("from")
        if not before or not path.is_dir():
            return
        path = path.parent / before
        if not path.is_dir():
            if run.info["status"] in ("succeeded", "failed", "cancelled"):
                return  # it took over what it needed
            raise StoreError(f"run {run.info['id']} continues {before}, which is gone")


def _is_there(run: Run, key: CaseKey) -> bool:
    return run.results.brief(key).status not in ("not_run", "cancelled")
