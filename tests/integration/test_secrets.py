"""Secrets reach no file and no terminal, by whatever way and in whatever form they come."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from commands import run as evalsuite
from http_service import Reply, Service
from processes import run
from suites import Suite

from pytest_evalsuite.redaction.forms import forms_of

SECRET = 'zq8"Vx/T7+w\\Lm&5%Kd2'
TOKEN = "wJ4rXUtnFEMIK7MDENGbPxRfiCYzEXAMPLEKEY9"
ODD = "Tr0ub4dor&3<quartz>"
FOUND = "ghp_" + "Zx9Qw8Er7Ty6Ui5Op4As3Df2Gh1Jk0Lz7Xc6"
LEARNT = "hk71-QQ-vault-4410-xx"
OURS = "zanzibar-quetzal-hook"
NUMBERED = "CUST-4481-09"
ALL = (SECRET, TOKEN, ODD, FOUND, LEARNT, OURS, NUMBERED)
ENV = {
    "SHOP_API_KEY": SECRET,
    "SHOP_SECRET_ACCESS_KEY": TOKEN,
    "DB_PASSWORD": ODD,
    "CUSTOMER": NUMBERED,
    "A_KEY": "abc",
    "MAX_TOKENS": "4096",
    "PGPASSWORD": "postgres",
}

AGENT = """
    import asyncio, base64, json, logging, os, sys, urllib.parse, warnings

    log = logging.getLogger("shop")

    def found():
        return "{found}"[::-1]

    def secrets():
        os.environ.setdefault("LATE_TOKEN", "{learnt}"[::-1])
        names = ("SHOP_API_KEY", "SHOP_SECRET_ACCESS_KEY", "DB_PASSWORD", "LATE_TOKEN", "CUSTOMER")
        return [*(os.environ[name] for name in names), found(), "{ours}"[::-1]]

    def forms(secret):
        yield secret
        yield f"https://shop.example/v1?api_key={{urllib.parse.quote(secret)}}&page=2"
        yield f"https://me:{{urllib.parse.quote(secret, safe='')}}@shop.example/"
        yield urllib.parse.quote_plus(secret)
        yield repr({{"key": secret}})
        yield json.dumps({{"key": secret}})
        yield json.dumps(json.dumps([secret]))
        for before in ("", "u", "us", "user:"):
            yield base64.b64encode(f"{{before}}{{secret}}!".encode()).decode()
            yield base64.urlsafe_b64encode(f"{{before}}{{secret}}".encode()).decode()

    def everything():
        return [form for secret in secrets() for form in forms(secret)]

    def answer(question):
        texts = everything()
        for text in texts:
            print(text)
            print(text, file=sys.stderr)
            log.warning("asked with %s", text)
            warnings.warn(text)
        if question == "raise":
            raise RuntimeError("could not reach " + " ".join(texts))
        if question == "cut":
            raise RuntimeError("\\n".join("x" * (990 - shift) + " " + text + " " + "y" * 4000
                               for shift in range(2) for text in secrets()))
        if question == "chain":
            try:
                raise ValueError(texts)
            except ValueError as error:
                raise KeyError(*secrets()) from error
        if question == "dict":
            return {{"output": {{"said": texts, texts[0]: 1}}, "metadata": {{"headers": texts}},
                    "tool_calls": [{{"name": "call", "arguments": {{"key": texts}}}}]}}
        return " | ".join(texts)

    async def later(question):
        await asyncio.sleep(0)
        return answer(question)
"""
CONFTEST = """
    import pytest
    import agents

    def pytest_addoption(parser):
        parser.addoption("--shop-token")
        parser.addoption("--shop-url")

    def pytest_evalsuite_secrets():
        return [agents.secrets()[-1]]

    def pytest_evalsuite_methods():
        def leaking(actual, expected):
            return False

        def telling(actual):
            from pytest_evalsuite import Score
            return Score(0.25, reason=" ".join(agents.everything()), evidence={"seen": agents.everything()})

        return {"telling": telling}

    def pytest_evalsuite_judges():
        return {"candid": lambda answer: {"passed": False, "reason": " ".join(agents.everything())}}

    @pytest.fixture(autouse=True)
    def tidy(request, record_property):
        key, *others = agents.secrets()
        record_property("seen", " ".join(agents.everything()))
        if request.node.name.startswith("early"):
            raise LookupError(key)
        yield
        if request.node.name.startswith("late"):
            raise LookupError(" ".join([key, *others]))
"""
CASES = """
    defaults: {test_method: exact_match}
    cases:
      - {id: plain, question: plain, expected_response: other}
      - {id: raise, question: raise, expected_response: other}
      - {id: cut, question: cut, expected_response: other}
      - {id: chain, question: chain, expected_response: other}
      - {id: dict, question: dict, expected_response: other}
      - {id: early, question: plain, expected_response: other}
      - {id: late, question: plain, expected_response: other}
      - {id: told, question: plain, test_method: telling}
      - {id: judged, question: plain, test_method: agent_as_judge, criteria: kind, judge: candid}
      - {id: known, question: plain, expected_response: other, xfail: they know}
