"""What people see: figures, failures, and nothing that the terminal or a CI log would obey."""

from __future__ import annotations

import re

import processes
import pytest
from suites import Suite

SGR = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\\x1b[2J\\x1b]52;c;ZXZpbA==\\x07\\r\\n::error file=a::b\\n##[group]c\\u202e[/INST]\\x00[red]"
AGENTS = f"""
    from pytest_evalsuite import AgentReply, Usage

    HOSTILE = "{HOSTILE}"

    def echo(question):
        return question

    def costly(question):
        return AgentReply(question, usage=Usage(input_tokens=1000, output_tokens=50), cost=0.01)

    def hostile(question):
        if question.startswith("raise"):
            raise RuntimeError(HOSTILE)
        return HOSTILE

    def umlauts(question):
        return "Zürch 日本 🙂"

    def structured(question):
        return {{"priority": "low", "category": "billing"}}
"""


@pytest.fixture
def shop(suite: Suite) -> Suite:
    """A test set of three cases that pass, fail and are known to fail, and agents."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=tuple(f"{name} = agents:{name}" for name in ("echo", "costly", "hostile", "umlauts")))
    suite.write(
        "shop.eval.yaml",
        """
        name: Shop
        defaults: {test_method: similarity, passing_score: 0.9}
        cases:
          - {id: hours, question: We open at nine., expected_response: We open at nine.}
          - {id: cash, question: Can I get cash?, expected_response: No cash.}
          - {id: typo, question: helo, expected_response: hello!, xfail: the agent cannot spell}
        """,
    )
    return suite


def section(output: str) -> list[str]:
    lines = output.splitlines()
    start = next(n for n, line in enumerate(lines) if re.fullmatch("=+ eval suites =+", line))
    end = next(n for n, line in enumerate(lines[start + 1 :], start + 1) if line.startswith("==="))
    return lines[start + 1 : end]


def test_the_section_has_figures_failures_and_the_run(shop: Suite) -> None:
    output = shop.run("--eval-agent=echo", "--eval-json=run.json").stdout.str()
    lines = [re.sub(r"[\d.]+ ms", "T", line) for line in section(output)]
    assert lines[0].split() == ["test", "set", "cases", "passed", "failed", "errors", "mean", "score", "p50", "p95"]
    assert re.sub(" +", " ", lines[1]) == "Shop 3 0.33 (1/3) 2 (1 known) 0 0.77 of 3 T T"
    assert lines[2:4] == ["failure:", "  score 0.52 < 0.90 (similarity)  shop.eval.yaml:5 cash"]
    assert re.fullmatch(r"run \d{8}T\d{6}Z-[0-9a-f]{8}, agent echo", lines[4])
    assert lines[5] == "written: run.json"


def test_tokens_and_cost_are_told_where_they_are_known(shop: Suite) -> None:
    assert "tokens 3,000 in, 150 out, cost $0.0300" in section(shop.run("--eval-agent=costly").stdout.str())
    assert not any("tokens" in line for line in section(shop.run("--eval-agent=echo").stdout.str()))


def test_several_agents_are_told_apart_and_added_up(shop: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = section(shop.run("--eval-agent=echo", "--eval-agent=costly").stdout.str())
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["Shop", "costly", "3"],
        ["Shop", "echo", "3"],
        ["total", "6", "0.33"],
    ]


def test_verbose_shows_scores_and_very_verbose_whole_texts(shop: Suite) -> None:
    shop.cases(f"long: {'word ' * 300} -> x", name="long.eval.yaml")
    plain = shop.run("--eval-agent=echo", "-v").stdout.str()
    assert re.search(r"shop\.eval\.yaml::hours PASSED 1\.00 ", plain)
    assert re.search(r"shop\.eval\.yaml::cash FAILED 0\.52 ", plain)
    assert re.search(r"shop\.eval\.yaml::typo XFAIL \(the agent cannot spell\)", plain)
    assert plain.count("... (900 more characters, -vv shows them)") == 2
    full = shop.run("--eval-agent=echo", "-vv").stdout.str()
    assert full.count("word") >= 600
    assert "more characters" not in full


def test_quiet_is_one_line(shop: Suite) -> None:
    result = shop.run("--eval-agent=echo", "-q")
    assert "eval suites" not in result.stdout.str()
    (line,) = [line for line in result.outlines if line.startswith("eval: ")]
    assert line.startswith("eval: 3 cases, 1 passed, 2 failed (1 known), 0 errors, pass rate 0.33 (1/3), ")


def test_a_failing_case_reads_like_a_failure(shop: Suite) -> None:
    output = shop.run("--eval-agent=echo").stdout.str()
    assert (
        "score 0.52 < 0.90 (similarity)\n\nquestion  Can I get cash?\nexpected  No cash.\nactual    Can I get cash?\n"
    ) in output
    assert "shop.eval.yaml:5: case cash of agent echo" in output


def test_a_structured_answer_is_compared_value_by_value(shop: Suite) -> None:
    shop.write(
        "triage.eval.yaml",
        "cases: [{id: t, question: q, expected: {category: billing, priority: high}, test_method: json_match}]",
    )
    output = shop.run("--eval-agent=agents:structured", "triage.eval.yaml").stdout.str()
    assert 'expected  {"category": "billing", "priority": "high"}\n' in output
    assert 'actual    {"category": "billing", "priority": "low"}\n' in output
    assert '$.priority: expected "high", got "low"' in output


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_it_fits_the_terminal(shop: Suite, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = section(shop.run("--eval-agent=echo", "--eval-agent=costly").stdout.str())
    figures = lines[: lines.index("worst failures:")]
    assert max(map(len, figures)) <= int(columns)
    assert sum("0.33 (1/3)" in line for line in figures) == 2


def hostile_suite(shop: Suite) -> None:
    shop.write(
        "shop.eval.yaml",
        f"""
        name: "::error::Shop \\u202e"
        defaults: {{test_method: exact_match}}
        cases:
          - {{id: "::warning::x\\u202e[/INST]", question: "{HOSTILE}", expected_response: "{HOSTILE}x"}}
          - {{id: raise, question: "raise {HOSTILE}", expected_response: x}}
          - {{id: skip, question: q, expected_response: x, skip: "::notice::\\u202e"}}
        """,
    )


@pytest.mark.parametrize("options", [[], ["-v"], ["-vv"], ["-q"], ["-rA"], ["--tb=short"], ["--tb=line"]])
def test_hostile_texts_are_shown_and_not_obeyed(shop: Suite, options: list[str]) -> None:
    hostile_suite(shop)
    name = "::error::run \x1b[2J"
    result = shop.run("--eval-agent=hostile", "--eval-run-name", name, *options)
    result.assert_outcomes(failed=1, errors=1, skipped=1)
    for line in result.outlines:
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert all(character.isprintable() or character == "\t" for character in line), repr(line)


def test_colour_is_ours_alone(shop: Suite) -> None:
    hostile_suite(shop)
    output = shop.run("--eval-agent=hostile", "--color=yes", "-v").stdout.str()
    assert SGR.search(output)
    assert all(c.isprintable() or c in "\n\t" for c in SGR.sub("", output))


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_without_colour_there_is_no_escape_at_all(shop: Suite, env: dict[str, str]) -> None:
    hostile_suite(shop)
    options = [] if env else ["--color=no"]
    _, output = processes.run(shop, "--eval-agent=hostile", *options, **env)
    assert "\x1b" not in output
    assert "case raise of agent hostile" in output


ENCODINGS = {name: {"PYTHONIOENCODING": name} for name in ("ascii", "cp1252", "latin-1", "utf-8")}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_terminal_shows_what_its_encoding_has_and_names_the_rest(shop: Suite, encoding: str) -> None:
    shop.write(
        "shop.eval.yaml",
        """
        name: Zürich 日本
        defaults: {test_method: exact_match}
        cases: [{id: größe, question: Größe?, expected_response: Zürich 日本 🙂}]
        """,
    )
    process = processes.start(shop, "--eval-agent=umlauts", "--eval-json=run.json", **ENCODINGS[encoding])
    code, written = processes.finish(process)
    output = written.decode(encoding)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "UnicodeEncodeError" not in output
    shown = "Zürich 日本 🙂".encode(encoding, "backslashreplace").decode(encoding)
    lines = output.splitlines()
    assert lines[lines.index(f"expected  {shown}") + 1] == " " * (10 + shown.index("i")) + "^"
    assert shop.results()["größe"]["actual_response"] == "Zürch 日本 🙂"


def test_a_plain_c_locale_does_no_harm(shop: Suite) -> None:
    code, output = processes.run(shop, "--eval-agent=umlauts", LC_ALL="C", LANG="C", PYTHONIOENCODING="")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "UnicodeEncodeError" not in output
    assert "eval suites" in output
