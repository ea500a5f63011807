"""Hostile texts go through every field and come out of every output whole where it can hold them, and never active."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import commands
import processes
import pyte
import pytest
import yaml
from hostile import HOSTILE
from markdown_it import MarkdownIt
from markdown_it.token import Token
from suites import Suite

from pytest_evalsuite.reporting.escape import escape_terminal

AGENTS = """
    from hostile import HOSTILE

    def hostile(question, metadata):
        kind, _, name = metadata["is"].partition(" ")
        text = HOSTILE[name]
        print(text)
        if kind == "raise":
            raise RuntimeError(text)
        return {"output": text, "metadata": {text: text}, "tool_calls": [{"name": text, "arguments": {text: text}}]}
"""
CONFTEST = """
    import sys, warnings

    import pytest

    from pytest_evalsuite import Score

    sys.path.insert(0, TESTS)
    from hostile import HOSTILE

    def pytest_evalsuite_agents():
        from agents import hostile
        return {"a\\x1b[2J::error::@b|<i>": hostile}

    def pytest_evalsuite_methods():
        return {"told": lambda actual: Score(0.0, reason=actual, evidence={actual: [actual]})}

    def pytest_evalsuite_judges():
        return {"candid": lambda answer: {"passed": False, "reason": answer}}

    @pytest.fixture(autouse=True)
    def _(record_property, request):
        record_property("said", request.node.case.metadata["is"])
"""
AGENT = "a\x1b[2J::error::@b|<i>"
CLEAN = {name: text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for name, text in HOSTILE.items()}
"""The texts as far as Unicode can hold them."""


def one_line(text: str) -> str:
    """As a name may be: what has control characters is refused."""
    return "".join(
        character for character in text if unicodedata.category(character) not in ("Cc", "Zl", "Zp")
    ).strip()


def cases() -> Iterator[dict[str, Any]]:
    for name, text in CLEAN.items():
        named = {"name": one_line(text)[:200], "tags": [one_line(text)[:60]]}
        asked = {"question": text, **named}
        yield {
            "id": f"answer-{name}",
            **asked,
            "expected_response": f"{text} not",
            "metadata": {"is": f"answer {name}"},
        }
        yield {
            "id": f"raise-{name}",
            **asked,
            "expected_response": text,
            "metadata": {"is": f"raise {name}", text: text},
        }
        yield {"id": f"told-{name}", **asked, "test_method": "told", "metadata": {"is": f"answer {name}"}}
        judged = {"test_method": "agent_as_judge", "criteria": text, "judge": "candid"}
        yield {"id": f"judged-{name}", **asked, **judged, "metadata": {"is": f"answer {name}"}}
        skipped = {"skip": text, "expected_response": "x", "metadata": {"is": f"answer {name}"}}
        yield {"id": f"skipped-{name}", **asked, **skipped}
    yield {"id": "::error::x%0A@me<b>|`", "question": "x", "expected_response": "y", "metadata": {"is": "answer at"}}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Everything that was written of a run of hostile texts, and what the command tells of it, by name."""
    folder = tmp_path_factory.mktemp("hostile")
    suite = Suite(type("Folder", (), {"path": folder})())
    suite.write("agents.py", AGENTS)
    suite.write("conftest.py", CONFTEST.replace("TESTS", repr(str(Path(__file__).parents[1]))))
    content = {"name": "=Set::error::", "description": "::error::x", "tags": ["::warning::"], "cases": list(cases())}
    suite.write(
        "set.eval.yaml", yaml.safe_dump({"defaults": {"test_method": "exact_match"}, **content}, width=1 << 20)
    )
    suite.configure(agents=())
    outputs = ("--eval-json=run.json", "--eval-csv=run.csv", "--eval-markdown=run.md", "--junitxml=junit.xml")
    hints = ("--eval-github=summary", "--eval-github=annotations", "-vrA", "--eval-record", "-ojunit_logging=all")
    code, written = processes.run(
        suite,
        *(*outputs, *hints, f"--eval-agent={AGENT}", "--eval-run-name=::error::run"),
        PYTHONPATH=str(Path(__file__).parents[1]),
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
    )
    assert code == 1, written[-3000:]
    texts = {
        path.name: path.read_bytes().decode("utf-8")
        for path in folder.glob("[!.]*.*")
        if path.suffix not in (".py", ".ini")
    }
    texts["terminal"] = written
    for verb in (
        *("show latest --limit=0", "show latest --json", "history", "history --json", "compare latest latest"),
        *(
            "compare latest latest --format=json",
            "list",
            *(f"show latest --case=told-{name}" for name in ("screen", "command")),
        ),
        *(f"export latest --format={form}" for form in ("csv", "json", "jsonl", "junit", "markdown")),
    ):
        code, texts[f"evalsuite {verb}"] = commands.run(suite, *verb.split())
        assert code == 0, texts[f"evalsuite {verb}"]
    return texts


