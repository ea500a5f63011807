"""The agent's call went through the steps that it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._arguments import argument_fault, argument_fits, is_form
from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._text import excerpt
from pytest_evalsuite.tracing.span import Span

__all__ = ["SpanQuery", "Spans"]

_SHOWN: Final = 5
_KEPT: Final = 20


class SpanQuery(BaseModel):
    """What a span must be: all that is given must hold. A value may be a form, such as ``{regex: ^chat}``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: Any = Field(default=None, description="Its name, or a form of it.")
    kind: str | None = Field(default=None, description="llm, tool, retrieval, agent, embedding or what else it is.")
    attributes: dict[str, Any] = Field(default={}, description="Attributes that it has, among others.")
    input: Any = Field(default=None, description="What went in; of a mapping, the keys that are named.")
    output: Any = Field(default=None, description="What came out, likewise.")
    status: Literal["ok", "error", "unfinished"] | None = Field(default=None, description="How it ended.")
    min_seconds: float | None = Field(default=None, ge=0.0, description="The least that it took.")
    max_seconds: float | None = Field(default=None, ge=0.0, description="The most that it took.")
    ancestor: NameOrQuery | None = Field(default=None, description="A span that it stands below: name or query.")

    @field_validator("name", "input", "output", "attributes")
    @classmethod
    def _comparable(cls, wanted: Any) -> Any:
        if (fault := argument_fault(wanted)) is not None:
            raise ValueError(fault)
        for key, value in wanted.items() if isinstance(wanted, Mapping) and not is_form(wanted) else ():
            if (fault := argument_fault(value)) is not None:
                raise ValueError(f"{key}: {fault}")
        return wanted

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: Any) -> Any:
        if name is not None and not (isinstance(name, str) and name) and not is_form(name):
            raise ValueError("expected text, or a form such as {regex: ^chat}")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> SpanQuery:
        if self.min_seconds is not None and self.max_seconds is not None and self.min_seconds > self.max_seconds:
            raise ValueError(f"min_seconds {self.min_seconds:g} is above max_seconds {self.max_seconds:g}")
        return self

    @property
    def asks_for_time(self) -> bool:
        """Whether it depends on how long a span took."""
        above = self.ancestor
        bounds = self.min_seconds, self.max_seconds
        return bounds != (None, None) or (isinstance(above, SpanQuery) and above.asks_for_time)

    def fits(self, span: Span, above: Mapping[str, Span], limit: float | None) -> bool:
        """Whether the span is such a one. ``above`` has the parents by the id of the span.

        Raises MethodError for a span that does not tell its times, where they matter.
        """
        return (
            (self.name is None or argument_fits(self.name, span.name, limit))
            and self.kind in (None, span.kind)
            and self.status in (None, span.status)
            and _has(self.attributes, span.attributes, limit)
            and (self.input is None or _has(self.input, span.input, limit))
            and (self.output is None or _has(self.output, span.output, limit))
            and (self.ancestor is None or any(self._above(other, above, limit) for other in _ancestors(span, above)))
            and self._took(span)
        )

    @model_validator(mode="after")
    def _asks(self) -> SpanQuery:
        if all(getattr(self, name) in (None, {}) for name in type(self).model_fields) and self.model_fields_set:
            raise ValueError("the query asks for nothing")
        return self

    def _above(self, span: Span, above: Mapping[str, Span], limit: float | None) -> bool:
        wanted = self.ancestor
        return wanted.fits(span, above, limit) if isinstance(wanted, SpanQuery) else span.name == wanted

    def _took(self, span: Span) -> bool:
        if self.min_seconds is None and self.max_seconds is None:
            return True
        if span.seconds is None:
            if span.status == "unfinished":
                return False
            raise MethodError(f"span {excerpt(span.name)} does not tell when it began and ended")
        least, most = self.min_seconds or 0.0, self.max_seconds
        return span.seconds >= least and (most is None or span.seconds <= most)


NameOrQuery = Annotated[
    Annotated[str, Tag("name"), Field(min_length=1)] | Annotated[SpanQuery, Tag("query")],
    Discriminator(lambda value: "name" if isinstance(value, str) else "query"),
]


