"""The fields of test sets, gates, cases and checks: one table that loader, CSV columns and JSON Schema read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pytest_evalsuite.testsets import condition
from pytest_evalsuite.testsets import readers as read
from pytest_evalsuite.testsets.values import Reader

__all__ = [
    "CASE",
    "CHECK",
    "CONVERSATION",
    "DEFAULTS",
    "GATE",
    "SET",
    "SLOT",
    "SLOT_MAPPING",
    "TAG_GATE",
    "Field",
    "Kind",
    "Table",
]

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field's value is: how it is read, its JSON Schema, and what a CSV cell of it becomes.

    A cell is kept as ``text``, taken as an unquoted ``scalar``, split into a ``list``, or may not be (None).
    """

    read: Reader
    schema: Schema
    cell: Literal["text", "scalar", "list"] | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One key: its name, the other names it goes by, what it holds and what it is for."""

    name: str
    kind: Kind
    description: str
    aliases: tuple[str, ...] = ()


class Table:
    """The fields that one mapping may have. ``by_key`` finds a field's name and reader by any of its names."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.fields = {field.name: field for field in fields}
        self.by_key: dict[str, tuple[str, Reader]] = {
            key: (field.name, field.kind.read)
            for field in self.fields.values()
            for key in (field.name, *field.aliases)
        }

    def field(self, key: str) -> Field:
        """Give the field that a key names."""
        return self.fields[self.by_key[key][0]]


ID_LENGTH: Final = 200
SCALAR_TEXT: Final[Schema] = {"type": ["string", "number", "boolean"], "minLength": 1}
"""Text: an unquoted number is text too where text is wanted."""
ANY_MAPPING: Final[Schema] = {"type": "object"}


def one_line(longest: int) -> Kind:
    """Make a kind of text on one line."""
    return Kind(read.line(longest), {**SCALAR_TEXT, "maxLength": longest}, "text")


def between(low: int, high: int) -> Kind:
    """Make a kind of whole number."""
    return Kind(
        read.whole(low, high, f"a whole number from {low} to {high}"),
        {"type": "integer", "minimum": low, "maximum": high},
        "scalar",
    )


def cases_at_most(hint: str = "") -> Kind:
    """Make a kind of number of cases."""
    what = f"a whole number of cases, 0 or more{hint}"
    return Kind(read.whole(0, 2**63 - 1, what), {"type": "integer", "minimum": 0})


def one_of(*names: str) -> Kind:
    """Make a kind of word."""
    return Kind(read.choice(*names), {"enum": list(names)}, "text")


def each_of(item: Reader, schema: Schema) -> Kind:
    """Make a kind of list of names."""
    return Kind(read.name_list(item), {"type": "array", "items": schema}, "list")


TEXT: Final = Kind(read.text, SCALAR_TEXT, "text")
ANSWER: Final[Schema] = {"type": ["string", "number", "boolean"]}
ANSWERS: Final = Kind(read.answers, {"anyOf": [ANSWER, {"type": "array", "items": ANSWER, "minItems": 1}]}, "text")
EXPECTATION: Final = Kind(read.expectation, {"not": {"type": "null"}}, "text")
GIVEN: Final = Kind(read.given_answer, {"not": {"type": "null"}}, "text")
CALLS: Final = Kind(
    read.given_calls,
    {
        "type": "array",
        "items": {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "arguments": {"type": "object"}},
                    "required": ["name"],
                },
            ]
        },
    },
)
REASON: Final = Kind(read.reason, {"type": ["string", "number"], "minLength": 1}, "scalar")
FLAG: Final = Kind(read.flag, {"type": "boolean"}, "scalar")
SCORE: Final = Kind(
    read.number(0, 1, "a number from 0 to 1"), {"type": "number", "minimum": 0, "maximum": 1}, "scalar"
)
WEIGHT: Final = Kind(
    read.number(0, 1e9, "a number above 0", above=True), {"type": "number", "exclusiveMinimum": 0}, "scalar"
)
SECONDS: Final = Kind(
    read.number(0, 86_400, "seconds above 0, at most 86400 (a day)", above=True),
    {"type": "number", "exclusiveMinimum": 0, "maximum": 86_400},
    "scalar",
)
DOLLARS: Final = Kind(
    read.number(0, 1e9, "US dollars above 0", above=True), {"type": "number", "exclusiveMinimum": 0, "maximum": 1e9}
)
ORDER: Final = Kind(read.whole(-(2**63), 2**63 - 1, "a whole number"), {"type": "integer"}, "scalar")
MAPPING: Final = Kind(read.mapping, ANY_MAPPING)
INPUTS: Final = Kind(read.filled_mapping, {**ANY_MAPPING, "minProperties": 1})
TAGS: Final = each_of(read.line(200), SCALAR_TEXT)
MARKS: Final = each_of(read.mark, {"type": "string", "pattern": r"^[^\W\d]\w*$"})
FILE_URL: Final = Kind(read.file_url, {"type": "string", "minLength": 1, "maxLength": 2000}, "text")
MIME_TYPE: Final = Kind(read.mime_type, {"type": "string", "pattern": f"^{read.MIME_TYPE.pattern}$"}, "text")
AGENT: Final = Kind(read.agent, {"type": ["string", "integer"], "pattern": "^[A-Za-z0-9_.-]{1,64}$"}, "text")
LANGUAGE: Final = Kind(read.language, {"type": "string", "pattern": f"^{read.LANGUAGE.pattern}$"}, "text")
WHEN: Final = Kind(condition.read_when, condition.SCHEMA)
PASS_RULE: Final = Kind(
    read.pass_rule,
    {
        "anyOf": [
            {"enum": list(read.PASS_RULES)},
            {
                "type": "object",
                "properties": {"at_least": {"type": "integer", "minimum": 1, "maximum": 100}},
                "required": ["at_least"],
                "additionalProperties": False,
            },
        ]
    },
    "text",
)


