"""An asynchronous agent for dates and units of measure. It waits as one does that calls a model over a network."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

__all__ = ["answer"]

LATENCY = 0.2
"""Seconds that every answer takes."""

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS: Mapping[str, tuple[str, float]] = {
    "metre": ("length", 1.0), "kilometre": ("length", 1000.0), "centimetre": ("length", 0.01),
    "millimetre": ("length", 0.001), "mile": ("length", 1609.344), "yard": ("length", 0.9144),
    "foot": ("length", 0.3048), "inch": ("length", 0.0254), "nautical mile": ("length", 1852.0),
    "gram": ("mass", 0.001), "kilogram": ("mass", 1.0), "tonne": ("mass", 1000.0),
    "pound": ("mass", 0.45359237), "ounce": ("mass", 0.028349523125), "stone": ("mass", 6.35029318),
    "second": ("time", 1.0), "minute": ("time", 60.0), "hour": ("time", 3600.0), "day": ("time", 86400.0),
    "week": ("time", 604800.0),
    "litre": ("volume", 1.0), "millilitre": ("volume", 0.001), "us gallon": ("volume", 3.785411784),
    "imperial pint": ("volume", 0.56826125),
}  # fmt: skip
IRREGULAR = {"feet": "foot", "inches": "inch"}
DAY = rf"(\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}})"


async def answer(question: str) -> str:
    """Answer a question about dates or units, after `LATENCY` seconds; say so when it is about neither."""
    await asyncio.sleep(LATENCY)
    for pattern, reply in SKILLS.items():
        if match := re.search(pattern, question, re.IGNORECASE):
            return reply(*match.groups())
    return "I can only answer questions about dates and units of measure."


def _convert(value: str, source: str, target: str) -> str:
    (kind, size), (other_kind, other_size) = UNITS[_singular(source)], UNITS[_singular(target)]
    if kind != other_kind:
        return f"{source} measure {kind}, {target} measure {other_kind}: there is no conversion."
    return f"{float(value.replace(',', '')) * size / other_size:.6g} {target}"


def _celsius(value: str) -> str:
    return f"{(float(value) - 32) / 1.8:.6g} degrees Celsius"


def _fahrenheit(value: str) -> str:
    return f"{float(value) * 1.8 + 32:.6g} degrees Fahrenheit"


def _weekday(day: str) -> str:
    return WEEKDAYS[_date(day).weekday()]


def _days_between(first: str, last: str) -> str:
    return f"{abs((_date(last) - _date(first)).days)} days"


def _shifted(count: str, unit: str, direction: str, day: str) -> str:
    days = int(count) * (7 if unit.lower() == "week" else 1)
    moved = _date(day) + timedelta(days if direction.lower() == "after" else -days)
    return f"{moved.day} {MONTHS[moved.month - 1]} {moved.year}"


def _leap(year: str) -> str:
    return "Yes" if _is_leap(int(year)) else "No"


def _month_length(month: str, year: str) -> str:
    number, after = MONTHS.index(month.capitalize()) + 1, int(year)
    following = date(after + number // 12, number % 12 + 1, 1)
    return f"{(following - timedelta(1)).day} days"


def _week(day: str) -> str:
    return f"Week {_date(day).isocalendar()[1]}"


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _date(text: str) -> date:
    day, month, year = text.split()
    return date(int(year), MONTHS.index(month.capitalize()) + 1, int(day))


def _singular(unit: str) -> str:
    unit = unit.lower().strip()
    return IRREGULAR.get(unit, unit.removesuffix("s"))


NAMES = "|".join(sorted([rf"{name}s?" for name in UNITS] + list(IRREGULAR), key=len, reverse=True))
SKILLS: Mapping[str, Callable[..., str]] = {
    r"convert (-?[\d.]+) degrees fahrenheit": _celsius,
    r"convert (-?[\d.]+) degrees celsius": _fahrenheit,
    rf"convert ([\d.,]+) ({NAMES}) (?:in)?to ({NAMES})": _convert,
    rf"day of the week (?:is|was) {DAY}": _weekday,
    rf"days (?:are there )?between {DAY} and {DAY}": _days_between,
    rf"(\d+) (day|week)s? (after|before) {DAY}": _shifted,
    r"is (?:the year )?(\d{4}) a leap year": _leap,
    rf"days are there in ({'|'.join(MONTHS)}) (\d{{4}})": _month_length,
    rf"ISO week (?:is|was) {DAY}": _week,
}
"""What the agent can do: a pattern of a question, and who answers it from the pattern's groups."""
