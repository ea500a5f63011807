"""The judge for those who have none: compares words, without a model, and says so."""

from __future__ import annotations

from pytest_evalsuite.errors import JudgeError
from pytest_evalsuite.judges._base import CAN_NOT_SEE, EMBEDDED, JudgeRequest, Verdict

__all__ = ["EmbeddedJudge"]


class EmbeddedJudge:
    """Grades how much of the expected answer's words an answer holds, offline.

    It is no judge of meaning: use it to try a suite out, never to gate on. It cannot judge criteria, instructions or
    rules at all.
    """

    identity = EMBEDDED

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Compare words with each expected answer; the best one counts. Raises JudgeError without any."""
        from rapidfuzz import fuzz
        from rapidfuzz.utils import default_process

        if request.purpose not in ("quality", "accuracy") or not request.expected:
            raise JudgeError(
                "could not be judged: the embedded judge only compares words with an expected_response; "
                "criteria, instructions and rules need a model: --eval-judge openai:<model>",
                hopeless=True,
            )
        shares = [
            fuzz.token_set_ratio(expected, request.answer, processor=default_process) for expected in request.expected
        ]
        share = min(max(shares), 100.0) / 100
        value = round(1 + 9 * share) if request.scale.kind == "points" else share
        return Verdict(
            value=value,
            reason=f"the words are {share:.0%} alike ({CAN_NOT_SEE})",
            judge=self.identity,
            notes=(CAN_NOT_SEE,),
        )
