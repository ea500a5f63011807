"""The file of a case: found below the test set, checked when the set is read and again when it is opened."""

from __future__ import annotations

import copy
import os
import pickle
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from file_server import CERTIFICATE, Served, serving
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.agents import Agent, Attachment, Request
from pytest_evalsuite.errors import AttachmentError, ConfigurationError, TestSetError
from pytest_evalsuite.testsets import Case, TestSet, load_test_set
from pytest_evalsuite.testsets.attachments import FileRules
from pytest_evalsuite.testsets.csv_fast import FEWEST_ROWS
from pytest_evalsuite.testsets.fetching import Fetcher, read_hosts
from pytest_evalsuite.testsets.media import MediaSniffer, named_type

Write = Callable[..., Path]
Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

HEAD = "cases:\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def case_text(url: str, more: str = "") -> str:
    return f"- {{question: q, expected_response: a, file_url: {url}{more}}}\n"


def only(test_set: TestSet) -> Case:
    (case,) = test_set.cases
    return case


@pytest.fixture
def letter(write: Write) -> Path:
    return write("Dear Sir", "letters/a.txt")


@pytest.fixture
def attached(load: Load, letter: Path) -> Case:
    return only(load(HEAD + case_text("letters/a.txt")))


# What is found


def test_a_file_below_the_test_set_is_given_with_its_media_type(attached: Case, letter: Path) -> None:
    (file,) = attached.files
    assert file == Attachment(url="letters/a.txt", mime_type="text/plain", path=letter.resolve())
    assert file.read_text() == "Dear Sir"
    assert file.name == "a.txt"


def test_a_case_without_a_file_has_no_files(load: Load) -> None:
    case = only(load(HEAD + "- {question: q, expected_response: a}"))
    assert case.file is None
    assert list(case.files) == []
    assert not case.files


@pytest.mark.parametrize("name", ["Rechnung für März.txt", "請求書.txt", "cafe\u0301.txt", "a b%20c.txt", "a..txt"])
def test_names_are_taken_as_they_are_written(write: Write, load: Load, name: str) -> None:
    write("x", name)
    (file,) = only(load(HEAD + case_text(f'"{name}"'))).files
    assert file.name == name
    assert file.read_text() == "x"


def test_jsonl_and_csv_have_the_columns(write: Write, load: Load) -> None:
    write("x", "f.bin")
    jsonl = load(
        '{"question": "q", "expected_response": "a", "file_url": "f.bin", "file_mime_type": "X/Y"}', "t.jsonl"
    )
    table = load("question,expected_response,file_url,file_mime_type\nq,a, f.bin ,x/y\nr,a,,\n", "t.csv")
    for case in (only(jsonl), table.cases[0]):
        assert case.file is not None
        assert (case.file.url, case.file.mime_type) == ("f.bin", "x/y")
    assert table.cases[1].file is None


def test_paths_are_relative_to_the_file_that_the_case_stands_in(write: Write, load: Load) -> None:
    write("x", "data/f.txt")
    write("question,expected_response,file_url\nq,a,f.txt\n", "data/cases.csv")
    (file,) = only(load("cases_from: data/cases.csv")).files
    assert file.read_text() == "x"


def test_a_large_table_has_the_file_of_each_row(write: Write, load: Load) -> None:
    write("x", "f0.txt")
    write("y", "f1.txt")
    rows = "".join(f"q{n},a,f{n % 2}.txt\n" for n in range(FEWEST_ROWS + 10))
    cases = load("question,expected_response,file_url\n" + rows, "t.csv").cases
    assert [case.files[0].read_text() for case in cases[:3]] == ["x", "y", "x"]


def test_a_link_inside_the_folder_is_followed(write: Write, load: Load, letter: Path) -> None:
    (letter.parent / "link.txt").symlink_to("a.txt")
    (file,) = only(load(HEAD + case_text("letters/link.txt"))).files
    assert file.path == letter.resolve()


def test_an_address_is_passed_on(load: Load) -> None:
    case = only(load(HEAD + case_text('"https://example.org/a/plan.pdf?v=2#top"')))
    assert list(case.files) == [Attachment(url="https://example.org/a/plan.pdf?v=2#top", mime_type="application/pdf")]
    unknown = only(load(HEAD + case_text('"HTTP://example.org/plan"')))
    assert unknown.files[0].mime_type == "application/octet-stream"


def test_files_are_a_sequence(attached: Case) -> None:
    assert attached.files[:1] == list(attached.files) == [attached.files[-1]]
    with pytest.raises(IndexError):
        attached.files[1]


def test_a_case_can_be_copied(attached: Case) -> None:
    for copied in (copy.deepcopy(attached), pickle.loads(pickle.dumps(attached))):
        assert copied.files[0].read_text() == "Dear Sir"