SHOWN = (
    "terminal",
    "evalsuite show latest --limit=0",
    "evalsuite history",
    "evalsuite list",
    "evalsuite show latest --case=told-screen",
    "evalsuite show latest --case=told-command",
    "evalsuite compare latest latest",
)
JSON = ("run.json", "evalsuite export latest --format=json")
CSV = ("run.csv", "evalsuite export latest --format=csv")
XML = ("junit.xml", "evalsuite export latest --format=junit")
MARKDOWN = ("run.md", "summary.md", "evalsuite export latest --format=markdown")


@pytest.mark.parametrize("name", JSON)
def test_json_gives_every_text_back(ran: dict[str, str], name: str) -> None:
    (evaluation,) = json.loads(ran[name], parse_constant=pytest.fail)["evaluations"]
    records = {record["case_id"]: record for record in evaluation["results"]}
    for payload, text in CLEAN.items():
        answered, broken, told = (records[f"{kind}-{payload}"] for kind in ("answer", "raise", "told"))
        assert answered["question"] == answered["actual_response"] == text
        assert answered["tool_calls"] == [{"name": text, "arguments": {text: text}}]
        assert answered["reply_metadata"] == {text: text}
        assert answered["tags"] == [unicodedata.normalize("NFC", one_line(text)[:60])]
        assert told["reasoning"] == text
        assert records[f"judged-{payload}"]["reasoning"] == text.strip()
        assert told["checks"][0]["evidence"] == {text: [text]}
        assert broken["metadata"][text] == text
        assert broken["cause"]["message"].startswith(text[:900])
        assert answered["agent"] == AGENT


def test_lines_of_json_are_one_to_a_result(ran: dict[str, str]) -> None:
    lines = ran["evalsuite export latest --format=jsonl"].removesuffix("\n").split("\n")
    assert len([json.loads(line) for line in lines]) == len(list(cases()))


@pytest.mark.parametrize("name", CSV)
def test_csv_gives_every_text_back_and_holds_no_formula(ran: dict[str, str], name: str) -> None:
    rows = {row["case_id"]: row for row in csv.DictReader(io.StringIO(ran[name], newline=""), strict=True)}
    assert len(rows) == len(list(cases()))
    for row in rows.values():
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or re.fullmatch(r"[-+]?[\d.]+", cell)
    for payload, text in CLEAN.items():
        cell = rows[f"answer-{payload}"]["actual_response"]
        assert re.sub("^'(?='*[-=+@\t\r\n])", "", cell) == text.replace("\0", "\u2400")


@pytest.mark.parametrize("name", XML)
def test_xml_is_well_formed_and_has_no_elements_but_its_own(ran: dict[str, str], name: str) -> None:
    root = ET.fromstring(ran[name])
    known = {"testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped"}
    assert {element.tag for element in root.iter()} <= known | {"system-out", "system-err"}
    assert len(list(root.iter("testcase"))) == len(list(cases()))
    told = {case.attrib["name"].partition("[")[0]: case for case in root.iter("testcase")}
    assert "<script>alert(1)</script>" in "".join(told["told-script"].itertext())
    assert "]]><evil/><!--" in "".join(told["answer-cdata"].itertext())


def walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walk(token.children or [])


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown_has_nothing_in_it_but_our_own(ran: dict[str, str], name: str) -> None:
    parser = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
    is_code = False
    blocks = []
    for token in walk(parser.parse(ran[name])):
        assert token.type not in ("image", "link_open", "html_block", "blockquote_open", "code_block", "hr"), token
        if token.type == "html_inline":
            assert token.content in ("<code>", "</code>")
            is_code = token.content == "<code>"
        elif token.type == "text" and not is_code:
            assert not re.search(r"@|://|<|::|#\d|=cmd|owned", token.content), token.content
        elif token.type == "fence":
            assert token.info == "text"
            blocks.append(token.content.removesuffix("\n"))
        elif token.type == "heading_open":
            assert token.tag in ("h2", "h3")
    shown = {escape_terminal(text, keep_newlines=True) for text in CLEAN.values() if len(text) <= 600}
    assert len(shown & set(blocks)) >= 5


def commands_in(text: str) -> list[str]:
    """The workflow commands that a runner would obey in a log."""
    lines = re.split(r"\r\n|[\n\r]", text)
    return [line.strip() for line in lines if re.match(r"\s*::[^:]", line) or "##[" in line]


def test_a_runner_hears_only_our_own_commands(ran: dict[str, str]) -> None:
    found = commands_in(ran["terminal"])
    assert len(found) == 11
    for command in found[:10]:
        parts = re.fullmatch(r"::error file=set\.eval\.yaml,line=\d+,title=([\w-]+)::(.+)", command)
        assert parts, command
    assert re.fullmatch(r"::notice::\d+ more cases fail the run", found[10])
    for name, text in ran.items():
        if name.startswith("evalsuite") and "export" not in name:  # which writes data, for a file
            assert commands_in(text) == [], name


@pytest.mark.parametrize("name", SHOWN)
def test_a_terminal_shows_what_was_written_and_does_nothing_else(ran: dict[str, str], name: str) -> None:
    text = re.sub("\x1b\\[[0-9;]*m", "", ran[name])  # the colours of what an agent prints are let through
    lines = text.replace("\r\n", "\n").split("\n")
    allowed = {
        "Lo",
        "Ll",
        "Lu",
        "Lm",
        "Lt",
        "Mn",
        "Mc",
        "Me",
        "Nd",
        "Nl",
        "No",
        "Pc",
        "Pd",
        "Pe",
        "Pf",
        "Pi",
        "Po",
        "Ps",
    }
    for line in lines:
        odd = {c for c in line if unicodedata.category(c) not in allowed | {"Sc", "Sk", "Sm", "So", "Zs", "Cf", "Cn"}}
        assert odd <= {"\t"}, (line, odd)
    plain = [line.expandtabs(8) for line in dict.fromkeys(lines) if line.isascii()]
    screen = pyte.Screen(max(map(len, plain)) + 1, len(plain) + 1)
    answered: list[str] = []
    screen.write_process_input = answered.append  # type: ignore[method-assign, assignment]
    pyte.Stream(screen).feed("\r\n".join(plain))
    assert [line.rstrip() for line in screen.display][: len(plain)] == [line.rstrip() for line in plain]
    assert (screen.title, screen.icon_name, answered) == ("", "", [])


def test_what_the_terminal_shows_can_be_told_from_what_it_hides(ran: dict[str, str]) -> None:
    for text in ("\\x1b[2J", "\\x1b]52;c;ZXZpbA==\\x07", "good\\rEVIL", "\\u202e", "\\x9b2J", "a\\x00b", "\\u2028"):
        assert text in ran["terminal"], text
