"""Other people's text inside a prompt: fenced by marks that it cannot know, its look-alikes made harmless."""

from __future__ import annotations

import re
import secrets
from typing import Final

__all__ = ["Fence", "looks_like_a_verdict"]

MARKS: Final = re.compile(r"[<\uff1c\u2039]{3,}|[>\uff1e\u203a]{3,}|[\u226a\u226b\u22d8\u22d9\xab\xbb]{2,}")
"""Three angle brackets, or two double ones, of any width."""
VERDICT: Final = re.compile(
    r"""["']?\b(score|passed|verdict|label|met|rating)\b["']?\s*[:=]\s*["']?(true|false|pass(ed)?|fail(ed)?|\d)""",
    re.IGNORECASE,
)


class Fence:
    """Marks for one prompt, with a nonce of their own: ``<<<answer 3f2a...>>>`` to ``<<<end answer 3f2a...>>>``."""

    def __init__(self) -> None:
        self.nonce = secrets.token_hex(8)

    def block(self, name: str, text: str) -> str:
        """The text between marks; what looks like a mark in it is set apart, and the nonce is cut."""
        harmless = MARKS.sub(lambda match: " ".join(match[0]), text)
        while self.nonce in harmless:  # what is left and right of one may be another one
            harmless = harmless.replace(self.nonce, "")
        return f"<<<{name} {self.nonce}>>>\n{harmless}\n<<<end {name} {self.nonce}>>>"


def looks_like_a_verdict(text: str) -> bool:
    """Whether an answer holds what a verdict is made of, such as ``"score": 10`` or ``passed: true``."""
    return VERDICT.search(text) is not None
