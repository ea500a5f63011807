"""JSONL: one case a line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pytest_evalsuite.errors import Mistake
from pytest_evalsuite.testsets.cases import Found
from pytest_evalsuite.testsets.positions import Place, walk
from pytest_evalsuite.testsets.yaml_events import MAX_DEPTH, YamlMistake, measure, read_yaml

__all__ = ["JsonlCases", "read_jsonl"]

NEWLINE: Final = re.compile("\r\n|\r|\n")
SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89abAB]")


@dataclass(slots=True)
class JsonlCases:
    """The lines that hold something: (line number, text, value). A line that is no JSON is a mistake and no case."""

    path: str
    rows: list[tuple[int, str, Any]] = field(default_factory=list)
    broken: list[Mistake] = field(default_factory=list)
    what: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def raw(self, index: int) -> Any:
        """Give the value of a line."""
        return self.rows[index][2]

    def line(self, index: int) -> int:
        """Give the number of the line."""
        return self.rows[index][0]

    def places(self, found: Sequence[Found]) -> list[Place]:
        """Walk the lines with problems: JSON is nearly YAML, and where it is not the line alone is named."""
        return [
            (self.line(index), walk(self.rows[index][1], [problem.path]).find(problem.path, on_key=problem.on_key)[1])
            for index, problem in found
        ]


class TwiceError(ValueError):
    """A key is given twice in an object."""


def read_jsonl(text: str, path: str) -> JsonlCases:
    """Read every line, keeping the mistakes of those that are no JSON. Blank lines are passed over."""
    cases = JsonlCases(path)
    decode = json.JSONDecoder(object_pairs_hook=unique_keys, parse_constant=refuse_constant).decode
    for number, line in enumerate(NEWLINE.split(text), start=1):
        if not line or line.isspace():
            continue
        try:
            value = decode(line)
            check_depth(value, line)
            check_surrogates(value, line)
        except TwiceError as error:
            cases.broken.extend(duplicates(path, number, line, str(error)))
        except json.JSONDecodeError as error:
            message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}; each line holds one case, such as "
            cases.broken.append(Mistake(path, number, error.colno, message + '{"question": "..."}'))
        except (RecursionError, ValueError) as error:
            message = f"nested deeper than {MAX_DEPTH} levels" if isinstance(error, RecursionError) else str(error)
            cases.broken.append(Mistake(path, number, 1, message))
        else:
            cases.rows.append((number, line, value))
    return cases


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; raises TwiceError for a key that comes again."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise TwiceError(f"the key {twice!r} is given twice in the same mapping")
    return found


def refuse_constant(name: str) -> NoReturn:
    """Refuse what Python reads though it is no JSON."""
    raise ValueError(f"{name} is no JSON value: write a finite number, or text in quotes")


def check_depth(value: Any, line: str) -> None:
    """Raise RecursionError for a value that is nested too deep; ``line`` says whether it can be."""
    if line.count("[") + line.count("{") > MAX_DEPTH and measure(value, len(line))[1] > MAX_DEPTH:
        raise RecursionError


def check_surrogates(value: Any, line: str) -> None:
    """Raise ValueError for half a character, which JSON can write and no file can hold."""
    if SURROGATE_ESCAPE.search(line):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("a '\\uD8..' escape is half of a surrogate pair: no valid character") from None


def duplicates(path: str, number: int, line: str, message: str) -> list[Mistake]:
    """Find the places of the keys that are given twice."""
    try:
        found = [(column, text) for _, column, text in read_yaml(line).mistakes if "twice" in text]
    except YamlMistake:
        found = []
    return [Mistake(path, number, column, text) for column, text in found or [(1, message)]]
