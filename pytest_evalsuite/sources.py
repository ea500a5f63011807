"""The earlier runs that a run builds on: what it goes on with, whose answers it scores, what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.errors import BaselineMissing, ConfigurationError, StoreError
from pytest_evalsuite.runs.reuse import Earlier
from pytest_evalsuite.settings import Settings

if TYPE_CHECKING:
    from pytest_evalsuite.assessments.human import People
    from pytest_evalsuite.runs.recording import Recording

__all__ = ["Sources"]

GIVEN: Final = "evalsuite_sources"
"""Where a worker of xdist finds what the reporting process has found."""
BASELINE: Final = "baseline"
PEOPLE: Final = "people"


class Sources:
    """What ``--eval-resume``, ``--eval-regrade``, ``--eval-replay`` and ``--eval-baseline`` name, read at the start.

    Beside these, what people have said of earlier runs, under ``--eval-human-verdicts``.

    ``latest`` is another run once this one is kept, so that a worker is told paths. Raises ConfigurationError where
    something that is named cannot be had.
    """

    def __init__(self, settings: Settings, folder: Path, workerinput: Mapping[str, Any] | None) -> None:
        self._root = settings.root
        self.missing: str | None = None
        """Why there is nothing to compare with, though something was named."""
        given = {} if workerinput is None else workerinput.get(GIVEN, {})
        self.paths: dict[str, str] = dict(given)
        if workerinput is None:
            self._find("resume", settings.resume)
            self._find("regrade", settings.regrade)
            self._find("replay", settings.replay)
        self.resume = self._read("resume")
        self.regrade = self._read("regrade")
        self.replay = self._recording()
        self.baseline: Any = None
        """A `comparison.model.Side`, None where nothing is compared."""
        self.people = self._people(settings, given.get(PEOPLE))
        """What people have said of earlier answers, None where that does not count."""
        if workerinput is not None:
            self._take_baseline(given.get(BASELINE))
        elif settings.baseline is not None:
            self._load_baseline(settings, folder)

    def for_worker(self) -> dict[str, Any]:
        """What a worker is told: paths of earlier runs, and the baseline itself, for it may be on another machine."""
        if self.baseline is not None and BASELINE not in self.paths:
            from pytest_evalsuite.comparison.baseline import baseline_of, baseline_text

            self.paths[BASELINE] = baseline_text(baseline_of(self.baseline))
        if self.people is not None:
            self.paths[PEOPLE] = self.people.as_text()
        return {GIVEN: self.paths}

    def _find(self, option: str, reference: str | None) -> None:
        if reference is None:
            return
        from pytest_evalsuite.runs.history import find_run

        try:
            self.paths[option] = str(find_run(self._root, reference))
        except StoreError as error:
            advice = ""
            if option == "resume" and (self._root / reference).exists():
                advice = f" (to go on with the latest run, write --eval-resume=latest {reference})"
            raise ConfigurationError(f"--eval-{option}: {error}{advice}") from None

    def _read(self, option: str) -> Earlier | None:
        path = self.paths.get(option)
        if path is None:
            return None
        try:
            earlier = Earlier.read(Path(path))
        except StoreError as error:
            raise ConfigurationError(f"--eval-{option}: {error}") from None
        if option == "resume" and earlier.is_running:
            raise ConfigurationError(
                f"--eval-resume: run {earlier.run_id} is still running: follow it with `evalsuite watch`"
            )
        return earlier

    def _recording(self) -> Recording | None:
        path = self.paths.get("replay")
        if path is None:
            return None
        from pytest_evalsuite.runs.recording import Recording

        try:
            return Recording.read(Path(path))
        except StoreError as error:
            raise ConfigurationError(f"--eval-replay: {error}") from None

    def _people(self, settings: Settings, given: str | None) -> People | None:
        if not settings.human_verdicts:
            return None
        from pytest_evalsuite.assessments.human import People

        try:
            return People.read(self._root) if given is None else People.from_text(given)
        except StoreError as error:
            raise ConfigurationError(f"--eval-human-verdicts: {error}") from None

    def _load_baseline(self, settings: Settings, folder: Path) -> None:
        from pytest_evalsuite.comparison.reference import load_side

        try:
            self.baseline = load_side(settings.baseline or "", self._root, folder=folder)
        except BaselineMissing as error:
            if settings.needs_baseline:
                advice = "for a first run, which has none, add --eval-baseline-missing=warn"
                raise ConfigurationError(f"--eval-baseline: {error} ({advice})") from None
            self.missing = f"no baseline: {error}"
        except StoreError as error:
            raise ConfigurationError(f"--eval-baseline: {error}") from None

    def _take_baseline(self, text: str | None) -> None:
        if text is not None:
            from pytest_evalsuite.comparison.baseline import parse_baseline, side_of_baseline

            self.baseline = side_of_baseline(parse_baseline(text.encode(), BASELINE), BASELINE)
