"""Which of several machines evaluates a case."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

__all__ = ["shard_of", "suite_digest"]


def shard_of(test_set: str, unit: str, shards: int) -> int:
    """The number, from 1, of the shard that has a unit: the id of a case, or the name of a whole conversation.

    It is the same wherever the case stands and whoever asks. All agents of a case are in one shard.
    """
    digest = blake2b(f"{test_set}\0{unit}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % shards + 1


def suite_digest(cases: Iterable[tuple[str, str, str, str]]) -> str:
    """16 hex digits over all cases, as (test set, case id, agent, fingerprint): shards of one suite have the same."""
    digest = blake2b(digest_size=8)
    for case in sorted(cases):
        digest.update("\0".join(case).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
