"""An agent that sorts support mail: what is it about, how soon must somebody look at it?

No model: words and phrases in three languages carry points, the category with most points wins.
"""

from __future__ import annotations

import re
from typing import Any

from .cues import CATEGORIES, CATEGORY_URGENCY, TIER_URGENCY, URGENCY, Points
from .mail import amount, language, order_id, own_text

__all__ = ["triage"]

PRIORITIES = ((4.0, "urgent"), (2.0, "high"), (-0.5, "normal"))
SUBJECT_WEIGHT = 1.5


def triage(subject: str, body: str, tier: str = "standard") -> dict[str, Any]:
    """Sort one mail.

    ``tier`` is the customer's: standard, gold, platinum. Gives ``category``, ``priority`` (urgent, high, normal, low),
    ``language``, ``order_id``, ``amount``, ``urgency`` in points and ``confidence`` in 0..1.
    Raises ValueError for an unknown tier.
    """
    if tier not in TIER_URGENCY:
        raise ValueError(f"unknown tier {tier!r}: expected one of {', '.join(TIER_URGENCY)}")
    text = own_text(body)
    points = {name: SUBJECT_WEIGHT * _points(cues, subject) + _points(cues, text) for name, cues in CATEGORIES.items()}
    category = max(points, key=lambda name: points[name])
    total = sum(points.values())
    if not total:
        category = "other"
    mail = f"{subject}\n{text}"
    urgency = _points(URGENCY, mail) + CATEGORY_URGENCY.get(category, 0) + TIER_URGENCY[tier] + _shouting(mail)
    return {
        "category": category,
        "priority": next((name for bar, name in PRIORITIES if urgency >= bar), "low"),
        "language": language(mail),
        "order_id": order_id(mail),
        "amount": amount(mail),
        "urgency": urgency,
        "confidence": round(points[category] / total, 2) if total else 0.0,
    }


def _points(cues: Points, text: str) -> float:
    """Each cue counts once, however often it occurs: long mails are not more of anything."""
    return sum(value for cue, value in cues.items() if re.search(rf"\b(?:{cue})\b", text, re.IGNORECASE))


def _shouting(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha()]
    loud = sum(letter.isupper() for letter in letters) > 0.5 * len(letters) if letters else False
    return (1.0 if loud else 0.0) + (1.0 if "!!" in text else 0.0)
