from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_evalsuite import load_test_set, open_test_set
from pytest_evalsuite.errors import EditError, TestSetError
from pytest_evalsuite.testsets.editing.yaml_cases import YamlCasesText
from pytest_evalsuite.testsets.editing.yaml_items import YamlText

HOSTILE = (
    *("no", "yes", "Off", "null", "~", "true", "007", "1e3", "0x1F", "1_000", "12:30", "2024-01-01", ".5", "<<", "="),
    *(
        "# not a comment",
        "a # b",
        "a: b",
        "a:",
        "- a",
        "? a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "{a}",
        "[a",
        "a, b",
    ),
    *("it's", '"', "'", "\\", "a\\nb", " padded ", "tab\there", "trailing ", "a\nb", "a\nb\n", "a\n\n\nb\n\n", "\na"),
    *(
        "  a\nb",
        "a \nb",
        "\u2028",
        "a\u2028b",
        "\x85x",
        "\ufeffx",
        "a\x07b",
        "\r\n",
        "a\rb",
        "😀",
        "é" * 200,
        "-",
        "---",
    ),
    *("...", "|", ">", "a\n# b\nc", "a\n- b", "...\n---\n", "\t- a", "a\tb\n"),
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)).filter(
    str.strip
)
words = st.text("abc ", min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def scalars(draw: Any, indent: str) -> str:
    """A text as people write it."""
    word = draw(words)
    return str(
        draw(
            st.sampled_from(
                [
                    f" {word}",
                    f" '{word}'",
                    f' "{word}"  # why',
                    f"   {word}",
                    f" |\n{indent}  {word}\n\n{indent}  more",
                    f" >-  # folded\n{indent}  {word}\n{indent}  more",
                    f" |+\n{indent}  {word}\n\n",
                    f" {word}\n{indent}  more",
                    f"  # note\n{indent}  {word}",
                    f" &a{draw(st.integers(0, 10**9))} {word}",
                ]
            )
        )
    ).removesuffix("\n")


@st.composite
def case_texts(draw: Any, number: int, dash: str) -> str:
    comment = draw(st.sampled_from(["", "  # c"]))
    if draw(st.integers(0, 3)) == 0:
        blank = draw(st.sampled_from(["", " "]))
        fields = f'id: c{number}, question: "{draw(words)}", "test_method": regex, pattern: x'
        return f"{dash}- {{{blank}{fields}{blank}}}{comment}\n"
    pad = draw(st.sampled_from([" ", "   "]))
    indent = dash + " " + pad
    parts = [
        f"{indent}question:{draw(scalars(indent))}\n",
        draw(st.sampled_from(["", f"{indent}# inner\n", "\n"])),
        f"{indent}test_method: keyword_match{comment}\n",
        f"{indent}keywords:"
        + draw(st.sampled_from([" [a, b]\n", f"\n{indent}- a  # x\n{indent}- b\n", f"\n{indent}  - a\n"])),
        draw(
            st.sampled_from(
                ["", f"{indent}# last\n", f"{indent}metadata: {{a: 1}}\n", f"{indent}tags: [x,\n{indent}  y]\n"]
            )
        ),
    ]
    return f"{dash}-{pad}id: c{number}{comment}\n" + "".join(parts)


@st.composite
def set_texts(draw: Any) -> str:
    """A YAML test set of three cases, laid out in one of many ways."""
    dash = draw(st.sampled_from(["", "  ", "    "]))
    top = draw(st.sampled_from(["", "# top\n", "name: x  # title\n", "---\n", "# top\n\ntags: [a]\n\n"]))
    gaps = [
        draw(st.sampled_from(["", "\n", "\n\n", f"{dash}# about\n", f"\n{dash}# about\n", f"\n# far\n\n{dash}# a\n"]))
        for _ in range(3)
    ]
    cases = [gap + draw(case_texts(number, dash)) for number, gap in enumerate(gaps)]
    end = draw(st.sampled_from(["", "# end\n", "\n# end\n\n", "description: d\n", "\n\n"]))
    text = f"{top}cases:{draw(st.sampled_from(['', '  # all']))}\n{''.join(cases)}{end}"
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


def fields_of(text: str) -> list[Any]:
    found: list[Any] = YamlCasesText(text).data["cases"]
    return found


def repeated(text: str) -> list[str]:
    return sorted(re.findall(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*", text))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edits") / "a.eval.yaml"


def written(file: Path, text: str) -> Any:
    file.write_bytes(text.encode())
    return open_test_set(file)


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.integers(0, 2), st.integers(0, 2))
def test_moving_there_and_back_gives_the_same_bytes(file: Path, text: str, at: int, to: int) -> None:
    opened = written(file, text)
    before = fields_of(text)
    try:
        opened.move_case(f"c{at}", to=to)
    except EditError:
        assume(False)
    assert sorted(opened.text) == sorted(text) or not text.endswith(("\n", "\r"))
    moved = [*before]
    moved.insert(to, moved.pop(at))
    assert repr(fields_of(opened.text)) == repr(moved)
    opened.move_case(f"c{at}", to=at)
    assert opened.text.rstrip("\r\n") == text.rstrip("\r\n")


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.integers(0, 2), texts)
def test_adding_and_removing_gives_the_same_bytes(file: Path, text: str, at: int, question: str) -> None:
    opened = written(file, text)
    fields = {"id": "new", "question": question, "test_method": "regex", "pattern": "x", "metadata": {"k": question}}
    assert opened.add_case(fields, before=f"c{at}") == "new"
    assert opened.cases == [*(f"c{number}" for number in range(at)), "new", *(f"c{number}" for number in range(at, 3))]
    case = opened.case("new")
    assert (case.question, case.metadata) == (question, {"k": question})
    assert [line for line in repeated(text) if line not in repeated(opened.text)] == []
    opened.remove_case("new")
    assert opened.text == text


