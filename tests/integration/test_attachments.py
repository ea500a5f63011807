"""Files of cases: an agent gets what lies below the test set and nothing else; mistakes are told before any call."""

from __future__ import annotations

import csv
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from file_server import FileServer, Served, serving
from suites import Suite

from pytest_evalsuite.cli.main import main

READERS = """
    import os

    def reads(question, files):
        (file,) = files
        return f"{file.name} {file.mime_type} {file.read_text()}"

    async def reads_async(question, files):
        return reads(question, files)

    def reads_case(question, case):
        return " ".join(file.read_text() for file in case.files)

    def reads_rest(**given):
        return given["files"][0].read_text()

    def names(question, files):
        told = [(file.url, file.mime_type, file.path and os.path.isabs(file.path)) for file in files]
        return f"{type(files).__name__} {told}"

    def blind(question):
        with open("calls.txt", "a") as calls:
            calls.write(question)
        return "x"

    def an_input(question, files):
        return blind(question)

    def spoils(question, files):
        path = os.environ["SPOILED"]
        if os.path.lexists(path):
            os.unlink(path)
            if question == "link":
                os.symlink("/etc/hostname", path)
        return "done"
"""


def case(url: str, expected: str = "x", more: str = "") -> str:
    return f"  - {{question: q, expected_response: {json.dumps(expected)}, file_url: {json.dumps(url)}{more}}}\n"


def suite_of(*cases: str) -> str:
    return "defaults: {test_method: exact_match}\ncases:\n" + "".join(cases)


@pytest.fixture
def files(suite: Suite) -> Suite:
    suite.write("readers.py", READERS)
    suite.write("sets/letters/a.txt", b"Dear Sir")
    suite.configure(agents=("reads = readers:reads",))
    return suite


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as server:
        server.files["/a.txt"] = Served(b"fetched", headers={"Content-Type": "text/html"})
        yield server


def put(suite: Suite, agent: str, *cases: str, ini: tuple[str, ...] = ()) -> dict[str, Any]:
    """Put cases to an agent, and give the records."""
    suite.configure(*ini, agents=(f"a = readers:{agent}",))
    suite.write("sets/t.eval.yaml", suite_of(*cases))
    suite.run("--eval-json=run.json")
    return suite.results()


def only(results: dict[str, Any]) -> dict[str, Any]:
    (record,) = results.values()
    assert isinstance(record, dict)
    return record


# What an agent gets


@pytest.mark.parametrize(
    ("agent", "answer"),
    [
        ("reads", "a.txt text/plain Dear Sir"),
        ("reads_async", "a.txt text/plain Dear Sir"),
        ("reads_case", "Dear Sir"),
        ("reads_rest", "Dear Sir"),
        ("names", "list [('letters/a.txt', 'text/plain', True)]"),
    ],
)
def test_an_agent_gets_the_file(files: Suite, agent: str, answer: str) -> None:
    record = only(put(files, agent, case("letters/a.txt", answer)))
    assert record["status"] == "passed", record
    assert (record["file_url"], record["file_mime_type"]) == ("letters/a.txt", "text/plain")


def test_a_case_without_a_file_gets_none_and_its_record_names_none(files: Suite) -> None:
    record = only(put(files, "names", "  - {question: q, expected_response: 'list []'}\n"))
    assert record["status"] == "passed"
    assert not {"file_url", "file_mime_type"} & record.keys()


def test_csv_and_jsonl_attach_files_too(files: Suite) -> None:
    header = "question,expected_response,test_method,file_url,file_mime_type\n"
    files.write("sets/t.eval.csv", header + "q,a.txt a/b Dear Sir,exact_match,letters/a.txt,a/b\n")
    line = {"question": "q", "expected_response": "a.txt text/plain Dear Sir", "test_method": "exact_match"}
    files.write("sets/u.eval.jsonl", json.dumps({**line, "file_url": "letters/a.txt"}))
    files.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("agent", ["blind", "an_input"])
def test_a_file_that_the_agent_does_not_take_is_a_usage_error_before_any_call(files: Suite, agent: str) -> None:
    files.configure(agents=(f"a = readers:{agent}",))
    more = ", inputs: {files: y}" if agent == "an_input" else ""
    plain = f"  - {{question: q, expected_response: x{more}}}\n"
    files.write("sets/t.eval.yaml", suite_of(plain, case("letters/a.txt", more=more)))
    result = files.run()
    assert result.ret == 4
    problem = "agent 'a' does not take the file of the case (it takes: question*)"
    advice = "declare a parameter named files, a list of attachments, or case"
    result.stderr.fnmatch_lines([f"*sets/t.eval.yaml:4: case 'q-*': {problem}: {advice}"])
    assert files.calls() == []


