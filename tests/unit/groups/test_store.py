"""Groups are kept whole, privately, and by one writer at a time."""

from __future__ import annotations

import json
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite.errors import GroupError, StoreError
from pytest_evalsuite.groups.evaluations import Place
from pytest_evalsuite.groups.model import Group, Member, members_of, patched
from pytest_evalsuite.groups.store import GroupStore

MOMENT = "2026-01-02T03:04:05.678Z"


def member(name: str = "a") -> Member:
    return Member(f"20260101T000000Z-aaaa0001/{name}.eval.yaml[echo]", name, ("money",), MOMENT, MOMENT)


def group(new: str = "group-0123abcd", **changes: Any) -> Group:
    plain: dict[str, Any] = {
        "name": "Customers",
        "members": (member("a"), member("b")),
        "description": "the same\ncustomers",
        "tags": ("q4", "\x1b[31m"),
        "metadata": {"team": "ml", "deep": {"list": [1, None]}},
        "row_identifiers": {member("a").evaluation_id: "inputs.customer_id"},
    }
    return Group(id=new, created_at=MOMENT, updated_at=MOMENT, **{**plain, **changes})


def test_a_group_comes_back_as_it_was(tmp_path: Path) -> None:
    store = GroupStore(tmp_path)
    kept = store.create(group)
    assert store.find(kept.id) == kept
    assert store.all() == ([kept], [])
    assert Group.from_json(json.loads(json.dumps(kept.as_json()))) == kept


def test_its_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = GroupStore(tmp_path)
    path = store.folder / f"{store.create(group).id}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "1 to 128 characters and no blank at its ends, got 0"),
        ({"name": " a"}, "no blank at its ends"),
        ({"name": "x" * 129}, "got 129"),
        ({"members": ()}, "a group has at least one evaluation"),
        (
            {"members": (member(), member())},
            r"the evaluation '20260101T000000Z-aaaa0001/a.eval.yaml\[echo\]' is there",
        ),
    ],
)
def test_what_no_group_may_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GroupError, match=message):
        group(**changes)
    assert group(name="x" * 128).name


def test_a_patch_merges_metadata_and_replaces_all_else() -> None:
    changed = patched(group(), {"metadata": {"team": "qa", "new": 1}, "tags": ("x",)})
    assert changed.metadata == {"team": "qa", "deep": {"list": [1, None]}, "new": 1}
    assert (changed.tags, changed.name, changed.description) == (("x",), "Customers", "the same\ncustomers")
    assert changed.row_identifiers == group().row_identifiers
    assert changed.updated_at > changed.created_at
    assert patched(group(), {"row_identifiers": {}}).row_identifiers == {}
    assert patched(group(), {}, without_metadata=["team"]).metadata == {"deep": {"list": [1, None]}}
    with pytest.raises(GroupError, match=r"no metadata 'tem' \(it has team, deep\)"):
        patched(group(), {}, without_metadata=["tem"])


def test_row_identifiers_of_evaluations_that_go_go_too() -> None:
    assert patched(group(), {"members": (member("b"),)}).row_identifiers == {}


def test_a_member_that_stays_is_a_member_since_when_it_was(tmp_path: Path) -> None:
    places = [
        Place(tmp_path / "20260101T000000Z-aaaa0001", f"{name}.eval.yaml", "echo", name, (), None) for name in "ac"
    ]
    stays, comes = members_of(places, group().members)
    assert stays == member("a")
    assert comes.created_at > MOMENT


def test_two_who_change_a_group_at_once_do_not_undo_each_others_change(tmp_path: Path) -> None:
    kept = GroupStore(tmp_path).create(group)

    def change(number: int) -> None:
        GroupStore(tmp_path).change(kept.id, lambda now: patched(now, {"metadata": {f"key-{number}": number}}))

    threads = [threading.Thread(target=change, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert GroupStore(tmp_path).find(kept.id).metadata == {
        **kept.metadata,
        **{f"key-{number}": number for number in range(12)},
    }


def test_a_change_that_fails_leaves_the_group_as_it_was(tmp_path: Path) -> None:
    store = GroupStore(tmp_path)
    kept = store.create(group)
    with pytest.raises(GroupError):
        store.change(kept.id, lambda now: replace(now, name=""))
    assert store.find(kept.id) == kept
    assert store.change(kept.id, lambda now: replace(now, name="again")).name == "again"  # the lock is given back


def test_a_group_is_found_by_id_by_its_beginning_and_by_name(tmp_path: Path) -> None:
    store = GroupStore(tmp_path)
    first = store.create(group)
    second = store.create(lambda new: group(new, name="Others"))
    for reference in (first.id, first.id[6:], first.id[6:10], "Customers"):
        assert store.find(reference) == first, reference
    with pytest.raises(GroupError, match=r"there is no group 'Custmers'; did you mean 'Customers'\?"):
        store.find("Custmers")
    with pytest.raises(GroupError, match="there is no group 'zzzzzz'; `evalsuite group list` lists them"):
        store.find("zzzzzz")
    third = store.create(lambda new: group(new, name="Others"))
    with pytest.raises(GroupError, match=r"'Others' may be group-.*, group-.*: write the id"):
        store.find("Others")
    store.change(third.id, lambda now: replace(now, deleted_at=MOMENT))
    assert store.find("Others") == second
    with pytest.raises(GroupError, match=f"deleted: `evalsuite group restore {third.id}` brings it back"):
        store.find(third.id, deleted=False)


def test_where_nothing_is_kept_that_is_said(tmp_path: Path) -> None:
    assert GroupStore(tmp_path).all() == ([], [])
    with pytest.raises(GroupError, match="there is no group 'a': none is kept"):
        GroupStore(tmp_path).find("a")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1]", "no evaluation group"),
        (b'{"schema": {"name": "other", "version": "1"}}', "no evaluation group"),
        (b'{"schema": {"name": "pytest-evalsuite/group", "version": "2.0"}}', "a group of version 2.0; this"),
        (b"[" * 5000, "no JSON"),
    ],
)
def test_what_is_no_group_is_told_apart_and_hides_no_other(tmp_path: Path, content: bytes, problem: str) -> None:
    store = GroupStore(tmp_path)
    kept = store.create(group)
    path = store.folder / "group-00000000.json"
    path.write_bytes(content)
    (store.folder / "notes.txt").write_text("mine")
    groups, broken = store.all()
    assert groups == [kept]
    assert broken[0].problem.startswith(f"{path}: {problem}")
    with pytest.raises(GroupError, match=problem):
        store.find("group-00000000")


@pytest.mark.parametrize("field", ["id", "name", "members", "tags", "metadata", "row_identifiers", "deleted_at"])
def test_a_field_of_another_form_makes_no_group(field: str) -> None:
    with pytest.raises(GroupError, match="no evaluation group"):
        Group.from_json({**group().as_json(), field: 3})
    data = group().as_json()
    del data[field]
    with pytest.raises(GroupError, match="no evaluation group"):
        Group.from_json(data)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    store = GroupStore(tmp_path)
    store.create(group)
    with pytest.raises(GroupError, match=r"cannot read .*group-ffffffff.json: No such file"):
        store.change("group-ffffffff", lambda now: now)


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / ".evalsuite").write_text("a file")
    with pytest.raises(StoreError, match="cannot write to"):
        GroupStore(tmp_path).create(group)
    with pytest.raises(StoreError, match="cannot read"):
        GroupStore(tmp_path).all()
