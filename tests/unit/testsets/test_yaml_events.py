from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.testsets import yaml_events
from pytest_evalsuite.testsets.positions import walk_all
from pytest_evalsuite.testsets.values import json_value
from pytest_evalsuite.testsets.yaml_events import MAX_DEPTH, PureParser, YamlMistake, read_yaml

PARSERS = [yaml_events.parser_class, PureParser]

TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
SCALAR = (
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
DATA = st.recursive(
    SCALAR, lambda part: st.lists(part, max_size=4) | st.dictionaries(TEXT, part, max_size=4), max_leaves=12
)
DOCUMENT = st.dictionaries(TEXT.filter(lambda key: key != "<<"), DATA, max_size=5)


@pytest.fixture(params=PARSERS, ids=["c", "pure"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_events, "parser_class", request.param)


def refusal(text: str) -> YamlMistake:
    with pytest.raises(YamlMistake) as caught:
        read_yaml(text)
    return caught.value


@given(data=DOCUMENT)
def test_json_is_read_as_itself(data: dict[str, Any]) -> None:
    document = read_yaml(json.dumps(data))
    assert document.mistakes == []
    assert json_value(document.data) == data


@given(data=DOCUMENT)
def test_every_position_is_where_the_value_is_written(data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=1)
    lines = text.split("\n")
    positions = walk_all(text)

    def check(path: tuple[str | int, ...], value: Any) -> None:
        line, column = positions.values[path]
        written = json.dumps(value) if not isinstance(value, (dict, list)) else "{" if isinstance(value, dict) else "["
        assert lines[line - 1][column - 1 :].startswith(written)
        for key, part in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            check((*path, key), part)

    check((), data)


def test_block_style_and_quotes() -> None:
    document = read_yaml("a: |\n  one\n  two\nb: 'no'\nc: \"12\"\nd: [x, 1, 'y']\n'<<': z\ne: !!str 5\n")
    assert json_value(document.data) == {
        "a": "one\ntwo\n",
        "b": "no",
        "c": "12",
        "d": ["x", 1, "y"],
        "<<": "z",
        "e": "5",
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n", "~"])
def test_nothing_is_no_data(text: str) -> None:
    assert json_value(read_yaml(text).data) is None


@pytest.mark.parametrize("text", ["a: 1\r\nb: 2\r\n", "a: 1\rb: 2\r", "\ufeffa: 1\nb: 2"])
def test_line_ends_and_byte_order_mark(text: str) -> None:
    assert json_value(read_yaml(text).data) == {"a": 1, "b": 2}


def test_case_lines_are_those_of_first_keys() -> None:
    text = "name: x\nother:\n  - a: 1\ncases:\n  - id: a\n\n  -\n    id: b\n  - &c {id: c}\n  - *c\n"
    assert read_yaml(text).case_lines == {0: 5, 1: 8, 2: 9, 3: 10}


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "the key 'a' is given twice"),
        ("a: {b: 1, 'b': 2}", 1, 11, "the key 'b' is given twice"),
        ("a: {3: x}", 1, 5, 'write "3" in quotes'),
        ("true: x", 1, 1, 'write "true" in quotes'),
        ("a: 1\n?\n: x", 2, 2, "a key is missing"),
        ("a: !!python/object/apply:os.system ['x']", 1, 4, "the tag '!!python/object/apply:os.system' is not allowed"),
        ("a: !!int 3", 1, 4, "the tag '!!int' is not allowed"),
        ("a: !mine {b: 1}", 1, 4, "the tag '!mine' is not allowed"),
        ("a: {<<: 5}", 1, 10, "'<<' merges mappings"),
    ],
)
def test_mistakes_after_which_reading_goes_on(text: str, line: int, column: int, words: str) -> None:
    (found,) = read_yaml(text).mistakes
    assert found[:2] == (line, column)
    assert words in found[2]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("? [a]\n: b", 1, "a key must be text"),
        ("? {a: 1}\n: b", 1, "a key must be text"),
        ("a: &x 1\n*x : 2", 2, "an alias cannot be a key"),
        ("a: *nowhere", 1, "stands for no anchor"),
        ("a: &a [*a]", 1, "stands inside what it stands for"),
        ("a: &a\n  b: {c: *a}", 2, "stands inside what it stands for"),
        ("x: 0\na: [1, 2\n\n", 2, "never closed"),
        ("x: 0\na: 'it\nb: c\n", 2, "never closed"),
        ("a: b: c", 1, "needs quotes"),
        ("a:\n\t- b", 2, "spaces, not tabs"),
        ("a:\n- b: c\n\td: e", 3, "spaces, not tabs"),
        ('a: "\\d+"', 1, "single quotes"),
        ('a: "x\x00y"', 1, "U+0000"),
        ("ok: 1\nb: \x1b[31m", 2, "U+001B"),
        ('a: "\\ud800"', 1, "scape"),
    ],
)
def test_mistakes_that_end_it(text: str, line: int, words: str) -> None:
    found = refusal(text)
    assert found.line == line
    assert words in found.message


def test_aliases_and_merges_are_data() -> None:
    text = "base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}\nb: {z: 0, <<: [{x: 5}, *b]}\nc: *b\nd: &t hi\ne: *t\n"
    data = json_value(read_yaml(text).data)
    assert data["a"] == {"x": 1, "y": 3}
    assert data["b"] == {"z": 0, "x": 5, "y": 2}
    assert data["c"] == {"x": 1, "y": 2}
    assert data["e"] == "hi"


def test_an_anchor_may_be_given_anew() -> None:
    assert json_value(read_yaml("a: &x [1]\nb: *x\nc: &x 2\nd: *x").data) == {"a": [1], "b": [1], "c": 2, "d": 2}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_the_deepest_nesting(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}", "- ": ""}[opening]
    assert read_yaml(opening * MAX_DEPTH + "x" + closing * MAX_DEPTH).mistakes == []
    assert (
        "nested deeper than 100 levels" in refusal(opening * (MAX_DEPTH + 1) + "x" + closing * (MAX_DEPTH + 1)).message
    )


def test_aliases_nest_no_deeper_either() -> None:
    deep = "[" * 60 + "x" + "]" * 60
    assert read_yaml(f"a: &a {deep}\nb: *a").mistakes == []
    assert "nested deeper" in refusal(f"a: &a {deep}\nb: [[" + "[" * 50 + "*a" + "]" * 52).message


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


def test_an_alias_bomb_goes_off_nowhere() -> None:
    assert "aliases stand for more than 100,000 values" in refusal(bomb(9, 9)).message
    assert read_yaml(bomb(4, 9)).mistakes == []


def test_a_merge_bomb_goes_off_nowhere() -> None:
    lines = ["a0: &a0 {k: 1}"] + [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: 1}}" for i in range(1, 31)]
    assert len(read_yaml("\n".join(lines)).data["a30"]) == 31


@pytest.mark.parametrize("nasty", ["'[' * 100_000", "'[' * 50_000 + ']' * 50_000", "'- ' * 20_000", "'{a: ' * 50_000"])
def test_endless_nesting_does_not_kill_the_process(nasty: str) -> None:
    code = f"""
from pytest_evalsuite.testsets.yaml_events import read_yaml, YamlMistake
try:
    read_yaml({nasty})
except YamlMistake as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "nested deeper than 100 levels"), done.stderr
