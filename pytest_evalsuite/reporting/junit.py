"""A run as JUnit XML, as pytest writes it: for CI systems that read such reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

from pytest_evalsuite.reporting.failure import FailureText, headline
from pytest_evalsuite.reporting.people import overruled
from pytest_evalsuite.runs.run import Evaluation, Run
from pytest_evalsuite.runs.summary import gate_status

__all__ = ["junit_xml"]

ILLEGAL: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no form for, or discourages (section 2.2)."""

FIGURES: Final = ("status", "score", "passing_score")


def junit_xml(run: Run) -> str:
    """The run as a document: a suite for each evaluation, a test case for each result.

    A failure that is known or tolerated is skipped, as an ``xfail`` of pytest is; a case that was cancelled or not run
    is an error, for nothing is known of it. Control characters are written as ``#x1B``.
    """
    agents = {evaluation.plan.agent for evaluation in run.evaluations}
    root = ET.Element("testsuites", name=text_of(run.info.get("name") or run.info["id"]))
    for evaluation in run.evaluations:
        root.append(suite(run, evaluation, several=len(agents) > 1))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def suite(run: Run, evaluation: Evaluation, *, several: bool) -> ET.Element:
    """An evaluation. ``several``: the run has several agents, so that names of cases must tell them apart."""
    plan, info = evaluation.plan, run.info
    agent = f" [{plan.agent}]" if several else ""
    cases = [case(record, agent=agent.strip()) for record in run.records(evaluation)]
    outcomes = [child.tag for one in cases for child in one if child.tag != "properties"]
    attributes = {
        "name": f"{plan.name}{agent}",
        "errors": str(outcomes.count("error")),
        "failures": str(outcomes.count("failure")),
        "skipped": str(outcomes.count("skipped")),
        "tests": str(len(cases)),
        "time": f"{sum(float(one.get('time', 0)) for one in cases):.3f}",
        "timestamp": info.get("started_at") or "",
        "hostname": info.get("host") or "",
    }
    element = ET.Element("testsuite", {name: text_of(value) for name, value in attributes.items()})
    element.extend(cases)
    return element


def case(record: Mapping[str, Any], *, agent: str) -> ET.Element:
    """A result, named as pytest names its test item."""
    attributes = {
        "classname": record["test_set"].replace("/", "."),
        "name": f"{record['case_id']}{agent}",
        "time": f"{(record.get('execution_time_ms') or 0) / 1000:.3f}",
    }
    element = ET.Element("testcase", {name: text_of(value) for name, value in attributes.items()})
    properties = ET.SubElement(element, "properties")
    method = record.get("test_method") or ""
    figures = {name: record.get(name) for name in FIGURES}
    figures["method"] = method if isinstance(method, str) else ", ".join(method)
    if record.get("human_verdict"):
        figures["human_verdict"] = overruled(record["human_verdict"])
    for name, value in figures.items():
        ET.SubElement(properties, "property", name=name, value=text_of(str(value)))
    outcome = outcome_of(record)
    if outcome is not None:
        element.append(outcome)
    return element


def outcome_of(record: Mapping[str, Any]) -> ET.Element | None:
    """What became of a case that has not passed."""
    status = gate_status(record)
    if status == "passed":
        return None
    if status == "failed" and record.get("known_failure") is not None:
        return ET.Element("skipped", type="pytest.xfail", message=text_of(record["known_failure"]))
    if record.get("tolerated") is not None:
        tolerated = f"{headline(record)}; {record['tolerated']}"
        return ET.Element("skipped", type="pytest.xfail", message=text_of(tolerated))
    message = record.get("cause", {}).get("message", "")
    if status == "skipped":
        return ET.Element("skipped", type="pytest.skip", message=text_of(message))
    if status in ("cancelled", "not_run"):
        return ET.Element("error", message=text_of(f"{status.replace('_', ' ')}: {message}"))
    element = ET.Element("failure" if status == "failed" else "error", message=text_of(headline(record)))
    element.text = text_of(str(FailureText(record)))
    return element


def text_of(text: str) -> str:
    """The text with every character visible that a document cannot hold, by its code as pytest writes it."""
    return ILLEGAL.sub(lambda found: f"#x{ord(found[0]):02X}", text)
