"""The suite that the soak runs: two agents, in fixed shares of what can go wrong with an agent."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

AGENT = Path(__file__).with_name("soak_agent.py")
PERIOD = 1000
KINDS = {slot: "wrong" for start in range(0, PERIOD, 200) for slot in range(start + 6, start + 16)}
KINDS |= {slot: "floods" for start in range(0, PERIOD, 200) for slot in range(start + 4, start + 6)}
KINDS |= dict.fromkeys(range(3, PERIOD, 200), "crashes")
KINDS |= {slot: "raises" for start in range(0, PERIOD, 200) for slot in range(start, start + 3)}
KINDS |= {2: "hangs"}
"""What the agent does with these of 1,000 cases; the others it answers well."""
TIMEOUT = 3
"""Seconds: a program that starts anew on a busy machine must not be too late."""

CONFTEST = """
import sys
from pytest_evalsuite import CommandAgent

def pytest_evalsuite_agents():
    import soak_agent
    program = CommandAgent([sys.executable, "soak_agent.py"], keep_alive=True, processes=4)
    return {"in_process": soak_agent.answer, "program": program}
"""

HEAD = "name: Soak\ndefaults: {{test_method: contains, timeout: {timeout}}}\ncases:\n"


def kind(number: int, hangs: bool) -> str:
    """What the agent does with this case: each kind is spread over the suite."""
    found = KINDS.get(number * 77 % PERIOD, "answers")
    return "raises" if found == "hangs" and not hangs else found


def status(what: str) -> tuple[str, str | None]:
    """The status that a case of this kind has in the end, and the kind of its cause."""
    if what in ("raises", "crashes"):
        return "error", "agent"
    if what == "hangs":
        return "error", "timeout"
    return ("failed" if what == "wrong" else "passed"), None


def write(folder: Path, cases: int, *, hangs: bool = True) -> Counter[tuple[str, str, str | None]]:
    """Write a suite of so many cases, each put to both agents, and give how many are to end how."""
    kinds = [kind(number, hangs) for number in range(cases)]
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(AGENT, folder / AGENT.name)
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
    lines = (
        f"  - {{id: case-{number:06}, question: {what} {number}, expected_response: right}}\n"
        for number, what in enumerate(kinds)
    )
    (folder / "soak.eval.yaml").write_text(HEAD.format(timeout=TIMEOUT) + "".join(lines), encoding="utf-8")
    return Counter((agent, *status(what)) for agent in ("in_process", "program") for what in kinds)


def command(*options: str) -> list[str]:
    """Pytest on the suite in the current folder."""
    plugins = ("-p", "pytest_evalsuite.plugin", "-p", "no:cacheprovider")
    wanted = ("--eval-agent", "in_process", "--eval-agent", "program", "--eval-json", "run.json")
    return [sys.executable, "-m", "pytest", *plugins, "-q", "--tb=no", "-rN", "--eval-suite", *wanted, *options]


def environment() -> dict[str, str]:
    """The variables of its process."""
    return {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def artifact(folder: Path) -> dict[str, Any]:
    """What the run left."""
    document: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return document


def results(document: dict[str, Any]) -> list[dict[str, Any]]:
    """All records of an artifact."""
    return [record for evaluation in document["evaluations"] for record in evaluation["results"]]


def outcomes(document: dict[str, Any]) -> Counter[tuple[str, str, str | None]]:
    """How many cases ended how."""
    return Counter(
        (record["agent"], record["status"], record.get("cause", {}).get("kind")) for record in results(document)
    )


def processes_in(folder: Path) -> list[int]:
    """Processes that run in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve() and (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:  # it ended meanwhile
            continue
    return found
