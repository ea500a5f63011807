"""Runs a documentation page: its fenced blocks, top to bottom, in a folder of the page's own.

The words after a block's opening fence say what becomes of it:

    ```yaml refunds.eval.yaml    a name with a point in it: the block is written to this file
    ```yaml test-set             must be a test set without mistakes
    ```python                    is executed; the blocks of a page share what they define
    ```toml, ```json             must be well-formed
    ```console                   lines after ``$`` are given to the shell, the others are what they must print
    ```console checkout          the same in a copy of the checkout's example suites
    ```sh, ```text, ```          are left alone

Output is compared without regard to times, ids of runs, amounts of white space and lengths of ruled lines; ``...``
stands for anything, alone on a line for any lines. A command that is shown with no output must succeed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite import load_test_set

__all__ = ["ROOT", "Block", "Page", "blocks_in", "same_output"]

TOML: Final = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
ROOT: Final = Path(__file__).resolve().parent.parent
CHECKOUT: Final = ("pyproject.toml", "example_suites", "example_suites_failing")
BLOCK: Final = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND: Final = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
VARIES: Final = (
    (re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{8}\b"), "<run>"),
    (re.compile(r"\b\d[\d.,]*( ?)(ms|s|min)\b"), "<time>"),
    (re.compile(r"([=_-])\1{3,}"), r"\1\1\1"),
    (re.compile(r"[ \t]+"), " "),
)
OTHER_PLUGINS: Final = (
    *("anyio", "asyncio", "html", "hypothesispytest", "langsmith_plugin", "metadata", "randomly", "rerunfailures"),
    "timeout",
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the words after its fence, its text, the line on which it begins."""

    words: tuple[str, ...]
    text: str
    line: int

    @property
    def language(self) -> str:
        """The first word, or nothing."""
        return self.words[0] if self.words else ""

    @property
    def file(self) -> str | None:
        """The file that the block is written to."""
        return next((word for word in self.words[1:] if "." in word), None)


def blocks_in(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text."""
    for match in BLOCK.finditer(text):
        yield Block(tuple(match["info"].split()), match["text"], text.count("\n", 0, match.start()) + 1)


def same_output(shown: str, printed: str) -> bool:
    """Whether a page may show one where the other was printed."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in _lines(shown)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


@dataclass
class Page:
    """A page that is run in a folder under ``parent``."""

    path: Path
    parent: Path
    names: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the page's files are written and its commands run."""
        return self.parent / "page"

    def run(self) -> None:
        """Run every block. Raises AssertionError, or whatever a block raises."""
        self.folder.mkdir()
        for block in blocks_in(self.path.read_text(encoding="utf-8")):
            self._run(block)

    def _run(self, block: Block) -> None:
        target = self.folder / (block.file or "block.eval.yaml")
        if block.file is not None or "test-set" in block.words:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        if "test-set" in block.words:
            load_test_set(target, display_path=f"{self.path.name}:{block.line}")
        if block.file is None and "test-set" in block.words:
            target.unlink()
        if block.language == "toml":
            TOML.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "python" and block.file is None:
            exec(compile(block.text, f"{self.path}:{block.line}", "exec"), self.names)
        elif block.language == "console":
            folder = self._checkout() if "checkout" in block.words else self.folder
            for match in COMMAND.finditer(block.text):
                check_command(match["command"], match["output"], folder)

    def _checkout(self) -> Path:
        folder = self.parent / "checkout"
        if not folder.exists():
            folder.mkdir()
            for name in CHECKOUT:
                source = ROOT / name
                (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        return folder


def check_command(command: str, output: str, folder: Path) -> None:
    """Run a command and compare what it prints."""
    done = subprocess.run(
        command.replace(".venv/bin/", ""),
        shell=True,
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    printed = done.stdout.decode()
    assert output or done.returncode == 0, f"$ {command}\n{printed}"
    assert not output or same_output(output, printed), f"$ {command}\n{printed}--- but the page shows:\n{output}"


def _environment() -> dict[str, str]:
    """A terminal of 100 columns, the programs beside this Python, no other plugin of pytest but xdist."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI", "BUILD_"))}
    return {
        **kept,
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTEST_ADDOPTS": " ".join(f"-p no:{name}" for name in OTHER_PLUGINS),
        "PYTHONDONTWRITEBYTECODE": "1",  # a page may write a file twice within the same second
        "PYTHONIOENCODING": "utf-8",
    }


def _lines(text: str) -> list[str]:
    for pattern, constant in VARIES:
        text = pattern.sub(constant, text)
    return [line.strip() for line in text.strip().split("\n")]