def test_an_agent_of_a_fixture_is_asked_too_whether_it_takes_the_file(files: Suite) -> None:
    files.write(
        "conftest.py", "import pytest, readers\n\n@pytest.fixture\ndef eval_agent():\n    return readers.blind\n"
    )
    files.write("sets/t.eval.yaml", suite_of(case("letters/a.txt")))
    files.run().stdout.fnmatch_lines(["*does not take the file of the case*"])
    assert files.calls() == []


# What is refused, before anybody is asked


def test_every_mistake_is_told_with_its_place_and_nobody_is_asked(
    files: Suite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("TOP SECRET")
    folder = files.path / "sets"
    (folder / "out.txt").symlink_to(secret)
    os.mkfifo(folder / "pipe")
    with (folder / "huge.bin").open("wb") as huge:
        huge.truncate(20_000_001)
    urls = {
        "../agents.py": "'..' leads out",
        str(secret): "relative to the test set",
        "out.txt": "a link that leads out",
        "pipe": "no regular file",
        "/dev/zero": "relative to the test set",
        "letters": "it is a folder",
        "huge.bin": "too large: 20.0 MB of at most 20",
        "missing.txt": "there is no such file",
        "..%2fagents.py": "hidden files and folders",
        "C:/autoexec.bat": "relative to the test set",
        "..\\agents.py": "relative to the test set",
        "letters/a.txt\0": "control character U+0000",
        "file:///etc/passwd": "'file' addresses are not allowed",
        "https://me:pw@example.org/x": "must not hold a user name or password",
    }
    files.configure(agents=("a = agents:noted",))
    files.write("sets/t.eval.yaml", suite_of(*(case(url) for url in urls)))
    result = files.run()
    assert result.ret == 2
    for line, message in enumerate(urls.values(), 3):
        result.stdout.fnmatch_lines([f"*sets/t.eval.yaml:{line}:53: file_url: *{message}*"])
    assert "TOP SECRET" not in result.stdout.str()
    assert files.calls() == []


def test_the_limit_is_configured(files: Suite) -> None:
    files.configure("evalsuite_max_file_mb = 0.000004", agents=("reads = readers:reads",))
    files.write("sets/t.eval.yaml", suite_of(case("letters/a.txt")))
    result = files.run()
    result.stdout.fnmatch_lines(
        ["*t.eval.yaml:3:53: file_url: too large: 0.0 MB of at most 4e-06 (evalsuite_max_file_mb)*"]
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("evalsuite_max_file_mb = 0", "evalsuite_max_file_mb: expected megabytes, more than 0, got '0'"),
        ("evalsuite_max_file_mb = big", "evalsuite_max_file_mb: expected megabytes, more than 0, got 'big'"),
        (
            "evalsuite_fetch_hosts = https://x.org",
            "evalsuite_fetch_hosts: expected a host name, *, got 'https://x.org'",
        ),
    ],
)
def test_ini_values_that_cannot_be_are_usage_errors(files: Suite, line: str, message: str) -> None:
    files.configure(line)
    result = files.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{message}"])


# What happens to a file in the meantime


@pytest.mark.parametrize(
    ("question", "message"), [("gone", "there is no such file"), ("link", "a link that leads out")]
)
def test_a_file_that_goes_while_the_run_goes_on_is_an_error_of_its_case(
    files: Suite, monkeypatch: pytest.MonkeyPatch, question: str, message: str
) -> None:
    monkeypatch.setenv("SPOILED", str(files.write("sets/b.txt", "b")))
    one = f"  - {{id: a, question: {question}, expected_response: done, file_url: letters/a.txt}}\n"
    results = put(files, "spoils", one, case("b.txt", more=", id: b"), case("letters/a.txt", "done", more=", id: c"))
    assert {name: record["status"] for name, record in results.items()} == {"a": "passed", "b": "error", "c": "passed"}
    cause = results["b"]["cause"]
    assert (cause["kind"], cause["type"]) == ("attachment", "AttachmentError")
    assert message in cause["message"]


# Addresses


def no_network(*args: object) -> None:
    raise AssertionError("something was looked up")


