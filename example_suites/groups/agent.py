"""Two agents of a trading company: one knows what freight cost, the other whom a letter goes to.

They read the customers and orders of Northwind Traders, the sample company that databases have been shown with for
thirty years: a few of each, in ``customers.csv`` and ``orders.csv``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from pytest_evalsuite import AgentReply, Usage

__all__ = ["freight", "letter", "short_letter"]

FOLDER = Path(__file__).parent


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CUSTOMERS = {row["id"]: row for row in rows("customers.csv")}
ORDERS = rows("orders.csv")


def freight(customer_id: str, year: int) -> dict[str, Any]:
    """How many orders a customer made in a year, and what their freight cost.

    Raises LookupError for a customer that nobody knows.
    """
    if customer_id not in CUSTOMERS:
        raise LookupError(f"there is no customer {customer_id!r}")
    found = [one for one in ORDERS if one["customer"] == customer_id and one["date"].startswith(str(year))]
    return {"orders": len(found), "freight": round(sum(float(one["freight"]) for one in found), 2)}


def letter(question: str) -> AgentReply:
    """The head of a letter to whom the question names: by company, contact or city."""
    return _reply(question, ("company", "contact", "address", "city", "postal_code", "country"))


def short_letter(question: str) -> AgentReply:
    """The same, as somebody writes it who sends everything within the country."""
    return _reply(question, ("company", "contact", "city"))


def _reply(question: str, fields: tuple[str, ...]) -> AgentReply:
    customer = _meant(question)
    text = "\n".join(customer[field] for field in fields)
    return AgentReply(output=text, usage=Usage(input_tokens=len(question.split()), output_tokens=len(text.split())))


def _meant(question: str) -> dict[str, str]:
    """The customer that shares most words with the question, those of rarer fields first."""
    asked = set(re.findall(r"\w+", question.casefold()))

    def shared(customer: dict[str, str]) -> tuple[int, ...]:
        return tuple(
            len(asked & set(re.findall(r"\w+", customer[field].casefold())))
            for field in ("company", "contact", "city")
        )

    return max(CUSTOMERS.values(), key=lambda customer: (sum(shared(customer)), shared(customer)))
