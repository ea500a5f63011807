"""What can be read from a mail as it is written: its own words, its language, an order number, an amount."""

from __future__ import annotations

import re

__all__ = ["amount", "language", "order_id", "own_text"]

QUOTE = re.compile(r"^(On .+ wrote:|Am .+ schrieb .+:|Le .+ a écrit :|-{2,} ?Original|-- ?$)", re.MULTILINE)
ORDER = re.compile(
    r"(?:order|invoice|bestellung|auftrag|rechnung|commande|facture|#|n°)[\s:.#]*(?:no|number|nr|nummer|numéro)?[\s:.#]*"
    r"([A-Z]{2})?-?(\d{5,8})\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(
    r"([€$£]|EUR|USD|GBP)?\s?(\d{1,3}(?:[.,\s]\d{3})*(?:[.,]\d{2})|\d+)\s?([€$£]|EUR|USD|GBP|euros?|dollars?)?"
)
CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD"}
COMMON_WORDS = {
    "en": "the and is was my to i of it you not have for this with that your can but on when we",
    "de": "der die das und ist war mein meine ich nicht sie wir mit auf für ein eine habe wurde bitte",
    "fr": "le la les et est mon ma je ne pas vous nous avec pour un une des mais merci bonjour que",
    "es": "el la los y es mi no un una por para con pero que gracias hola pedido se he ha en",
}


def own_text(body: str) -> str:
    """The mail without what it quotes (``>``, all after "On ... wrote:") and without its signature."""
    match = QUOTE.search(body)
    written = body[: match.start()] if match else body
    return "\n".join(line for line in written.splitlines() if not line.lstrip().startswith(">")).strip()


def language(text: str) -> str:
    """The language whose common words occur most: ``en``, ``de``, ``fr``, ``es``; ``en`` where nothing tells."""
    found = re.findall(r"[^\W\d_]+", text.lower())
    hits = {code: sum(word in common.split() for word in found) for code, common in COMMON_WORDS.items()}
    return max(hits, key=lambda code: hits[code])


def order_id(text: str) -> str | None:
    """The first order or invoice number, as ``AB-12345`` or ``1048233``."""
    match = ORDER.search(text)
    if match is None:
        return None
    prefix, digits = match.groups()
    return f"{prefix.upper()}-{digits}" if prefix else digits


def amount(text: str) -> dict[str, float | str] | None:
    """The first sum of money, ``{"value": 1299.0, "currency": "EUR"}``, written the English or the continental way."""
    for before, number, after in AMOUNT.findall(text):
        sign = (before or after).lower()
        if sign:
            return {"value": _number(number), "currency": CURRENCIES.get(sign, sign.upper())}
    return None


def _number(text: str) -> float:
    whole, cents = (text[:-3], text[-2:]) if re.search(r"[.,]\d{2}$", text) else (text, "0")
    return float(re.sub(r"\D", "", whole) + "." + cents)