"""
TESTS = """
    import agents
    import pytest

    def test_ordinary():
        key, token, password, late, customer, found, ours = agents.secrets()
        header = {"note": "x" * 100, "Authorization": "Bearer " + token, "more": "y" * 300}
        long = "x" * 105 + key + "y" * 500
        end = "x" * 500 + token + "y" * 95
        assert header == key

    def test_skipped():
        pytest.skip(agents.secrets()[0])

    def test_expected():
        pytest.xfail(agents.secrets()[0])
"""
EVERYWHERE = (
    *("--eval-json=out/run.json", "--eval-csv=out/run.csv", "--eval-markdown=out/run.md", "--junitxml=out/junit.xml"),
    *(
        "--eval-github=summary",
        "--eval-github=annotations",
        "--eval-record",
        "--html=out/report.html",
        "--self-contained-html",
    ),
    *("--showlocals", "-rA", "-vv", "--log-file=out/pytest.log"),
)


@pytest.fixture
def leaky(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite that leaks the values of its environment wherever it can, without holding one itself."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LATE_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / "summary.md"))
    names = {"found": FOUND[::-1], "learnt": LEARNT[::-1], "ours": OURS[::-1]}
    suite.write(
        "agents.py",
        re.sub(r"\{(found|learnt|ours)\}", lambda m: names[m[1]], AGENT).replace("{{", "{").replace("}}", "}"),
    )
    suite.write("conftest.py", CONFTEST)
    suite.write("test_ordinary.py", TESTS)
    suite.write("leaks.eval.yaml", CASES)
    suite.configure("evalsuite_secrets = CUSTOMER", agents=("leaky = agents:answer", "later = agents:later"))
    return suite


def leaks(texts: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Where ten characters or more of a secret stand, in any form."""
    parts: dict[str, str] = {}
    for secret in ALL:
        encoded = {*forms_of(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
        for form in encoded if secret != FOUND else (FOUND,):  # nobody knows it when it is encoded
            parts.update({form[start : start + 10]: secret for start in range(max(len(form) - 9, 1))})
    for name, text in texts:
        for line in dict.fromkeys(text.splitlines()):
            for start in range(len(line) - 9):
                if line[start : start + 10] in parts:
                    yield f"{name}: {parts[line[start : start + 10]]!r} in {line[max(start - 60, 0) : start + 40]!r}"


def all_files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--eval-agent=leaky",),
        ("--eval-agent=later", "-s", "--log-cli-level=INFO"),
        ("--eval-agent=leaky", "--eval-isolation=process"),
        ("--eval-agent=later", "-n2"),
        ("--eval-agent=leaky", f"--shop-token={LEARNT}", f"--shop-url=https://me:{quote(ODD)}@x/?key={TOKEN}", "-x"),
    ],
    ids=["captured", "uncaptured", "another process", "workers", "stopped"],
)
def test_no_file_and_no_terminal_holds_a_secret(leaky: Suite, arguments: tuple[str, ...]) -> None:
    beside = "pytest_html.plugin pytest_metadata.plugin" + (" xdist" if "-n2" in arguments else "")
    code, written = run(leaky, *EVERYWHERE, *arguments, beside=beside)
    assert code == 1, written
    shown = (
        evalsuite(leaky, "show", "latest", "--case=raise")[1]
        + evalsuite(leaky, "export", "latest", "--format=junit")[1]
    )
    found = list(leaks(iter([("terminal", written), ("evalsuite", shown), *all_files(leaky.path)])))
    assert not found, "\n".join(found[:20])
    outputs = {path.name: path.read_text("utf-8") for path in (leaky.path / "out").glob("*.*")}
    for name in ("SHOP_API_KEY", "SHOP_SECRET_ACCESS_KEY", "DB_PASSWORD", "LATE_TOKEN", "CUSTOMER", "github-token"):
        assert f"[redacted {name}]" in outputs["run.json"], name
    outputs.update(terminal=written, evalsuite=shown)
    assert [name for name, text in outputs.items() if "redacted" not in text and text] == []
    assert "secrets were left out of" in written


