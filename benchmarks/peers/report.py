"""The tables and plots that are made of the figures."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from _measure import Unit

from peers.everyone import CONTENDERS, OURS
from peers.figures import Session
from peers.plots import Bar, drawn
from peers.timed import COMPARING, LOADING

FLOORS = {"bare asyncio", "bare threads", "json.loads of both files"}
NOTES = {contender.name: contender.note for contender in CONTENDERS}
CALLS = 500


@dataclass(frozen=True)
class Column:
    """What a table shows of each contender: a figure, less is better, and how it is written."""

    title: str
    value: Callable[[str], float | None]
    form: str = "{:.2f}"
    workload: str = ""
    against: str = OURS.name
    whole: bool = False  # says something of those only that did as many cases as ours

    def cell(self, session: Session, name: str) -> str:
        """The figure, and its ratio to ours."""
        value, ours = self.value(name), self.value(self.against)
        if value is None:
            measured = session.figures.get(self.workload, {}).get(name)
            return f"void: {measured.void}" if measured is not None and measured.void else ""
        text = self.form.format(value)
        if ours:
            text += f" ({value / ours:.2f}x)" if value / ours < 10 else f" ({value / ours:.0f}x)"
        return text


def overhead(session: Session) -> list[Column]:
    """What a case costs."""

    def milliseconds(workload: str) -> Callable[[str], float | None]:
        def value(name: str) -> float | None:
            each = session.each(workload, name, "cpu")
            return None if each is None else each * 1000

        return value

    def peak(name: str) -> float | None:
        figures = session.of("many", name)
        return None if figures is None else figures.median("peak") / 1e6

    def failing(name: str) -> float | None:
        each = session.each("failing", name, "cpu")
        return None if each is None else each * 1000

    return [
        Column("ms CPU, 1,000 cases", milliseconds("thousand"), "{:.3f}", "thousand"),
        Column("ms CPU, 10,000 cases", milliseconds("many"), "{:.3f}", "many"),
        Column("ms CPU, one in ten failing", failing, "{:.3f}", "failing"),
        Column("peak MB", peak, "{:.0f}", "many", whole=True),
    ]


def waiting(session: Session) -> list[Column]:
    """What calls that wait take."""

    def seconds(workload: str) -> Callable[[str], float | None]:
        def value(name: str) -> float | None:
            figures, one = session.of(workload, name), session.of("one", name)
            if figures is None or one is None:
                return None
            start = min(*(costs["wall"] for costs in one.rounds), figures.median("wall"))
            return start + (figures.median("wall") - start) * max(CALLS / figures.count, 1)

        return value

    return [
        Column("s, async, all alike", seconds("equal async"), workload="equal async", against="bare asyncio"),
        Column("s, async, long tail", seconds("tail async"), workload="tail async", against="bare asyncio"),
        Column("s, sync, all alike", seconds("equal sync"), workload="equal sync", against="bare threads"),
    ]


def starting(session: Session) -> list[Column]:
    """What it costs to have it there, and to use it once."""

    def idle(name: str) -> float | None:
        on, off = session.of("idle", name), session.of("idle without", name)
        if on is None or off is None:
            return None
        pairs = zip(on.rounds, off.rounds, strict=False)
        return max(statistics.median(one["cpu"] - other["cpu"] for one, other in pairs) * 1000, 0.1)

    def one(unit: Unit) -> Callable[[str], float | None]:
        def value(name: str) -> float | None:
            figures = session.of("one", name)
            return None if figures is None else figures.median(unit)

        return value

    return [
        Column("one case: s CPU", one("cpu"), workload="one"),
        Column("one case: s wall", one("wall"), workload="one"),
        Column("idle: ms CPU more for every `pytest`", idle, "{:.1f}", "idle"),
    ]


def timed(session: Session, workload: str) -> list[Column]:
    """What a program took that timed itself: seconds for as many as ours did, in proportion."""

    def seconds(name: str) -> float | None:
        figures, ours = session.of(workload, name), session.of(workload, OURS.name)
        if figures is None or ours is None:
            return None
        return figures.median("cpu") * ours.count / figures.count

    def peak(name: str) -> float | None:
        figures = session.of(workload, name)
        return None if figures is None else figures.median("peak") / 1e6

    return [Column("s CPU", seconds, workload=workload), Column("peak MB", peak, "{:.0f}", workload, whole=True)]


def table(session: Session, names: Sequence[str], columns: Sequence[Column], notes: Mapping[str, str]) -> str:
    """The contenders that have any figure, the best in the first column first; who is ahead of ours, below."""

    def rank(name: str) -> float:
        return next((value for column in columns if (value := column.value(name)) is not None), float("inf"))

    shown = [name for name in names if any(column.cell(session, name) for column in columns)]
    lines = [
        f"| | {' | '.join(column.title for column in columns)} | |",
        f"|---|{'---|' * len(columns)}---|",
    ]
    for name in sorted(shown, key=rank):
        cells = " | ".join(column.cell(session, name) for column in columns)
        title = f"**{name}**" if _is_ours(name) else f"*{name}*" if name in FLOORS else name
        lines.append(f"| {title} | {cells} | {_note(session, name, columns, notes)} |")
    return "\n".join([*lines, "", *(_ahead(session, column, shown) for column in columns)])


def _fewer(session: Session, column: Column, name: str) -> int:
    """How many cases it did, where ours did more; else 0."""
    figures, ours = session.of(column.workload, name), session.of(column.workload, OURS.name)
    return figures.count if figures is not None and ours is not None and figures.count < ours.count else 0


def _note(session: Session, name: str, columns: Sequence[Column], notes: Mapping[str, str]) -> str:
    count = max(_fewer(session, column, name) for column in columns)
    fewer = f"measured with {count:,}" if count else ""
    return "; ".join(filter(None, (notes.get(name, ""), fewer)))


def _is_ours(name: str) -> bool:
    return name.startswith(OURS.name)


def _ahead(session: Session, column: Column, names: Sequence[str]) -> str:
    fair = [name for name in names if name not in FLOORS and not (column.whole and _fewer(session, column, name))]
    values = {name: value for name in fair if (value := column.value(name)) is not None}
    ours = min((value for name, value in values.items() if _is_ours(name)), default=None)
    others = {name: value for name, value in values.items() if not _is_ours(name)}
    if ours is None or not others:
        return f"- {column.title}: nobody to compare with."
    better = sorted(name for name, value in others.items() if value < ours)
    return f"- {column.title}: " + (f"**ahead of us: {'; '.join(better)}**." if better else "ours is first.")


def parts(session: Session) -> dict[str, str]:
    """The tables by their headings."""
    everyone = [contender.name for contender in CONTENDERS]
    return {
        "Overhead": table(session, everyone, overhead(session), NOTES),
        "Waiting": table(session, everyone, waiting(session), {}),
        "Start-up": table(session, everyone, starting(session), {}),
        "Comparing two runs of 100,000 results": table(
            session, [one.name for one in COMPARING], timed(session, "comparing"), {o.name: o.note for o in COMPARING}
        ),
        "Loading 10,000 cases": table(
            session, [one.name for one in LOADING], timed(session, "loading"), {o.name: o.note for o in LOADING}
        ),
    }


def caption(session: Session) -> str:
    """Where and when."""
    machine = session.machine
    return (
        f"{machine['date']}, {machine['cores']} cores ({machine['system']}), {machine['python']}, "
        f"load average {machine['load']}"
    )


def plots(session: Session, folder: Path) -> None:
    """Write the plots into a folder."""
    many, tail, loading = overhead(session)[1], waiting(session)[1], timed(session, "loading")[0]
    one, _, idle = starting(session)
    everyone = [contender.name for contender in CONTENDERS]
    wanted = {
        "overhead": ("What a case costs, at 10,000 cases", "milliseconds of CPU for each case", many, everyone),
        "waiting": ("500 calls of 100 ms, one in fifty of 1 s, 50 at once", "seconds, whole process", tail, everyone),
        "start-up": ("From nothing to the result of one case", "seconds of CPU", one, everyone),
        "idle": ("What an installed plugin costs every run of pytest", "milliseconds of CPU", idle, everyone),
        "loading": ("Loading 10,000 cases", "seconds of CPU", loading, [program.name for program in LOADING]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (title, unit, column, names) in wanted.items():
        values = {each: value for each in names if (value := column.value(each)) is not None}
        if any(values.values()):
            bars = [Bar(each, value, _kind(each)) for each, value in values.items()]
            (folder / f"peers-{name}.svg").write_text(drawn(title, unit, caption(session), bars), encoding="utf-8")


def _kind(name: str) -> str:
    return "ours" if _is_ours(name) else "floor" if name in FLOORS else "peer"


def versions(session: Session) -> str:
    """Who took part."""
    named = {contender.name: contender.package for contender in CONTENDERS}
    known = {named[name]: version for name, version in session.versions.items()}
    return ", ".join(f"{package} {version}" for package, version in known.items())


def rounds(session: Session) -> str:
    """How often the work was done, by workload."""
    counts = {
        workload: max((len(figures.rounds) for figures in by_name.values()), default=0)
        for workload, by_name in session.figures.items()
    }
    return ", ".join(f"{workload} {count}" for workload, count in counts.items())