@settings(max_examples=20, deadline=None)
@given(set_texts(), texts)
def test_adding_at_the_end_and_removing_gives_the_same_bytes(file: Path, text: str, question: str) -> None:
    opened = written(file, text)
    opened.add_case({"id": "new", "question": question, "test_method": "regex", "pattern": "x"})
    assert opened.cases[-1] == "new"
    assert opened.case("new").question == question
    assert repeated(opened.text) == repeated(text) or "#" in question
    opened.remove_case("new")
    assert opened.text.rstrip("\r\n") == text.rstrip("\r\n")


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.integers(0, 2))
def test_a_removed_case_takes_its_own_lines_only(file: Path, text: str, at: int) -> None:
    opened = written(file, text)
    left = [case for number, case in enumerate(fields_of(text)) if number != at]
    opened.remove_case(f"c{at}")
    assert repr(fields_of(opened.text)) == repr(left)
    source = YamlText(text)
    cases = source.root.find(("cases",))
    assert cases is not None
    above = source.root.keys[source.root.index("cases") or 0].end
    for number, (start, end) in enumerate(source.bodies(cases, above)):
        if number != at:
            assert text[start:end] in opened.text


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.integers(0, 2), texts)
def test_a_changed_field_changes_its_own_lines_only(file: Path, text: str, at: int, question: str) -> None:
    opened = written(file, text)
    opened.update_case(f"c{at}", {"question": question})
    assert opened.case(f"c{at}").question == question
    wanted = fields_of(text)
    wanted[at]["question"] = question
    assert repr(fields_of(opened.text)) == repr(wanted)
    source, new = YamlText(text), opened.text
    node = source.root.find(("cases", at, "question"))
    mapping = source.root.find(("cases", at))
    assert node is not None
    assert mapping is not None
    key = mapping.keys[mapping.index("question") or 0]
    assert new.startswith(text[: key.end])
    assert new.rstrip("\r\n").endswith(text[node.end :].rstrip("\r\n"))


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.integers(0, 2), texts)
def test_a_field_that_comes_and_goes_leaves_the_same_bytes(file: Path, text: str, at: int, reason: str) -> None:
    opened = written(file, text)
    opened.update_case(f"c{at}", {"rationale": reason})
    assert opened.case(f"c{at}").rationale == reason
    opened.update_case(f"c{at}", {"rationale": None})
    assert opened.text.rstrip("\r\n") == text.rstrip("\r\n")


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.integers(0, 2), st.sampled_from(["id", "keywords", "question"]))
def test_a_field_can_be_taken_away_wherever_it_stands(file: Path, text: str, at: int, key: str) -> None:
    edited = YamlCasesText(text)
    wanted = {name: value for name, value in edited.raw(at).items() if name != key}
    assume(key in edited.raw(at))
    new = edited.update({at: wanted})
    assert repr(fields_of(new)[at]) == repr(wanted)
    assert len(fields_of(new)) == 3


@settings(max_examples=20, deadline=None)
@given(set_texts(), st.booleans())
def test_what_is_not_changed_is_not_written(file: Path, text: str, marked: bool) -> None:
    data = (b"\xef\xbb\xbf" if marked else b"") + text.encode()
    file.write_bytes(data)
    opened = open_test_set(file)
    assert opened.diff() == ""
    opened.save()
    assert file.read_bytes() == data
    opened.update_case("c0", {"rationale": "x"})
    opened.save()
    assert file.read_bytes().startswith(b"\xef\xbb\xbf") is marked
    assert load_test_set(file).cases[0].rationale == "x"


