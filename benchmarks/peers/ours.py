"""pytest-evalsuite, as it is in this checkout; it writes its journal and its JSON artifact meanwhile."""

from __future__ import annotations

from _suites import CONFIGURATION

from peers.contender import PYTEST, Contender, summed_up
from peers.environments import CHECKOUT, Environment
from peers.work import Work


def _command(environment: Environment, work: Work) -> list[str]:
    at_once = ["--eval-concurrency", str(work.at_once)] if work.at_once > 1 else []
    command = [environment.python, "-m", "pytest", "-q", "--eval-suite", "--eval-json", "run.json"]
    return [*command, "--eval-agent", work.agent, *at_once, "work.eval.yaml"]


CONTENDERS = [
    Contender(
        "pytest-evalsuite",
        "pytest-evalsuite",
        Environment((PYTEST, f"--editable={CHECKOUT}")),
        _command,
        {"pytest.ini": CONFIGURATION},
        counted=summed_up,
        plugin=True,
    )
]
