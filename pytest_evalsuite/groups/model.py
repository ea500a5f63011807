"""An evaluation group: which evaluations belong together, and by which column of each their rows are joined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, Final

from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.evaluations import Place

__all__ = ["LONGEST_NAME", "Group", "Member", "members_of", "now", "patched"]

LONGEST_NAME: Final = 128
GROUP_NAME: Final = "pytest-evalsuite/group"
GROUP_VERSION: Final = "1.0"
GROUP_ID: Final = re.compile(r"group-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Member:
    """An evaluation of a group, as it was when it was put in: so a deleted run is still known by name."""

    evaluation_id: str
    evaluation_name: str
    evaluation_tags: tuple[str, ...]
    evaluation_created_at: str | None
    created_at: str

    def as_json(self) -> dict[str, Any]:
        """The member as JSON values."""
        return {
            "evaluation_id": self.evaluation_id,
            "evaluation_name": self.evaluation_name,
            "evaluation_tags": list(self.evaluation_tags),
            "evaluation_created_at": self.evaluation_created_at,
            "created_at": self.created_at,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A group. Times are RFC 3339, UTC; ``deleted_at`` is None unless it was deleted.

    ``row_identifiers`` names, by evaluation id, the column that rows are joined by; the case id where nothing is said.
    Raises GroupError for what no group may be.
    """

    id: str
    name: str
    members: tuple[Member, ...]
    created_at: str
    updated_at: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    row_identifiers: Mapping[str, str] = field(default_factory=dict)
    deleted_at: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= LONGEST_NAME or self.name != self.name.strip():
            raise GroupError(
                f"a group's name has 1 to {LONGEST_NAME} characters and no blank at its ends, got {len(self.name):,}"
            )
        if not self.members:
            raise GroupError("a group has at least one evaluation")
        ids = self.evaluation_ids
        twice = [one for one in dict.fromkeys(ids) if ids.count(one) > 1]
        if twice:
            raise GroupError(f"the evaluation {twice[0]!r} is there twice")

    @property
    def evaluation_ids(self) -> list[str]:
        """The ids of its evaluations."""
        return [member.evaluation_id for member in self.members]

    def as_json(self) -> dict[str, Any]:
        """The group as JSON values, as it is stored."""
        return {
            "schema": {"name": GROUP_NAME, "version": GROUP_VERSION},
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "tags": list(self.tags),
            "metadata": dict(self.metadata),
            "members": [member.as_json() for member in self.members],
            "row_identifiers": dict(self.row_identifiers),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "deleted_at": self.deleted_at,
        }

    @classmethod
    def from_json(cls, data: Any) -> Group:
        """The group that `as_json` gave. Raises GroupError for anything else."""
        try:
            if data["schema"]["name"] != GROUP_NAME:
                raise GroupError("no evaluation group")
            version = str(data["schema"]["version"])
            if version.partition(".")[0] != GROUP_VERSION.partition(".")[0]:
                raise GroupError(f"a group of version {version:.20}; this pytest-evalsuite reads 1.x")
            members = tuple(
                Member(
                    _text(one["evaluation_id"]),
                    _text(one["evaluation_name"]),
                    tuple(map(_text, one["evaluation_tags"])),
                    None if one["evaluation_created_at"] is None else _text(one["evaluation_created_at"]),
                    _text(one["created_at"]),
                )
                for one in data["members"]
            )
            if GROUP_ID.fullmatch(data["id"]) is None or not isinstance(data["metadata"], dict):
                raise GroupError("no evaluation group")
            return cls(
                id=data["id"],
                name=_text(data["name"]),
                members=members,
                created_at=_text(data["created_at"]),
                updated_at=_text(data["updated_at"]),
                description=None if data["description"] is None else _text(data["description"]),
                tags=tuple(map(_text, data["tags"])),
                metadata=data["metadata"],
                row_identifiers={_text(key): _text(value) for key, value in data["row_identifiers"].items()},
                deleted_at=None if data["deleted_at"] is None else _text(data["deleted_at"]),
            )
        except (AttributeError, KeyError, TypeError):
            raise GroupError("no evaluation group") from None


def members_of(places: Sequence[Place], before: Sequence[Member] = ()) -> tuple[Member, ...]:
    """Evaluations as members; one that was ``before`` stays since when it is."""
    known = {member.evaluation_id: member for member in before}
    moment = now()
    return tuple(
        known.get(place.id) or Member(place.id, place.name, place.tags, place.created_at, moment) for place in places
    )


def patched(group: Group, changes: Mapping[str, Any], *, without_metadata: Sequence[str] = ()) -> Group:
    """The group with some fields changed: metadata key by key, every other as a whole.

    Row identifiers of evaluations that are no members any more go with them. Raises GroupError.
    """
    metadata = {**group.metadata, **changes.get("metadata", {})}
    for key in without_metadata:
        if key not in metadata:
            raise GroupError(f"the group has no metadata {key!r} (it has {', '.join(metadata) or 'none'})")
        del metadata[key]
    changed = replace(group, **{**changes, "metadata": metadata, "updated_at": now()})
    ids = set(changed.evaluation_ids)
    return replace(changed, row_identifiers={key: one for key, one in changed.row_identifiers.items() if key in ids})


def now() -> str:
    """The moment, RFC 3339, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
