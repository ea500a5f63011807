"""An environment for each peer, made when it is first wanted and kept under ``benchmarks/.environments``."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

KEPT = Path(__file__).parent.parent / ".environments"
CHECKOUT = Path(__file__).parents[2]


class NotInstalledError(Exception):
    """A peer could not be installed; the message says why, in one line."""


@dataclass(frozen=True)
class Environment:
    """What a contender runs in: Python packages, as pip takes them, or ones of npm."""

    packages: tuple[str, ...] = ()
    node: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where it is kept, by what is in it and which Python makes it."""
        wanted = json.dumps([sys.version, self.packages, self.node])
        named = "-".join(_bare(package) for package in (*self.node, *self.packages)[-1:]) or "plain"
        return KEPT / f"{named}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def program(self, name: str) -> str:
        """A program that one of its packages brings."""
        return str(self.folder / ("node_modules/.bin" if self.node else "bin") / name)

    def make(self) -> None:
        """Install what it holds, unless it is there. Raises NotInstalledError."""
        done = self.folder / ".complete"
        if done.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if self.node:
            _do(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(self.folder), *self.node])
        else:
            _do([sys.executable, "-m", "venv", str(self.folder)])
            if self.packages:
                _do([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.packages])
            _do([self.python, "-m", "compileall", "-q", str(self.folder / "lib")], codes=(0, 1))
        done.touch()

    def version(self, package: str) -> str:
        """The version of a package in it."""
        if self.node:
            manifest = self.folder / "node_modules" / package / "package.json"
            return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
        code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
        return subprocess.run(
            [self.python, "-c", code, package], check=True, capture_output=True, text=True
        ).stdout.strip()


def _bare(package: str) -> str:
    return re.split(r"[=@\[]", package.rpartition("/")[2])[0]


def _do(command: list[str], codes: tuple[int, ...] = (0,)) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalledError(f"{command[0]}: {error}") from error
    if done.returncode not in codes:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise NotInstalledError(next((line for line in said if "ERR" in line.upper()), said[-1])[:200])