TEMPLATE = """\
# Refunds
name: Refunds  # title

cases:
  # About time.
  - id: window     # the first
    question: "How long?"
    expected_response: 30 days
    test_method: contains  # loosely

  - {id: polite, question: 'Now!', expected_response: please, test_method: contains}
"""


def diff_of(file: Path, text: str, act: Any) -> list[str]:
    opened = written(file, text)
    act(opened)
    return [line for line in opened.diff().splitlines()[2:] if line[:1] in "+-"]


def test_a_diff_touches_what_was_asked_for(file: Path) -> None:
    changes = {"question": 'How "long"?', "passing_score": 0.5, "tags": ["a", "no"], "test_method": "exact_match"}
    assert diff_of(file, TEMPLATE, lambda opened: opened.update_case("window", changes)) == [
        '-    question: "How long?"',
        '+    question: "How \\"long\\"?"',
        "-    test_method: contains  # loosely",
        "+    test_method: exact_match  # loosely",
        "+    passing_score: 0.5",
        '+    tags: [a, "no"]',
    ]
    assert diff_of(file, TEMPLATE, lambda opened: opened.update_case("polite", {"id": "calm", "tags": ["x"]})) == [
        "-  - {id: polite, question: 'Now!', expected_response: please, test_method: contains}",
        "+  - {id: calm, question: 'Now!', expected_response: please, test_method: contains, tags: [x]}",
    ]
    assert diff_of(file, TEMPLATE, lambda opened: opened.remove_case("window")) == [
        "-  # About time.",
        "-  - id: window     # the first",
        '-    question: "How long?"',
        "-    expected_response: 30 days",
        "-    test_method: contains  # loosely",
        "-",
    ]
    assert diff_of(file, TEMPLATE, lambda opened: opened.update_settings({"name": "New", "tags": ["a"]})) == [
        "-name: Refunds  # title",
        "+name: New  # title",
        "+tags: [a]",
    ]


def test_only_what_differs_inside_a_field_is_touched(file: Path) -> None:
    text = """\
cases:
  - id: a
    question: q
    inputs:
      text: hello  # greeting
      tier: gold
    checks:
      # first
      - {method: contains, expected_response: x}
      - method: regex  # second
        pattern: "a.b"
"""
    checks = [{"method": "contains", "expected_response": "y"}, {"method": "regex", "pattern": "a.b", "not": True}]
    changes = {"inputs.tier": "silver", "inputs.age": 3, "checks": checks}
    assert diff_of(file, text, lambda opened: opened.update_case("a", changes)) == [
        "-      tier: gold",
        "+      tier: silver",
        "+      age: 3",
        "-      - {method: contains, expected_response: x}",
        "+      - {method: contains, expected_response: y}",
        "+        not: true",
    ]


def test_cases_in_brackets(file: Path) -> None:
    rest = "test_method: regex, pattern: x}"
    text = f"{{name: x, cases: [{{id: a, question: q, {rest}, # one\n  {{id: b, question: r, {rest},]}}"
    opened = written(file, text)
    opened.add_case({"id": "c", "question": "[s], {t}", "test_method": "regex", "pattern": "x"}, after="a")
    opened.update_case("b", {"question": "a, b", "tags": ["x"]})
    assert opened.cases == ["a", "c", "b"]
    assert [case.question for case in opened.test_set.cases] == ["q", "[s], {t}", "a, b"]
    assert "# one" in opened.text
    opened.remove_cases(["c", "a"])
    assert opened.text.endswith("cases: [{id: b, question: 'a, b', test_method: regex, pattern: x, tags: [x]},]}")


ANCHORS = """\
cases:
- &base
  id: a
  question: q
  expected_response: e
  test_method: contains
- <<: *base
  id: b
  question: r
- {id: c, question: &asked s, expected_response: e, test_method: contains}
- {id: d, question: t, expected_response: *asked, test_method: contains}
"""


def test_what_others_take_over_is_not_changed_under_them(file: Path) -> None:
    for case_id, changes, reason in (
        ("a", {"expected_response": "z"}, "without changing something else"),
        ("c", {"question": "z"}, r"the alias \*asked stands for no anchor"),
        ("b", {"expected_response": None}, "comes from '<<' and cannot be removed"),
    ):
        opened = written(file, ANCHORS)
        with pytest.raises(EditError, match=reason):
            opened.update_case(case_id, changes)
        assert opened.text == ANCHORS
    opened = written(file, ANCHORS)
    for case_id in "ac":
        with pytest.raises(EditError, match="stands for no anchor"):
            opened.remove_case(case_id)
    opened.update_case("a", {"question": "z"})
    opened.update_case("b", {"expected_response": "z"})
    opened.update_case("d", {"expected_response": "z"})
    opened.remove_case("c")
    assert [(case.question, case.expected_responses) for case in opened.test_set.cases] == [
        ("z", ("e",)),
        ("r", ("z",)),
        ("t", ("z",)),
    ]


