"""A clerk in the post room: reads the file that comes with a question, and answers from it.

No model: letters are searched for amounts, dates and reference numbers, tables are added up, of pictures the size is
told. What it cannot read it says so of.
"""

from __future__ import annotations

import csv
import io
import re
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal

from pytest_evalsuite.agents import Attachment

__all__ = ["read_post"]

AMOUNT = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})*\.\d\d) (EUR|USD|GBP)\b")
DATE = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")
REFERENCE = re.compile(r"\b([A-Z]{2}-\d{3,})\b")
ABOUT_COLUMN = re.compile(r"\b(?:total|sum) of (?:the column )?(\w+)", re.IGNORECASE)


def read_post(question: str, files: Sequence[Attachment]) -> str:
    """Answer a question about the one file that comes with it. Raises ValueError where there is none or more."""
    if len(files) != 1:
        raise ValueError(f"expected one file, got {len(files)}")
    (file,) = files
    if file.path is None:
        return f"{file.name} lies elsewhere: I was given its address, {file.url}"
    reader = READERS.get(file.mime_type)
    return reader(question, file) if reader else f"I cannot read {file.mime_type}"


def _letter(question: str, file: Attachment) -> str:
    text = file.read_text()
    asked = question.lower()
    if "how many words" in asked:
        return f"{len(text.split())} words"
    if "much" in asked or "amount" in asked:
        amounts = [(Decimal(number.replace(",", "")), currency) for number, currency in AMOUNT.findall(text)]
        return "; ".join(f"{number} {currency}" for number, currency in sorted(set(amounts))) or "no amount"
    if "when" in asked or "date" in asked:
        return ", ".join(DATE.findall(text)) or "no date"
    return ", ".join(dict.fromkeys(REFERENCE.findall(text))) or "no reference"


def _table(question: str, file: Attachment) -> str:
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    column = ABOUT_COLUMN.search(question)
    if column is None:
        return f"{len(rows)} rows"
    return str(sum(Decimal(row[column[1].lower()]) for row in rows))


def _picture(_: str, file: Attachment) -> str:
    """The size stands in the header chunk, which is always the first (PNG specification, 11.2.1)."""
    width, height = struct.unpack(">II", file.read_bytes()[16:24])
    return f"{width} x {height} pixels"


READERS: dict[str, Callable[[str, Attachment], str]] = {
    "text/plain": _letter,
    "text/csv": _table,
    "image/png": _picture,
}
