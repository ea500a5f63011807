"""Runs that are kept: all of them, newest first, and the one that somebody names."""

from __future__ import annotations

import contextlib
import difflib
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.reading import read_info

__all__ = [
    "FOLDER",
    "Figures",
    "Found",
    "KeptRun",
    "figures_of",
    "find_run",
    "kept_run",
    "look_up",
    "none_kept",
    "project_folder",
    "run_folders",
    "runs",
]

FOLDER: Final = ".evalsuite"
"""What a project keeps its runs in."""

RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
LATEST: Final = re.compile(r"latest(?:~(\d{1,9}))?")
SHORTEST: Final = 4
"""Characters by which a run's id may be told."""

NAMED: Final = 5
"""How many runs an error message lists."""

TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
HOW_TO_LIST: Final = "`evalsuite history` lists them"


class Figures(NamedTuple):
    """What came of some cases. ``judged`` passed, failed or broke; the mean is over the ``scored``, None over none."""

    cases: int
    passed: int
    judged: int
    scored: int
    mean_score: float | None

    @property
    def pass_rate(self) -> float | None:
        """In 0..1, of the judged; None over none."""
        return self.passed / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run as ``run.json`` has it: ``info`` says what and when, ``evaluations`` what came of it.

    The evaluations of a run that has not come to its end are those of its plan, with no figures but ``total``. Of a
    broken one nothing is known; ``problem`` says why.
    """

    path: Path
    info: Mapping[str, Any] = field(default_factory=dict)
    evaluations: Sequence[Mapping[str, Any]] = ()
    problem: str | None = None

    @property
    def id(self) -> str:
        """The run's id, which is its folder's name."""
        return self.path.name

    @property
    def name(self) -> str | None:
        """What somebody called it."""
        return self.info.get("name")

    @property
    def status(self) -> str:
        """As `read_info` gives it, or ``broken``."""
        return "broken" if self.problem is not None else self.info["status"]

    @property
    def started_at(self) -> str:
        """RFC 3339, UTC; made from the id of a broken run. It sorts by time."""
        day, _, time = self.id.partition("T")
        from_id = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:6]}.000Z"
        return self.info.get("started_at") or from_id


class Found(NamedTuple):
    """The folder of a run, or its artifact; ``note`` says what whoever asked should know of the choice."""

    path: Path
    note: str | None = None


def project_folder(start: Path) -> Path:
    """The nearest folder upward that keeps runs; ``start`` itself where there is none."""
    start = start.absolute()
    return next((folder for folder in (start, *start.parents) if (folder / FOLDER).is_dir()), start)


def runs(root: Path) -> list[KeptRun]:
    """All runs that are kept below the project's folder, newest first. Raises StoreError.

    What is no folder named like a run is passed over; a run whose ``run.json`` cannot be used is given as broken.
    """
    found = [kept_run(path) for path in run_folders(root)]
    return sorted(found, key=lambda run: (run.started_at, run.id), reverse=True)


def run_folders(root: Path) -> list[Path]:
    """The folders named like runs, newest first; no links. Raises StoreError where they cannot be listed."""
    folder = root / FOLDER / "runs"
    try:
        with os.scandir(folder) as entries:
            found = [one.name for one in entries if RUN_ID.fullmatch(one.name) and one.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"cannot read {folder}: {error.strerror or error}") from error
    return [folder / name for name in sorted(found, reverse=True)]


def kept_run(path: Path) -> KeptRun:
    """The run of this folder, broken or not."""
    try:
        info = read_info(path)
        evaluations = info.pop("evaluations", None)
        for name in ("whole", "totals", "comparison", "gate", "groups"):
            info.pop(name, None)
        return KeptRun(path, checked(info), figured(_planned(path) if evaluations is None else evaluations))
    except StoreError as error:
        return KeptRun(path, problem=str(error))
    except (AttributeError, KeyError, TypeError, ValueError):
        return KeptRun(path, problem=f"{path / 'run.json'}: no description of a run")


def checked(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The info, if all that is shown of it has its form. Raises TypeError or ValueError."""
    seconds = info.get("duration_seconds")
    texts = (info.get("name"), info.get("error_message"), info.get("completed_at"))
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("a text is none")
    if not TIME.match(info["started_at"]) or not 0 <= (seconds or 0) < 1e12:
        raise ValueError("a time is none")
    return info


