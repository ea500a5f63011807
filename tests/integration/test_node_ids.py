"""A case is found again by its node id, whatever its id: on the command line, after a failure, in reports."""

from __future__ import annotations

import itertools
import json
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest
from suites import Suite

ODD = [
    "plain",
    "a::b",
    "::",
    ":a",
    "b:",
    "list[0]",
    "[",
    "at@home",
    "100%",
    "100%25",
    "%3A%3A",
    "two words",
    "emoji 🎉",
    "right\u202eleft",
    "-x",
    "--lf",
    "CON",
    "..",
    "v1.2",
    "v1::2",
    "folder/file.py",
    "back\\slash",
    "()",
    "quote'\"",
    "*?",
    "<b>&amp;</b>",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "x" * 150 + "1",
    "x" * 150 + "2",
    "%" * 150 + "1",
]


def write(suite: Suite, ids: Sequence[str], *, expected: str = "yes") -> None:
    cases = [{"id": case_id, "question": "yes", "expected_response": expected} for case_id in ids]
    suite.write(
        "odd.eval.yaml", json.dumps({"defaults": {"test_method": "exact_match"}, "cases": cases}, ensure_ascii=False)
    )


def node_ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("odd.eval.yaml::")]


@pytest.fixture
def odd(suite: Suite) -> Suite:
    """A suite whose cases have odd ids."""
    write(suite, ODD)
    return suite


def test_a_node_id_is_the_file_and_the_id(suite: Suite) -> None:
    write(suite, ["plain", "two words", "v1.2", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "-x", "folder/file.py"])
    assert node_ids(suite.run("--collect-only", "-q")) == [
        "odd.eval.yaml::plain",
        "odd.eval.yaml::two words",
        "odd.eval.yaml::v1.2",
        "odd.eval.yaml::caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        "odd.eval.yaml::-x",
        "odd.eval.yaml::folder/file.py",
    ]


def test_every_node_id_selects_its_case_alone(odd: Suite) -> None:
    listed = node_ids(odd.run("--collect-only", "-q"))
    assert len(set(listed)) == len(listed) == len(ODD)
    for case_id, node_id in itertools.islice(zip(ODD, listed, strict=True), None, None, 3):
        result = odd.run(node_id, "--eval-json=run.json")
        result.assert_outcomes(passed=1)
        assert list(odd.results()) == [case_id]


def test_all_node_ids_together_select_all_cases(odd: Suite) -> None:
    listed = node_ids(odd.run("--collect-only", "-q"))
    odd.run(*listed, "--eval-json=run.json").assert_outcomes(passed=len(listed))
    assert set(odd.results()) == set(ODD)


def test_the_node_ids_that_v_shows_can_be_pasted(odd: Suite) -> None:
    listed = node_ids(odd.run("--collect-only", "-q"))
    shown = [line.rpartition(" PASSED")[0] for line in odd.run("-v").outlines if " PASSED" in line]
    assert shown == listed


def test_last_failed_and_deselect_know_every_id(suite: Suite) -> None:
    write(suite, ODD, expected="no")
    first = suite.run("--eval-json=run.json")
    count = len(suite.results())
    first.assert_outcomes(failed=count)
    suite.run("--lf", "--collect-only", "-q").stdout.fnmatch_lines([f"*{count} tests collected*"])
    listed = node_ids(suite.run("--collect-only", "-q"))
    result = suite.run(*(f"--deselect={node_id}" for node_id in listed[1:]))
    result.assert_outcomes(failed=1, deselected=count - 1)


def test_junit_names_every_case_once(odd: Suite) -> None:
    odd.run("--junitxml=junit.xml")
    cases = ET.parse(odd.path / "junit.xml").findall(".//testcase")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(set(names)) == len(names) == len(ODD)


def test_the_unicode_form_of_an_id_does_not_matter(suite: Suite) -> None:
    composed = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    write(suite, [unicodedata.normalize("NFD", composed)])
    suite.run(f"odd.eval.yaml::{composed}").assert_outcomes(passed=1)


@pytest.mark.parametrize("case_id", ["", "  ", "a\nb", "a\rb", "a\x1b[31mb", "a\x00b", "x" * 201])
def test_an_id_that_could_not_be_shown_is_refused(suite: Suite, case_id: str) -> None:
    write(suite, [case_id])
    result = suite.run()
    assert result.ret != 0
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([r"odd\.eval\.yaml:1:\d+: id: .+"])


def test_an_id_that_is_not_there_is_a_usage_error(suite: Suite) -> None:
    write(suite, ["plain"])
    result = suite.run("odd.eval.yaml::plane")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*not found: *odd.eval.yaml::plane*"])
