"""Every mistake of a group file is told at once, with its place."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.groups.file import GroupFile, load_group_file


def load(folder: Path, text: str, name: str = "customers.evalgroup.yaml") -> GroupFile:
    for test_set in ("bills.eval.yaml", "mails.eval.csv", "below/more.eval.jsonl"):
        path = folder / test_set
        path.parent.mkdir(exist_ok=True)
        path.touch()
    path = folder / name
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return load_group_file(path, root=folder, display_path=name)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(TestSetError) as raised:
        load(folder, text)
    return [str(mistake).removeprefix("customers.evalgroup.yaml:") for mistake in raised.value.mistakes]


def test_everything_that_a_file_may_say(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
        name: Customers
        description: The same customers in two test sets
        tags: [money, q4]
        metadata: {owner: billing, deep: [1]}
        members:
          - {test_set: bills.eval.yaml, agent: support, row_identifier: customer_id, name: bills}
          - {test_set: ./below/more.eval.jsonl, run: latest}
          - {test_set: gone.eval.yaml, run: 20260101T000000Z-aaaa0001, name: 7}
        against: bills
        columns: [inputs.amount, cost]
        """,
    )
    assert (found.name, found.tags, found.against, found.columns) == (
        "Customers",
        ("money", "q4"),
        0,
        ("inputs.amount", "cost"),
    )
    assert found.metadata == {"owner": "billing", "deep": [1]}
    first, second, third = found.members
    assert (first.test_set, first.agent, first.run, first.row_identifier, first.name) == (
        *("bills.eval.yaml", "support", "this"),
        *("customer_id", "bills"),
    )
    assert (second.test_set, second.path, second.run) == (
        "below/more.eval.jsonl",
        tmp_path / "below" / "more.eval.jsonl",
        "latest",
    )
    assert (third.run, third.name, third.label) == ("20260101T000000Z-aaaa0001", "7", "7")
    assert found.head()["file"] == "customers.evalgroup.yaml"


def test_the_least_that_a_file_must_say(tmp_path: Path) -> None:
    found = load(tmp_path, "members: [{test_set: bills.eval.yaml}]")
    assert (found.name, found.against, found.columns, found.members[0].label) == (
        *("customers", None, ()),
        "bills.eval.yaml",
    )


def test_against_names_a_member_by_its_test_set_where_it_has_no_name(tmp_path: Path) -> None:
    text = "members: [{test_set: bills.eval.yaml}, {test_set: mails.eval.csv}]\nagainst: mails.eval.csv"
    assert load(tmp_path, text).against == 1


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = """
        nme: x
        tags: money
        members:
          - {test_set: bill.eval.yaml, agnt: a}
          - {test_set: bills.eval.yaml, agent: "os:system"}
          - {agent: x}
          - {test_set: ../x.eval.yaml, run: latest}
          - {test_set: bills.eval.yaml, run: latest~1}
          - {test_set: mails.eval.csv, name: a}
          - {test_set: mails.eval.csv, name: a}
          - 3
          - {test_set: notes.txt}
          - {test_set: /etc/passwd}
          -
        """
    assert mistakes(tmp_path, text) == [
        "1:1: unknown key 'nme'; did you mean 'name'?",
        "2:7: tags: expected a list, not 'money': write [money]",
        "4:16: members[0].test_set: there is no test set 'bill.eval.yaml'; did you mean 'bills.eval.yaml'?",
        "4:32: unknown key 'agnt'; did you mean 'agent'?",
        (
            "5:40: members[1].agent: expected the name of a configured agent, not 'os:system': a test set is data "
            'and never names code; configure it (evalsuite_agents = "NAME = os:system") and write NAME here'
        ),
        "6:5: members[2]: no 'test_set': expected the file of a test set",
        f"7:16: members[3].test_set: '../x.eval.yaml' leads out of the project's folder {tmp_path}",
        "8:38: members[4].run: expected this, latest, a run's id or its name, not 'latest~1'",
        "10:5: members[6]: the same evaluation as members[5]",
        "10:38: members[6].name: members[5] has the name 'a' already",
        "11:5: members[7]: expected a mapping, such as {test_set: a.eval.yaml}, not 3",
        "12:16: members[8].test_set: a test set ends in .yaml, .yml, .csv, .jsonl, not '.txt'",
        "13:16: members[9].test_set: expected a path from this file's folder, with '/' between folders",
        "14:4: members[10]: is empty: write a value, or leave the key out",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: expected a mapping with 'members': the file is empty"),
        ("- a", "1:1: expected a mapping with 'members': not a list"),
        ("name: x", "1:1: no members: expected 'members' with a list of {test_set: ..., agent: ...}"),
        ("members: []", "1:10: members: no members: expected at least one"),
        ("members:", "1:9: members: is empty: write a value, or leave the key out"),
        ("members: x", "1:10: members: expected a list, not 'x'"),
        (
            "members: [{test_set: bills.eval.yaml}]\nname: " + "x" * 129,
            "2:7: name: is 129 characters long, of at most",
        ),
        (
            "members: [{test_set: bills.eval.yaml, name: one}]\nagainst: noe",
            "2:10: against: there is no member 'noe'; did you mean 'one'?",
        ),
        (
            "members: [{test_set: bills.eval.yaml}]\nagainst: zzz",
            "2:10: against: there is no member 'zzz' (known: bills.eval.yaml)",
        ),
        (
            "members: [{test_set: bills.eval.yaml}, {test_set: bills.eval.yaml, agent: b}]\nagainst: bills.eval.yaml",
            "2:10: against: 'bills.eval.yaml' may be 2 members: give them a 'name' each",
        ),
        ("members: [{test_set: bills.eval.yaml}]\nname: a\nname: b", "3:1: the key 'name' is given twice in the same"),
        ("members: [", "2:1: "),
        ("members: [{test_set: [a]}]", "1:22: members[0].test_set: expected text, not a list"),
    ],
)
def test_each_mistake_has_its_place(tmp_path: Path, text: str, message: str) -> None:
    assert mistakes(tmp_path, text)[0].startswith(message)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.evalgroup.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(TestSetError, match="byte 0xff is not UTF-8"):
        load_group_file(path)
    with pytest.raises(TestSetError, match="cannot be read: No such file"):
        load_group_file(tmp_path / "gone.evalgroup.yaml")