# What is refused


REFUSED = {
    "../a.txt": "'..' leads out of the test set's folder",
    "letters/../../a.txt": "'..' leads out of the test set's folder",
    "/etc/passwd": "expected a file name relative to the test set",
    "//host/share": "expected a file name relative to the test set",
    "~/.netrc": "expected a file name relative to the test set",
    "'C:/x.txt'": "expected a file name relative to the test set",
    r"'C:\x.txt'": "expected a file name relative to the test set",
    r"'letters\a.txt'": "expected a file name relative to the test set",
    r"'\\host\share\x'": "expected a file name relative to the test set",
    r'"letters/a.txt\0.png"': "holds the control character U+0000",
    r'"a\nb"': "holds the control character U+000A",
    "..%2fa.txt": "hidden files and folders",
    "letters/..%2fb.txt": "hidden files and folders",
    "letters%2fa.txt": "there is no such file",
    "letters": "expected a file: it is a folder",
    ".": "expected a file: it is a folder",
    ".env": "hidden files and folders (.env, .git) are not attached",
    ".git/config": "hidden files and folders (.env, .git) are not attached",
    "letters/.hidden/a.txt": "hidden files and folders (.env, .git) are not attached",
    "letters/b.txt": "there is no such file in the test set's folder",
    "letters/a.txt/b": "cannot be read: Not a directory",
    "file:///etc/passwd": "'file' addresses are not allowed: expected a path below the test set's folder, or an http://",
    "'FTP://example.org/x'": "'FTP' addresses are not allowed",
    "'data:text/plain,x'": "'data' addresses are not allowed",
    "'javascript:alert(1)'": "'javascript' addresses are not allowed",
    "'https://me:secret@example.org/x'": "an address must not hold a user name or password",
    "'https://me@example.org/x'": "an address must not hold a user name or password",
    "'https:///x'": "expected a host in the address",
    "'https://example.org:99999/x'": "expected an http:// or https:// address: ",
    "'https://[::1/x'": "expected an http:// or https:// address: ",
    r"'https://example.org\@evil.org/x'": "expected an address without blanks and backslashes",
    "'https://example.org/a b'": "expected an address without blanks and backslashes",
    "x" * 300: "cannot be read: File name too long",
    "x" * 2001: "is 2,001 characters long, of at most 2,000",
    "[a.txt]": "expected text, not a list",
    "''": "is blank",
}


@pytest.mark.usefixtures("letter")
@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_file_below_the_test_set_is_refused(mistakes: Mistakes, url: str) -> None:
    (found,) = mistakes(HEAD + "- question: q\n  expected_response: a\n  file_url: " + url)
    assert found.startswith(f"4:13: file_url: {REFUSED[url]}")
    assert ":secret" not in found


