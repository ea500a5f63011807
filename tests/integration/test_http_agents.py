"""Agents behind an HTTP address in whole runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from http_service import Asked, Reply, Service
from suites import Suite

SECRET = "s3cr3t-value-17"


def test_an_address_is_an_agent(suite: Suite, service: Service) -> None:
    suite.configure(agents=(f"service = {service.address}/ask?v=1",))
    suite.cases("a: one -> one", "b: two -> three")
    result = suite.run("--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1)
    assert suite.statuses() == {"a": "passed", "b": "failed"}
    assert {asked.path for asked in service.asked} == {"/ask?v=1"}


def test_an_address_is_named_on_the_command_line(suite: Suite, service: Service) -> None:
    suite.cases("a: one -> one")
    suite.run(f"--eval-agent={service.address}/").assert_outcomes(passed=1)


def test_a_test_set_names_no_address(suite: Suite, service: Service) -> None:
    suite.cases("a: one -> one", head=f"agent: {service.address}/")
    result = suite.run()
    assert result.ret != 0
    assert service.asked == []


def test_an_agent_of_a_conftest_with_usage_and_cost(
    suite: Suite, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE", service.address)
    monkeypatch.setenv("SERVICE_TOKEN", SECRET)
    suite.write(
        "conftest.py",
        """
        from pytest_evalsuite import HttpAgent

        def pytest_evalsuite_agents():
            agent = HttpAgent(
                "${SERVICE}/v1", headers={"Authorization": "Bearer ${SERVICE_TOKEN}"}, body={"q": "{question}"},
                output="text", usage="usage", cost="usd", tool_calls="tools", backoff=0.001,
            )
            return {"service": agent}
        """,
    )
    answer = {"usage": {"input_tokens": 7, "output_tokens": 2}, "usd": 0.25, "tools": [{"name": "look"}]}

    def reply(asked: object) -> Reply:
        question = service.asked[-1].json["q"]
        if question == "denied":
            return Reply(f"bad token {SECRET}", status=403)
        return Reply({"text": question, **answer})

    service.reply = reply
    suite.cases("a: one -> one", "b: denied -> x", "c: three -> three")
    result = suite.run("--eval-agent=service", "--eval-json=run.json")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*error (agent): AgentError: POST ${SERVICE}/v1 answered 403: bad token ${SERVICE_TOKEN}*"]
    )
    record = suite.results()["a"]
    assert (record["usage"], record["cost"]) == ({"input_tokens": 7, "output_tokens": 2}, 0.25)
    assert record["tool_calls"] == [{"name": "look", "arguments": {}}]
    assert suite.artifact()["totals"]["cost"] == 0.5
    assert {asked.headers["Authorization"] for asked in service.asked} == {f"Bearer {SECRET}"}
    written = [path for path in suite.path.rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert SECRET not in result.stdout.str()


def test_calls_overlap(suite: Suite, service: Service) -> None:
    together = threading.Barrier(10)
    service.reply = lambda asked: Reply({"answer": asked.json["question"]}, meets=together)
    suite.configure(agents=(f"service = {service.address}/",))
    suite.cases(*(f"c{number}: q -> q" for number in range(10)))
    suite.run().assert_outcomes(passed=10)


def test_the_time_limit_of_a_call_ends_it_and_the_rest_goes_on(suite: Suite, service: Service) -> None:
    service.reply = lambda asked: Reply({"answer": "x"}, delay=5.0 if asked.json["question"] == "slow" else 0.0)
    suite.configure(agents=(f"service = {service.address}/",))
    suite.cases("a: slow -> x", "b: quick -> x")
    result = suite.run("--eval-timeout=0.3", "--eval-json=run.json")
    result.assert_outcomes(passed=1, errors=1)
    assert suite.results()["a"]["cause"]["kind"] == "timeout"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://x/${NO_SUCH}", "agent 'a': the agent's address http://x/${NO_SUCH} needs the environment variable"),
        ("https://", "agent 'a': 'https://' is no http(s) address"),
    ],
)
def test_a_wrong_address_is_told_before_any_call(suite: Suite, target: str, message: str) -> None:
    suite.configure(agents=(f"a = {target}",))
    suite.cases("a: one -> one")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert any(message in line for line in result.outlines + result.errlines)


@pytest.mark.parametrize(("target", "extra"), [("http://x/", "http"), ("openai:m", "chat")])
def test_what_is_not_installed_is_told_before_any_call(target: str, extra: str) -> None:
    code = (
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name in ('httpx', 'openai') else real(name, *rest)\n"
        "from pytest_evalsuite.agents import load_agent\n"
        "from pytest_evalsuite.errors import ConfigurationError\n"
        f"try: load_agent('bot', {{'bot': {target!r}}})\n"
        "except ConfigurationError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert f"pip install 'pytest-evalsuite[{extra}]'" in done.stdout
    assert done.stdout.startswith("agent 'bot': ")


def test_a_conversation_over_http_is_one_session_with_its_history_and_its_cookies(
    suite: Suite, service: Service
) -> None:
    def reply(asked: Asked) -> Reply:
        count = int(asked.headers.get("Cookie", "count=0").partition("=")[2]) + 1
        return Reply({"answer": f"answer {count}"}, headers={"Set-Cookie": f"count={count}"})

    service.reply = reply
    suite.configure(agents=(f"service = {service.address}/ask",))
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        conversations:
          - id: first
            turns:
              - {id: a, question: one, expected_response: answer 1}
              - {id: b, question: two, expected_response: answer 2}
          - id: second
            turns: [{id: a, question: one, expected_response: answer 1}]
        """,
    )
    suite.run().assert_outcomes(passed=3)
    second = next(asked.json for asked in service.asked if asked.json["question"] == "two")
    assert second["history"] == [{"role": "user", "content": "one"}, {"role": "assistant", "content": "answer 1"}]
    assert len({asked.json["session_id"] for asked in service.asked}) == 2
