"""What a small library has, and on which shelf: real novels, in a CSV file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BOOKS", "Book"]


@dataclass(frozen=True)
class Book:
    """A book of the library."""

    title: str
    author: str
    year: int
    shelf: str
    on_loan: bool

    def __str__(self) -> str:
        return f"{self.title} ({self.year})"


def _read() -> list[Book]:
    with Path(__file__).with_name("books.csv").open(encoding="utf-8", newline="") as file:
        return [
            Book(row["title"], row["author"], int(row["year"]), row["shelf"], row["on_loan"] == "yes")
            for row in csv.DictReader(file)
        ]


BOOKS = _read()
