"""What the documentation shows is run, what it names exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_runner import ROOT, Page, blocks_in, same_output

from pytest_evalsuite import cli, hookspecs

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]
MARKDOWN = [
    *PAGES,
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("example_suites*/**/README.md")),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = HEADING.findall(FENCED.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path: Path) -> list[str]:
    found = LINK.findall(FENCED.sub("", path.read_text(encoding="utf-8")))
    return [link for link in found if not link.startswith(("https://", "http://", "mailto:"))]


def names(pattern: str, text: str) -> set[str]:
    return set(re.findall(pattern, text))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_happens(page: Path, tmp_path: Path) -> None:
    Page(page, tmp_path).run()


def test_a_page_that_shows_something_else_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```text note.txt\nhello\n```\n\n```console\n$ cat note.txt\ngoodbye\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="hello\n--- but the page shows:\ngoodbye"):
        Page(page, tmp_path).run()


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nb\nc\n", False),
        ("score 0.5...\n", "score 0.50 < 1.00\n", True),
        ("in 0.04s\n", "in 1.52s\n", True),
        ("2 passed\n", "3 passed\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_output_is_compared_loosely_but_wholly(shown: str, printed: str, same: bool) -> None:
    assert same_output(shown, printed) is same


@pytest.mark.parametrize("page", MARKDOWN, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_listed_in_the_index() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "index.md")}
    assert {page for page in PAGES if page not in (README, DOCS / "index.md")} <= listed


def test_the_quick_start_is_as_short_as_it_says() -> None:
    blocks = list(blocks_in(README.read_text(encoding="utf-8")))
    files = {block.file: block.text for block in blocks if block.file}
    assert len(re.findall(r"^  - id:", files["refunds.eval.yaml"], re.MULTILINE)) == 5
    assert len(files["agent.py"].splitlines()) == 3
    assert any(block.text.startswith("$ pytest --eval-suite\n") for block in blocks if block.language == "console")


def test_the_readme_names_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in names(r"^make (\w+)", README.read_text(encoding="utf-8")) | {"demo", "test"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_figures_of_the_readme_are_those_of_the_benchmarks() -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    measured = {row[0]: row[3] for row in map(cells, results.splitlines()) if len(row) == 6}
    shown = README.read_text(encoding="utf-8").partition("<!-- benchmarks")[2].partition("<!-- /benchmarks")[0]
    rows = {row[0]: row[1] for row in map(cells, shown.splitlines()) if len(row) == 3}
    assert len(rows) > 5
    assert rows.items() <= measured.items(), "benchmarks/readme.py renews them"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split(" | ")] if line.startswith("|") else []


@pytest.fixture
def existing(pytester: pytest.Pytester) -> set[str]:
    """Every option, ini value, hook and command that there is."""
    shown = pytester.runpytest_inprocess("--help", "-p", "no:asyncio").stdout.str()
    verbs = {path.stem.rstrip("_") for path in Path(*cli.__path__).glob("[a-z]*.py")} - {"main"}
    return {
        *names(r"--eval-[a-z-]*[a-z]", shown),
        *names(r"(?<!\w)evalsuite_[a-z_]+", shown),
        *(name for name in vars(hookspecs) if name.startswith("pytest_evalsuite_")),
        *(f"evalsuite {verb}" for verb in verbs),
    }


NAMES = r"--eval-[a-z-]*[a-z]|(?<!\w)(?:pytest_)?evalsuite_[a-z_]+"


def test_the_reference_names_everything_that_can_be_configured(existing: set[str]) -> None:
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert {name for name in existing if f"`{name}" not in page} == set()


def test_nothing_is_named_that_does_not_exist(existing: set[str]) -> None:
    for page in MARKDOWN:
        text = page.read_text(encoding="utf-8")
        named = names(NAMES, text) | names(r"(?:^\$ |`)(evalsuite [a-z]+)", text)
        assert named - existing == set(), name_of(page)
