"""The ``conversations`` of a YAML test set: what each says for all of its turns, and the turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_evalsuite.testsets.conversation import Head
from pytest_evalsuite.testsets.fields import CASE, CONVERSATION
from pytest_evalsuite.testsets.identity import derive_id
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.values import Refused, did_you_mean, json_value, listed, show

__all__ = ["Heads", "read_heads", "turns_of"]

Heads = Sequence[tuple[Head, Sequence[Any]]]
"""Each conversation with its turns as they stand in the file."""


def read_heads(test_set: Part) -> Heads:
    """Read the conversations of a test set, adding what is wrong with them to its problems."""
    if "conversations" not in test_set.raw:
        return ()
    items = test_set.raw["conversations"]
    if type(items) is not list or not items:
        test_set.report("conversations", f"expected a list of conversations, each with 'turns', not {show(items)}")
        return ()
    heads = [_head(test_set, index, item) for index, item in enumerate(items)]
    taken: dict[str, int] = {}
    for index, (head, _) in enumerate(heads):
        if head.id and head.id in taken:
            twice = f"{head.id!r} is the id of conversation {taken[head.id] + 1} too: give each one of its own"
            test_set.refuse("conversations", Refused(twice), "conversations", index)
        elif head.id:
            taken[head.id] = index
    return heads


def turns_of(heads: Heads) -> tuple[list[Any], list[tuple[int, int]]]:
    """Give the turns of all conversations, each naming its own, and (conversation, turn) of each."""
    items: list[Any] = []
    places: list[tuple[int, int]] = []
    for number, (head, turns) in enumerate(heads):
        for place, turn in enumerate(turns):
            items.append({**turn, "conversation": head.id} if type(turn) is dict and head.id else turn)
            places.append((number, place))
    return items, places


def _head(test_set: Part, index: int, item: Any) -> tuple[Head, Sequence[Any]]:
    path = ("conversations", index)
    if type(item) is not dict:
        test_set.refuse("conversations", Refused(f"expected a conversation with 'turns', not {show(item)}"), *path)
        return Head(), ()
    part = Part(item, CONVERSATION, test_set.problems, path)
    for key in part.rest:
        belongs = " (in a turn?)" if key in CASE.by_key else did_you_mean(key, [*CONVERSATION.by_key])
        part.report(key, f"unknown key {key!r}{belongs or listed([*CONVERSATION.fields])}", on_key=True)
    turns = part.values.get("turns")
    if type(turns) is not list or not turns:
        part.report(
            "turns" if "turns" in item else None, f"expected a list of 'turns', which are cases, not {show(turns)}"
        )
        turns = ()
    for number, turn in enumerate(turns):
        if type(turn) is dict and "conversation" in turn:
            where = ("turns", number, "conversation")
            test_set.refuse(
                "conversations", Refused("a turn is part of the conversation that it stands in"), *path, *where
            )
    get = part.values.get
    head = Head(
        id=get("id") or _derived_id(turns),
        name=get("name"),
        agent=get("agent"),
        iterations=get("iterations"),
        tags=get("tags", ()),
        on_turn_error=get("on_turn_error") or test_set.values.get("on_turn_error", "skip"),
    )
    return head, turns


def _derived_id(turns: Sequence[Any]) -> str | None:
    """Give an id by what the conversation begins with; None where that is no question, a mistake of its own."""
    first = turns[0] if turns else None
    if type(first) is not dict:
        return None
    question, inputs = first.get("question", first.get("input")), first.get("inputs", {})
    try:
        text = None if question is None else CASE.by_key["question"][1](question)
        file = CASE.by_key["file_url"][1](first["file_url"]) if "file_url" in first else None
        return derive_id(text, json_value(inputs) if type(inputs) is dict else {}, file)
    except Refused:
        return None
