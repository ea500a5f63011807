"""A librarian that knows what was said: "the second one" and "reserve it" mean something only in a conversation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .catalogue import BOOKS, Book

__all__ = ["Librarian"]

ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
MOST_RESERVED = 2


class Librarian:
    """Finds books by what is asked, step by step, and reserves them.

    It keeps the books that are spoken of, the one that was chosen, and what is reserved, for one reader.
    """

    def __init__(self) -> None:
        self.hits: Sequence[Book] = ()
        self.chosen: Book | None = None
        self.reserved: list[Book] = []

    def __call__(self, question: str) -> str:
        """Answer one sentence of the reader's."""
        said = question.lower()
        steps: list[tuple[str, Callable[[re.Match[str]], str]]] = [
            (r"\bwhat (have i|did i) reserved?\b|\bmy reservations\b", self._list_reserved),
            (r"\b(drop|cancel|forget) (it|that)\b", self._drop),
            (r"\breserve\b", self._reserve),
            (r"\b(before|after) (\d{4})\b", self._narrow),
            (rf"\bthe ({'|'.join(ORDINALS)})( one)?\b", self._choose),
            (r"\bwhich shelf\b|\bwhere\b", self._shelf),
            (r"", self._find),
        ]
        for pattern, answer in steps:
            if match := re.search(pattern, said):
                return answer(match)
        raise AssertionError("unreachable")

    def _find(self, match: re.Match[str]) -> str:
        words = set(re.findall(r"\w+", match.string))
        by_full_name = [book for book in BOOKS if book.author.lower() in match.string]
        by_last_name = [book for book in BOOKS if book.author.lower().split()[-1] in words]
        found = by_full_name or by_last_name or [book for book in BOOKS if book.title.lower() in match.string]
        if not found:
            return "I am sorry, I do not find that. Ask for an author or a title."
        return self._show(found)

    def _narrow(self, match: re.Match[str]) -> str:
        when, year = match[1], int(match[2])
        if not self.hits:
            return "Which books do you mean? Ask for an author first."
        found = [book for book in self.hits if (book.year < year if when == "before" else book.year > year)]
        return self._show(found) if found else f"None of them is from {when} {year}."

    def _show(self, found: Sequence[Book]) -> str:
        self.hits = found
        self.chosen = found[0] if len(found) == 1 else None
        if self.chosen is not None:
            return f"There is {self.chosen} by {self.chosen.author}."
        return f"There are {len(found)}: {', '.join(map(str, found))}."

    def _choose(self, match: re.Match[str]) -> str:
        number = ORDINALS[match[1]]
        if number >= len(self.hits):
            return f"There are only {len(self.hits)}." if self.hits else "Which books do you mean?"
        self.chosen = self.hits[number]
        return f"{self.chosen} by {self.chosen.author}: what about it?"

    def _reserve(self, _: re.Match[str]) -> str:
        book = self.chosen
        if book is None:
            return "Which one?"
        if book in self.reserved:
            return f"{book} is reserved for you already."
        if len(self.reserved) == MOST_RESERVED:
            return f"You have {MOST_RESERVED} reservations, which is all that you may have."
        self.reserved.append(book)
        return f"{book} is reserved for you" + (", it is on loan until Friday." if book.on_loan else ".")

    def _drop(self, _: re.Match[str]) -> str:
        if self.chosen not in self.reserved or self.chosen is None:
            return "There is nothing to drop."
        self.reserved.remove(self.chosen)
        return f"{self.chosen} is no longer reserved."

    def _shelf(self, _: re.Match[str]) -> str:
        if self.chosen is None:
            return "Which one?"
        return "It is on loan." if self.chosen.on_loan else f"It stands on shelf {self.chosen.shelf}."

    def _list_reserved(self, _: re.Match[str]) -> str:
        return f"Reserved: {', '.join(book.title for book in self.reserved)}." if self.reserved else "Nothing."
