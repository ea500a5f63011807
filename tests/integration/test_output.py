"""What an agent prints and logs is shown with its own case, however the calls overlapped."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from suites import Suite

AGENT = """
    import asyncio
    import logging
    import sys
    import time

    log = logging.getLogger("shop.bot")

    def speak(question):
        print("out of", question)
        sys.stderr.write(f"err of {question}\\n")
        log.warning("warned of %s", question)
        log.info("informed of %s", question)

    async def later(question):
        for _ in range(3):
            speak(question)
            await asyncio.sleep(0.001)
        return question

    def threaded(question):
        for _ in range(3):
            speak(question)
            time.sleep(0.001)
        return question
"""

NUMBERS = range(20)


@pytest.fixture
def speaking(suite: Suite) -> Suite:
    """Twenty failing cases of agents that print and log."""
    suite.write("agents.py", AGENT)
    suite.cases(*(f"c{number:02}: q{number:02} -> other" for number in NUMBERS))
    return suite


def sections(result: pytest.RunResult) -> dict[str, str]:
    """What was printed of each case under FAILURES."""
    _, _, failures = result.stdout.str().partition("= FAILURES =")
    parts = re.split(r"_+ (?:case )?(c\d\d) _+\n", failures.partition("= eval suites =")[0])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("agent", ["later", "threaded"])
@pytest.mark.parametrize("capture", ["fd", "sys"])
def test_what_is_printed_and_logged_is_in_the_sections_of_its_own_case(
    speaking: Suite, agent: str, capture: str
) -> None:
    result = speaking.run(f"--eval-agent=agents:{agent}", "--eval-concurrency=8", f"--capture={capture}")
    result.assert_outcomes(failed=20)
    shown = sections(result)
    assert list(shown) == [f"c{number:02}" for number in NUMBERS]
    for number, text in zip(NUMBERS, shown.values(), strict=True):
        assert text.count(f"out of q{number:02}") == 3
        assert text.count(f"err of q{number:02}") == 3
        assert text.count(f"warned of q{number:02}") == 3
        assert re.findall(r"of q(\d\d)", text) == [f"{number:02}"] * 9
        heads = re.findall(r"-+ (Captured .*?) -+", text)
        assert heads == ["Captured stdout setup", "Captured stderr setup", "Captured log setup"]


@pytest.mark.parametrize("agent", ["later", "threaded"])
def test_nothing_is_printed_between_cases(speaking: Suite, agent: str) -> None:
    result = speaking.run(f"--eval-agent=agents:{agent}", "--eval-concurrency=8", "--tb=no", "-v")
    result.assert_outcomes(failed=20)
    assert "out of" not in result.stdout.str()
    assert "err of" not in result.stdout.str() + result.stderr.str()


def test_without_capture_it_is_printed_when_the_cases_turn_has_come(speaking: Suite) -> None:
    result = speaking.run("--eval-agent=agents:later", "-s", "--tb=no")
    printed = re.findall(r"out of (q\d\d)", result.stdout.str())
    assert printed == [f"q{number:02}" for number in NUMBERS for _ in range(3)]
    assert len(re.findall(r"err of (q\d\d)", result.stderr.str())) == 60


@pytest.mark.parametrize("agent", ["later", "threaded"])
def test_live_logs_are_under_their_own_case(speaking: Suite, agent: str) -> None:
    speaking.configure("log_cli = true", "log_cli_level = INFO")
    result = speaking.run(f"--eval-agent=agents:{agent}", "--eval-concurrency=8", "--tb=no")
    case = None
    seen: dict[str | None, list[str]] = {}
    for line in result.outlines:
        if found := re.search(r"::(c\d\d)", line):
            case = found[1]
        elif found := re.search(r"of (q\d\d)", line):
            seen.setdefault(case, []).append(found[1])
    assert seen == {f"c{number:02}": [f"q{number:02}"] * 6 for number in NUMBERS}


def test_a_log_file_has_every_record_once(speaking: Suite) -> None:
    speaking.run("--eval-agent=agents:later", "--log-file=log.txt", "--log-file-level=INFO")
    records = (speaking.path / "log.txt").read_text()
    assert len(re.findall(r"WARNING .*warned of", records)) == 60
    assert len(re.findall(r"INFO .*informed of", records)) == 60


def test_the_log_level_holds_for_all_calls_between_cases_too(speaking: Suite) -> None:
    result = speaking.run("--eval-agent=agents:later", "--log-level=INFO")
    assert all(text.count("informed of") == 3 for text in sections(result).values())


def test_a_handler_of_the_users_gets_every_record_once_and_at_once(speaking: Suite) -> None:
    speaking.write(
        "conftest.py",
        """
        import logging

        class Mine(logging.Handler):
            def emit(self, record):
                with open("mine.txt", "a") as file:
                    file.write(record.getMessage() + "\\n")

        logging.getLogger().addHandler(Mine())
        """,
    )
    speaking.run_subprocess("--eval-agent=agents:later")
    lines = (speaking.path / "mine.txt").read_text().splitlines()
    assert sorted(lines) == sorted(f"warned of q{number:02}" for number in NUMBERS for _ in range(3))


def test_a_fixture_sees_what_the_agent_logged(suite: Suite) -> None:
    suite.write("agents.py", AGENT)
    suite.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(autouse=True)
        def logged(request, caplog):
            yield
            question = request.node.case.question
            assert [record.getMessage() for record in caplog.get_records("setup")] == [f"warned of {question}"] * 3
        """,
    )
    suite.cases("a: one -> one", "b: two -> two")
    suite.run("--eval-agent=agents:later").assert_outcomes(passed=2)


