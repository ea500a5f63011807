"""The artifact as pydantic models, and the JSON Schema that is published of it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.json_schema import GenerateJsonSchema, SkipJsonSchema

from pytest_evalsuite.runs.artifact import ARTIFACT_VERSION

__all__ = ["Artifact", "artifact_schema"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Value = TypeVar("Value")
IfKnown: TypeAlias = Value | SkipJsonSchema[None]
"""A field that is left out where there is nothing to say."""

Status = Literal["passed", "failed", "error", "skipped", "cancelled", "not_run"]
Count = Annotated[int, Field(ge=0)]
Score = Annotated[float, Field(ge=0, le=1)]
Deviation = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Dollars = Annotated[float, Field(ge=0, description="US dollars.")]
Seconds = Annotated[float, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", description="UTC (RFC 3339).")]


class Part(BaseModel):
    """A mapping of the artifact that has no other keys."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Cause(Part):
    """Why a case has no verdict."""

    kind: Literal[
        "agent",
        "reply",
        "timeout",
        "method",
        "judge",
        "answer",
        "attachment",
        "turn",
        "error",
        "setup",
        "worker_crash",
        "skip",
        "stopped",
    ] = Field(
        description="agent: it raised; reply: what it returned is no answer; timeout: it did not answer in time; "
        "method: the answer could not be scored; judge: it gave no verdict; answer: the run that is graded anew or "
        "replayed has none; attachment: the case's file has gone, has changed or could not be fetched; turn: an "
        "earlier turn of the conversation got no answer; setup: a fixture raised; worker_crash: its process died; "
        "skip: a mark or the agent skipped the case, or no check applies; stopped: the run ended before its turn."
    )
    message: str
    type: IfKnown[str] = Field(None, description="The exception's class.")
    traceback: IfKnown[str] = Field(None, description="From the agent's own code on, at most 20,000 characters.")


class ToolCall(Part):
    """One tool that the agent ran."""

    name: str
    arguments: dict[str, JsonValue]
    result: JsonValue = Field(None, description="What came back; left out when that is not known.")
    error: IfKnown[str] = None


class Usage(Part):
    """Tokens that the answers took; null where the agent does not know."""

    input_tokens: Count | None
    output_tokens: Count | None


class Check(Part):
    """One test method's verdict on one answer."""

    name: str
    method: str
    score: Score = Field(description="After negation.")
    passing_score: Score
    passed: bool = Field(description="score >= passing_score")
    slot: IfKnown[str] = Field(None, description="The field of the answer that it is about; left out: the whole.")
    case_field: IfKnown[str] = Field(
        None, description="The field of expected; left out where it is named as the slot."
    )
    weight: IfKnown[Positive] = Field(None, description="In the case's score; left out when it is 1.")
    negated: IfKnown[bool] = Field(
        None, alias="not", description="True when the score is 1 - the method's; else left out."
    )
    raw_score: JsonValue = Field(None, description="The score on the method's own scale.")
    reason: IfKnown[str] = None
    evidence: IfKnown[dict[str, JsonValue]] = Field(None, description="What the method read the score from.")
    judge: IfKnown[str] = Field(None, description="Who was asked for a verdict.")
    judge_usage: IfKnown[Usage] = None
    judge_cost: IfKnown[Dollars] = None


class SkippedCheck(Part):
    """A check whose conditions do not all hold: it does not count."""

    name: str
    method: str
    skipped: Literal[True]
    reason: str = Field(description="Which conditions do not hold, and why.")


class Message(Part):
    """What was said in a conversation."""

    role: Literal["user", "assistant"]
    content: str


class Turn(Part):
    """Which turn of which conversation a case is."""

    id: str = Field(description="The conversation's; empty where the test set is one conversation.")
    turn: Count = Field(description="From 1, among the turns that are asked; 0 for one that is not.")
    turns: Count = Field(description="How many are asked.")


