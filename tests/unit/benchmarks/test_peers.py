"""What the tables beside other tools say is what was measured, and what was not done is not shown."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from _measure import Command, Row, Unit, run, summary
from peers.environments import Environment, NotInstalledError
from peers.everyone import CONTENDERS, OURS
from peers.figures import Figures, Session
from peers.plots import Bar, drawn
from peers.report import parts
from peers.session import measure
from peers.work import Work


def figures(cpu: float, *, count: int = 1) -> Figures:
    costs: dict[Unit, float] = {"wall": cpu, "cpu": cpu, "peak": 1e8}
    return Figures(count, [costs])


def session(theirs: float, *, void: str = "") -> Session:
    one = {OURS.name: figures(1.0), "pydantic-evals": figures(1.0)}
    many = {OURS.name: figures(2.0, count=1001), "pydantic-evals": figures(theirs, count=1001)}
    if void:
        many["pydantic-evals"] = Figures(1001, void=void)
    return Session(figures={"one": one, "many": many})


def test_a_peer_that_is_ahead_is_said_to_be() -> None:
    table = parts(session(1.5))["Overhead"]
    assert "| **pytest-evalsuite** |  | 1.000 (1.00x) |" in table
    assert "| pydantic-evals |  | 0.500 (0.50x) |" in table
    assert "- ms CPU, 10,000 cases: **ahead of us: pydantic-evals**." in table


def test_a_peer_that_is_behind_is_not() -> None:
    assert "- ms CPU, 10,000 cases: ours is first." in parts(session(3.0))["Overhead"]


def test_work_that_was_not_done_has_no_figure() -> None:
    table = parts(session(1.5, void="3 passed and 7 failed, not 10 and 0"))["Overhead"]
    assert "void: 3 passed and 7 failed, not 10 and 0" in table
    assert "ahead of us: pydantic-evals" not in table


def test_figures_are_read_as_they_were_saved(tmp_path: Path) -> None:
    saved = session(1.5, void="too slow")
    saved.save(tmp_path / "figures.json")
    assert Session.load(tmp_path / "figures.json") == saved
    assert Session.load(tmp_path / "none.json") == Session()


def test_a_plot_is_xml_and_marks_ours() -> None:
    plot = drawn("<title> & more", "s", "here", [Bar("ours", 0.3, "ours"), Bar("a & b", 25.0), Bar("nothing", 0.0)])
    texts = [text.text for text in ET.fromstring(plot).iter("{http://www.w3.org/2000/svg}text")]
    assert "<title> & more" in texts
    assert texts.index("nothing") < texts.index("ours") < texts.index("a & b")
    assert plot.count("#2563eb") == 1


def test_what_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peers.environments.KEPT", tmp_path)
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    with pytest.raises(NotInstalledError, match=r"no-python.*No such file"):
        Environment(("anything",)).make()


def test_a_contender_that_miscounts_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = next(contender for contender in CONTENDERS if contender.name == "bare asyncio")
    lying = {**bare.files, "contender.py": "print('[0, 1]')"}
    python = Environment()
    monkeypatch.setattr(Environment, "make", lambda self: None)
    monkeypatch.setattr(Environment, "python", sys.executable)
    monkeypatch.setattr("peers.session.CONTENDERS", [type(bare)("liar", "", python, bare.command, lying)])
    measured = Session()
    assert list(measure(measured, True, 1, ("one",), lambda: None)) == ["one"]
    assert measured.figures["one"]["liar"].void == "0 passed and 1 failed, not 1 and 0"


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    endless = Command([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, seconds=0.3)
    with pytest.raises(TimeoutError, match="more than 0 s"):
        run(endless)


def test_every_contender_can_be_told_the_work(tmp_path: Path) -> None:
    work = Work((("what?", "that"),))
    for number, contender in enumerate(CONTENDERS):
        command = contender.prepare(tmp_path / str(number), work, 1.0)
        assert (command.folder / "cases.json").exists()
        assert command.variables["BENCH_AGENT"] == "instant"


def test_the_summary_counts_what_was_asked_for() -> None:
    rows = [Row("a", "", "", "1", "≤ 2", True), Row("b", "", "", "3", "≤ 2", False), Row("c", "", "", "3")]
    assert summary(rows) == "1 of 2 figures are as asked.\nNot met:\n\n- b: 3, asked ≤ 2"
