from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.version import __version__

GOOD = "cases:\n- {question: q, expected_response: a, test_method: contains}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "pytest_evalsuite", *arguments]
    return subprocess.run(line, check=False, capture_output=True, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def test_templates_validate_as_they_are(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("csv", "yaml"):
        assert main(["template", kind]) == 0
        (here / f"refunds.eval.{kind}").write_text(capsys.readouterr().out)
    assert main(["validate", "."]) == 0
    assert capsys.readouterr() == ("refunds.eval.csv: 2 cases ok\nrefunds.eval.yaml: 5 cases ok\n", "")


def test_all_mistakes_of_all_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a").mkdir()
    (here / "a/bad.eval.yaml").write_text(GOOD + "- {question: r, expected_respons: a}\n- 5\n")
    (here / "good.eval.yml").write_text(GOOD)
    (here / "ignored.yaml").write_text("anything: else")
    (here / ".hidden").mkdir()
    (here / ".hidden/bad.eval.yaml").write_text("")
    assert main(["validate"]) == 1
    out, err = capsys.readouterr()
    assert out == "good.eval.yml: 1 case ok\n"
    assert [line.split(": ")[0] for line in err.splitlines()] == [
        "a/bad.eval.yaml:3:17",
        "a/bad.eval.yaml:4:3",
    ]


def test_named_files_need_no_special_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "cases.csv").write_text("question,expected_response,test_method\nq,a,contains\n")
    assert main(["validate", "cases.csv", "cases.csv"]) == 0
    assert main(["validate", "cases.csv", "missing.csv"]) == 1
    assert capsys.readouterr().err == "missing.csv:1:1: cannot be read: No such file or directory\n"


def test_nothing_found_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "."]) == 1
    assert capsys.readouterr().err.startswith("no test sets (*.eval.yaml, *.eval.yml, *.eval.csv, *.eval.jsonl) in .")


def test_methods_of_a_conftest(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "t.eval.yaml").write_text(
        "cases:\n- {question: q, test_method: ours, limit: 5}\n- {question: r, expected_response: a}\n"
    )
    assert main(["validate", "--method", "ours", "--test-method", "contains", "."]) == 0
    assert main(["validate", "--test-method", "contains", "."]) == 1
    assert "if your conftest.py registers it: --method ours" in capsys.readouterr().err


def test_hostile_text_is_visible(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\n\x1b]52;c;eA==\x07.eval.yaml"
    (here / name).write_text('cases:\n- {question: q, "\\e[31m\\n::error::x\\u202e": 1}\n')
    assert main(["validate", "."]) == 1
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\u202e" not in err
    assert not any(line.startswith("::") for line in err.splitlines())
    assert all(line.startswith("a\\n\\x1b]52") for line in err.splitlines())


def test_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_the_version_and_a_wrong_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as version:
        main(["--version"])
    assert (version.value.code, capsys.readouterr().out) == (0, f"evalsuite {__version__}\n")
    for arguments in ([], ["valdate"], ["template", "xml"]):
        with pytest.raises(SystemExit) as wrong:
            main(arguments)
        assert wrong.value.code == 2


def test_as_a_module_on_a_terminal_that_knows_ascii_only(here: Path) -> None:
    (here / "\u00fc.eval.yaml").write_text(GOOD)
    done = command("validate", "\u00fc.eval.yaml", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stdout) == (0, b"\\xfc.eval.yaml: 1 case ok\n")


def test_a_reader_that_has_seen_enough() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        line = [sys.executable, "-m", "pytest_evalsuite", "schema"]
        done = subprocess.run(line, check=False, stdout=closed, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"")
