"""Python's own help topics, cut into passages that can be searched.

Every Python carries these texts (``help("assert")`` shows one) rendered as plain text: headings underlined with ``*``,
``=`` or ``-``, paragraphs, bullet lists, definitions with an indented body, tables drawn with ``+--+``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pydoc_data.topics import topics

__all__ = ["Passage", "passages"]

UNDERLINES = "*=-~"
UNDERLINE = re.compile(r"([*=~-])\1{2,}$")
BULLET = re.compile(r"\A\s*(?:\*|\d+\.|\[\d+\])\s+")
NOT_PROSE = re.compile(r"::=|^\s*>>> |^\s*-\[", re.MULTILINE)
ABOUT_VERSIONS = re.compile(r"(Changed|New|Added|Deprecated|Removed) (since |in )?version")
SHORT_POINT = 15
"""Words: a list of points no longer than this is kept whole, with the sentence that opens it."""


@dataclass(frozen=True)
class Passage:
    """One paragraph, short list, definition or table row.

    ``term`` is what the text defines (``str.lower()``), or empty; ``headings`` are those above it, outermost first;
    ``leads`` says that it is the first under its term or heading.
    """

    text: str
    term: str
    headings: tuple[str, ...]
    leads: bool = False


@dataclass(frozen=True)
class Block:
    """Lines between two blank lines; ``indent`` counts the spaces before the first."""

    lines: tuple[str, ...]
    indent: int

    @property
    def text(self) -> str:
        """The lines as one, without the bullet. A word that was broken at its hyphen is whole again."""
        joined = BULLET.sub("", "\n".join(self.lines))
        return " ".join(re.sub(r"(?<=\w-)\n\s*(?=\w)", "", joined).split())

    @property
    def is_point(self) -> bool:
        return BULLET.match(self.lines[0]) is not None

    @property
    def is_table(self) -> bool:
        return self.lines[0].lstrip().startswith("+-")

    @property
    def may_be_term(self) -> bool:
        """Whether it looks like what is defined below it: one line that is no sentence, or signatures."""
        signatures = all(line.endswith((")", "]")) for line in self.lines)
        return signatures or (len(self.lines) == 1 and not self.opens and not self.lines[0].endswith((".", ";")))

    @property
    def opens(self) -> bool:
        """Whether it ends as a sentence does that goes on below."""
        return self.lines[-1].rstrip().endswith((":", ",", " to"))


def passages() -> list[Passage]:
    """Every passage of every topic once; where topics overlap, from the shortest of them."""
    found: dict[tuple[str, str], Passage] = {}
    for name in sorted(topics, key=lambda name: (len(topics[name]), name)):
        for passage in _of_topic(topics[name]):
            found.setdefault((passage.term, passage.text), passage)
    return list(found.values())


def _of_topic(topic: str) -> Iterator[Passage]:
    headings: dict[int, str] = {}
    terms: dict[int, str] = {}
    blocks = list(_blocks(topic))
    leads = True
    while blocks:
        block = blocks.pop(0)
        if len(block.lines) > 1 and UNDERLINE.match(block.lines[1]):
            level = UNDERLINES.index(block.lines[1][0])
            headings = {depth: title for depth, title in headings.items() if depth < level} | {level: block.lines[0]}
            terms = {}
            leads = True
            continue
        above = tuple(headings[level] for level in sorted(headings))
        terms = {depth: term for depth, term in terms.items() if depth < block.indent}
        if block.is_table:
            yield from (Passage(text, term, above) for term, text in _rows(block.lines))
            continue
        below = blocks[0].indent - block.indent if blocks else 0
        if below == 3 and block.may_be_term:
            terms[block.indent] = ", ".join(map(str.strip, block.lines))
            leads = True
            continue
        if len(block.lines) > 1 and _indent(block.lines[1]) == block.indent + 3 and not block.is_point:
            terms[block.indent] = block.lines[0].strip()
            block = Block(block.lines[1:], block.indent + 3)
            leads = True
        text = block.text
        if block.opens:
            text = " ".join([text, *_points(block, blocks)])
        if _is_prose(block, text):
            yield Passage(text, terms[max(terms)] if terms else "", above, leads)
            leads = False


def _is_prose(block: Block, text: str) -> bool:
    opens_nothing = text.endswith(":") and ". " not in text
    return not (opens_nothing or NOT_PROSE.search("\n".join(block.lines)) or ABOUT_VERSIONS.match(text))


def _blocks(topic: str) -> Iterator[Block]:
    for block in re.split(r"\n\s*\n", topic.strip("\n")):
        lines = tuple(block.strip("\n").split("\n"))
        yield Block(lines, _indent(lines[0]))


def _points(opening: Block, following: list[Block]) -> list[str]:
    """Take from ``following`` what the opening sentence announces: short points are given back, code is dropped."""
    count = next((n for n, block in enumerate(following) if not block.is_point), len(following))
    points = [block.text for block in following[:count]]
    if points and max(len(point.split()) for point in points) <= SHORT_POINT:
        del following[:count]
        return points
    while following and following[0].indent > opening.indent and not following[0].is_point | following[0].is_table:
        del following[0]
    return []


def _rows(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The rows of a table: the first cell, and the others as one text."""
    row: list[list[str]] = []
    for line in map(str.strip, lines):
        if line.startswith("| "):
            row.append([cell.strip() for cell in re.split(r"(?<=\s)\|(?=\s)", line[1:-1])])
        elif row:
            first, *others = (" ".join(filter(None, cells)) for cells in zip(*row))  # noqa: B905 - ragged rows end
            yield first, re.sub(r" \[\d+\]", "", " ".join(others))
            row = []


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
