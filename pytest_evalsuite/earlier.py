"""What earlier runs say about a case of this one: verdicts that stand, answers to be scored, what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.replay import given_attempt, recorded_attempt, stored_attempts
from pytest_evalsuite.items import CaseItem
from pytest_evalsuite.runs.plan import Collected
from pytest_evalsuite.sources import Sources
from pytest_evalsuite.testsets.fingerprint import changed_parts

if TYPE_CHECKING:
    from pytest_evalsuite.runs.reuse import Earlier

__all__ = ["EarlierRuns"]


class EarlierRuns:
    """The runs that this one goes on with, takes answers from, or is compared with, asked about one case at a time.

    ``collected`` tells the versions of agents, by test set and agent, once test sets are collected.
    """

    def __init__(self, sources: Sources, collected: Mapping[tuple[str, str], Collected]) -> None:
        self._sources = sources
        self._collected = collected
        self._turns: dict[tuple[str, str, str], list[CaseItem]] | None = None
        self._standing: dict[CaseItem, bool] = {}
        """Whether a conversation stands as a whole, by the first of its selected turns."""

    def kept_record(self, item: CaseItem) -> dict[str, Any] | None:
        """The record of the item's case in the run that this one goes on with, where it stands."""
        earlier = self._sources.resume
        if earlier is None or not self._all_stand(self._turns_with(item), earlier):
            return None
        record = earlier.record(item.key)
        return None if record is None else item.renewed(record)

    def _all_stand(self, turns: Sequence[CaseItem], earlier: Earlier) -> bool:
        """Whether the results of all turns of a conversation stand; worked out once for each."""
        if turns[0] not in self._standing:
            self._standing[turns[0]] = all(self._stands(turn, earlier) for turn in turns)
        return self._standing[turns[0]]

    def _stands(self, item: CaseItem, earlier: Earlier) -> bool:
        version = self._collected[item.test_set_key, item.agent_name].agent_version
        return earlier.why_not(item.key, item.planned(), version) is None

    def _turns_with(self, item: CaseItem) -> Sequence[CaseItem]:
        """The selected turns of the conversation that the item's case is one of; a case that stands alone."""
        if item.case.turn == 0:
            return (item,)
        if self._turns is None:
            self._turns = {}
            for other in item.session.items:
                if isinstance(other, CaseItem) and other.case.turn:
                    key = (other.test_set_key, other.agent_name, other.case.unit)
                    self._turns.setdefault(key, []).append(other)
        return self._turns[item.test_set_key, item.agent_name, item.case.unit]

    def last_turn_of(self, item: CaseItem) -> int:
        """The last turn of its conversation that is selected; 0 for a case that stands alone."""
        return max(turn.case.turn for turn in self._turns_with(item))

    def kept_trace(self, trace_id: str) -> str | None:
        """The trace of a call of the run that this one goes on with, as its line of JSON, where steps were kept."""
        earlier = self._sources.resume
        return None if earlier is None else earlier.traces.line(trace_id)

    def measured_before(self, item: CaseItem, check: str) -> Mapping[str, Any] | None:
        """The evidence of a check in the run that this one is compared with, for the same question."""
        side = self._sources.baseline
        record = None if side is None else side.records([item.key]).get(item.key)
        if record is None or "question" in changed_parts(record["fingerprint"], item.case.fingerprint):
            return None
        return next((one.get("evidence") for one in record.get("checks", ()) if one["name"] == check), None)

    def stored_answers(self, item: CaseItem, numbers: Iterable[int]) -> Sequence[Attempt]:
        """The answers to the item's case that are there to be scored; none where its agent is asked."""
        if item.case.actual is not None and item.case.turn == 0:
            return (given_attempt(item.case),)
        recording = self._sources.replay
        if recording is not None:
            found = ((number, recording.answer(item.key, item.case.fingerprint, number)) for number in numbers)
            return [recorded_attempt(answer, number) for number, answer in found]
        earlier = self._sources.regrade
        return (
            ()
            if earlier is None
            else stored_attempts(item.case, earlier.record(item.key), earlier.run_id, earlier.traces.get)
        )