@pytest.mark.parametrize("agent", ["flood", "flood_later"])
def test_a_flood_is_bounded(suite: Suite, agent: str) -> None:
    suite.write(
        "agents.py",
        """
        def flood(question):
            for _ in range(1000):
                print("x" * 100_000)
            return question

        async def flood_later(question):
            return flood(question)
        """,
    )
    suite.cases("a: one -> other", "b: two -> two")
    result = suite.run(f"--eval-agent=agents:{agent}", "--eval-concurrency=2")
    result.assert_outcomes(failed=1, passed=1)
    assert result.stdout.str().count("x") < 1_100_000
    result.stdout.fnmatch_lines(["... (99,001,000 more characters were printed or logged)"])


def test_what_is_printed_may_be_anything(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        async def bot(question):
            print("::add-mask::e")
            print("\\x1b]52;c;ZXZpbA==\\x07 \\ud800 größer")
            return question
        """,
    )
    suite.cases("a: one -> other", "b: two -> two")
    result = suite.run("--eval-agent=agents:bot", "--eval-json=run.json", "--junitxml=junit.xml")
    result.assert_outcomes(failed=1, passed=1)
    assert len(ET.parse(suite.path / "junit.xml").findall(".//testcase")) == 2


def test_standard_streams_are_given_back(suite: Suite) -> None:
    suite.write("agents.py", AGENT)
    suite.write(
        "conftest.py",
        """
        import logging
        import sys

        before = (list(logging.getLogger().handlers), logging.getLogger().level)

        def pytest_unconfigure(config):
            assert "write" not in vars(sys.stdout)
            assert (logging.getLogger().handlers, logging.getLogger().level) == before
            sys.stdout.write("all is well\\n")
        """,
    )
    suite.cases("a: one -> one")
    result = suite.run_subprocess("--eval-agent=agents:later", "--log-level=DEBUG")
    result.stdout.fnmatch_lines(["all is well"])


def test_what_an_agent_prints_cannot_drive_the_terminal(suite: Suite) -> None:
    suite.write(
        "agents.py",
        r"""
        def loud(question):
            print("\x1b]52;c;ZXZpbA==\x07", end="")
            print("\n::add-mask::e\n\x1b[2Jgone\rover")
            return "no"
        """,
    )
    suite.configure(agents=("loud = agents:loud",))
    suite.cases("a: one -> one")
    result = suite.run("--color=yes")
    shown = result.stdout.str()
    assert "Captured stdout setup" in shown
    assert "\\x1b]52;c;ZXZpbA==\\x07" in shown
    assert "\\x1b[2Jgone\\rover" in shown
    assert "\n::" not in shown
    assert "\x1b]" not in shown
