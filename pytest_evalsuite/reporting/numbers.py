"""Numbers as people read them. Every function is pure: a number in, a short text out."""

from __future__ import annotations

__all__ = ["amount", "apart", "count", "duration", "rate", "score"]


def score(value: float | None) -> str:
    """A score in 0..1 with two digits: ``0.42``; with more where two would make it the 0 or 1 that it is not."""
    if value is None:
        return "-"
    if value in (0, 1):
        return f"{value:.2f}"
    value = min(max(value, 1e-6), 1 - 1e-6)
    texts = [f"{value:.{digits}f}" for digits in range(2, 7)]
    return next(text for text in texts if float(text) not in (0, 1))


def apart(value: float, bar: float) -> tuple[str, str]:
    """Two scores, with as many digits as it takes to tell them apart: ``0.699`` and ``0.700``."""
    if value == bar or score(value) != score(bar):
        return score(value), score(bar)
    pairs = [(f"{value:.{digits}f}", f"{bar:.{digits}f}") for digits in range(3, 10)]
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(value), repr(bar)))


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
    """``3.1 ms``, ``0.21 s``, ``12.3 s``, ``4 min 05 s``, ``2 h 03 min``; ``-`` when unknown."""
    if seconds is None:
        return "-"
    if seconds < 0.0995:
        milliseconds = seconds * 1000
        return f"{milliseconds:.0f} ms" if milliseconds >= 9.95 else f"{milliseconds:.2g} ms"
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
    if dollars >= 0.09995 or not dollars:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else f"${dollars:.2g}"