class Answered(Part):
    """What an agent's answer may bring."""

    history: IfKnown[list[Message]] = Field(
        None, description="What was said before, in a conversation: the last 20 messages, of each 20,000 characters."
    )
    actual_response: IfKnown[str] = Field(None, description="The answer as text.")
    actual_output: JsonValue = Field(None, description="The answer where it is no text.")
    tool_calls: IfKnown[list[ToolCall]] = None
    usage: IfKnown[Usage] = None
    cost: IfKnown[Dollars] = None
    trace_id: IfKnown[str] = None
    reply_metadata: IfKnown[dict[str, JsonValue]] = Field(None, description="What else the agent said of its answer.")


class Attempt(Answered):
    """One of several answers to a case."""

    number: int = Field(ge=1, le=100)
    status: Literal["passed", "failed", "error", "skipped"]
    score: Score | None
    cause: IfKnown[Cause] = None
    checks: list[Check | SkippedCheck]
    execution_time_ms: Milliseconds


class AtLeast(Part):
    """A pass rule: so many attempts must pass."""

    at_least: int = Field(ge=1, le=100)


class Statistics(Part):
    """Figures of several attempts. pass@k and pass^k are over the scored ones, keyed by k."""

    attempts: Count
    scored: Count = Field(description="Attempts that did not end in an error and were not skipped.")
    passed: Count
    mean: Score | None
    min: Score | None
    max: Score | None
    standard_deviation: Deviation | None = Field(description="Of the sample; null for fewer than two.")
    pass_at_k: dict[str, Score] = Field(description="The chance that at least one of k attempts passes.")
    pass_hat_k: dict[str, Score] = Field(description="The chance that all of k attempts pass.")


class Confirmation(Part):
    """Fresh trials of a case that failed, before it is blamed."""

    trials: Count
    passed: Count
    errors: Count = Field(description="Trials without a verdict; not among `trials`.")
    against: Literal["baseline", "new"] = Field(
        description="new: the baseline has no such case, or defines it otherwise."
    )
    stands: bool = Field(description="Whether the failure is more than bad luck.")
    p_value: Annotated[float, Field(ge=0, le=1)] | None


class HumanVerdict(Part):
    """What a person has said of the same answer to the same case, under --eval-human-verdicts."""

    approval: Literal["approved", "rejected"] = Field(description="What a gate takes instead of the status.")
    by: str
    comment: str | None
    assessment_id: str
    run: str = Field(description="The run that was assessed.")
    expires: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] | None = Field(
        description="The last day (UTC) on which it counts; null: for ever."
    )
    not_counted: IfKnown[str] = Field(None, description="Why it does not count: it has expired, or people disagree.")
    passed_attempts: IfKnown[Count] = Field(
        None, description="How many attempts pass for people, where the case was asked several times."
    )


class Assessment(Part):
    """What a person says of an answer, or of a span of it; exactly the content that its type names."""

    assessment_id: str
    assessment_type: Literal["comment", "rating", "approval", "rubric", "metadata", "overwrite"]
    trace_id: str
    span_id: str
    comment: IfKnown[str] = Field(None, description="In words; with any type.")
    rating: IfKnown[Annotated[int, Field(ge=1, le=5)]] = None
    approval: IfKnown[Literal["approved", "rejected"]] = None
    expires: IfKnown[str] = Field(None, description="The last day (UTC) on which an approval counts.")
    rubric: IfKnown[dict[str, str]] = Field(None, description="Rule to verdict.")
    metadata: IfKnown[dict[str, JsonValue]] = None
    overwrite: JsonValue = Field(None, description="What the span should have given.")
    attempt: IfKnown[int] = Field(None, ge=1, description="Which answer, where the case was asked several times.")
    span: IfKnown[str] = Field(None, description="The span's name; left out: the whole answer.")
    created_by: str
    created_at: Time
    updated_at: Time