def test_the_score_is_that_of_the_true_answer(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", TOKEN)
    monkeypatch.setenv("EXPECTED", TOKEN)
    suite.write("agents.py", "import os\n\ndef tell(question):\n    return os.environ['SHOP_API_KEY']\n")
    suite.cases(f"a: say it -> {TOKEN}")
    result = suite.run("--eval-agent=agents:tell", "--eval-json=run.json", "--eval-record")
    result.assert_outcomes(passed=1)
    record = suite.results()["a"]
    assert (record["score"], record["actual_response"]) == (1.0, "[redacted SHOP_API_KEY]")
    result.stdout.fnmatch_lines(["secrets were left out of 1 result: SHOP_API_KEY"])


@pytest.mark.parametrize("is_known", [True, False])
def test_a_replay_finds_the_verdicts_on_what_was_kept(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    monkeypatch.setenv("SHOP_API_KEY", TOKEN)
    suite.write("agents.py", "import os\n\ndef tell(question):\n    return 'it is ' + os.environ['SHOP_API_KEY']\n")
    suite.write(
        "conftest.py",
        """
        import os

        def pytest_evalsuite_judges():
            return {"candid": lambda answer: {"passed": True, "reason": "said " + answer}}
        """,
    )
    head = "{id: a, question: q, test_method: agent_as_judge, criteria: kind, judge: candid}"
    suite.write("set.eval.yaml", f"cases:\n  - {head}\n")
    suite.run("--eval-agent=agents:tell", "--eval-record").assert_outcomes(passed=1)
    if not is_known:
        monkeypatch.delenv("SHOP_API_KEY")
    result = suite.run("--eval-agent=agents:tell", "--eval-replay=latest", "--eval-json=run.json")
    result.assert_outcomes(passed=1)
    assert suite.results()["a"]["reasoning"].endswith("said it is [redacted SHOP_API_KEY]")
    result.stdout.fnmatch_lines(["secrets were left out of 1 result: SHOP_API_KEY"])


def test_what_an_agent_sends_as_its_key_is_a_secret_wherever_it_stands(suite: Suite, service: Service) -> None:
    service.replies(*[Reply(f'{{"answer": "you said {LEARNT} and {OURS}"}}')] * 2)
    suite.write(
        "conftest.py",
        f"""
        from pytest_evalsuite.agents import HttpAgent

        shop = HttpAgent("{service.address}/ask", headers={{"Authorization": "Bearer {LEARNT}", "X-Key": "{OURS}"}})

        def pytest_evalsuite_agents():
            return {{"shop": shop}}
        """,
    )
    suite.configure(agents=())
    suite.cases("a: one -> one")
    suite.run("--eval-json=run.json")
    assert suite.results()["a"]["actual_response"] == "you said [redacted Authorization] and [redacted X-Key]"


def test_short_and_common_values_are_left_alone(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"A_KEY": "abc", "B_KEY": "1", "PGPASSWORD": "postgres", "MAX_TOKENS": "4096"}.items():
        monkeypatch.setenv(name, value)
    suite.cases("a: 'abc 1 postgres 4096' -> x")
    suite.run("--eval-json=run.json")
    assert suite.results()["a"]["actual_response"] == "'abc 1 postgres 4096'"


def test_what_a_user_names_and_what_not(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMER", "acme")
    monkeypatch.setenv("GPG_KEY", "A035C8C19219BA82")
    suite.write(
        "conftest.py",
        """
        import re

        def pytest_evalsuite_secrets():
            return {"pin": re.compile("pin (?P<secret>[0-9]{4})"), "project": "bluebird"}
        """,
    )
    suite.configure("evalsuite_secrets =", "    CUSTOMER", "    not GPG_KEY", "    not jwt")
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3"
    suite.cases(f"a: acme bluebird A035C8C19219BA82 pin 1234 {jwt} -> x")
    suite.run("--eval-json=run.json")
    assert suite.results()["a"]["actual_response"] == (
        f"[redacted CUSTOMER] [redacted project] A035C8C19219BA82 pin [redacted secret] {jwt}"
    )


@pytest.mark.parametrize(
    ("line", "hook", "message"),
    [
        (
            "not jvt",
            "",
            "*evalsuite_secrets: 'jvt' is no kind of secret and no variable in capitals; did you mean 'jwt'?",
        ),
        ("", "return ['abc']", "*pytest_evalsuite_secrets: expected texts of 4 characters or more*, got a text of 3*"),
        ("", "return [7]", "*pytest_evalsuite_secrets: *, got a int"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(suite: Suite, line: str, hook: str, message: str) -> None:
    suite.cases("a: b -> b")
    suite.configure(f"evalsuite_secrets = {line}")
    suite.write("conftest.py", f"def pytest_evalsuite_secrets():\n    {hook or 'pass'}\n")
    result = suite.run_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_ordinary_names_stay_what_results_are_found_by(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "refund-window-7")
    suite.cases("refund-window-7: refund-window-7 -> x")
    suite.run("--eval-json=run.json", "--eval-fail-on=never").assert_outcomes(xfailed=1)
    record = suite.results()["refund-window-7"]
    assert record["question"] == "[redacted SHOP_API_KEY]"
    suite.run("--eval-json=run.json", "--eval-resume", "--eval-fail-on=never").assert_outcomes(xfailed=1)
    assert suite.artifact()["run"]["resume"]["reused"] == 1


def test_without_eval_suite_nothing_is_taken_out(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", TOKEN)
    suite.write("test_it.py", "import os\n\ndef test_it():\n    print(os.environ['SHOP_API_KEY'])\n    assert 0\n")
    suite.run_idle().stdout.fnmatch_lines([TOKEN])
