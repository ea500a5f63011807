"""What there is to know about a contender, whoever it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _measure import Command

from peers.environments import Environment
from peers.work import Work

PYTEST = "pytest==9.2.0"
AGENTS = ("instant", "async_wait", "sync_wait")
OFFLINE: Mapping[str, str | None] = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": None,  # each has what its installation brings
    "DO_NOT_TRACK": "1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "OPENAI_API_KEY": None,
}
"""What keeps a contender from the network, beside the switches of its own."""


def said(output: str, _folder: Path) -> tuple[int, int]:
    """Passed and failed, as the last line of the output says."""
    passed, failed = json.loads(output.strip().rpartition("\n")[2])
    return passed, failed


def summed_up(output: str, _folder: Path) -> tuple[int, int]:
    """Passed and failed, as pytest's last line says."""
    last = next(line for line in reversed(output.splitlines()) if re.search(r"\d+ (passed|failed).* in ", line))

    def number(what: str) -> int:
        found = re.search(rf"(\d+) {what}", last)
        return int(found[1]) if found else 0

    return number("passed"), number("failed")


@dataclass(frozen=True)
class Contender:
    """A tool, where it is installed, and how it does the work.

    ``command`` gives its arguments for some work; ``files`` are written beside it. ``counted`` reads from its output,
    or from its folder, how many passed and failed. ``most``: more cases than these take it too long. ``slow``: one
    round does. ``plugin``: installed beside pytest it is loaded by every run of it. ``overlaps``: its calls do.
    """

    name: str
    package: str
    environment: Environment
    command: Callable[[Environment, Work], Sequence[str]]
    files: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[Path, Work], None] = lambda folder, work: None
    counted: Callable[[str, Path], tuple[int, int]] = said
    agents: Sequence[str] = AGENTS
    variables: Mapping[str, str | None] = field(default_factory=dict)
    expected: tuple[int, ...] = (0, 1)
    most: int = 10_000
    slow: bool = False
    plugin: bool = False
    overlaps: bool = True
    note: str = ""

    def prepare(self, folder: Path, work: Work, seconds: float) -> Command:
        """Write what it needs into a new folder, and give the command that does the work there."""
        folder.mkdir(parents=True)
        work.write(folder)
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        self.write(folder, work)
        variables = {**OFFLINE, **work.variables, **self.variables}
        return Command(self.command(self.environment, work), folder, self.expected, variables, seconds)


def script(environment: Environment, _work: Work) -> list[str]:
    """Run the contender's own program."""
    return [environment.python, "contender.py"]


def pytest_run(*arguments: str) -> Callable[[Environment, Work], list[str]]:
    """Run pytest with some arguments."""

    def command(environment: Environment, _work: Work) -> list[str]:
        return [environment.python, "-m", "pytest", "-q", *arguments]

    return command
