"""Where groups are kept: ``.evalsuite/groups/<id>.json``, each replaced as a whole, one writer at a time."""

from __future__ import annotations

import contextlib
import difflib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

from pytest_evalsuite.errors import GroupError, StoreError
from pytest_evalsuite.groups.model import GROUP_ID, Group
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.history import FOLDER
from pytest_evalsuite.runs.store import write_atomically

__all__ = ["Broken", "GroupStore", "NoSuchGroup"]

SHORTEST: Final = 4
"""Characters of an id's end by which a group may be told."""


class NoSuchGroup(GroupError):
    """No group is named so."""


class Broken(NamedTuple):
    """A file that should hold a group and does not."""

    path: Path
    problem: str


class GroupStore:
    """The groups of a project, in ``root/.evalsuite/groups``."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER / "groups"

    def all(self) -> tuple[list[Group], list[Broken]]:
        """All groups, newest first, deleted ones too; and what cannot be read. Raises StoreError."""
        groups: list[Group] = []
        broken: list[Broken] = []
        for path in self._paths():
            try:
                groups.append(_read(path))
            except GroupError as error:
                broken.append(Broken(path, str(error)))
        groups.sort(key=lambda group: (group.created_at, group.id), reverse=True)
        return groups, broken

    def find(self, reference: str, *, deleted: bool = True) -> Group:
        """The group of this id, of this beginning of an id's last eight characters, or of this name.

        A name that one living group has is that group's, whatever deleted ones are called. Raises NoSuchGroup, or
        GroupError where it is not clear or not readable.
        """
        groups, broken = self.all()
        exact = [group for group in groups if group.id == reference]
        living = [group for group in groups if group.deleted_at is None and group.name == reference]
        named = living or [group for group in groups if group.name == reference]
        begun = [
            group for group in groups if len(reference) >= SHORTEST and group.id[len("group-") :].startswith(reference)
        ]
        found = exact or named or begun
        if len(found) > 1:
            raise GroupError(f"{reference!r} may be {', '.join(group.id for group in found[:5])}: write the id")
        if not found:
            bad = next((one for one in broken if one.path.stem == reference), None)
            if bad is not None:
                raise GroupError(bad.problem)
            raise NoSuchGroup(f"there is no group {reference!r}{_near(reference, groups)}")
        if found[0].deleted_at is not None and not deleted:
            raise GroupError(
                f"group {found[0].name!r} is deleted: `evalsuite group restore {found[0].id}` brings it back"
            )
        return found[0]

    def create(self, make: Callable[[str], Group]) -> Group:
        """Keep a new group, which ``make`` makes of its id. Raises GroupError, StoreError."""
        with self._writing():
            while (self.folder / f"{(new := f'group-{secrets.token_hex(4)}')}.json").exists():
                pass
            group = make(new)
            self._write(group)
            return group

    def change(self, group_id: str, change: Callable[[Group], Group]) -> Group:
        """Replace a group by what ``change`` makes of it as it is now. Raises GroupError, StoreError."""
        with self._writing():
            changed = change(_read(self.folder / f"{group_id}.json"))
            self._write(changed)
            return changed

    def _write(self, group: Group) -> None:
        write_atomically(self.folder / f"{group.id}.json", [to_json(group.as_json(), indent=2), b"\n"])

    def _paths(self) -> Iterator[Path]:
        try:
            with os.scandir(self.folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self.folder}: {error.strerror or error}") from error
        for name in names:
            if name.endswith(".json") and GROUP_ID.fullmatch(name[: -len(".json")]):
                yield self.folder / name

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone among all processes: two who change a group at once must not undo each other's change."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"cannot write to {self.folder}: {error.strerror or error}") from error
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)  # which unlocks, as does the end of a process


def _lock(handle: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        lock: Any = msvcrt
        lock.locking(handle, lock.LK_LOCK, 1)
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def _read(path: Path) -> Group:
    try:
        return Group.from_json(decode(path.read_bytes()))
    except OSError as error:
        raise GroupError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError:
        raise GroupError(f"{path}: no JSON") from None
    except GroupError as error:
        raise GroupError(f"{path}: {error}") from None


def _near(reference: str, groups: Sequence[Group]) -> str:
    names = {group.name: group.name for group in groups} | {group.id: group.id for group in groups}
    near = difflib.get_close_matches(reference, names, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return "; `evalsuite group list` lists them" if groups else ": none is kept"