def test_a_link_that_leads_out_is_refused(
    write: Write, mistakes: Mistakes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("s")
    here = write("x", "x.txt").parent
    (here / "out.txt").symlink_to(secret)
    (here / "folder").symlink_to(secret.parent)
    (here / "round.txt").symlink_to("round.txt")
    (here / "nothing.txt").symlink_to("missing.txt")
    urls = ("out.txt", "folder/secret.txt", "round.txt", "nothing.txt")
    assert [found.partition("file_url: ")[2] for found in mistakes(HEAD + "".join(map(case_text, urls)))] == [
        "the file is a link that leads out of the test set's folder",
        "the file is a link that leads out of the test set's folder",
        "the file is a symbolic link in a circle",
        "it is a symbolic link to nothing in the test set's folder",
    ]


def test_a_link_to_a_hidden_file_is_refused(write: Write, mistakes: Mistakes) -> None:
    (write("KEY=1", ".env").parent / "env.txt").symlink_to(".env")
    (found,) = mistakes(HEAD + case_text("env.txt"))
    assert "hidden files and folders (.env, .git) are not attached" in found


def test_what_is_no_regular_file_is_refused(write: Write, mistakes: Mistakes) -> None:
    os.mkfifo(write("x", "x.txt").parent / "pipe")
    assert mistakes(HEAD + case_text("pipe")) == ["2:49: file_url: expected a file: it is no regular file"]


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(write: Write) -> None:
    rules = FileRules(max_bytes=1000)
    write(bytes(1000), "fits.bin")
    write(bytes(1001), "large.bin")
    assert load_test_set(write(HEAD + case_text("fits.bin") + case_text("fits.bin", ", id: b")), files=rules).cases
    with pytest.raises(TestSetError, match=r"file_url: too large: 0.0 MB of at most 0.001 \(evalsuite_max_file_mb\)"):
        load_test_set(write(HEAD + case_text("large.bin")), files=rules)


def test_all_mistakes_are_told_at_once(mistakes: Mistakes) -> None:
    text = (
        HEAD + case_text("no.txt") + case_text("/x", ", file_mime_type: text") + "- {question: r, pasing_score: 1}\n"
    )
    assert [found.split(": ")[:2] for found in mistakes(text)] == [
        ["2:49", "file_url"],
        ["3:49", "file_url"],
        ["3:69", "file_mime_type"],
        ["4:17", "unknown key 'pasing_score'; did you mean 'passing_score'?"],
    ]


def test_mistakes_in_a_table_have_their_cell(mistakes: Mistakes) -> None:
    table = "question,expected_response,file_url,file_mime_type\nq,a,no.txt,\nr,a,,text/plain\ns,a,/x,y\n"
    assert [found.partition(": ")[0] for found in mistakes(table, "t.csv")] == ["2:5", "3:6", "4:5", "4:8"]


@pytest.mark.parametrize(
    "mime_type", ["text", "text/", "/plain", "text/plain; charset=utf-8", "a/b/c", "text /plain", "*/*"]
)
def test_a_media_type_has_its_form(mistakes: Mistakes, letter: Path, mime_type: str) -> None:
    (found,) = mistakes(HEAD + case_text("letters/a.txt", f', file_mime_type: "{mime_type}"'))
    assert f"file_mime_type: expected a media type, such as text/csv or image/png, not {mime_type!r}" in found


def test_a_media_type_without_a_file_is_a_mistake(mistakes: Mistakes) -> None:
    text = HEAD + "- question: q\n  expected_response: a\n  file_mime_type: text/plain\n"
    assert mistakes(text) == ["4:3: there is no 'file_url' whose media type it could be"]


# What becomes of it until the agent gets it


def test_a_file_that_has_gone_cannot_be_opened(attached: Case, letter: Path) -> None:
    letter.unlink()
    with pytest.raises(AttachmentError, match=r"file_url 'letters/a.txt': there is no such file"):
        list(attached.files)


def test_a_file_that_has_changed_cannot_be_opened(attached: Case, letter: Path) -> None:
    letter.write_text("Dear Madam")
    with pytest.raises(AttachmentError, match=r"file_url 'letters/a.txt': the file has changed since"):
        list(attached.files)


def test_a_file_that_was_written_again_as_it_was_is_the_same(attached: Case, letter: Path) -> None:
    os.utime(letter, (1, 1))
    assert attached.files[0].read_text() == "Dear Sir"


def test_a_link_that_is_put_in_its_place_is_not_followed(
    attached: Case, letter: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("Dear Sir")
    letter.unlink()
    letter.symlink_to(secret)
    with pytest.raises(AttachmentError, match="a link that leads out of the test set's folder"):
        list(attached.files)


@pytest.mark.parametrize("function", [min, len])
def test_a_builtin_cannot_have_a_file(function: Callable[..., object], attached: Case) -> None:
    request = Request(question="q", session_id="1", files=attached.files)
    with pytest.raises(ConfigurationError, match="declare a parameter named files, a list of attachments, or case"):
        Agent("mine", function).check(request)


# What a case is


def test_the_fingerprint_holds_content_and_media_type_of_a_file(write: Write, load: Load) -> None:
    def fingerprint(more: str) -> str:
        return only(load(HEAD + "- {id: x, question: q, expected_response: a" + more + "}")).fingerprint

    write("same", "a.txt")
    write("same", "b.txt")
    write("other", "c.txt")
    bare, a, b, c = (fingerprint(more) for more in ("", *(f", file_url: {name}.txt" for name in "abc")))
    assert a == b
    assert len({bare, a, c, fingerprint(", file_url: a.txt, file_mime_type: text/csv")}) == 4
    one, two = (fingerprint(f', file_url: "https://example.org/{name}"') for name in "ab")
    assert one != two
    assert {other.split("-")[1:] == bare.split("-")[1:] for other in (a, c, one)} == {True}


def test_an_id_tells_two_files_apart(write: Write, load: Load) -> None:
    write("same", "a.txt")
    write("same", "b.txt")
    cases = load(HEAD + case_text("a.txt") + case_text("b.txt") + "- {question: q, expected_response: a}").cases
    assert len({case.id for case in cases}) == 3


def test_the_same_file_twice_is_the_same_case(mistakes: Mistakes, letter: Path) -> None:
    (found,) = mistakes(HEAD + 2 * case_text("letters/a.txt"))
    assert "asks the same as the case on line 2" in found


def test_a_file_is_no_question(mistakes: Mistakes, letter: Path) -> None:
    (found,) = mistakes(HEAD + "- {expected_response: a, file_url: letters/a.txt}")
    assert "the case asks nothing: it needs a question, or inputs" in found


# Media types


NAMED = {
    "a.TXT": "text/plain",
    "a.csv": "text/csv",
    "a.md": "text/markdown",
    "a.png": "image/png",
    "a.jpeg": "image/jpeg",
    "a.webp": "image/webp",
    "a.pdf": "application/pdf",
    "a.json": "application/json",
    "a.csv.gz": "application/gzip",
    "a.txt.xz": "application/x-xz",
    "letter": None,
    "b.png/letter": None,
    "https://example.org/x.png?y=z.pdf#a.gif": "image/png",
    "https://example.org/x": None,
}


@pytest.mark.parametrize("name", NAMED)
def test_the_name_tells_the_media_type(name: str) -> None:
    assert named_type(name) == NAMED[name]


CONTENT = {
    PNG: "image/png",
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"GIF89a": "image/gif",
    b"%PDF-1.7": "application/pdf",
    b"RIFF\0\0\0\0WEBPVP8 ": "image/webp",
    b"RIFF\0\0\0\0WAVE": "application/octet-stream",
    b"PK\x03\x04": "application/zip",
    b"": "text/plain",
    "Grüße".encode(): "text/plain",
    "Grüße".encode("latin-1"): "application/octet-stream",
    "Grüße".encode()[:3]: "application/octet-stream",
    b"a\0b": "application/octet-stream",
    zlib.compress(b"x" * 100): "application/octet-stream",
}


@pytest.mark.parametrize("content", CONTENT)
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_the_content_tells_the_media_type(content: bytes, step: int) -> None:
    sniffer = MediaSniffer()
    for start in range(0, len(content), step):
        sniffer.feed(content[start : start + step])
    assert sniffer.result() == CONTENT[content]


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(lambda text: "x" + text), st.data()
)
def test_all_text_is_text_however_it_comes(text: str, data: st.DataObject) -> None:
    content = text.encode()
    cut = data.draw(st.integers(0, len(content)))
    sniffer = MediaSniffer()
    sniffer.feed(content[:cut])
    sniffer.feed(content[cut:])
    assert sniffer.result() == "text/plain"


# Which hosts are allowed


def allowed(hosts: str, address: tuple[str, str, int | None]) -> bool:
    return Fetcher(read_hosts(hosts.split()), 1).allows(*address)


@pytest.mark.parametrize(
    ("hosts", "address", "is_allowed"),
    [
        ("example.org", ("https", "example.org", None), True),
        ("Example.ORG", ("http", "example.org", 80), True),
        ("example.org", ("https", "example.org", 443), True),
        ("example.org", ("https", "example.org", 8443), False),
        ("example.org", ("https", "www.example.org", None), False),
        ("example.org", ("https", "example.org.evil.net", None), False),
        ("example.org:8443", ("https", "example.org", 8443), True),
        ("example.org:443", ("https", "example.org", None), True),
        ("example.org:8443", ("https", "example.org", None), False),
        ("example.org", ("ftp", "example.org", None), False),
        ("[::1]:8000", ("http", "::1", 8000), True),
        ("a b", ("http", "b", None), True),
    ],
)
def test_hosts_are_allowed_by_their_exact_name_and_port(
    hosts: str, address: tuple[str, str, int | None], is_allowed: bool
) -> None:
    assert allowed(hosts, address) == is_allowed


@pytest.mark.parametrize(
    "host", ["*", "*.example.org", "https://example.org", "example.org/x", "a@b", "x:0", "x:99999", "x:", "a..b"]
)
def test_anything_else_is_no_host(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"evalsuite_fetch_hosts: expected a host name, such as .*, got "):
        read_hosts([host])


def test_the_certificate_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tls=True) as server:
        server.files["/a.txt"] = Served(b"x")
        server.redirect("/down", f"http://{server.host}/a.txt")

        def outcome(path: str) -> str:
            fetcher = Fetcher(read_hosts([server.host]), 1000)
            found = fetcher.outcome(f"https://{server.host}{path}")
            told = str(found) if isinstance(found, AttachmentError) else found and found.path.read_text()
            fetcher.close()
            return told or "nothing"

        assert "CERTIFICATE_VERIFY_FAILED" in outcome("/a.txt")
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert outcome("/a.txt") == "x"
        assert "it redirects from https to http" in outcome("/down")


def test_what_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with serving() as server:
        server.files["/slow"] = Served(b"x" * 50, pause=0.05)
        fetcher = Fetcher(read_hosts([server.host]), 1000, timeout=0.3)
        start = time.monotonic()
        outcome = fetcher.outcome(f"http://{server.host}/slow")
        fetcher.close()
    assert isinstance(outcome, AttachmentError)
    assert "not there within 0.3 s" in str(outcome)
    assert time.monotonic() - start < 2.4


def test_fetching_needs_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_evalsuite.extras.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'pytest-evalsuite\[http\]'"):
        read_hosts(["example.org"])
    assert read_hosts([]) == frozenset()
