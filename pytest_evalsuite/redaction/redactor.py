"""Takes secrets out of texts: exact values in all their forms, keys by what they look like, patterns of the user's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.redaction.forms import escaped_form, forms_of
from pytest_evalsuite.redaction.kinds import KINDS, Kind

__all__ = ["MARK", "Redactor", "names_in"]

MARK: Final = "[redacted "
"""What a replacement begins with: ``[redacted OPENAI_API_KEY]``."""

NAME: Final = re.compile(r"\[redacted ([\w.-]{1,100})\]")
ODD: Final = re.compile(r"[^\w.-]+")
CUTS: Final = ("...", "\u2026")
COMMON: Final = "QXZJqVKUzxjYW$%~^@#&*=+|<>[]{}_FGHBNOLDMRPSCTIEA/9876543vkwb-y;\\gfp.mcdhulo21irsn0tae:,\"' "
"""Characters from the rarest to the most common one in a record; what is not among them is rarer still."""

LEAST_PART: Final = 6
"""Characters of a secret that are one where a text was cut short beside them."""


class Redactor:
    """``values`` maps each secret to the name that stands for it; ``kinds`` and ``patterns`` are forms of keys.

    A pattern's group ``secret`` is what is replaced, or all that it matches.
    """

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        kinds: Iterable[Kind] = (),
        patterns: Sequence[re.Pattern[str]] = (),
    ) -> None:
        self.values = dict(values or {})
        self.kinds = tuple(kinds)
        self.patterns = tuple(patterns)
        self._names: dict[str, str] = {}
        self._escaped: list[tuple[re.Pattern[str], str]] = []
        hints = {hint: kind.then for kind in self.kinds for hint in kind.hints}
        for value in sorted(self.values, key=len, reverse=True):
            name = ODD.sub("-", self.values[value])[:100]
            for form in forms_of(value):
                escaped = escaped_form(form)
                if escaped is not None:
                    self._escaped.append((re.compile(escaped[0]), name))
                    hints.update(dict.fromkeys(escaped[1], ""))
                if form:
                    self._names.setdefault(form, name)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first)))
        self._hint = _any_of({**hints, **dict.fromkeys(longest_first, "")})

    def as_json(self) -> dict[str, Any]:
        """What it looks for, as JSON values, for another process of ours: not to be kept anywhere."""
        patterns = [[pattern.pattern, pattern.flags] for pattern in self.patterns]
        return {"values": self.values, "kinds": [kind.name for kind in self.kinds], "patterns": patterns}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Redactor:
        """What `as_json` has told of."""
        patterns = [re.compile(pattern, flags) for pattern, flags in told["patterns"]]
        return cls(told["values"], [KINDS[name] for name in told["kinds"]], patterns)

    def may_hold(self, text: str) -> bool:
        """Whether the text, or what it says as JSON, could hold a secret. Quick; False is certain."""
        return bool(self.patterns) or (self._hint is not None and self._hint.search(text) is not None)

    def may_hold_clipped(self, text: str) -> bool:
        """The same for a text that somebody else may have cut short."""
        return self.may_hold(text) or any(cut in text for cut in CUTS)

    def clean(self, text: str) -> str:
        """The text with every secret replaced by ``[redacted <name>]``."""
        if not self.may_hold(text):
            return text
        for escaped, name in self._escaped:
            text = _without_escaped(text, escaped, f"{MARK}{name}]")
        if self._names:
            text = self._values.sub(lambda found: f"{MARK}{self._names[found[0]]}]", text)
        for kind in self.kinds:
            text = kind.clean(text)
        for pattern in self.patterns:
            text = pattern.sub(_replaced, text)
        return text

    def clean_clipped(self, text: str) -> str:
        """The same for a text that somebody else has cut short: parts of a value beside ``...`` are replaced too."""
        text = self.clean(text)
        cuts = [cut for cut in CUTS if cut in text]
        for value, name in self.values.items() if cuts else ():
            if value[:LEAST_PART] in text or value[-LEAST_PART:] in text:
                text = _without_parts(text, value, f"{MARK}{name}]", cuts)
        return text

    def clean_values(self, value: Any) -> Any:
        """The same for JSON values: every text in them, names of fields too."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {self.clean(name): self.clean_values(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean_values(one) for one in value]
        return value


def _without_parts(text: str, value: str, instead: str, cuts: Sequence[str]) -> str:
    for size in range(min(len(value) - 1, 500), LEAST_PART - 1, -1):
        for cut in cuts:
            text = text.replace(f"{value[:size]}{cut}", f"{instead}{cut}")
            text = text.replace(f"{cut}{value[-size:]}", f"{cut}{instead}")
    return text


def _without_escaped(text: str, escaped: re.Pattern[str], instead: str) -> str:
    """Replace what the pattern finds in the text without its backslashes, with the backslashes that stand within."""
    if escaped.search(text.replace("\\", "")) is None:
        return text
    places = [place for place, character in enumerate(text) if character != "\\"]
    pieces, end = [], 0
    for found in escaped.finditer(text.replace("\\", "")):
        pieces += [text[end : places[found.start()]], instead]
        end = places[found.end() - 1] + 1
    return "".join([*pieces, text[end:]])


def names_in(text: str) -> set[str]:
    """What stands in a text for secrets that were taken out of it."""
    return set(NAME.findall(text)) if MARK in text else set()


def _any_of(hints: Mapping[str, str]) -> re.Pattern[str] | None:
    """What finds any of some literals, each with what must follow: by its rarest character, and what stands beside it.

    So most texts are passed over in one quick scan, however many literals there are.
    """
    by_anchor: dict[str, list[tuple[str, str]]] = {}
    for literal, then in hints.items():
        at = min(range(len(literal)), key=lambda index: COMMON.find(literal[index]))
        by_anchor.setdefault(literal[at], []).append((literal[: at + 1], f"{re.escape(literal[at + 1 :])}{then}"))
    if not by_anchor:
        return None
    return re.compile("|".join(_anchored(re.escape(anchor), ways) for anchor, ways in by_anchor.items()))


def _anchored(anchor: str, ways: Sequence[tuple[str, str]]) -> str:
    at_once = [end for begin, end in ways if len(begin) == 1]
    behind = "|".join(f"(?<={re.escape(begin)}){end}" for begin, end in ways if len(begin) > 1)
    before = "".join(sorted({re.escape(begin[-2]) for begin, _ in ways if len(begin) > 1}))
    guarded = [f"(?<=[{before}]{anchor})(?:{behind})"] if behind else []
    return f"{anchor}(?:{'|'.join([*guarded, *at_once])})"


def _replaced(found: re.Match[str]) -> str:
    if not found[0] or found[0].startswith(MARK):
        return found[0]
    start, end = found.span("secret") if "secret" in found.re.groupindex else found.span()
    if start < 0:
        return found[0]
    return f"{found[0][: start - found.start()]}{MARK}secret]{found[0][end - found.start() :]}"
