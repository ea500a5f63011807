"""The tools of a web shop: a database of its own, and a payment service that is down the first time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

__all__ = ["Shop"]

ORDERS = [
    ("1001", "kettle", "delivered", 39.90, "EUR"),
    ("1002", "toaster", "on its way", 24.50, "EUR"),
    ("1003", "lamp", "delivered", 59.00, "USD"),
    ("1004", "sofa", "in production", 899.00, "EUR"),
]


class Shop:
    """A shop for one conversation."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "create table orders (id text primary key, item text, status text, amount real, currency text)"
        )
        self._database.executemany("insert into orders values (?, ?, ?, ?, ?)", ORDERS)
        self._attempts = 0

    def tools(self) -> dict[str, Callable[..., Any]]:
        """The tools by name."""
        return {"lookup_order": self.lookup_order, "refund": self.refund, "hand_over": self.hand_over}

    def lookup_order(self, order_id: str) -> dict[str, Any]:
        """Find an order. Raises LookupError when there is none."""
        row = self._database.execute(
            "select item, status, amount, currency from orders where id = ?", [order_id]
        ).fetchone()
        if row is None:
            raise LookupError(f"no order {order_id}")
        return dict(zip(("item", "status", "amount", "currency"), row, strict=True))

    def refund(self, order_id: str, amount: float, currency: str) -> str:
        """Pay an amount back. Raises ConnectionError the first time: the payment service wakes up slowly."""
        self._attempts += 1
        if self._attempts == 1:
            raise ConnectionError("payment service not ready")
        return f"{amount:.2f} {currency} paid back for {order_id}"

    def hand_over(self, reason: str) -> str:
        """Hand the conversation over to a person."""
        return f"handed over: {reason}"
