"""Cases run under the plugins that people have beside this one, each installed and at work in a process of its own."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from suites import Suite

DEADLY = """
    import os, time

    def agent(question):
        if question == "die":
            os._exit(7)
        time.sleep(0.1)  # so that xdist hears of the death before it has anything to say to the dead
        return question
"""

ALL = ("anyio", "asyncio", "html", "metadata", "randomly", "rerunfailures", "timeout", "xdist", "xdist.looponfail")
GUARD = 60
"""Seconds after which a run hangs; none takes more than a few."""


class Neighbours:
    """Runs ``pytest --eval-suite`` in a process with the named plugins and no others."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite

    def run(self, *arguments: Any, beside: str = "") -> pytest.RunResult:
        """Run with the plugins that ``beside`` names."""
        for name in beside.split():
            if not entry_points(group="pytest11", name=name):
                pytest.skip(f"no pytest plugin {name!r} is installed")
        loaded = [f"-p{name}" for name in ("evalsuite", *beside.split())]
        return self.suite.pytester.runpytest_subprocess(
            *loaded, "--eval-suite", "--eval-json=run.json", *arguments, timeout=GUARD
        )

    def alone(self) -> Any:
        """What the artifact of a run without any other plugin says, but for what the clock decides."""
        self.suite.run("-pevalsuite", "--eval-json=run.json").assert_outcomes(passed=6, failed=1)
        return settled(self.artifact())

    def artifact(self) -> dict[str, Any]:
        """The artifact of the last run."""
        found: dict[str, Any] = json.loads((self.suite.path / "run.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture
def neighbours(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    """Two test sets, mixed with a test file; no plugin is loaded unless it is named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.cases("a: one -> one", "b: two -> zwei", "v1.2@x: three -> three", "d: four -> four")
    suite.cases("a: five -> five", "f: six -> six", name="other.eval.yaml")
    suite.write("test_plain.py", "def test_plain(): pass")
    return Neighbours(suite)


def settled(artifact: dict[str, Any]) -> Any:
    """An artifact without what the clock decides, or chance."""
    clock = {"trace_id", "execution_time_ms", "created_at", "started_at", "completed_at", "latency"}

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items() if key not in clock}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return clean({**artifact, "run": artifact["run"]["status"]})


# pytest-xdist


@pytest.mark.parametrize("dist", ["load", "loadfile", "loadgroup", "worksteal"])
def test_workers_give_the_same_artifact(neighbours: Neighbours, dist: str) -> None:
    alone = neighbours.alone()
    result = neighbours.run("-n2", f"--dist={dist}", beside="xdist")
    result.assert_outcomes(passed=6, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert settled(neighbours.artifact()) == alone
    journals = sorted((neighbours.suite.path / ".evalsuite").glob("runs/*/results-gw*.jsonl"))
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in journals) == 6


def test_a_group_of_cases_stays_with_one_worker(neighbours: Neighbours) -> None:
    suite = neighbours.suite
    suite.write("where.py", "import os\ndef agent(question): return os.environ['PYTEST_XDIST_WORKER']\n")
    suite.write(
        "test_plain.py",
        """
        import time

        import pytest

        @pytest.mark.xdist_group("functions")
        @pytest.mark.parametrize("number", range(30))
        def test_plain(number, worker_id):
            time.sleep(0.02)  # so that no worker is done before the other has begun
            with open("workers.txt", "a") as out:
                out.write(worker_id + "\\n")
        """,
    )
    suite.write(
        "set.eval.yaml",
        """
        marks: [xdist_group]
        defaults: {test_method: regex, pattern: "gw."}
        cases: [{id: a, question: a}, {id: b, question: b}, {id: c, question: c}, {id: d, question: d}]
        """,
    )
    arguments = ("-n2", "--dist=loadgroup", "--eval-agent=where:agent", "set.eval.yaml", "test_plain.py")
    neighbours.run(*arguments, beside="xdist").assert_outcomes(passed=34)
    if len(set((suite.path / "workers.txt").read_text(encoding="utf-8").split())) > 1:
        pytest.skip("this xdist cannot keep a group together under this pytest, whatever is in it")
    assert len({record["actual_response"] for record in suite.results().values()}) == 1


def test_workers_tell_what_is_missing(neighbours: Neighbours) -> None:
    result = neighbours.run("-n2", "--eval-agent=ecko", beside="xdist")
    assert result.ret not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert "agent 'ecko' is not configured; did you mean 'echo'?" in str(result.stdout) + str(result.stderr)
    assert "INTERNALERROR" not in str(result.stdout) + str(result.stderr)
    artifact = neighbours.suite.path / "run.json"
    assert not artifact.exists() or not any(e["results"] for e in neighbours.artifact()["evaluations"])


def test_a_selection_of_nothing_fails_under_workers_too(neighbours: Neighbours) -> None:
    result = neighbours.run("-n2", "-k", "test_plain", beside="xdist")
    result.assert_outcomes(passed=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*no case was selected*"])


@pytest.mark.parametrize("dist", ["load", "worksteal"])
def test_a_case_whose_worker_died_is_an_error_and_the_others_have_results(neighbours: Neighbours, dist: str) -> None:
    suite = neighbours.suite
    suite.write("deadly.py", DEADLY)
    suite.cases(
        *(f"c{n}: {n} -> {n}" for n in range(5)), "killer@1: die -> die", *(f"d{n}: {n} -> {n}" for n in range(5))
    )
    result = neighbours.run("-n2", f"--dist={dist}", "--eval-agent=deadly:agent", "set.eval.yaml", beside="xdist")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    results = suite.results()
    killer = results.pop("killer@1")
    assert (killer["status"], killer["cause"]["kind"]) == ("error", "worker_crash")
    assert "crashed" in killer["cause"]["message"]
    assert {record["status"] for record in results.values()} == {"passed"}
    assert len(results) == 10
    assert neighbours.artifact()["run"]["status"] == "succeeded"


def test_stopping_early_under_workers_leaves_the_rest_not_run(neighbours: Neighbours) -> None:
    suite = neighbours.suite
    suite.write("slow.py", "import time\ndef agent(question):\n    time.sleep(0.02)\n    return question\n")
    suite.cases("bad: x -> y", *(f"c{n}: {n} -> {n}" for n in range(40)))
    result = neighbours.run("-n2", "-x", "--eval-agent=slow:agent", "set.eval.yaml", beside="xdist")
    assert result.ret != 0
    artifact = neighbours.artifact()
    assert artifact["run"]["status"] == "cancelled"
    statuses = list(suite.statuses().values())
    assert len(statuses) == 41
    assert statuses.count("failed") == 1
    assert statuses.count("not_run") > 0
    assert set(statuses) == {"passed", "failed", "not_run"}


def test_the_journal_has_what_finished_before_the_process_died(neighbours: Neighbours) -> None:
    suite = neighbours.suite
    suite.write("deadly.py", DEADLY)
    suite.cases("a: 1 -> 1", "b: 2 -> zwei", "killer: die -> die", "c: 3 -> 3")
    assert neighbours.run("--eval-agent=deadly:agent", "set.eval.yaml").ret == 7
    (run,) = (suite.path / ".evalsuite" / "runs").iterdir()
    lines = (run / "results-main.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(r["case_id"], r["status"]) for r in map(json.loads, lines)] == [("a", "passed"), ("b", "failed")]
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["status"] == "running"


# pytest-randomly


def test_random_order_gives_the_same_artifact(neighbours: Neighbours) -> None:
    alone = neighbours.alone()
    for seed in (1, 4):
        neighbours.run(f"--randomly-seed={seed}", beside="randomly").assert_outcomes(passed=6, failed=1)
        assert settled(neighbours.artifact()) == alone


# pytest-rerunfailures


def test_a_rerun_asks_afresh_and_leaves_one_result(neighbours: Neighbours) -> None:
    suite = neighbours.suite
    suite.write(
        "flaky.py",
        """
        asked = []

        def agent(question):
            asked.append(question)
            if question == "breaks" and asked.count(question) == 1:
                raise OSError("no line")
            return f"{question} {asked.count(question)}"
        """,
    )
    suite.cases("low: flaky -> flaky 2", "error: breaks -> breaks 2", "never: bad -> good", "fine: fine -> fine 1")
    arguments = ("--reruns=2", "--eval-agent=flaky:agent", "set.eval.yaml")
    result = neighbours.run(*arguments, beside="rerunfailures")
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"], outcomes["rerun"]) == (3, 1, 4)
    records = suite.results()
    assert {case_id: record["actual_response"] for case_id, record in records.items()} == {
        "low": "flaky 2",
        "error": "breaks 2",
        "never": "bad 3",
        "fine": "fine 1",
    }
    assert suite.statuses() == {"low": "passed", "error": "passed", "never": "failed", "fine": "passed"}
    assert neighbours.artifact()["totals"]["total"] == 4


# pytest-timeout


def test_a_timeout_of_pytest_timeout_is_an_error_of_the_case(neighbours: Neighbours) -> None:
    suite = neighbours.suite
    suite.write(
        "slow.py",
        "import time\ndef agent(question):\n    time.sleep(question == 'slow' and 30)\n    return question\n",
    )
    suite.cases("a: 1 -> 1", "slow: slow -> slow", "b: 2 -> 2")
    arguments = ("--timeout=1", "--timeout-method=signal", "--eval-agent=slow:agent", "set.eval.yaml")
    result = neighbours.run(*arguments, beside="timeout")
    result.assert_outcomes(passed=2, errors=1)
    assert suite.statuses() == {"a": "passed", "slow": "error", "b": "passed"}
    assert "imeout" in suite.results()["slow"]["cause"]["message"]


# pytest-html


def test_the_html_report_shows_why_a_case_failed(neighbours: Neighbours) -> None:
    result = neighbours.run("--html=report.html", "--self-contained-html", beside="html metadata")
    result.assert_outcomes(passed=6, failed=1)
    report = (neighbours.suite.path / "report.html").read_text(encoding="utf-8")
    assert "score 0.00 &amp;lt; 1.00 (exact_match)" in report or "score 0.00 &lt; 1.00 (exact_match)" in report
    for part in ("zwei", "set.eval.yaml::b", "expected"):
        assert part in report


# pytest-asyncio and anyio


@pytest.mark.parametrize("beside", ["asyncio", "anyio", "asyncio anyio"])
def test_asynchronous_agents_and_asynchronous_tests_share_a_session(neighbours: Neighbours, beside: str) -> None:
    mark = "anyio" if beside == "anyio" else "asyncio"
    neighbours.suite.write(
        "test_plain.py",
        f"""
        import asyncio
        import pytest

        @pytest.mark.{mark}
        async def test_plain():
            await asyncio.sleep(0)
        """,
    )
    neighbours.suite.write("conftest.py", "import pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n")
    result = neighbours.run("--eval-agent=agents:async_echo", beside=beside)
    result.assert_outcomes(passed=6, failed=1)


def test_an_agent_fixture_of_pytest_asyncio_is_awaited(neighbours: Neighbours) -> None:
    neighbours.suite.write(
        "conftest.py",
        """
        import asyncio
        import pytest_asyncio

        @pytest_asyncio.fixture
        async def eval_agent():
            await asyncio.sleep(0)
            async def agent(question):
                await asyncio.sleep(0)
                return question
            return agent
        """,
    )
    neighbours.run(beside="asyncio").assert_outcomes(passed=6, failed=1)


# All together


def test_all_neighbours_together(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = neighbours.suite
    alone = neighbours.alone()
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    reports = ("--html=report.html", "--junitxml=junit.xml")
    result = neighbours.run("-n2", "--reruns=1", "--timeout=30", "--randomly-seed=3", *reports, beside=" ".join(ALL))
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"], outcomes["rerun"]) == (6, 1, 1)
    assert settled(neighbours.artifact()) == alone
    assert "INTERNALERROR" not in str(result.stdout)
    names = [case.get("name") for case in ET.parse(suite.path / "junit.xml").findall(".//testcase")]
    assert len(names) >= 7
    assert Path(suite.path / "report.html").exists()


def test_hooks_of_a_folder_hear_of_its_own_cases_only(suite: Suite) -> None:
    heard = """
        def pytest_runtest_setup(item):
            with open("heard.txt", "a", encoding="utf-8") as file:
                file.write(f"{__file__.split('/')[-2]} {item.name}\\n")
        """
    for folder in ("first", "second"):
        suite.write(f"{folder}/conftest.py", heard)
        suite.cases(f"{folder}-1: q -> q", f"{folder}-2: q -> q", name=f"{folder}/set.eval.yaml")
    suite.run().assert_outcomes(passed=4)
    told = (suite.path / "heard.txt").read_text(encoding="utf-8").splitlines()
    assert told == [f"{folder} {folder}-{number}" for folder in ("first", "second") for number in (1, 2)]
