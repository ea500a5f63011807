"""Things paired with what fits them."""

from __future__ import annotations

__all__ = ["matching"]


def matching(candidates: list[list[int]]) -> dict[int, int]:
    """Pair as many items as can be with one of their candidates each: maximum bipartite matching.

    ``candidates[i]`` are the numbers of what item i may be paired with; each of these goes to one item at most.
    """
    partner: dict[int, int] = {}
    owner: dict[int, int] = {}
    for start in range(len(candidates)):
        reached_from: dict[int, int] = {}
        free: int | None = None
        queue = [start]
        for item in queue:
            for candidate in candidates[item]:
                if candidate not in reached_from:
                    reached_from[candidate] = item
                    if candidate not in owner:
                        free = candidate
                        break
                    queue.append(owner[candidate])
            if free is not None:
                break
        while free is not None:
            item = reached_from[free]
            owner[free], partner[item], free = item, free, partner.get(item)
    return partner
