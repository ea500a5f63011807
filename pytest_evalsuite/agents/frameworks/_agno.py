"""Agents, teams and workflows of Agno."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.agents.frameworks._shape import arguments_of, is_a, plain, prompt, usage_of
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import AgentError

if TYPE_CHECKING:
    from pytest_evalsuite.agents.frameworks import Ask

__all__ = ["read", "recognise"]

RESULTS: Final = ("RunOutput", "TeamRunOutput", "WorkflowRunOutput")
FAILED: Final = ("cancelled", "error", "paused")


def recognise(target: Any) -> Ask | None:
    """How to ask an agent, a team or a workflow of Agno."""
    if not is_a(target, "agno", "Agent", "Team", "Workflow") or not hasattr(target, "arun"):
        return None
    is_workflow = is_a(target, "agno", "Workflow")

    async def ask(
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        session_id: str | None = None,
    ) -> AgentReply:
        text = prompt(question, inputs)
        asked: Any = text
        if is_workflow and question is None:
            asked = dict(inputs or {})
        elif history and not await _remembers(target, session_id):
            asked = _messages(history, text)
        return _reply(await target.arun(asked, session_id=session_id, stream=False))

    return ask


def read(raw: Any) -> AgentReply | None:
    """The reply in the output of a run."""
    return _reply(raw) if is_a(raw, "agno", *RESULTS) else None


async def _remembers(target: Any, session_id: str | None) -> bool:
    """Whether Agno itself adds what was said before in this session."""
    adds = getattr(target, "add_history_to_context", False) or getattr(target, "add_workflow_history_to_steps", False)
    if not adds or getattr(target, "db", None) is None:
        return False
    session = await target.aget_session(session_id=session_id)
    return bool(session is not None and session.runs)


def _messages(history: Sequence[Mapping[str, str]], text: str) -> list[Any]:
    kind = sys.modules["agno.models.message"].Message
    return [kind(role=turn["role"], content=turn["content"]) for turn in (*history, {"role": "user", "content": text})]


def _reply(run: Any) -> AgentReply:
    status = str(getattr(run.status, "value", run.status)).lower()
    if status in FAILED:
        raise AgentError(_problem(run, status))
    runs = list(_runs(run))
    cost = [own for one in runs if (own := getattr(one.metrics, "cost", None)) is not None]
    model = getattr(run, "model", None)
    return AgentReply(
        plain(run.content),
        tool_calls=[_tool_call(tool) for one in runs for tool in getattr(one, "tools", None) or ()],
        usage=_usage(runs),
        cost=sum(cost) if cost else None,
        metadata={"model": model} if model else {},
    )


def _problem(run: Any, status: str) -> str:
    if status == "paused":
        waiting = [tool.tool_name for tool in getattr(run, "tools", None) or () if tool.is_paused]
        return f"the run is paused: it waits for {', '.join(map(str, waiting)) or 'somebody'}"
    return f"the run ended as {status}: {run.content}" if run.content else f"the run ended as {status}"


def _runs(run: Any) -> Iterator[Any]:
    """The run, and those of a team's members or a workflow's steps, in the order in which they ended."""
    for name in ("step_executor_runs", "member_responses"):
        for part in getattr(run, name, None) or ():
            yield from _runs(part)
    yield run


def _usage(runs: Sequence[Any]) -> Usage | None:
    return usage_of(
        (one.metrics.input_tokens, one.metrics.output_tokens) for one in runs if hasattr(one.metrics, "input_tokens")
    )


def _tool_call(tool: Any) -> ToolCall:
    failed = bool(tool.tool_call_error)
    return ToolCall(
        name=str(tool.tool_name),
        arguments=arguments_of(tool.tool_args),
        result=None if failed else plain(tool.result),
        error=str(tool.result) if failed else None,
    )