class Spans(Method):
    """The call has the spans that it should: those that the query finds are counted; scores 1 or 0.

    Without a count, one span at least must be found. With ``every``, each of those found must be such a one too, and
    the score is the share of those that are. The call itself, the root span, is not among them.
    """

    method: ClassVar[str] = "span"
    query: NameOrQuery | None = Field(
        default=None, description="What spans to look for: a name, or a query; all of them where there is none."
    )
    every: SpanQuery | None = Field(default=None, description="What each span that is found must be, too: a query.")
    spans: int | None = Field(default=None, ge=0, description="How many must be found, exactly.")
    min_spans: int | None = Field(default=None, ge=0, description="The fewest that must be found; 1 unless bounded.")
    max_spans: int | None = Field(default=None, ge=0, description="The most that may be found.")

    @model_validator(mode="after")
    def _countable(self) -> Spans:
        least, most = self.min_spans, self.max_spans
        if self.spans is not None and (least, most) != (None, None):
            raise ValueError("spans stands alone: leave min_spans and max_spans")
        if least is not None and most is not None and least > most:
            raise ValueError(f"min_spans {least} is above max_spans {most}")
        if self.every is not None and 0 in (self.spans, most):
            raise ValueError("every has nothing to look at where no span may be found")
        return self

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Something to look for, or a count."""
        given = (self.query, self.every, self.spans, self.min_spans, self.max_spans)
        return None if given != (None,) * len(given) else "something to look for: query, every, spans or a bound"

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when the spans are there. Raises MethodError when nobody tells any."""
        spans = answer.spans
        if spans is None:
            raise MethodError(
                "span needs the steps of the agent's call, and nothing told any: use OpenTelemetry (pip install "
                "'pytest-evalsuite[otel]'), `with pytest_evalsuite.span(...)`, or an AgentReply with spans"
            )
        query = SpanQuery(name=self.query) if isinstance(self.query, str) else self.query or SpanQuery()
        if answer.is_replayed and (query.asks_for_time or (self.every is not None and self.every.asks_for_time)):
            raise MethodError("span cannot tell how long steps take: the agent was not called for this answer")
        above = _parents(spans)
        found = [span for span in spans if query.fits(span, above, answer.time_limit)]
        least, most = (self.min_spans, self.max_spans) if self.spans is None else (self.spans, self.spans)
        if least is None:
            least = 1 if most is None or self.every is not None else 0
        evidence = {"found": len(found), "of": len(spans), "spans": [span.name for span in found[:_KEPT]]}
        if len(found) < least or (most is not None and len(found) > most):
            wanted = f"at least {least}" if len(found) < least else f"at most {most}"
            reason = f"{_number(found)} found, expected {least if least == most else wanted}"
            told = f": {_shown(found)}" if found else f"; the call has {_shown(spans) or 'no steps'}"
            return Score(0.0, reason + told, evidence=evidence)
        every = self.every
        bad = [] if every is None else [span for span in found if not every.fits(span, above, answer.time_limit)]
        if bad:
            reason = f"{len(bad)} of {_number(found)} found are not as every span must be: {_shown(bad)}"
            return Score(1.0 - len(bad) / len(found), reason, evidence=evidence)
        return Score(1.0, f"{_number(found)} found{': ' if found else ''}{_shown(found)}", evidence=evidence)


def _parents(spans: Sequence[Span]) -> dict[str, Span]:
    by_id = {span.span_id: span for span in spans}
    return {span.span_id: by_id[span.parent_id] for span in spans if span.parent_id in by_id}


def _ancestors(span: Span, above: Mapping[str, Span]) -> Iterator[Span]:
    while (parent := above.get(span.span_id)) is not None:
        yield parent
        span = parent


def _has(wanted: Any, actual: Any, limit: float | None) -> bool:
    """Whether a value is as wanted; of a mapping, the keys that are named."""
    if isinstance(wanted, Mapping) and not is_form(wanted):
        return isinstance(actual, Mapping) and all(
            key in actual and argument_fits(value, actual[key], limit) for key, value in wanted.items()
        )
    return argument_fits(wanted, actual, limit)


def _number(spans: Sequence[Span]) -> str:
    return "1 span" if len(spans) == 1 else f"{len(spans):,} spans"


def _shown(spans: Sequence[Span]) -> str:
    names = [excerpt(span.name, 60)[1:-1] + ("" if span.status == "ok" else f" ({span.status})") for span in spans]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
