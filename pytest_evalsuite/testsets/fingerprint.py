"""What a case is, in a text short enough to be kept with each result: two may be compared where it is the same."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

__all__ = ["PARTS", "changed_parts", "fingerprint_of"]

PARTS: Final = ("question", "expectation", "method", "threshold", "judge")
"""What a fingerprint has a digest of, in this order: 8 hex digits each, joined by ``-``."""

_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def fingerprint_of(*, question: Any, expectation: Any, method: Any, threshold: Any, judge: Any) -> str:
    """Give the fingerprint of a case whose parts are these JSON values."""
    own = (_digest(_encode(part)) for part in (question, expectation))
    shared = (_shared_digest(_encode(part)) for part in (method, threshold, judge))
    return "-".join((*own, *shared))


def changed_parts(before: str, after: str) -> tuple[str, ...]:
    """Name the parts in which two fingerprints differ; all of them where one is of another form."""
    digests = before.split("-"), after.split("-")
    if {len(PARTS)} != {*map(len, digests)}:
        return () if before == after else PARTS
    return tuple(part for part, old, new in zip(PARTS, *digests, strict=True) if old != new)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()


_shared_digest: Final = lru_cache(maxsize=256)(_digest)
"""Most cases of a test set are judged in one of a few ways."""