def test_what_would_be_wrong_changes_nothing_and_is_told_with_all_its_mistakes(file: Path) -> None:
    opened = written(file, TEMPLATE)
    with pytest.raises(TestSetError) as caught:
        opened.update_case("window", {"passing_score": 7, "test_method": "contians"})
    assert [(each.line, each.column) for each in caught.value.mistakes] == [(9, 18), (10, 20)]
    with pytest.raises(TestSetError, match="is the id of the case on line 6 too"):
        opened.update_case("polite", {"id": "window"})
    with pytest.raises(TestSetError, match="unknown key 'colour'"):
        opened.add_case({"id": "x", "question": "q", "expected_response": "a", "colour": "red"})
    wrongs: list[tuple[Callable[[], Any], str]] = [
        (lambda: opened.remove_cases(["window", "polite"]), "no case would be left"),
        (lambda: opened.remove_case("windo"), "has no case 'windo'; did you mean 'window'"),
        (lambda: opened.update_case("window", {"skip": None}), "no 'skip' to be removed"),
        (lambda: opened.move_case("window"), "say where to"),
        (lambda: opened.add_case({"question": "x"}, at=3), "there is no place 3"),
        (lambda: opened.add_case({"question": "x"}, at=0, after="window"), "each say where"),
        (lambda: opened.update_settings({"nmae": "x"}), "'nmae' is no setting; did you mean 'name'"),
        (lambda: opened.update_settings({"cases": []}), "'cases' is no setting"),
        (lambda: opened.update_case("window", {"question": "\ud800"}), "half of a surrogate pair"),
    ]
    for wrong, reason in wrongs:
        with pytest.raises(EditError, match=reason):
            wrong()
    with pytest.raises(TypeError, match="not datetime"):
        opened.update_case("window", {"metadata": {"at": datetime.now(timezone.utc)}})
    assert opened.diff() == ""
    assert opened.cases == ["window", "polite"]


def test_several_cases_at_once_may_swap_ids(file: Path) -> None:
    opened = written(file, TEMPLATE)
    assert opened.update_cases({"window": {"id": "polite"}, "polite": {"id": "window"}}) == ["polite", "window"]
    assert opened.cases == ["polite", "window"]


def test_a_field_is_found_by_any_of_its_names(file: Path) -> None:
    opened = written(file, TEMPLATE.replace("    expected_response:", "    expected_output:"))
    opened.update_case("window", {"expected_response": "14 days"})
    assert "    expected_output: 14 days\n" in opened.text


def test_a_derived_id_follows_what_is_asked_and_no_other_case(file: Path) -> None:
    text = (
        "cases:\n- {question: a b, test_method: regex, pattern: x}\n- {question: c, test_method: regex, pattern: x}\n"
    )
    opened = written(file, text)
    first, second = opened.cases
    opened.move_case(first, to=1)
    assert opened.cases == [second, first]
    (renamed,) = {opened.update_case(first, {"question": "d"})}
    assert renamed.startswith("d-")
    assert opened.update_case(renamed, {"id": "mine"}) == "mine"
    assert opened.cases == [second, "mine"]


