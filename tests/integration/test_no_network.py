"""Nothing reaches the network unless an agent or a judge does that configuration names."""

from __future__ import annotations

import pytest
from processes import run
from suites import Suite

BLOCKED = """
    import sys

    asked = []

    def watch(event, arguments):
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind", "socket.gethostbyname"):
            asked.append((event, arguments))
            raise PermissionError(f"{event}{arguments!r}")

    sys.addaudithook(watch)

    def pytest_unconfigure():
        assert not asked, asked
        print("nobody was asked")
"""
CASES = """
    name: everything without a service
    gate: {pass_rate: 0.1}
    defaults: {test_method: exact_match}
    cases:
      - {id: exact, question: one, expected_response: one}
      - {id: similar, question: one, expected_response: ones, test_method: similarity, passing_score: 0.1}
      - {id: regex, question: one, test_method: regex, pattern: o.*}
      - {id: judged, question: one, expected_response: one, test_method: semantic_quality, judge: embedded}
      - {id: address, question: one, expected_response: one, file_url: "https://example.com/a.pdf"}
      - {id: failed, question: one, expected_response: two}
      - {id: code, question: "__import__('os').system('touch owned')", expected_response: x}
"""


@pytest.mark.parametrize("arguments", [(), ("--eval-concurrency=4",), ("-n2",)], ids=["here", "threads", "workers"])
def test_a_run_asks_nobody(suite: Suite, arguments: tuple[str, ...]) -> None:
    suite.write("watching.py", BLOCKED)
    suite.write(
        "agents.py",
        """
        def echo(question, files=()):
            return question

        async def later(question, files=()):
            return question
        """,
    )
    suite.configure("evalsuite_judge = embedded", agents=("echo = agents:echo", "later = agents:later"))
    suite.write("set.eval.yaml", CASES)
    suite.write("more.eval.csv", "question,expected_response,test_method\none,one,exact_match\n")
    outputs = (
        "--eval-json=run.json",
        "--eval-csv=run.csv",
        "--eval-markdown=run.md",
        "--junitxml=junit.xml",
        "--eval-record",
    )
    code, written = run(
        suite,
        *("-pwatching", *outputs, *arguments, "--eval-agent=echo", "--eval-agent=later", "--eval-fail-on=gate"),
        beside="xdist" if arguments == ("-n2",) else "",
        PYTHONPATH=str(suite.path),
    )
    assert code == 0, written
    assert "nobody was asked" in written
    assert not (suite.path / "owned").exists()
    code, written = run(suite, "-pwatching", "--eval-replay=latest", "--eval-agent=echo", PYTHONPATH=str(suite.path))
    assert "nobody was asked" in written


def test_what_watches_would_see_it(suite: Suite) -> None:
    suite.write("watching.py", BLOCKED)
    suite.write("agents.py", "import socket\n\ndef echo(question):\n    socket.create_connection(('127.0.0.1', 9))\n")
    suite.cases("a: one -> one")
    code, written = run(suite, "-pwatching", PYTHONPATH=str(suite.path))
    assert code != 0
    assert "socket." in written
    assert "nobody was asked" not in written
