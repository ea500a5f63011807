"""What keys look like that are nobody's variable: the forms that providers give them, and where keys stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["KINDS", "Kind"]

WORD: Final = "A-Za-z0-9_-"
CUT: Final = r"(?=\.\.\.|\u2026)"
"""What stands where somebody has cut a text short."""


@dataclass(frozen=True)
class Kind:
    """A form. The group ``secret`` of the regular expression ``form`` is what is replaced.

    A text holds none without one of ``hints``, behind which the regular expression ``then`` matches.
    """

    name: str
    hints: tuple[str, ...]
    form: str
    then: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.form, re.DOTALL)

    def clean(self, text: str) -> str:
        """The text with every key of this form replaced."""
        return self._pattern.sub(self._replaced, text) if any(map(text.__contains__, self.hints)) else text

    def _replaced(self, found: re.Match[str]) -> str:
        start, end = found.start("secret") - found.start(), found.end("secret") - found.start()
        return f"{found[0][:start]}[redacted {self.name}]{found[0][end:]}"


def _kinds() -> Iterator[Kind]:
    yield _prefixed("model-key", ("sk-", "gsk_", "xai-", "pplx-", "r8_", "hf_"), WORD, 20)
    yield _prefixed("google-key", ("AIza", "ya29."), WORD, 30)
    yield _prefixed("aws-key", ("AKIA", "ASIA"), "A-Z0-9", 16)
    yield _prefixed("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), "A-Za-z0-9_", 20)
    yield _prefixed("gitlab-token", ("glpat-",), WORD, 20)
    yield _prefixed("slack-token", ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"), WORD, 10)
    yield _prefixed("stripe-key", ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"), "A-Za-z0-9", 16)
    yield _prefixed("package-token", ("npm_", "pypi-", "dckr_pat_"), WORD, 30)
    yield Kind("jwt", ("eyJ",), r"(?<![A-Za-z0-9_-])(?P<secret>eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)")
    yield Kind(
        "private-key",
        ("PRIVATE KEY",),
        r"(?P<secret>-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z))",
    )
    yield Kind(
        "bearer-token",
        ("bearer", "Bearer", "BEARER"),
        r"(?i:\bbearer)[ \t]+(?=[^\s\"']*[0-9])(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)",
    )
    yield Kind(
        "authorization",
        ("uthoriz", "UTHORIZ"),
        r"(?i:\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|token|digest|apikey|key)\s+)"
        r"(?P<secret>[A-Za-z0-9._~+/-]{8,}=*)",
    )
    yield Kind(
        "url-password",
        ("://",),
        r"://[^\s/?#:@\"'<>\[\]]{0,256}:(?P<secret>[^\s/?#@\"'<>\[\]]{1,256})@",
        then=r"[^\s/?#@\"]{1,600}@",
    )
    yield Kind(
        "url-key",
        tuple(f"{word}=" for name in NAMES_IN_URLS for word in (name, name.upper(), name.capitalize())),
        r"(?i:[?&;](?:[a-z_-]{0,32}[_-]|api|access|auth|client|secret|session)?(?:"
        + "|".join(NAMES_IN_URLS)
        + r")=)(?P<secret>[^&;\s\"'<>#\[\]\\]{6,})",
    )


NAMES_IN_URLS: Final = ("key", "token", "secret", "password", "passwd", "signature", "sig", "auth")


def _prefixed(name: str, prefixes: tuple[str, ...], characters: str, least: int) -> Kind:
    """Keys that begin with one of some words; at least one digit tells them from ordinary ones."""
    begins = "|".join(map(re.escape, prefixes))
    digit = rf"(?=[{characters}]{{0,100}}[0-9])"
    rest = f"(?:{digit}[{characters}]{{{least},}}|[{characters}]{{4,100}}{CUT})"
    return Kind(name, prefixes, rf"(?<![A-Za-z0-9])(?P<secret>(?:{begins}){rest})")


KINDS: Final = {kind.name: kind for kind in _kinds()}