class Result(Answered):
    """What came of one case put to one agent. What does not apply is left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"status": {"enum": ["passed", "failed"]}}},
            "then": {
                "properties": {"score": {"type": "number"}},
                "required": ["test_method", "actual_response", "checks", "execution_time_ms"],
            },
            "else": {"required": ["cause"]},
        }
    )

    test_set: str = Field(description="The file's path from the root folder, with /.")
    case_id: str = Field(description="Unique within the test set.")
    agent: str
    name: IfKnown[str] = None
    position: Count = Field(description="The case's place in the test set.")
    line: int = Field(ge=1, description="Where the case stands in its file.")
    file: IfKnown[str] = Field(None, description="That file, where the test set takes its cases from another.")
    fingerprint: str = Field(
        pattern="^[0-9a-f]{8}(-[0-9a-f]{8}){4}$",
        description="Digests of the question, what is expected, the method, its threshold and its judge: results of "
        "equal fingerprints may be compared.",
    )
    test_method: IfKnown[str | list[str]] = Field(None, description="The methods of its checks.")
    tags: IfKnown[list[str]] = None
    metadata: IfKnown[dict[str, JsonValue]] = Field(None, description="The case's own.")
    known_failure: IfKnown[str] = Field(None, description="Why the case is expected to fail.")
    required: IfKnown[bool] = Field(
        None, description="True where it must pass whatever a gate tolerates; else left out."
    )
    conversation: IfKnown[Turn] = None
    file_url: IfKnown[str] = Field(None, description="What the case attaches: a path from its file, or an address.")
    file_mime_type: IfKnown[str] = Field(None, description="The media type of that, given or detected.")
    status: Status
    cause: IfKnown[Cause] = None
    score: Score | None = Field(description="Null when there is none; an error is never 0.")
    passing_score: Score | None = Field(None, description="The bar; null where each check has its own.")
    question: IfKnown[str] = None
    inputs: IfKnown[dict[str, JsonValue]] = None
    mapped_input: IfKnown[dict[str, JsonValue]] = Field(
        None, description="What the agent was called with, by parameter, where the test set maps inputs."
    )
    expected_response: IfKnown[str | list[str]] = Field(None, description="Of a list, any one is right.")
    expected: JsonValue = Field(None, description="The structured expectation.")
    reasoning: IfKnown[str] = None
    checks: IfKnown[list[Check | SkippedCheck]] = Field(
        None, description="Those of the first attempt that speaks for the verdict, as is the answer."
    )
    confirmation: IfKnown[Confirmation] = None
    human_verdict: IfKnown[HumanVerdict] = None
    assessments: IfKnown[list[Assessment]] = Field(
        None, description="What people say of its answers; in what is exported, for a run says nothing of itself."
    )
    tolerated: IfKnown[str] = Field(None, description="Why the failure does not fail the run by itself.")
    pass_rule: IfKnown[Literal["mean", "all", "any", "majority"] | AtLeast] = None
    statistics: IfKnown[Statistics] = None
    attempts: IfKnown[list[Attempt]] = Field(None, description="All answers, where the case was asked several times.")
    execution_time_ms: IfKnown[Milliseconds] = Field(None, description="The agent's time, on average for an attempt.")
    started_at: IfKnown[Time] = None
    completed_at: IfKnown[Time] = None


class Latency(Part):
    """Percentiles of the agent's time over the cases that were asked, interpolated; null over nothing."""

    p50_seconds: Seconds | None
    p95_seconds: Seconds | None


