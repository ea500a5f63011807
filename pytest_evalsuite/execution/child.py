"""What runs in the process of an isolated agent: read the request, ask the agent, write the reply, end."""

from __future__ import annotations

import dataclasses
import faulthandler
import functools
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

from pytest_evalsuite.agents.attachment import Attachment
from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.loading import adapt, load_agent
from pytest_evalsuite.execution.call import Attempt, Call, make_call
from pytest_evalsuite.execution.failure import describe_error
from pytest_evalsuite.redaction import Redactor, use
from pytest_evalsuite.tracing.capture import switch
from pytest_evalsuite.tracing.span import Span

__all__ = ["main"]


def main() -> None:
    """Answer the request on stdin with one line of JSON on stdout; what the agent prints goes to stderr."""
    faulthandler.enable()
    answers = _take_stdout()
    job = json.loads(sys.stdin.buffer.read())
    switch(on=job["traces"])
    use(Redactor.from_json(job["secrets"]))
    answer = _answer(job)
    answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
    answers.close()


def _take_stdout() -> TextIO:
    """The real stdout, which nobody else can write to any more, nor any process that is started here."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    return answers


def _answer(job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        agent = _find(job["name"], job["target"])
    except BaseException as error:  # importing may raise anything
        return {"error": describe_error(error)}
    attempt = make_call(Call(agent, _request(job)))
    if attempt.error is not None:
        return {"error": describe_error(attempt.error)}
    steps = attempt.trace.spans
    told = None if steps is None else [{**step.as_json(), "parent_id": _parent(step, attempt)} for step in steps]
    return {"reply": {**dataclasses.asdict(attempt.reply), "spans": told}}  # type: ignore[arg-type]


def _parent(step: Span, attempt: Attempt) -> str | None:
    """The span that a step stands below; None: the call itself, which has another id in the other process."""
    return None if step.parent_id == attempt.trace.root_id else step.parent_id


def _find(name: str, target: Mapping[str, Any]) -> Agent:
    if "text" in target:
        folder = target["folder"]
        return load_agent(name, {name: target["text"]}, folder=folder and Path(folder))
    return adapt(functools.reduce(getattr, target["path"].split("."), _module(target["module"], target["file"])), name)


def _request(job: Mapping[str, Any]) -> Request:
    case = job["case"]
    return Request(
        question=job["question"],
        session_id=job["session_id"],
        inputs=job["inputs"],
        metadata=job["metadata"],
        history=job["history"],
        files=[Attachment(**{**file, "path": file["path"] and Path(file["path"])}) for file in job["files"]],
        case=None if case is None else SimpleNamespace(**case),
    )


def _module(name: str, file: str | None) -> ModuleType:
    """The module of this name; from its file where pytest had loaded it from there (a conftest.py)."""
    if file is None or _is_found_at(name, file):
        return importlib.import_module(name)
    package = Path(file).parents[name.count(".")]
    sys.path.append(str(package))  # for a module of a package that only pytest has put together
    if _is_found_at(name, file):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {name} from {file}")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_found_at(name: str, file: str) -> bool:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None and Path(found.origin).resolve() == Path(file).resolve()
