"""What a run is told to do: command line, then case, test set, ini, default, resolved into one value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args

import pytest

from pytest_evalsuite.agents.loading import parse_names
from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.redaction import Choice, read_choice
from pytest_evalsuite.testsets.attachments import MAX_FILE_BYTES
from pytest_evalsuite.testsets.fetching import Place, read_hosts
from pytest_evalsuite.testsets.model import Case, Isolation, PassRule, TestSet

__all__ = ["FailOn", "Settings", "check_together", "read_settings"]

ASYNC_CONCURRENCY: Final = 16
SHARD: Final = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")

FailOn = Literal["any", "regression", "gate", "never"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of a run. What a case may say for itself is asked for with the case."""

    root: Path
    files: tuple[str, ...]
    group_files: tuple[str, ...] = ()
    agents: dict[str, str]
    chosen_agents: tuple[str, ...] = ()
    default_agent: str | None = None
    concurrency: int | None = None
    forced_iterations: int | None = None
    forced_timeout: float | None = None
    iterations: int = 1
    timeout: float | None = None
    forced_isolation: Isolation | None = None
    isolation: Isolation = "none"
    pass_rule: PassRule = "mean"
    test_method: str = "semantic_quality"
    mode: Literal["independent", "scenario"] = "independent"
    judge: str | None = None
    judges: dict[str, str] = field(default_factory=dict)
    judge_prompts: Path | None = None
    judge_rpm: float | None = None
    json_path: Path | None = None
    csv_path: Path | None = None
    markdown_path: Path | None = None
    github: frozenset[str] = frozenset()
    run_name: str | None = None
    resume: str | None = None
    regrade: str | None = None
    record: bool = False
    traces: Literal["auto", "off"] = "auto"
    replay: str | None = None
    shard: tuple[int, int] | None = None
    """Number of this part, from 1, and of how many."""
    baseline: str | None = None
    needs_baseline: bool = True
    fail_on: FailOn = "any"
    confirm: int = 4
    human_verdicts: bool = False
    max_file_bytes: int = MAX_FILE_BYTES
    fetch_hosts: frozenset[Place] = frozenset()
    secrets: Choice = field(default_factory=Choice)

    @property
    def outputs(self) -> list[Path]:
        """The files that are to be written."""
        paths = (self.json_path, self.csv_path, self.markdown_path)
        return [path for path in paths if path is not None]

    def iterations_of(self, case: Case) -> int:
        """How many times the case is asked, 1..100."""
        if case.actual is not None and case.conversation is None:
            return 1
        return self.forced_iterations or case.iterations or self.iterations

    def timeout_of(self, case: Case) -> float | None:
        """Seconds that the agent may take for one answer of the case, None: for ever."""
        return self.forced_timeout or case.timeout or self.timeout

    def isolation_of(self, test_set: TestSet) -> Isolation:
        """Where the calls of an agent run for the test set."""
        return self.forced_isolation or test_set.isolation or self.isolation

    def pass_rule_of(self, case: Case) -> PassRule:
        """When the case passes, if it is asked several times."""
        return case.pass_rule or self.pass_rule

    def concurrency_of(self, *, is_async: bool) -> int:
        """How many calls of an agent may be in flight."""
        return self.concurrency or (ASYNC_CONCURRENCY if is_async else 1)


def read_settings(config: pytest.Config) -> Settings:
    """Read options and ini values. Raises ConfigurationError for a value that cannot be."""
    option = config.getoption
    agents = parse_names(config.getini("evalsuite_agents"), source="evalsuite_agents", what="agent")
    default = config.getini("evalsuite_agent") or (next(iter(agents)) if len(agents) == 1 else None)
    if "" in option("eval_agent"):
        raise ConfigurationError("--eval-agent: expected a configured name or module:callable, got ''")
    files = tuple(config.getini("evalsuite_files"))
    if not files:
        raise ConfigurationError("evalsuite_files: expected names of files, such as *.eval.yaml, got none")
    mode = config.getini("evalsuite_mode")
    if mode not in ("independent", "scenario"):
        raise ConfigurationError(f"evalsuite_mode: expected independent or scenario, got {mode!r}")
    return Settings(
        root=config.rootpath,
        files=files,
        group_files=tuple(config.getini("evalsuite_group_files")),
        agents=agents,
        chosen_agents=tuple(dict.fromkeys(option("eval_agent"))),
        default_agent=default,
        concurrency=option("eval_concurrency") or _ini(config, "evalsuite_concurrency", _positive),
        forced_iterations=option("eval_iterations"),
        forced_timeout=option("eval_timeout"),
        iterations=_ini(config, "evalsuite_iterations", _iterations) or 1,
        timeout=_ini(config, "evalsuite_timeout", _seconds),
        forced_isolation=option("eval_isolation"),
        isolation=_ini(config, "evalsuite_isolation", _isolation) or "none",
        pass_rule=_ini(config, "evalsuite_pass_rule", _pass_rule) or "mean",
        test_method=config.getini("evalsuite_test_method"),
        mode=cast("Literal['independent', 'scenario']", mode),
        judge=option("eval_judge") or config.getini("evalsuite_judge") or None,
        judges=parse_names(config.getini("evalsuite_judges"), source="evalsuite_judges", what="judge"),
        judge_prompts=_folder(config, "evalsuite_judge_prompts"),
        judge_rpm=_ini(config, "evalsuite_judge_rpm", _rate),
        json_path=_output(config, "--eval-json"),
        csv_path=_output(config, "--eval-csv"),
        markdown_path=_output(config, "--eval-markdown"),
        github=frozenset(option("eval_github")),
        run_name=_run_name(config),
        resume=option("eval_resume"),
        regrade=option("eval_regrade"),
        record=bool(option("eval_record")),
        traces=option("eval_traces") or _ini(config, "evalsuite_traces", _traces) or "auto",
        replay=option("eval_replay"),
        shard=_shard(option("eval_shard")),
        baseline=option("eval_baseline") or config.getini("evalsuite_baseline") or None,
        needs_baseline=option("eval_baseline_missing") != "warn",
        fail_on=option("eval_fail_on") or _ini(config, "evalsuite_fail_on", _fail_on) or "any",
        confirm=_confirm(config),
        human_verdicts=bool(option("eval_human_verdicts") or config.getini("evalsuite_human_verdicts")),
        max_file_bytes=_ini(config, "evalsuite_max_file_mb", _megabytes) or MAX_FILE_BYTES,
        fetch_hosts=read_hosts(config.getini("evalsuite_fetch_hosts")),
        secrets=read_choice(config.getini("evalsuite_secrets")),
    )