class Tally(Part):
    """Counts and rates, each rate with what it is a rate of."""

    total: Count = Field(description="Selected cases: the sum of the six statuses.")
    passed: Count
    failed: Count = Field(description="Known failures included.")
    error: Count
    skipped: Count
    cancelled: Count
    not_run: Count
    known_failures: Count
    tolerated: Count = Field(description="Failed cases and errors that do not fail the run: --eval-fail-on.")
    approved_failures: Count = Field(description="Failed cases that count as passed: --eval-human-verdicts.")
    rejected_passes: Count = Field(description="Passed cases that count as failed: --eval-human-verdicts.")
    pass_rate: Score | None = Field(description="passed / judged")
    judged: Count = Field(description="passed + failed + error")
    mean_score: Score | None = Field(description="Over the scored cases.")
    scored: Count = Field(description="Cases that passed or failed and have a score.")
    input_tokens: Count | None
    output_tokens: Count | None
    cost: Dollars | None
    judges: list[str] = Field(description="Who judged, sorted: models with the version of their prompts, or names.")
    judge_input_tokens: Count | None = Field(description="The judges', which are not among the agent's.")
    judge_output_tokens: Count | None
    judge_cost: Dollars | None
    latency: Latency


class MethodConfiguration(Part):
    """What all checks of one method share."""

    options: dict[str, JsonValue] = Field(description="Those with the same value in all of them.")
    passing_score: Score | None = Field(description="Null where it differs.")


class Evaluator(Part):
    """How answers were judged."""

    type: list[str] = Field(description="The methods of the test set's cases, sorted.")
    config: dict[str, MethodConfiguration] = Field(description="By method.")


class InputMapping(Part):
    """A parameter of the agent, and the case's field that fills it."""

    agent: str
    case: str


class OutputMapping(InputMapping):
    """A field of the answer, the field of expected that it is compared with, and how."""

    method: str
    options: dict[str, JsonValue]
    passing_score: Score
    weight: Positive
    required: bool = Field(description="Whether a case that lacks it is skipped.")


class SlotMapping(Part):
    """Slot by slot, what goes into the agent and what comes out."""

    inputs: list[InputMapping]
    outputs: list[OutputMapping]


class TestSetConfiguration(Part):
    """The test set as it was: what it says for all cases; those are in the results."""

    __test__ = False

    fingerprint: str = Field(pattern="^[0-9a-f]{16}$", description="Of these settings and all cases.")
    cases: Count
    mode: str
    language: str
    agent: str | None
    inputs_schema: dict[str, JsonValue] | None
    outputs_schema: dict[str, JsonValue] | None


class AgentConfiguration(Part):
    """The agent as it was."""

    name: str
    target: str = Field(description="As it is configured, or the module and name of its function or class.")
    version: str | None
    fingerprint: str = Field(pattern="^[0-9a-f]{16}$", description="Of name, target and version.")


class Configuration(Part):
    """What an evaluation was made of, as it was at the time."""

    evaluator: Evaluator
    mapping_type: Literal["explicit"] | None
    mapping: SlotMapping | None
    test_set: TestSetConfiguration
    agent: AgentConfiguration


class Evaluation(Tally):
    """One test set put to one agent."""

    test_set: str = Field(description="The file's path from the root folder, with /.")
    name: str
    agent: str
    agent_version: str | None = Field(description="Differs where the agent has changed; null: nothing is known of it.")
    mode: Literal["independent", "scenario"]
    language: str
    description: str | None
    tags: list[str]
    metadata: dict[str, JsonValue]
    status: Literal["pending", "running", "succeeded", "failed", "cancelled"] = Field(
        description="succeeded: every selected case was processed, whatever the verdicts; failed: the run broke "
        "before that; cancelled: it was stopped; pending, running: it goes on, and no or some case has a result."
    )
    error_message: str | None = Field(description="Why the evaluation has not succeeded.")
    summary: str | None = Field(description="In words; null: nobody has written one.")
    created_at: Time | None = Field(description="When the run began.")
    created_by: str | None = Field(description="Whom the CI names, or the account.")
    started_at: Time | None = Field(description="When the first case was asked; null: none was.")
    completed_at: Time | None = Field(description="When the last answer was there.")
    cases_in_test_set: Count = Field(description="Also those that were not selected.")
    collected: Count = Field(description="Those that are put to this agent, selected or not.")
    configuration: Configuration
    gate: dict[str, JsonValue] = Field(description="The bars that the test set declares.")
    results: list[Result] = Field(description="In the order of the test set.")


class Shard(Part):
    """Which part of a suite a run is of."""

    number: int = Field(ge=1)
    of: int = Field(ge=1)
    suite: str = Field(pattern="^[0-9a-f]{16}$", description="Of all cases: shards of one suite have the same.")


class Dropped(Part):
    """A result of the earlier run that does not stand."""

    test_set: str
    case_id: str
    agent: str
    reason: str


class Resume(Part):
    """What a run took over from the one that it goes on with."""

    earlier: str = Field(alias="from", description="The earlier run's id.")
    reused: Count
    asked: dict[str, Count] = Field(description="Cases without a result to take over, by the reason.")
    dropped: list[Dropped]


class Regrade(Part):
    """Whose answers were scored anew."""

    earlier: str = Field(alias="from", description="The earlier run's id.")


class Replay(Part):
    """Whose answers were taken, of agents and judges: nobody was asked."""

    earlier: str = Field(alias="from", description="The recorded run's id.")


class BarVerdict(Part):
    """A bar of a test set's gate, and how it was reached."""

    test_set: str
    agent: str
    name: str
    bar: float
    measured: float | None
    of: Count = Field(description="What it was measured on.")
    passed: bool | None = Field(description="Null: there was nothing to hold against it.")
    reason: str


class Gate(Part):
    """The verdict on the run under --eval-fail-on."""

    fail_on: Literal["any", "regression", "gate", "never"]
    passed: bool
    verdict: Literal["passed", "failed", "regression", "outage", "incomplete"] = Field(
        description="outage, incomplete: nothing can be concluded, which is no pass."
    )
    reasons: list[str]
    notes: list[str] = Field(description="What was left out of account.")
    bars: list[BarVerdict]


class Run(Part):
    """One session of pytest."""

    id: str = Field(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{8}$")
    name: str | None
    status: Literal["succeeded", "failed", "cancelled", "running", "interrupted"] = Field(
        description="succeeded: every selected case was processed, whatever the verdicts; cancelled: it was stopped "
        "before that; failed: no case could be selected, or a file could not be collected; interrupted: its process "
        "is gone; running: it goes on."
    )
    error_message: str | None = Field(description="Why the run has not succeeded.")
    created_by: str | None = Field(description="Whom the CI names, or the account.")
    started_at: Time
    completed_at: Time | None
    duration_seconds: Seconds | None
    process: Count = Field(description="The process's id.")
    host: str = Field(description="The machine's name.")
    shard: Shard | None
    resume: Resume | None
    regrade: Regrade | None
    replay: Replay | None
    versions: dict[str, str]


class Form(Part):
    """What kind of document this is."""

    name: str = Field(pattern="^pytest-evalsuite/run$")
    version: str = Field(
        pattern=rf"^{re.escape(ARTIFACT_VERSION)}$",
        description="A reader must know the first number; a higher second one means new fields, to be ignored.",
    )


class Artifact(Part):
    """A run of pytest-evalsuite: what was evaluated, case by case, and its figures."""

    form: Form = Field(alias="schema")
    run: Run
    totals: Tally
    comparison: IfKnown[dict[str, JsonValue]] = Field(
        None, description="With the baseline: pairs, what changed, figures of both sides, tests, verdict."
    )
    gate: IfKnown[Gate] = None
    groups: IfKnown[list[dict[str, JsonValue]]] = Field(
        None, description="What group files show, and several agents side by side: `kind` says which."
    )
    evaluations: list[Evaluation] = Field(description="Sorted by test set, then agent.")


class Generator(GenerateJsonSchema):
    """Leaves out what says nothing: titles that repeat names, defaults that are nulls."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No."""
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        """The schema of a field without its default."""
        return self.generate_inner(schema["schema"])


def artifact_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the artifact."""
    schema = Artifact.model_json_schema(schema_generator=Generator)
    return {
        "$schema": DIALECT,
        **schema,
        "title": f"pytest-evalsuite run {ARTIFACT_VERSION}",
    }
