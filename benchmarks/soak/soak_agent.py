"""Does what the question says: as a coroutine function, or as a program that is asked line by line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

LONG = 20_000


def told(question: str) -> Any:
    """The answer to a question that is to be answered."""
    kind, _, number = question.partition(" ")
    if kind in ("raises", "crashes"):
        raise LookupError(f"nothing is known of {number}" + LONG * "!")
    if kind == "floods":
        spans = [{"name": f"step {one}", "input": "in " * 50, "output": "out " * 50} for one in range(50)]
        return {"output": "right " + LONG * "y", "spans": spans}
    return "wrong" if kind == "wrong" else f"right, it is {number}"


async def answer(question: str) -> Any:
    """Raises, waits for ever, floods, or answers."""
    await asyncio.sleep(0.001)
    if question.startswith("hangs"):
        await asyncio.sleep(3600)
    if question.startswith("floods"):
        print(LONG * "z")
    return told(question)


def main() -> None:
    """The same line by line; and it can crash."""
    for line in sys.stdin:
        request = json.loads(line)
        question = request["question"]
        if question.startswith("hangs"):
            time.sleep(3600)
        if question.startswith("crashes"):
            os.abort()
        if question.startswith("floods"):
            print(LONG * "z", file=sys.stderr)
        try:
            said = told(question)
            reply = said if isinstance(said, dict) else {"output": said}
        except LookupError as error:
            reply = {"error": str(error)}
        print(json.dumps({"id": request["id"], **reply}), flush=True)


if __name__ == "__main__":
    main()