def check_together(settings: Settings) -> None:
    """Raise ConfigurationError for options that contradict each other."""
    if settings.resume and settings.regrade:
        raise ConfigurationError(
            "--eval-resume and --eval-regrade: the one calls agents, the other does not; keep one"
        )
    earlier = {"resume": settings.resume, "regrade": settings.regrade, "record": settings.record or None}
    if settings.replay and (others := [option for option, value in earlier.items() if value is not None]):
        raise ConfigurationError(f"--eval-replay and --eval-{others[0]}: a replay asks nobody anything; keep one")
    if settings.fail_on == "regression" and settings.baseline is None:
        raise ConfigurationError("--eval-fail-on regression needs something to compare with: give --eval-baseline")


def _run_name(config: pytest.Config) -> str | None:
    name: str | None = config.getoption("eval_run_name")
    if name is not None and not 1 <= len(name.strip()) <= 255:
        raise ConfigurationError(f"--eval-run-name: expected 1..255 characters, got {len(name):,}")
    return name


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise ConfigurationError(f"--eval-shard: expected I/N with I in 1..N, such as 1/4, got {text!r}")
    return int(found[1]), int(found[2])


def _confirm(config: pytest.Config) -> int:
    given: int | None = config.getoption("eval_confirm")
    if given is None:
        given = _ini(config, "evalsuite_confirm", _trials)
    return 4 if given is None else given


def _trials(text: str) -> int:
    if not text.isdecimal() or int(text) > 100:
        raise ValueError("expected a whole number in 0..100")
    return int(text)


def _fail_on(text: str) -> FailOn:
    if text not in get_args(FailOn):
        raise ValueError(f"expected {', '.join(get_args(FailOn))}")
    return cast("FailOn", text)


def _traces(text: str) -> Literal["auto", "off"]:
    if text not in ("auto", "off"):
        raise ValueError("expected auto or off")
    return cast("Literal['auto', 'off']", text)


def _isolation(text: str) -> Isolation:
    if text not in get_args(Isolation):
        raise ValueError(f"expected {' or '.join(get_args(Isolation))}")
    return cast("Isolation", text)


def _output(config: pytest.Config, option: str) -> Path | None:
    name: str | None = config.getoption(option)
    if name is None:
        return None
    folder = config.invocation_params.dir
    path = folder / Path(name).expanduser()
    told_apart = config.inipath is not None or name not in config.invocation_params.args
    if not told_apart and path.exists() and not path.is_relative_to(folder):
        raise ConfigurationError(
            f"write {option}={name}, with an equals sign: pytest looks for its configuration near a path that follows "
            "a blank, and has found none there"
        )
    return path


def _folder(config: pytest.Config, name: str) -> Path | None:
    text = config.getini(name)
    if not text:
        return None
    folder: Path = config.rootpath / text
    if not folder.is_dir():
        raise ConfigurationError(f"{name}: {text!r} is no folder below {config.rootpath}")
    return folder


def _ini(config: pytest.Config, name: str, parse: Callable[[str], Value]) -> Value | None:
    text: Any = config.getini(name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}, got {text!r}") from None


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ValueError("expected a whole number, 1 or more")
    return int(text)


def _iterations(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise ValueError("expected a whole number in 1..100")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("expected seconds, more than 0")
    return seconds


def _megabytes(text: str) -> int:
    try:
        return max(1, int(_seconds(text) * 1_000_000))
    except ValueError:
        raise ValueError("expected megabytes, more than 0") from None


def _rate(text: str) -> float:
    try:
        return _seconds(text)
    except ValueError:
        raise ValueError("expected requests per minute, more than 0") from None


def _pass_rule(text: str) -> PassRule:
    if text in ("mean", "all", "any", "majority"):
        return cast("PassRule", text)
    try:
        return _iterations(text)
    except ValueError:
        raise ValueError("expected mean, all, any, majority or a number of attempts in 1..100") from None
