"""What a person says of an answer: one assessment, its types, and what each of them may hold."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from typing import Any, Final, Literal, TypeAlias, get_args

from pytest_evalsuite.errors import AssessmentError

__all__ = [
    "FIELDS",
    "TYPES",
    "Assessment",
    "AssessmentType",
    "Content",
    "author_problem",
    "new_id",
    "now",
    "read_assessment",
    "read_content",
]

AssessmentType: TypeAlias = Literal["comment", "rating", "approval", "rubric", "metadata", "overwrite"]
TYPES: Final[tuple[AssessmentType, ...]] = get_args(AssessmentType)
APPROVALS: Final = ("approved", "rejected")
FIELDS: Final = (*TYPES, "expires")
"""What a person may say: the content of a type, a comment, and how long an approval counts."""

COMMENT_LIMIT: Final = 10_000
RULES_LIMIT: Final = 100
RULE_LIMIT: Final = 1_000
JSON_LIMIT: Final = 1_000_000
AUTHOR_LIMIT: Final = 200
DEPTH_LIMIT: Final = 50

HEX: Final = re.compile("[0-9a-f]{16}")
SOME: Final = re.compile("[^\0]{1,1000}", re.DOTALL)
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True, slots=True)
class Content:
    """What is said: the value of exactly one type, and for any of them a comment.

    ``value`` is the comment itself (text), the rating (1..5), ``approved`` or ``rejected``, the rubric (rule to
    verdict), the metadata (a JSON object) or the overwrite (any JSON value but null: what the span should have given).
    ``expires`` is the last day (UTC) on which an approval counts, None: for ever.
    """

    type: AssessmentType
    value: Any
    comment: str | None = None
    expires: date | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields that are there, as JSON values."""
        told: dict[str, Any] = {self.type: self.value}
        if self.comment is not None:
            told["comment"] = self.comment
        if self.expires is not None:
            told["expires"] = self.expires.isoformat()
        return told


@dataclass(frozen=True, slots=True)
class Assessment:
    """Some content about a span, with who said it and when (UTC, RFC 3339 with milliseconds)."""

    assessment_id: str
    trace_id: str
    span_id: str
    content: Content
    created_by: str
    created_at: str
    updated_at: str

    @property
    def assessment_type(self) -> AssessmentType:
        """Which content it has."""
        return self.content.type

    @property
    def value(self) -> Any:
        """The content that the type names."""
        return self.content.value

    @property
    def comment(self) -> str | None:
        """What was said in words."""
        return self.content.value if self.content.type == "comment" else self.content.comment

    def changed(self, fields: Mapping[str, Any]) -> Assessment:
        """The same with other content of the same type; None takes a field away. Raises AssessmentError."""
        merged = {**self.content.as_json(), **fields}
        return replace(self, content=read_content(merged, self.assessment_type), updated_at=now())

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values: the content stands under the name of its type."""
        return {
            "assessment_id": self.assessment_id,
            "assessment_type": self.assessment_type,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            **self.content.as_json(),
            "created_by": self.created_by,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def now() -> str:
    """The time, as assessments have it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(taken: Container[str]) -> str:
    """An id that is not among these: 16 hex digits."""
    while (key := secrets.token_hex(8)) in taken:
        pass
    return key