def as_it_is(value: Any) -> Any:
    """Leave a value to whoever reads its parts."""
    return value


CASES: Final = Kind(as_it_is, {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/case"}})
CONVERSATIONS: Final = Kind(as_it_is, {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/conversation"}})
TURNS: Final = Kind(as_it_is, {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/case"}})
ON_TURN_ERROR: Final = one_of("skip", "continue")
CHECKS: Final = Kind(as_it_is, {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/check"}})
SET_DEFAULTS: Final = Kind(as_it_is, {"$ref": "#/$defs/defaults"})
SET_GATE: Final = Kind(as_it_is, {"$ref": "#/$defs/gate"})
SET_MAPPING: Final = Kind(as_it_is, {"$ref": "#/$defs/mapping"})
INPUT_SLOTS: Final = Kind(as_it_is, {"type": "object", "minProperties": 1, "additionalProperties": SCALAR_TEXT})
OUTPUT_SLOTS: Final = Kind(
    as_it_is,
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [SCALAR_TEXT, {"$ref": "#/$defs/slot"}]},
    },
)
TAG_GATES: Final = Kind(
    as_it_is, {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/tag_gate"}}
)

PASSING_SCORE: Final = Field("passing_score", SCORE, "The score in 0..1 that must be reached.")
ITERATIONS: Final = Field("iterations", between(1, 100), "How many times the agent is asked.", ("num_iterations",))
TIMEOUT: Final = Field("timeout", SECONDS, "Seconds within which the agent must answer.")
PASS_RULE_FIELD: Final = Field("pass_rule", PASS_RULE, "When several attempts pass: the mean score, all, any, ...")
TEST_METHOD: Final = Field("test_method", TEXT, "The method that scores the answer.", ("method", "eval_type"))
EXPECTED_RESPONSE: Final = Field(
    "expected_response", ANSWERS, "The right answer, or a list: any one of them.", ("expected_output",)
)
EXPECTED: Final = Field("expected", EXPECTATION, "What is expected, as data; a text means expected_response.")
NOT: Final = Field("not", FLAG, "Negation: the score becomes 1 - score.")
LEAST_PASS_RATE: Final = Field("pass_rate", SCORE, "The least share, 0..1, of judged cases that pass.")
LEAST_MEAN_SCORE: Final = Field("mean_score", SCORE, "The least mean score, 0..1, of the cases that have one.")
MOST_ERRORS: Final = Field(
    "max_errors", cases_at_most(" (a share is max_error_share)"), "How many cases at most end in an error."
)
MOST_FAILURES: Final = Field("max_failures", cases_at_most(), "How many cases at most fail; known failures aside.")

CASE: Final = Table(
    [
        Field("id", one_line(ID_LENGTH), "A name for the case that stays; derived from what is asked when left out."),
        Field("question", TEXT, "What the agent is asked.", ("input",)),
        Field("inputs", INPUTS, "What the agent is given, by name, beside or instead of a question."),
        Field("file_url", FILE_URL, "A file beside the test set (or below) that the agent is given, or an address."),
        Field("file_mime_type", MIME_TYPE, "The file's media type, such as text/csv; detected when left out."),
        EXPECTED_RESPONSE,
        EXPECTED,
        TEST_METHOD,
        PASSING_SCORE,
        NOT,
        Field("checks", CHECKS, "Several methods on one answer, instead of test_method."),
        Field("require", one_of("all", "any", "score"), "Which checks must pass: all, any, or their weighted mean."),
        Field("name", one_line(255), "A title for people."),
        Field("rationale", TEXT, "Why this case exists, or why its answer is right."),
        Field("order", ORDER, "Cases are run by order, then by their place in the file; default 0."),
        Field("conversation", one_line(ID_LENGTH), "In a scenario, the conversation that this case is a turn of."),
        Field("tags", TAGS, "Words to select and group cases by."),
        Field("marks", MARKS, "Registered pytest markers."),
        Field("skip", REASON, "Why this case is not run."),
        Field("xfail", REASON, "Why this case is known to fail."),
        Field("required", FLAG, "The case must pass, whatever a gate or a baseline tolerates."),
        Field("metadata", MAPPING, "Anything else, kept with the result."),
        Field("actual_response", GIVEN, "An answer that is there already: it is graded, nobody is asked."),
        Field(
            "actual_tool_calls",
            CALLS,
            "Its tool calls: names, or mappings with a name.",
            ("tool_calls",),
        ),
        Field("agent", AGENT, "The configured agent's name."),
        ITERATIONS,
        PASS_RULE_FIELD,
        TIMEOUT,
    ]
)

CHECK: Final = Table(
    [
        Field("method", TEXT, "The method that scores the answer.", ("test_method", "eval_type")),
        PASSING_SCORE,
        Field("weight", WEIGHT, "How much this check counts in the case's score; default 1."),
        NOT,
        Field("when", WHEN, "Conditions on inputs, the answer, tags, ...: unless all hold, it is skipped."),
        Field("name", one_line(200), "A name for the check; default: its method."),
        EXPECTED_RESPONSE,
        EXPECTED,
    ]
)

CONVERSATION: Final = Table(
    [
        Field("id", one_line(ID_LENGTH), "A name that stays, before the ids of its turns."),
        Field("name", one_line(255), "A title for people."),
        Field("tags", TAGS, "Words to select and group by, for all of its turns."),
        Field("agent", AGENT, "The configured agent's name, for all of its turns."),
        Field("iterations", between(1, 100), "How many times the whole conversation is held.", ("num_iterations",)),
        Field("on_turn_error", ON_TURN_ERROR, "What becomes of turns after an error; default: the test set's."),
        Field("turns", TURNS, "Its turns, which are cases."),
    ]
)

SLOT: Final = Table(
    [
        Field("slot", TEXT, "The field of the case's expected that this one is compared with."),
        Field("method", TEXT, "The method that scores the slot; default json_match.", ("test_method", "eval_type")),
        PASSING_SCORE,
        Field("weight", WEIGHT, "How much this slot counts in the case's score; default 1."),
        Field("required", FLAG, "Whether a case that expects nothing of it is skipped; default true."),
    ]
)

SLOT_MAPPING: Final = Table(
    [
        Field("inputs", INPUT_SLOTS, "Parameters of the agent, each with the case's field that fills it."),
        Field("outputs", OUTPUT_SLOTS, "Fields of the answer, each with the field of expected that it must match."),
    ]
)

DEFAULTS: Final = Table([TEST_METHOD, PASSING_SCORE, ITERATIONS, TIMEOUT, PASS_RULE_FIELD])

TAG_GATE: Final = Table([LEAST_PASS_RATE, LEAST_MEAN_SCORE, MOST_ERRORS, MOST_FAILURES])

GATE: Final = Table(
    [
        LEAST_PASS_RATE,
        LEAST_MEAN_SCORE,
        MOST_ERRORS,
        Field("max_error_share", SCORE, "The largest share, 0..1, of judged cases that end in an error."),
        MOST_FAILURES,
        Field("max_regressions", cases_at_most(), "How many cases at most are worse than in the baseline."),
        Field("latency_p95", SECONDS, "Seconds that 95 of 100 cases take the agent at most."),
        Field("cost", DOLLARS, "US dollars that all cases cost at most, agent and judges together."),
        Field("tags", TAG_GATES, "Bars for the cases that have a tag, by tag."),
    ]
)

SET: Final = Table(
    [
        Field("name", one_line(255), "A title; default: the file's name."),
        Field("description", TEXT, "What the test set is about."),
        Field("mode", one_of("independent", "scenario"), "How the cases hang together."),
        Field("language", LANGUAGE, "The language that a judge reasons in; default en."),
        Field("agent", AGENT, "The configured agent's name, for all cases."),
        Field(
            "isolation", one_of("none", "process"), "Where each call of the agent runs: process has one of its own."
        ),
        Field("tags", TAGS, "Words to select and group by, for all cases."),
        Field("marks", MARKS, "Registered pytest markers, for all cases."),
        Field("metadata", MAPPING, "Anything else, kept with the run."),
        Field("defaults", SET_DEFAULTS, "What a case has unless it says otherwise, options of methods too."),
        Field("gate", SET_GATE, "Bars for all cases together."),
        Field("on_turn_error", ON_TURN_ERROR, "In a scenario: what becomes of turns after an error; default skip."),
        Field("mapping", SET_MAPPING, "Which field of a case goes where in the agent's input and output."),
        Field("inputs_schema", INPUTS, "A JSON Schema of the cases' inputs."),
        Field("outputs_schema", INPUTS, "A JSON Schema of what the cases expect, as data."),
        Field("cases", CASES, "The cases."),
        Field("conversations", CONVERSATIONS, "The conversations of a scenario, instead of cases."),
        Field("cases_from", TEXT, "A CSV or JSONL file beside this one (or below) that holds the cases."),
        Field("extra_columns", one_of("metadata"), "Keep unknown columns of cases_from as metadata."),
    ]
)
