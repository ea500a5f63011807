"""Numbers as people read them. Every function is pure: a number in, a short text out."""

from __future__ import annotations

__all__ = ["amount", "count", "duration", "rate", "score"]


def score(value: float | None) -> str:
    """A score in 0..1 with two digits, or more where two would round it to a bar that it does not reach: ``0.42``."""
    if value is None:
        return "-"
    text = f"{value:.2f}"
    if float(text) == value or abs(float(text) - value) < 1e-9:
        return text
    if text in ("1.00", "0.00"):
        return f"{value:.6f}".rstrip("0") if f"{value:.4f}" in ("1.0000", "0.0000") else f"{value:.4f}".rstrip("0")
    return text


def rate(part: int, whole: int) -> str:
    """A rate with what it is a rate of: ``0.95 (38/40)``; ``-`` over nothing. Only a whole is ever ``1.00``."""
    if not whole:
        return "-"
    value = part / whole
    text = f"{value:.2f}"
    if text == "1.00" and part < whole:
        text = f"{min(value, 0.9999):.4f}"
    if text == "0.00" and part:
        text = f"{max(value, 0.0001):.4f}"
    return f"{text} ({part:,}/{whole:,})"


def duration(seconds: float | None) -> str:
    """``3 ms``, ``0.21 s``, ``12.3 s``, ``4 min 05 s``, ``2 h 03 min``; ``-`` when unknown."""
    if seconds is None:
        return "-"
    if seconds < 0.0995:
        milliseconds = seconds * 1000
        return f"{milliseconds:.0f} ms" if milliseconds >= 0.995 else f"{milliseconds:.1g} ms" if seconds else "0 ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 case``, ``1,200 cases``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def amount(dollars: float) -> str:
    """US dollars: ``$12.30``, ``$0.0012``."""
    return (
        f"${dollars:,.2f}"
        if dollars >= 0.1 or not dollars
        else f"${dollars:.2g}"
        if dollars < 0.0001
        else f"${dollars:.4f}"
    )
