"""Evaluation as tests: test sets for agents, collected and run by pytest.

What an agent, a method or a script needs is here; each name is loaded when it is first asked for, so that a pytest run
without ``--eval-suite`` loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_evalsuite.agents import AgentReply, Attachment, ChatAgent, CommandAgent, HttpAgent, ToolCall, Usage
    from pytest_evalsuite.methods import Answer, Method, Score, Text, Texts
    from pytest_evalsuite.testsets import Case, Check, Defaults, TestSet, load_test_set
    from pytest_evalsuite.testsets.editing import TestSetFile, open_test_set
    from pytest_evalsuite.tracing.capture import span
    from pytest_evalsuite.tracing.span import Span
    from pytest_evalsuite.version import __version__

_HOMES = {
    "AgentReply": "agents",
    "Answer": "methods",
    "Attachment": "agents",
    "Case": "testsets",
    "ChatAgent": "agents",
    "Check": "testsets",
    "CommandAgent": "agents",
    "Defaults": "testsets",
    "HttpAgent": "agents",
    "Method": "methods",
    "Score": "methods",
    "Span": "tracing.span",
    "TestSet": "testsets",
    "TestSetFile": "testsets.editing",
    "Text": "methods",
    "Texts": "methods",
    "ToolCall": "agents",
    "Usage": "agents",
    "__version__": "version",
    "load_test_set": "testsets",
    "open_test_set": "testsets.editing",
    "span": "tracing.capture",
}

__all__ = [
    "AgentReply",
    "Answer",
    "Attachment",
    "Case",
    "ChatAgent",
    "Check",
    "CommandAgent",
    "Defaults",
    "HttpAgent",
    "Method",
    "Score",
    "Span",
    "TestSet",
    "TestSetFile",
    "Text",
    "Texts",
    "ToolCall",
    "Usage",
    "__version__",
    "load_test_set",
    "open_test_set",
    "span",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
