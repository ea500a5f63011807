"""A whole pull request, played in a scratch git repository: `python examples/pull_request.py`.

On main, ten runs of forty cases are accepted as the baseline. A branch breaks one case, while others are flaky anyway:
its check is red for the broken case alone. Then the branch mends it, and the check is green.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

AGENT = '''
"""Answers from a table; of four cases in forty it gets one in ten wrong, by the roll of a dice."""

import os
import random

dice = random.Random(os.environ["SEED"])
FLAKY = {"topic 7", "topic 17", "topic 27", "topic 37"}


def answer(question: str) -> str:
    topic = question.removeprefix("Tell me about ").removesuffix(".")
    if topic in FLAKY and dice.random() < 0.1:
        return "I do not know."
    return f"Here is what I know about {topic}."
'''
BROKEN = '    if topic == "topic 3":\n        return "Ask me something else."\n'
SUITE = "name: Topics\ndefaults: {test_method: contains}\ncases:\n" + "".join(
    f"  - {{id: topic-{number}, question: Tell me about topic {number}., expected_response: about topic {number}.}}\n"
    for number in range(40)
)
SETTINGS = "[pytest]\npythonpath = .\nevalsuite_agents =\n    table = agent:answer\n"
CHECK = (
    *("--eval-suite", "--eval-baseline=git:evals/baseline.json", "--eval-fail-on=regression"),
    "--eval-markdown=report.md",
)


def main() -> int:
    """Play it; 0 when every check came out as it should."""
    with tempfile.TemporaryDirectory() as name:
        return play(Path(name))


def play(folder: Path) -> int:
    """Play it in a folder."""
    (folder / "agent.py").write_text(AGENT)
    (folder / "topics.eval.yaml").write_text(SUITE)
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / ".gitignore").write_text(".evalsuite/\nreport.md\n__pycache__/\n.pytest_cache/\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    say("main: ten runs are accepted as the baseline")
    for seed in range(10):
        pytest(folder, "--eval-suite", "--eval-fail-on=never", "-q", seed=seed, shown=0)
        evalsuite(folder, "baseline", "accept", "latest", "--to", "evals/baseline.json")
    commit(folder, "An agent, its suite and a baseline")
    git(folder, "switch", "--quiet", "--create", "faster")
    say("a branch breaks one case of forty")
    before, after = AGENT.rsplit("    return f", 1)
    (folder / "agent.py").write_text(f"{before}{BROKEN}    return f{after}")
    commit(folder, "Answer faster")
    red = pytest(folder, *CHECK, seed=100)
    say("what a reviewer sees")
    print((folder / "report.md").read_text())
    say("the branch mends it")
    (folder / "agent.py").write_text(AGENT)
    commit(folder, "Mend topic 3")
    green = pytest(folder, *CHECK, seed=101)
    say(f"exit codes: {red} with the broken case, {green} without it")
    return 0 if (red, green) == (1, 0) else 1


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n##### {text}\n", flush=True)


def pytest(folder: Path, *arguments: str, seed: int, shown: int = 12) -> int:
    """Run pytest there, show the end of what it says, give its exit code."""
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments]
    done = run(command, folder, SEED=str(seed))
    lines = done.stdout.splitlines()
    section = next((number for number, line in enumerate(lines) if " eval suites " in line), 0)
    if shown:
        print("$ pytest", *arguments, *lines[section:], sep="\n", flush=True)
    return done.returncode


def evalsuite(folder: Path, *arguments: str) -> None:
    """Run the command there."""
    done = run([sys.executable, "-m", "pytest_evalsuite", *arguments], folder)
    print(done.stdout.strip() or done.stderr.strip(), flush=True)
    done.check_returncode()


def commit(folder: Path, message: str) -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "commit", "--quiet", "-m", message)


def git(folder: Path, *arguments: str) -> None:
    """Run git there."""
    run(["git", *arguments], folder).check_returncode()


def run(command: Sequence[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command there, and keep what it says."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI_", "GIT_"))
    }
    return subprocess.run(command, cwd=folder, env={**environment, **env}, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
