"""An agent that reads an invoice in a mail and fills in a form: by rules, as many such programs still do."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any, Final

__all__ = ["read_invoice"]

NUMBER: Final = re.compile(
    r"(?:invoice|rechnung)(?:\s*(?:no\.?|number|nr\.?|#))?[:\s]*([A-Z]*[-/]?\d[\w/-]*)", re.IGNORECASE
)
AMOUNT: Final = re.compile(
    r"(?P<before>EUR|USD|GBP|[€$£])?\s?(?P<number>\d[\d.,]*\d|\d)\s?(?P<after>EUR|USD|GBP|[€$£])?"
)
TOTAL: Final = re.compile(
    r"^\W*(?:total(?: due)?|amount due|gesamtbetrag|to pay)\b(.*)$", re.IGNORECASE | re.MULTILINE
)
TAX: Final = re.compile(
    r"(\d{1,2}(?:[.,]\d)?)\s?%\s*(?:vat|tax|mwst)|(?:vat|tax|mwst)\D{0,5}(\d{1,2}(?:[.,]\d)?)\s?%", re.IGNORECASE
)
DUE: Final = re.compile(
    r"(?:due|payable|pay|zahlbar)\D{0,20}(\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2} [A-Z][a-z]+ \d{4})",
    re.IGNORECASE,
)
IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
ITEM: Final = re.compile(r"^\s*(\d+)\s*x\s+(.+?)\s{2,}.*$", re.MULTILINE)
SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP"}
DATES: Final = ("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y")


def read_invoice(message: str, house_currency: str = "EUR") -> dict[str, Any]:
    """Give what the mail says of its invoice; what it does not say is null."""
    mail = message_from_bytes(message.encode(), policy=policy.default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    name, address = parseaddr(str(mail["from"] or ""))
    number = NUMBER.search(str(mail["subject"] or "")) or NUMBER.search(text)
    total, currency = total_of(text, house_currency)
    tax = TAX.search(text)
    account = IBAN.search(text)
    return {
        "sender": {"name": name or None, "email": address.lower() or None},
        "invoice": {
            "number": number and number[1],
            "total": total,
            "currency": currency,
            "tax_rate": number_in(tax[1] or tax[2]) if tax else None,
            "due": due_date(text),
        },
        "iban": account and account[0].replace(" ", ""),
        "items": [{"count": int(count), "what": what} for count, what in ITEM.findall(text)],
        "note": note_of(text),
    }


def total_of(text: str, house_currency: str) -> tuple[float | None, str | None]:
    """The amount on the line of the total, and its currency."""
    line = TOTAL.search(text)
    amount = AMOUNT.search(line[1]) if line else None
    if amount is None:
        return None, None
    sign = amount["before"] or amount["after"]
    return number_in(amount["number"]), SIGNS.get(sign, sign) if sign else house_currency


def number_in(text: str) -> float:
    """A number as it is written in English or German: 1,234.50 or 1.234,50."""
    decimal = max(text.rfind("."), text.rfind(","))
    if decimal >= 0 and len(text) - decimal - 1 != 3:
        whole, part = re.sub(r"[.,]", "", text[:decimal]), text[decimal + 1 :]
        return float(f"{whole or 0}.{part}")
    return float(re.sub(r"[.,]", "", text))


def due_date(text: str) -> str | None:
    """When it is to be paid, as ISO 8601."""
    found = DUE.search(text)
    for form in DATES if found else ():
        try:
            return datetime.strptime(found[1], form).date().isoformat()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    return None


def note_of(text: str) -> str:
    """The first sentence that is none of the form's fields."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    sentences = [part for part in paragraphs if len(part.split()) > 4 and not ITEM.search(part)]
    return re.split(r"(?<=[.!?]) ", sentences[0])[0] if sentences else ""