REST = "test_method: regex, pattern: x"
A = f"{{id: a, question: q, {REST}}}"
B = f"{{id: b, question: r, {REST}}}"
LINES = "test_method: regex\n  pattern: x\n"
LAYOUTS = {
    "a complex key": f"cases:\n- ? id\n  : a\n  ? question\n  : q\n  {LINES}- {B}\n",
    "quoted keys": f"'cases':\n- 'id': a\n  \"question\" : q\n  'test_method':  regex\n  pattern :   x\n- {B}\n",
    "an anchored list": f"cases: &all\n  - {A}\n  # c\n  - {B}\n",
    "an anchor on a line": f"cases:\n  &all\n  - {A}\n  - {B}\n",
    "dashes alone": f"---\ncases:\n-   # one\n  id: a\n  question: q\n  {LINES}- # two\n\n"
    f"  id: b\n  question: r\n  {LINES}...\n# z\n",
    "a directive": f"%YAML 1.1\n---\ncases:\n- {A}\n- {B}\n",
    "JSON": '{"cases":[{"id":"a","question":"q","test_method":"regex","pattern":"x"},'
    '{"id":"b","question":"r","test_method":"regex","pattern":"x"}]}',
    "brackets over lines": f"cases: [\n  {A}, # one\n  {B} # two\n]\n",
    "tags": f"cases:\n- {{id: !!str a, question: !!str 5, {REST}}}\n- id: b\n  question: !!str\n    12\n  {LINES}",
    "text over lines": f"cases:\n- id: a\n  question: one\n    two\n\n    three\n  {LINES}- id: b\n"
    f'  question: "one\n    two\\\n    three"\n  {LINES}',
    "kept blank lines": f"cases:\n- {A}\n- id: b\n  {LINES}  question: |+\n    r\n\n\n",
    "comments after keys": f"cases:  # all\n- id:  # the id\n    a\n  question: # text\n    q\n  {LINES}- {B}\n",
    "mixed line breaks": f"cases:\r\n- {A}\n- id: b\r\n  question: r\n  {LINES}",
    "an indented top": f"  name: x\n  cases:\n    - {A}\n    - {B}\n",
    "odd comments": f"cases:\n# zero\n  - {A}\n# at\n      # deep\n\n# far\n  - {B}\n      # deep end\n# end\n",
}
ADDED = {"id": "n", "question": "x: y\nz", "test_method": "regex", "pattern": "x"}
EDITS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "text": (lambda file: file.update_case("a", {"question": 'new: "x"'}), ["a", "b"]),
    "lines": (lambda file: file.update_case("b", {"question": "new\nx\n"}), ["a", "b"]),
    "data": (
        lambda file: file.update_case("b", {"tags": ["x"], "metadata": {"a": {"b": [1, {"c": "d"}]}}}),
        ["a", "b"],
    ),
    "instead": (
        lambda file: file.update_case("a", {"pattern": None, "test_method": "length", "max_words": 9}),
        ["a", "b"],
    ),
    "last": (lambda file: file.add_case(ADDED), ["a", "b", "n"]),
    "between": (lambda file: file.add_case({**ADDED, "question": "no"}, at=1), ["a", "n", "b"]),
    "first out": (lambda file: file.remove_case("a"), ["b"]),
    "last out": (lambda file: file.remove_case("b"), ["a"]),
    "swap": (lambda file: file.move_case("b", to=0), ["b", "a"]),
    "settings": (lambda file: file.update_settings({"tags": ["t"]}), ["a", "b"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("edit", EDITS)
def test_whatever_the_layout(file: Path, layout: str, edit: str) -> None:
    text = LAYOUTS[layout]
    opened = written(file, text)
    before = {case_id: repr(opened.fields(case_id)) for case_id in opened.cases}
    act, ids = EDITS[edit]
    act(opened)
    assert opened.cases == ids
    touched = {"text": "a", "instead": "a", "lines": "b", "data": "b"}.get(edit)
    for case_id in ids:
        if case_id in before and case_id != touched:
            assert repr(opened.fields(case_id)) == before[case_id]
    opened.save()
    assert file.read_bytes() == opened.text.encode()
    if edit in {"text", "data", "last", "between", "swap", "settings"}:
        assert repeated(opened.text) == repeated(text)


def test_what_is_an_alias_is_not_edited(file: Path) -> None:
    text = f"cases:\n- {A[:-1]}, metadata: &m {{x: y}}}}\n- {B[:-1]}, metadata: *m}}\n"
    opened = written(file, text)
    with pytest.raises(EditError, match=r"metadata\.z stands behind an alias"):
        opened.update_case("b", {"metadata.z": "1"})
    opened.update_case("b", {"metadata": None})
    opened.update_case("a", {"metadata.z": "1"})
    assert opened.case("a").metadata == {"x": "y", "z": "1"}


def test_a_text_that_ends_the_file_is_not_changed_by_what_follows(file: Path) -> None:
    opened = written(
        file,
        f"cases:\n- {{id: a, question: q, {REST}}}\n- id: b\n  test_method: regex\n  pattern: x\n  question: |\n    r",
    )
    with pytest.raises(EditError, match="end the file with a line break"):
        opened.add_case({"id": "n", "question": "x", "test_method": "regex", "pattern": "x"})


def test_what_no_file_can_hold(file: Path) -> None:
    opened = written(file, TEMPLATE)
    with pytest.raises(EditError, match="inf is no number that a file can hold"):
        opened.update_case("window", {"metadata": {"x": float("inf")}})
    with pytest.raises(TypeError, match="keys are text, not 5"):
        opened.update_case("window", {"metadata": {5: "x"}})
    assert opened.diff() == ""
