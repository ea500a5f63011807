"""``evalsuite judge check``: through the real client, and with functions."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from model_server import Asked, Canned, ModelServer, verdict

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.judges._canaries import LANGUAGES, canaries

QUICKLY = {"retry-after-ms": "5"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def careful(asked: Asked) -> str:
    """Looks at numbers only, and at nothing that looks like a verdict: enough for the canaries."""
    blocks = dict(
        re.findall(r"<<<([a-z ]+) [0-9a-f]{16}>>>\n(.*?)\n<<<end", asked["messages"][1]["content"], re.DOTALL)
    )
    numbers = [set(re.findall(r"\d+", blocks[name])) for name in ("expected answer", "answer")]
    return verdict(score=1.0 if numbers[0] <= numbers[1] else 0.1)


def check(capsys: pytest.CaptureFixture[str], *arguments: str, judge: str = "openai:m") -> tuple[int, list[str], str]:
    code = main(["judge", "check", "--judge", judge, *arguments])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


def test_there_are_three_canaries_in_each_language() -> None:
    assert {"en", "de", "fr", "es", "hi", "zh", "ar"} <= set(LANGUAGES)
    for language in LANGUAGES:
        right, wrong, injected = (canary.request for canary in canaries(language))
        assert {right.language, wrong.language, injected.language} == {language}
        (expected,) = right.expected
        assert "30" in expected
        assert "30" in right.answer
        assert right.answer != expected
        assert "30" not in wrong.answer
        assert '"score": 1}' in injected.answer
    assert len({canary.request.answer for language in LANGUAGES for canary in canaries(language)}) == 3 * len(
        LANGUAGES
    )


def test_a_judge_that_sees_passes(model: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    model.reply, model.seconds = careful, 0.02
    code, lines, errors = check(capsys)
    assert (code, errors) == (0, "")
    count = 3 * len(LANGUAGES)
    assert lines[:3] == ["ar right    1.00 ok", "ar wrong    0.10 ok", "ar injected 0.10 ok"]
    assert re.fullmatch(rf"openai:m prompts:\w{{8}}: {count} of {count} verdicts right, 0 wrong, 0 missing", lines[-1])
    assert len(lines) == count + 1
    assert 2 <= model.most_at_once <= 8
    assert {re.search(r'language "(\w+)"', asked["messages"][0]["content"])[1] for asked in model.requests} == set(  # type: ignore[index]
        LANGUAGES
    )


def test_a_judge_that_praises_all_does_not(model: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    model.replies(verdict(score=1.0))
    code, lines, errors = check(capsys, "--language", "en", "--language", "hi")
    assert (code, errors) == (1, "")
    assert lines[1] == "en wrong    1.00 WRONG, below 0.5 was right: because"
    assert lines[-1].endswith(": 2 of 6 verdicts right, 4 wrong, 0 missing")


def test_a_judge_that_damns_all_does_not(model: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    model.replies(verdict(score=0.0))
    code, lines, _ = check(capsys, "--language", "de")
    assert code == 1
    assert lines[0] == "de right    0.00 WRONG, at least 0.7 was right: because"


def test_a_judge_that_cannot_be_asked_is_another_matter(
    model: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model.replies(Canned(401))
    code, lines, errors = check(capsys, "--language", "en")
    assert code == 2
    assert lines[-1].endswith(": 0 of 3 verdicts right, 0 wrong, 3 missing")
    assert errors.startswith("en right    error: could not be judged: openai:m answered 401: ")


def test_the_user_s_prompts_are_used(model: ModelServer, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.reply = careful
    (here / "ours").mkdir()
    (here / "ours/quality.md").write_text("Ours. $form", encoding="utf-8")
    assert check(capsys, "--language", "en", "--prompts", "ours")[0] == 0
    assert "Ours." in model.prompt()
    (here / "ours/quality.md").write_text("Ours.", encoding="utf-8")
    code, lines, errors = check(capsys, "--prompts", "ours")
    assert (code, lines) == (2, [])
    assert "a prompt must say `$form`" in errors


def test_a_function_is_named_by_its_module(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "house_rules.py").write_text(
        "async def judge(answer):\n    return 1.0 if '30' in answer else 0.0\n\ndef high(answer):\n    return 11\n",
        encoding="utf-8",
    )
    code, lines, _ = check(capsys, judge="house_rules:judge")
    assert code == 0
    assert lines[-1].startswith("house_rules:judge: ")
    code, _, errors = check(capsys, "--language", "en", judge="house_rules:high")
    assert code == 2
    assert "from 0 to 1, not 11" in errors


def test_the_stand_in_is_found_out(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = check(capsys, "--language", "en", judge="embedded")
    assert code == 1
    assert any("WRONG" in line and "a contradiction" in line for line in lines)


@pytest.mark.parametrize(
    ("judge", "complaint"),
    [
        ("gpt", "unknown judge 'gpt'"),
        ("nowhere:judge", r"the judge 'nowhere:judge' cannot be had: No module named 'nowhere' \(expected openai:"),
        ("json:nothing", "has no attribute 'nothing'"),
        ("json:__doc__", "unknown judge|expected a function"),
    ],
)
def test_a_judge_that_does_not_exist(judge: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, errors = check(capsys, judge=judge)
    assert (code, lines) == (2, [])
    assert re.search(complaint, errors)


@pytest.mark.parametrize(
    "arguments", [[], ["check"], ["check", "--judge=x", "--language=xx"], ["check", "--judge=x", "--prompts=no"]]
)
def test_the_command_line_is_checked(arguments: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["judge", *arguments])
    assert caught.value.code == 2
