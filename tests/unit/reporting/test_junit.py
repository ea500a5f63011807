from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record, run_of

from pytest_evalsuite.reporting.junit import junit_xml, text_of

TEXTS = st.text(st.one_of(st.sampled_from([*"<>&\"']]>\0\x1b\x7f\x85\r\n\t\ufffe\uffff", "\u202e"]), st.characters()))


def parsed(*records: dict[str, Any], **info: Any) -> ET.Element:
    return ET.fromstring(junit_xml(run_of(("set", "echo", records), **info)))


@given(TEXTS)
def test_every_text_makes_a_document(text: str) -> None:
    changes = {"question": text, "expected_response": text, "actual_response": text, "reasoning": text}
    caused = {"cause": {"kind": "agent", "type": "KeyError", "message": text}}
    root = parsed(
        record(**changes),
        error(**changes, **caused),
        record(status="skipped", **caused),
        record(known_failure=text),
        passed(**changes),
        name=text or None,
        host=text,
    )
    assert [[child.tag for child in case][1:] for case in root.iter("testcase")] == [
        ["failure"],
        ["error"],
        ["skipped"],
        ["skipped"],
        [],
    ]


@given(TEXTS)
def test_what_a_document_can_hold_stays_as_it_is(text: str) -> None:
    shown = text_of(text)
    assert all(ord(character) >= 32 or character in "\t\n\r" for character in shown)
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[31m", "#x1B[31m"), ("a\0b", "a#x00b"), ("\ufffe\ud800", "#xFFFE#xD800"), ("\U0001f600", "\U0001f600")],
)
def test_control_characters_are_told_by_their_codes(text: str, shown: str) -> None:
    assert text_of(text) == shown


def test_counts_times_and_figures_are_there() -> None:
    (suite,) = parsed(
        passed(execution_time_ms=1500.0),
        record(execution_time_ms=250.0),
        error(),
        started_at="2026-01-02T03:04:05.678Z",
        host="here",
    )
    assert {**suite.attrib, "time": suite.attrib["time"][:4]} == {
        "name": "set",
        "errors": "1",
        "failures": "1",
        "skipped": "0",
        "tests": "3",
        "time": "1.75",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "hostname": "here",
    }
    first = suite[0]
    assert first.attrib == {"classname": "set.eval.yaml", "name": "case-0", "time": "1.500"}
    assert {one.attrib["name"]: one.attrib["value"] for one in first.iter("property")} == {
        "status": "passed",
        "score": "1.0",
        "passing_score": "1.0",
        "method": "exact_match",
    }


def test_a_failure_or_error_that_is_tolerated_is_an_expected_one() -> None:
    (suite,) = parsed(record(tolerated="also in the baseline"), error(tolerated="also in the baseline"))
    assert [(one.attrib["type"], one.attrib["message"]) for one in suite.iter("skipped")] == [
        ("pytest.xfail", "score 0.00 < 1.00 (exact_match); also in the baseline"),
        ("pytest.xfail", "error (agent): KeyError: '42'; also in the baseline"),
    ]
    assert (suite.attrib["failures"], suite.attrib["errors"], suite.attrib["skipped"]) == ("0", "0", "2")


@pytest.mark.parametrize("status", ["cancelled", "not_run"])
def test_a_case_of_which_nothing_is_known_is_an_error(status: str) -> None:
    gone = dict.fromkeys(("test_method", "passing_score", "checks", "execution_time_ms"), ...)
    cause = {"kind": "stopped", "message": "interrupted"}
    (suite,) = parsed(record(status=status, score=None, cause=cause, **gone))
    (outcome,) = suite.iter("error")
    assert outcome.attrib["message"] == f"{status.replace('_', ' ')}: interrupted"
    assert suite.attrib["errors"] == "1"