@pytest.mark.parametrize("ini", [(), ("evalsuite_fetch_hosts = other.example.org",)])
def test_an_address_is_passed_on_and_never_fetched(
    files: Suite, monkeypatch: pytest.MonkeyPatch, server: FileServer, ini: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    url = f"http://{server.host}/a.txt"
    record = only(put(files, "names", case(url, f"list [('{url}', 'text/plain', None)]"), ini=ini))
    assert record["status"] == "passed"
    assert server.asked == []


@pytest.mark.parametrize("agent", ["reads", "reads_async"])
def test_an_allowed_host_is_asked_once(files: Suite, server: FileServer, agent: str) -> None:
    url = f"http://{server.host}/a.txt"
    cases = [case(url, "a.txt text/plain fetched", f", id: c{n}, iterations: 2") for n in range(3)]
    results = put(files, agent, *cases, ini=(f"evalsuite_fetch_hosts = {server.host}",))
    assert {record["status"] for record in results.values()} == {"passed"}
    assert server.asked == ["/a.txt"]


def test_what_was_fetched_is_removed(
    files: Suite, server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    put(files, "reads", case(f"http://{server.host}/a.txt"), ini=(f"evalsuite_fetch_hosts = {server.host}",))
    assert server.asked
    assert not list(tmp_path.glob("evalsuite-files-*"))


@pytest.mark.parametrize(
    ("headers", "body", "mime_type"),
    [({"Content-Type": "Text/HTML; charset=utf-8"}, b"x", "text/html"), ({}, b"%PDF-1", "application/pdf")],
)
def test_the_server_or_the_content_tells_the_media_type(
    files: Suite, server: FileServer, headers: dict[str, str], body: bytes, mime_type: str
) -> None:
    server.files["/plan"] = Served(body, headers=headers)
    answer = f"plan {mime_type} {body.decode()}"
    ini = (f"evalsuite_fetch_hosts = {server.host}",)
    assert only(put(files, "reads", case(f"http://{server.host}/plan", answer), ini=ini))["status"] == "passed"


def test_nothing_is_fetched_by_looking(files: Suite, server: FileServer) -> None:
    files.configure(f"evalsuite_fetch_hosts = {server.host}", agents=("reads = readers:reads",))
    files.write("sets/t.eval.yaml", suite_of(case(f"http://{server.host}/a.txt")))
    assert files.run("--collect-only").ret == 0
    assert server.asked == []


def test_a_redirect_is_followed_among_allowed_hosts_only(files: Suite, server: FileServer) -> None:
    with serving() as other:
        other.files["/secret"] = Served(b"secret")
        server.redirect("/within", "/a.txt")
        server.redirect("/out", f"http://{other.host}/secret")
        server.redirect("/file", "file:///etc/passwd")
        server.redirect("/login", f"http://me:pw@{server.host}/a.txt")
        server.redirect("/round", "/round")
        paths = ("within", "out", "file", "login", "round")
        cases = [case(f"http://{server.host}/{path}", "x", f", id: {path}") for path in paths]
        results = put(files, "reads_case", *cases, ini=(f"evalsuite_fetch_hosts = {server.host}",))
        assert other.asked == []
    assert results["within"]["actual_response"] == "fetched"
    causes = {name: record["cause"]["message"] for name, record in results.items() if record["status"] == "error"}
    assert set(causes) == {"out", "file", "login", "round"}
    assert f"it redirects to http://{other.host}, which evalsuite_fetch_hosts does not allow" in causes["out"]
    assert "redirect" in causes["file"] or "UnsupportedProtocol" in causes["file"]
    assert "more than 5 redirects" in causes["round"]
    assert "pw" not in causes["login"]


def test_what_cannot_be_fetched_is_an_error_of_its_case(files: Suite, server: FileServer) -> None:
    server.files["/large"] = Served(bytes(1001))
    server.files["/short"] = Served(b"x", headers={"Content-Length": "10"})
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    urls = {
        "missing": f"http://{server.host}/missing",
        "large": f"http://{server.host}/large",
        "short": f"http://{server.host}/short",
        "nobody": f"http://{nobody}/x",
        "plain": f"https://{server.host}/a.txt",
    }
    ini = (f"evalsuite_fetch_hosts = {server.host} {nobody}", "evalsuite_max_file_mb = 0.001")
    results = put(files, "reads", *(case(url, more=f", id: {name}") for name, url in urls.items()), ini=ini)
    messages = {name: record["cause"]["message"] for name, record in results.items()}
    assert {record["cause"]["kind"] for record in results.values()} == {"attachment"}
    assert (
        messages["missing"] == f"file_url '{urls['missing']}' could not be fetched: the server answered 404 Not Found"
    )
    assert "more than 0.001 MB (evalsuite_max_file_mb)" in messages["large"]
    assert "RemoteProtocolError" in messages["short"]
    assert "ConnectError" in messages["nobody"]
    assert "could not be fetched: " in messages["plain"]


# What people see


def test_failures_exports_and_commands_show_the_file(
    files: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(
        "sets/t.eval.yaml",
        suite_of(
            case("letters/a.txt", "nothing", ", id: fails"),
            case("letters/a.txt", "a.txt text/plain Dear Sir", ", id: fine"),
        ),
    )
    result = files.run("--eval-csv=run.csv", "--eval-run-name=r")
    result.stdout.fnmatch_lines(["question  q", "file      letters/a.txt (text/plain)"])
    with (files.path / "run.csv").open(newline="", encoding="utf-8") as table:
        assert {(row["file_url"], row["file_mime_type"]) for row in csv.DictReader(table)} == {
            ("letters/a.txt", "text/plain")
        }
    monkeypatch.chdir(files.path)
    capsys.readouterr()
    for name in ("fails", "fine"):
        assert main(["show", "latest", "--case", name]) == 0
        assert "letters/a.txt (text/plain)" in capsys.readouterr().out


def test_validate_checks_files(
    files: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write("sets/t.eval.yaml", suite_of(case("letters/a.txt"), case("letters/b.txt")))
    monkeypatch.chdir(files.path)
    assert main(["validate", "sets"]) == 1
    assert (
        capsys.readouterr().err == "sets/t.eval.yaml:4:53: file_url: there is no such file in the test set's folder\n"
    )


def test_validate_may_be_told_another_limit(files: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write("sets/t.eval.yaml", suite_of(case("letters/a.txt")))
    monkeypatch.chdir(files.path)
    assert main(["validate", "--max-file-mb", "0.000007", "sets"]) == 1
    assert main(["validate", "--max-file-mb", "0.000008", "sets"]) == 0
    for wrong in ("0", "inf", "many"):
        with pytest.raises(SystemExit):
            main(["validate", "--max-file-mb", wrong, "sets"])


def test_turns_of_conversations_attach_files(files: Suite, server: FileServer) -> None:
    files.write("sets/b.txt", b"other")
    files.configure(f"evalsuite_fetch_hosts = {server.host}", agents=("a = readers:in_turn",))
    files.write(
        "readers.py",
        """
        def in_turn(question, history, files):
            return f"{len(history)} {[file.read_text() for file in files]}"
        """,
    )
    files.write(
        "sets/t.eval.yaml",
        f"""
        mode: scenario
        defaults: {{test_method: exact_match}}
        conversations:
          - turns:
              - {{id: first, question: q, expected_response: "0 ['Dear Sir']", file_url: letters/a.txt}}
              - {{id: second, question: r, expected_response: "2 []"}}
          - turns:
              - {{id: first, question: q, expected_response: "0 ['other']", file_url: b.txt}}
              - {{id: second, question: r, expected_response: "2 []"}}
              - {{id: third, question: s, expected_response: "4 ['fetched']", file_url: "http://{server.host}/a.txt"}}
        """,
    )
    files.run("--eval-json=run.json").assert_outcomes(passed=5)
    assert server.asked == ["/a.txt"]
    second = [record["fingerprint"] for name, record in files.results().items() if name.endswith("second")]
    assert len({fingerprint.split("-")[0] for fingerprint in second}) == 2
    files.run("-k", "second").assert_outcomes(passed=2)


def test_a_changed_file_is_asked_again(files: Suite) -> None:
    files.write("sets/b.txt", b"b")
    files.write(
        "sets/t.eval.yaml",
        suite_of(
            case("letters/a.txt", "a.txt text/plain Dear Sir", ", id: a"),
            case("b.txt", "b.txt text/plain b", ", id: b"),
        ),
    )
    files.run().assert_outcomes(passed=2)
    files.write("sets/b.txt", b"B")
    result = files.run("--eval-resume", "--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1)
    assert files.results()["b"]["actual_response"] == "b.txt text/plain B"