def figured(evaluations: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The evaluations, if they say what they are of and their figures add up. Raises TypeError or ValueError."""
    for evaluation in evaluations:
        if not all(isinstance(evaluation[key], str) for key in ("test_set", "name", "agent")):
            raise TypeError("a text is none")
    counts: Sequence[object] = figures_of(evaluations)[:4]
    if not all(isinstance(count, int) and 0 <= count < 1 << 53 for count in counts):
        raise ValueError("a count is none")
    return evaluations


def figures_of(evaluations: Iterable[Mapping[str, Any]]) -> Figures:
    """The figures of all of them together."""
    every = list(evaluations)
    cases, passed, judged, scored = (
        sum(evaluation.get(key, 0) for evaluation in every) for key in ("total", "passed", "judged", "scored")
    )
    means = [(one["mean_score"], one["scored"]) for one in every if one.get("mean_score") is not None]
    mean = math.fsum(score * count for score, count in means) / scored if means and scored else None
    return Figures(cases, passed, judged, scored, mean)


def find_run(root: Path, reference: str) -> Path:
    """The folder of the run, or the artifact, that ``reference`` names. Raises StoreError.

    It is ``latest``, ``latest~1`` (the one before) and so on; a run's id, or at least four characters that it or its
    last eight begin with; a run's name, of which the newest counts; or the path of an artifact or of a run's folder.
    """
    return look_up(root, reference).path


def look_up(root: Path, reference: str) -> Found:
    """As `find_run`, with a note where there was a choice."""
    back = LATEST.fullmatch(reference)
    if back is not None:
        return Found(_back_from_latest(root, int(back[1] or 0)))
    folders = run_folders(root)
    exact = [path for path in folders if path.name == reference]
    if exact:
        return Found(exact[0])
    named = [run for run in runs(root) if run.name == reference]
    if named:
        others = f"{len(named)} runs are named {reference!r}: this is the newest, {named[0].id}"
        return Found(named[0].path, others if len(named) > 1 else None)
    begun = [path for path in folders if len(reference) >= SHORTEST and is_begun_by(path.name, reference)]
    if len(begun) > 1:
        raise StoreError(f"{reference!r} is the beginning of {len(begun)} runs: {_listed(p.name for p in begun)}")
    return Found(begun[0] if begun else _at(root, reference, folders))


def is_begun_by(run_id: str, reference: str) -> bool:
    """Whether the id, or its part after the time, begins so."""
    return run_id.startswith(reference) or run_id.partition("-")[2].startswith(reference)


def _back_from_latest(root: Path, back: int) -> Path:
    whole = [run.path for run in runs(root) if run.problem is None]
    if not whole:
        raise StoreError(none_kept(root))
    if back >= len(whole):
        raise StoreError(f"there is no latest~{back}: {root / FOLDER} keeps {len(whole)} of them; {HOW_TO_LIST}")
    return whole[back]


def _at(root: Path, reference: str, folders: Sequence[Path]) -> Path:
    """The artifact or run's folder at this path."""
    if not reference:
        raise StoreError("expected a run's id, its name, latest, or a path, got nothing")
    path = Path(reference)
    with contextlib.suppress(OSError, ValueError):  # of what no path can be
        if path.is_file() or (path / "run.json").is_file():
            return path
        if path.is_dir():
            raise StoreError(f"{reference} holds no run (no run.json)")
    if path.suffix == ".json" or "/" in reference:
        raise StoreError(f"there is no run or artifact at {reference}")
    if not folders:
        raise StoreError(f"there is no run {reference!r}: {none_kept(root)}")
    raise StoreError(f"there is no run {reference!r}{_nearest(root, reference)}; {HOW_TO_LIST}")


def _nearest(root: Path, reference: str) -> str:
    """The runs that may have been meant: by name, by id, by the end of the id."""
    every = runs(root)
    meant = {run.name: run.name for run in every if run.name}
    meant |= {text: run.id for run in every for text in (run.id, run.id.partition("-")[2])}
    near = [meant[text] for text in difflib.get_close_matches(reference, meant, NAMED, 0.6)]
    return f"; did you mean {_listed(dict.fromkeys(near))}?" if near else ""


def none_kept(root: Path) -> str:
    """What to say where there is no run."""
    return f"no run is kept in {root / FOLDER}; `pytest --eval-suite` makes one"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:NAMED]) + (f" and {len(every) - NAMED} more" if len(every) > NAMED else "")


def _planned(path: Path) -> list[dict[str, Any]]:
    """The evaluations of a run that has none yet, from its plan; none where that cannot be read."""
    try:
        evaluations = decode((path / "plan.json").read_bytes())["evaluations"]
        return [
            {"test_set": one["test_set"], "name": one["name"], "agent": one["agent"], "total": len(one["cases"])}
            for one in evaluations
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