def read_content(fields: Mapping[str, Any], assessment_type: str | None = None) -> Content:
    """Make the content of an assessment from its fields; those that are None are not given.

    Without a type it is that of the one content there is, or ``comment`` where there is nothing else. Raises
    AssessmentError, which says all that is wrong.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    problems = [f"unknown field {name!r} (expected {', '.join(FIELDS)})" for name in given if name not in FIELDS]
    held = [name for name in TYPES if name in given and name != "comment"]
    kind = assessment_type or (held[0] if held else "comment")
    if kind not in TYPES:
        raise AssessmentError(f"assessment_type: expected {', '.join(TYPES)}, got {kind!r:.50}")
    if kind not in given:
        problems.append(f"{kind}: an assessment of this type needs it, and it is not given")
    others = [name for name in held if name != kind]
    if others:
        problems.append(f"{others[0]}: an assessment says one thing, and this one has {kind} (make another one of it)")
    if "expires" in given and given.get("approval") != "approved":
        problems.append("expires: only an approval may expire (approval: approved)")
    problems += [
        f"{name}: {problem}" for name, value in given.items() if name in FIELDS and (problem := _problem(name, value))
    ]
    if problems:
        raise AssessmentError("; ".join(problems))
    expires = given.get("expires")
    return Content(
        kind,
        given[kind],
        None if kind == "comment" else given.get("comment"),
        date.fromisoformat(expires) if isinstance(expires, str) else expires,
    )


def read_assessment(fields: Any) -> Assessment:
    """An assessment from what `Assessment.as_json` gave. Raises AssessmentError."""
    if not isinstance(fields, dict):
        raise AssessmentError("this is no assessment")
    own = {name: value for name, value in fields.items() if name in FIELDS}
    wanted = {
        "assessment_id": HEX,
        "trace_id": SOME,
        "span_id": SOME,
        "created_by": SOME,
        "created_at": TIME,
        "updated_at": TIME,
    }
    for name, form in wanted.items():
        value = fields.get(name)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise AssessmentError(f"{name}: this is none: {value!r:.50}")
    content = read_content(own, str(fields.get("assessment_type")))
    others = (fields[name] for name in wanted)
    assessment_id, trace_id, span_id, created_by, created_at, updated_at = others
    return Assessment(assessment_id, trace_id, span_id, content, created_by, created_at, updated_at)


def author_problem(name: Any) -> str | None:
    """What is wrong with the name of an author, or None."""
    if not isinstance(name, str) or not name.strip():
        return "expected the name or the address of a person"
    return _text_problem(name, AUTHOR_LIMIT)


def _problem(name: str, value: Any) -> str | None:
    """What is wrong with the value of a field, or None."""
    if name == "comment":
        return _text_problem(value, COMMENT_LIMIT)
    if name == "rating":
        return (
            None if type(value) is int and 1 <= value <= 5 else f"expected a whole number in 1..5, got {value!r:.50}"
        )
    if name == "approval":
        return None if value in APPROVALS else f"expected approved or rejected, got {value!r:.50}"
    if name == "expires":
        return _date_problem(value)
    if name == "rubric":
        return _rubric_problem(value)
    if name == "metadata" and not isinstance(value, dict):
        return f"expected a JSON object, got {value!r:.50}"
    return _json_problem(value)


def _text_problem(value: Any, limit: int) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return f"expected some text, got {value!r:.50}"
    if len(value) > limit:
        return f"expected at most {limit:,} characters, got {len(value):,}"
    if "\0" in value:
        return "the text holds a NUL"
    return None if _is_unicode(value) else "the text holds characters that are none (half of a surrogate pair)"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _date_problem(value: Any) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return None
    try:
        if isinstance(value, str) and DATE.fullmatch(value):
            date.fromisoformat(value)
            return None
    except ValueError:
        return f"there is no day {value}"
    return f"expected a date such as 2026-12-31, got {value!r:.50}"


def _rubric_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or not value:
        return f"expected a mapping of rules to verdicts, got {value!r:.50}"
    if len(value) > RULES_LIMIT:
        return f"expected at most {RULES_LIMIT} rules, got {len(value):,}"
    for rule, verdict in value.items():
        for text in (rule, verdict):
            problem = _text_problem(text, RULE_LIMIT)
            if problem is not None:
                return f"rule {rule!r:.50}: {problem}"
    return None


def _json_problem(value: Any) -> str | None:
    if _depth(value) > DEPTH_LIMIT:
        return f"expected JSON of at most {DEPTH_LIMIT} levels"
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError) as error:  # UnicodeEncodeError too
        return f"expected a JSON value: {error}"
    if json.loads(text) != value:
        return "expected a JSON value: keys are texts, and sequences are lists"
    return f"expected at most {JSON_LIMIT:,} bytes of JSON, got {size:,}" if size > JSON_LIMIT else None


def _depth(value: Any) -> int:
    """Levels of nesting, counted no further than is of interest."""
    depth, level = 0, [value]
    while level and depth <= DEPTH_LIMIT:
        nested = {id(one): one for one in level if isinstance(one, (dict, list, tuple))}.values()
        level = [item for one in nested for item in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth
