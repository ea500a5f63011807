"""Reads what a run has left: its folder, whole or as far as it came, or its artifact."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.artifact import ARTIFACT_NAME, ARTIFACT_VERSION
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.run import CaseKey, PlannedCase, PlannedEvaluation, Results, Run, assemble
from pytest_evalsuite.runs.wellformed import is_evaluation, is_result

if TYPE_CHECKING:
    from pytest_evalsuite.runs.plan import Plan

__all__ = [
    "artifact_results",
    "check_form",
    "is_alive",
    "journals",
    "read_info",
    "read_results",
    "read_run",
    "result_line",
]

Head = dict[str, Any]
"""A document or an evaluation without what it holds the most of."""

HEAD_END: Final = b'"evaluations":['
RESULTS: Final = b'"results":['
PLANNED: Final = frozenset(f.name for f in dataclasses.fields(PlannedEvaluation)) - {"cases", "total"}

VERDICTS: Final = ("comparison", "gate", "groups")
FIGURES: Final = frozenset({"whole", "totals", "evaluations", *VERDICTS})
"""What ``run.json`` says at the end beside what it said from the start."""

BOM: Final = b"\xef\xbb\xbf"


def read_run(path: Path) -> Run:
    """Read a run from its folder or its artifact, with its figures worked out anew. Raises StoreError."""
    if path.is_dir():
        info = read_info(path)
        own = {key: value for key, value in info.items() if key not in FIGURES}
        run = assemble(own, _plan(path).evaluations, read_results(path), _unrun(info))
        run.verdicts = {key: info[key] for key in VERDICTS if key in info}
        return run
    head, results = artifact_results(path)
    kept, planned = Results(), dict[tuple[str, str], PlannedEvaluation]()
    for evaluation, record in results:
        place = (evaluation["test_set"], evaluation["agent"])
        plan = planned.get(place)
        if plan is None:
            plan = planned[place] = _planned(evaluation)
        if record is None:
            continue
        if CaseKey(record["test_set"], record["case_id"], record["agent"]) in kept:
            raise StoreError(f"{path}: case {record['case_id']!r} of {record['test_set']} is there twice")
        kept.add(encode(record))
        places = record["position"], record["line"]
        plan.cases.append(PlannedCase(record["case_id"], *places, record["fingerprint"], record["case_id"]))
    run = assemble(head["run"], planned.values(), kept, _unrun(head["run"]))
    run.verdicts = {key: head[key] for key in VERDICTS if key in head}
    return run


def read_info(folder: Path) -> Head:
    """What ``run.json`` says of a run; ``status`` is ``interrupted`` where the process that ran it is gone.

    Raises StoreError where there is no run.
    """
    info = _info(folder)
    if info["status"] == "running" and not is_alive(info):
        info = _info(folder)  # it may have ended properly after it was read
        if info["status"] == "running":
            info["status"] = "interrupted"
            info["error_message"] = "its process ended without a word"
    return info


def _info(folder: Path) -> Head:
    path = folder / "run.json"
    try:
        info = decode(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{folder} holds no run: {error.strerror or error}") from None
    except ValueError:
        raise StoreError(f"{path}: no JSON") from None
    if not isinstance(info, dict) or not isinstance(info.get("status"), str):
        raise StoreError(f"{path}: no description of a run")
    return info


def is_alive(info: Mapping[str, Any]) -> bool:
    """Whether the process that keeps a run still runs, as far as this machine can know."""
    process = info.get("process")
    if info.get("host") not in (None, socket.gethostname()):
        return True  # who knows
    if not isinstance(process, int) or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def read_results(folder: Path) -> Results:
    """Read the journals of a run. A line that was cut off, or that is no result, is passed over."""
    results = Results()
    for journal in journals(folder):
        try:
            file = journal.open("rb")
        except OSError as error:
            raise StoreError(f"cannot read {journal}: {error.strerror or error}") from error
        with file:
            for line in file:
                text = result_line(line)
                if text is None:
                    results.broken += 1
                else:
                    results.add(text)
    return results


def result_line(line: bytes) -> str | None:
    """The record on a line of a journal, as its JSON text; None where there is none."""
    try:
        text = line.rstrip(b"\n").decode()
        return text if is_result(decode(text)) else None
    except ValueError:
        return None


def artifact_results(path: Path) -> tuple[Head, Iterator[tuple[Head, dict[str, Any] | None]]]:
    """Read an artifact: its head, and each result with the head of its evaluation (None for an empty one).

    A file as it was written is read line by line, one that something else has laid out anew as a whole. Raises
    StoreError, also while the results are read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    first = file.readline().removeprefix(BOM).rstrip()
    if first.endswith(HEAD_END):
        with ExitStack() as opened:
            opened.enter_context(file)
            head = _decode(first + b"]}", path, 1)
            check_form(head, path)
            opened.pop_all()  # it is read on
        return head, _checked(_line_by_line(file, path), path)
    with file:
        document = _decode(first + file.read(), path, 1)
    check_form(document, path)
    return document, _checked(_all(document), path)


def check_form(document: Any, path: Path | str) -> None:
    """Raise StoreError unless this is the head of an artifact that this version can read."""
    form = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(form, dict) or form.get("name") != ARTIFACT_NAME:
        raise StoreError(f"{path}: this is no artifact of a run (no schema {ARTIFACT_NAME!r})")
    version = str(form.get("version"))
    if version.partition(".")[0] != ARTIFACT_VERSION.partition(".")[0]:
        raise StoreError(
            f"{path}: an artifact of version {version:.20}; this version of pytest-evalsuite reads "
            f"{ARTIFACT_VERSION.partition('.')[0]}.x"
        )
    run = document.get("run")
    if not isinstance(run, dict) or not isinstance(run.get("id"), str) or not isinstance(run.get("status"), str):
        raise StoreError(f"{path}: the artifact does not say which run it is of")
    if not isinstance(document.get("evaluations"), list):
        raise StoreError(f"{path}: the artifact has no evaluations")


def _line_by_line(file: BinaryIO, path: Path) -> Iterator[tuple[Any, Any]]:
    evaluation: Any = None
    empty = True
    with file:
        for number, line in enumerate(file, 2):
            text = line.rstrip().rstrip(b",")
            if text.endswith(RESULTS) and evaluation is None:
                evaluation, empty = _decode(text + b"]}", path, number), True
            elif text.startswith(b"{"):
                empty = False
                yield evaluation, _decode(text, path, number)
            elif text == b"]}":
                if evaluation is None:
                    break
                if empty:
                    yield evaluation, None
                evaluation = None
            else:
                raise StoreError(f"{path}:{number}: expected a result, or the end of the results")
        else:
            raise StoreError(f"{path}: the artifact is cut off")
        if file.read().strip():
            raise StoreError(f"{path}:{number + 1}: something stands behind the end of the artifact")


def _all(document: Head) -> Iterator[tuple[Any, Any]]:
    for evaluation in document["evaluations"]:
        results = evaluation.pop("results", False) if isinstance(evaluation, dict) else []
        for record in (results or (None,)) if isinstance(results, list) else (False,):
            yield evaluation, record


def _checked(results: Iterator[tuple[Any, Any]], path: Path) -> Iterator[tuple[Head, dict[str, Any] | None]]:
    checked: Any = ...
    for evaluation, record in results:
        if evaluation is not checked and not is_evaluation(evaluation):
            raise StoreError(f"{path}: an evaluation is not as an artifact has it, with test set, name and agent")
        checked = evaluation
        if record is not None and not (
            is_result(record)
            and record["test_set"] == evaluation["test_set"]
            and record["agent"] == evaluation["agent"]
        ):
            raise StoreError(f"{path}: a result of {evaluation['test_set']} is not as an artifact has it")
        yield evaluation, record


def _decode(text: bytes, path: Path, line: int) -> Any:
    try:
        return decode(text)
    except ValueError as error:
        raise StoreError(f"{path}:{line}: no JSON: {error}") from None


def _unrun(info: Head) -> Head:
    """Why a case has no result in this run."""
    coming = "the run has not come to it yet" if info["status"] == "running" else "the run ended without it"
    return {"kind": "stopped", "message": info.get("error_message") or coming}


def journals(folder: Path) -> list[Path]:
    """The journals of a run, that of the process that reported last."""
    try:
        found = [path for path in folder.iterdir() if path.match("results-*.jsonl")]
    except OSError as error:  # which glob() would keep to itself
        raise StoreError(f"cannot read {folder}: {error.strerror or error}") from error
    return sorted(found, key=lambda path: (path.name == "results-main.jsonl", path.name))


def _plan(folder: Path) -> Plan:
    from pytest_evalsuite.runs.plan import Plan

    try:
        return Plan.from_json((folder / "plan.json").read_bytes())
    except FileNotFoundError:
        return Plan()
    except OSError as error:
        raise StoreError(f"cannot read {folder / 'plan.json'}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{folder / 'plan.json'}: no plan of a run") from None


def _planned(evaluation: Head) -> PlannedEvaluation:
    known = {key: value for key, value in evaluation.items() if key in PLANNED}
    total = evaluation.get("cases_in_test_set", 0)
    return PlannedEvaluation(**{"name": evaluation["test_set"], "cases": [], **known, "total": total})
