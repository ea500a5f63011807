"""promptfoo: a provider in JavaScript, where it is at home, and one in Python; `equals` on each test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from peers.contender import Contender
from peers.environments import Environment
from peers.work import Work

JAVASCRIPT = """
const agent = process.env.BENCH_AGENT;
module.exports = class {
  id() { return "agent"; }
  async callApi(question) {
    if (agent === "instant") return { output: "The answer to: " + question };
    await new Promise((done) => setTimeout(done, 1000 * Number(question.split(" ")[1])));
    return { output: "done" };
  }
};
"""

PYTHON = """
from work import ask

def call_api(prompt, options, context):
    return {"output": ask(prompt)}
"""


def _write(provider: str, folder: Path, work: Work) -> None:
    tests = [
        {"vars": {"question": question}, "assert": [{"type": "equals", "value": expected}]}
        for question, expected in work.pairs
    ]
    whole = {"providers": [f"file://{provider}"], "prompts": ["{{question}}"], "tests": tests}
    (folder / "promptfooconfig.json").write_text(json.dumps(whole), encoding="utf-8")


def _command(environment: Environment, work: Work) -> list[str]:
    command = [
        environment.program("node"),
        environment.program("promptfoo"),
        "eval",
        "-c",
        "promptfooconfig.json",
        "-o",
        "out.json",
    ]
    return [*command, "--no-cache", "--no-table", "--no-write", "--no-progress-bar", "-j", str(max(4, work.at_once))]


def _counted(_output: str, folder: Path) -> tuple[int, int]:
    stats = json.loads((folder / "out.json").read_text(encoding="utf-8"))["results"]["stats"]
    return stats["successes"], stats["failures"] + stats["errors"]


HERE = Environment(node=("node@22", "promptfoo@0.123.1"))
OFF = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_SELF_HOSTED": "1",
    "PROMPTFOO_CONFIG_DIR": ".promptfoo",
    "PROMPTFOO_PYTHON": sys.executable,
}

CONTENDERS = [
    Contender(
        "promptfoo, JavaScript",
        "promptfoo",
        HERE,
        _command,
        {"agent.js": JAVASCRIPT},
        lambda folder, work: _write("agent.js", folder, work),
        _counted,
        agents=("instant", "async_wait"),
        variables=OFF,
        expected=(0, 100),
        slow=True,
        note="the agent is JavaScript too",
    ),
    Contender(
        "promptfoo, Python",
        "promptfoo",
        HERE,
        _command,
        {"provider.py": PYTHON},
        lambda folder, work: _write("provider.py", folder, work),
        _counted,
        variables=OFF,
        expected=(0, 100),
        most=2_000,
        slow=True,
    ),
]
