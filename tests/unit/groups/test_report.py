"""A group's report: who is called what, what joined, what differs and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from records import error, passed, record, run_of

from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.document import VIEWS, group_json
from pytest_evalsuite.groups.evaluations import Evaluated, evaluated, evaluation_id
from pytest_evalsuite.groups.report import GroupReport, Wanted, group_report
from pytest_evalsuite.reporting.groups import group_csv, group_lines, group_markdown

HEAD = {"name": "Customers", "description": None}
FIRST, SECOND = "20260101T000000Z-aaaa0001", "20260102T000000Z-aaaa0002"


def evaluation(name: str, records: list[dict[str, Any]], agent: str = "echo", run: str = FIRST) -> Evaluated:
    started = f"{run[:4]}-{run[4:6]}-{run[6:8]}T00:00:00.000Z"
    made = run_of((name, agent, records), id=run, started_at=started)
    return evaluated(made, made.evaluations[0])


def customers(*names: str | None, **changes: Any) -> list[dict[str, Any]]:
    return [passed(inputs={"customer": name}, **changes) for name in names]


def report(*wanted: Wanted, **options: Any) -> GroupReport:
    return group_report(HEAD, wanted, **options)


def two(**options: Any) -> GroupReport:
    """Two evaluations that know the same customers by other names; b is worse, c is gone, d breaks."""
    bills = [
        passed(inputs={"customer": "a"}, cost=0.5),
        passed(inputs={"customer": "b"}, cost=0.25),
        passed(inputs={"customer": "c"}),
        passed(inputs={"customer": "d"}),
    ]
    mails = [
        record(metadata={"user": "b"}, score=0.25, cost=0.75),
        passed(metadata={"user": "a"}, cost=0.5),
        error(metadata={"user": "d"}),
        passed(metadata={"user": "e"}),
        passed(metadata={"user": None}),
    ]
    wanted = Wanted(evaluation("Bills", bills), "customer"), Wanted(evaluation("Mails", mails), "metadata.user")
    return report(*wanted, **options)


def test_rows_of_different_test_sets_are_joined_by_their_own_columns() -> None:
    joined = two().joined
    assert [(row.key, row.places) for row in joined.rows] == [
        ("a", (0, 1)),
        ("b", (1, 0)),
        ("c", (2, None)),
        ("d", (3, 2)),
        ("e", (None, 3)),
        (None, (None, 4)),
    ]
    assert (joined.complete, [row.key for row in joined.unmatched(0)], joined.keyless) == (3, ["c"], [[], [4]])


def test_without_row_identifiers_rows_are_joined_by_case_ids() -> None:
    made = report(Wanted(evaluation("A", [passed()] * 2)), Wanted(evaluation("B", [passed()] * 3)))
    assert [(row.key, row.places) for row in made.joined.rows] == [
        ("case-0", (0, 0)),
        ("case-1", (1, 1)),
        ("case-2", (None, 2)),
    ]


def test_a_key_twice_names_both_cases_of_every_member_and_joins_nothing() -> None:
    made = report(
        Wanted(evaluation("A", customers("x", "y", "x", "x")), "customer"),
        Wanted(evaluation("B", customers("z", "z")), "customer"),
    )
    with pytest.raises(GroupError) as raised:
        _ = made.joined
    assert str(raised.value) == (
        "rows cannot be joined: a row identifier must name one row\n"
        "  A: inputs.customer 'x' is in case 'case-0' (A.eval.yaml:3) and case 'case-2' (A.eval.yaml:5) and 1 more\n"
        "  B: inputs.customer 'z' is in case 'case-0' (B.eval.yaml:3) and case 'case-1' (B.eval.yaml:4)"
    )
    many = report(Wanted(evaluation("A", customers(*"abcdefg", *"abcdefg")), "customer"))
    with pytest.raises(GroupError, match=r"and 2 more$"):
        _ = many.joined


def test_a_case_of_several_attempts_is_one_row() -> None:
    statistics = {"scored": 3, "passed": 2}
    made = report(
        Wanted(evaluation("A", [passed(statistics={"scored": 3, "passed": 1}, score=0.4)])),
        Wanted(evaluation("B", [passed(statistics=statistics, score=0.7, attempts=[{}, {}, {}])])),
    )
    ((_, difference),) = made.differences
    assert len(made.joined.rows) == 1
    assert difference.rates == (1 / 3, 2 / 3)
    assert [row.key for row in difference.better] == ["case-0"]


def test_differences_are_paired_on_the_joined_rows() -> None:
    made = two()
    ((side, difference),) = made.differences
    assert side.label == "Mails"
    assert [row.key for row in difference.pairs] == ["a", "b"]
    assert [row.key for row in difference.worse] == ["b"]
    assert difference.better == []
    assert [row.key for row in difference.without_verdict] == ["d"]
    assert (difference.rates, difference.scores) == ((1.0, 0.5), (1.0, 0.625))
    assert difference.decision.count == 2
    assert difference.decision.detectable_drop is not None
    assert difference.columns["cost"].difference.mean == 0.25
    assert difference.columns["duration"].difference.count == 3


def test_numbers_beyond_all_measure_are_compared_with_nothing() -> None:
    sides = [[passed(metadata={"n": 1e300})], [passed(metadata={"n": -(10**400)})]]
    made = report(*(Wanted(evaluation(name, rows)) for name, rows in zip("AB", sides, strict=True)), columns=["n"])
    ((_, difference),) = made.differences
    assert "metadata.n" not in difference.columns
    assert made.aggregates_of(made.sides[1], "metadata.n").count == 0


def test_the_same_case_with_another_definition_is_compared_with_nothing() -> None:
    changed = "11111111-89abcdef-01234567-89abcdef-01234567"
    made = report(
        Wanted(evaluation("A", [passed(), passed()])),
        Wanted(evaluation("A", [passed(), record(fingerprint=changed)], run=SECOND)),
    )
    ((_, difference),) = made.differences
    assert [row.key for row in difference.changed] == ["case-1"]
    assert [row.key for row in difference.pairs] == ["case-0"]


def test_without_a_common_row_nothing_is_compared() -> None:
    made = report(
        Wanted(evaluation("A", customers("x")), "customer"), Wanted(evaluation("B", customers("y")), "customer")
    )
    ((_, difference),) = made.differences
    assert difference.decision.verdict == "not comparable"
    assert (difference.rates, difference.columns) == (None, {})
    assert "not comparable: no case has a result in both runs" in "\n".join(group_lines(made, ["differences"], 200))


def test_members_are_called_as_shortly_as_tells_them_apart() -> None:
    made = report(
        Wanted(evaluation("A", [passed()])),
        Wanted(evaluation("B", [passed()])),
        Wanted(evaluation("B", [passed()], agent="other")),
        Wanted(evaluation("C", [passed()])),
        Wanted(evaluation("C", [passed()], run=SECOND)),
        Wanted(evaluation("D", [passed()]), label="mine"),
    )
    assert [side.label for side in made.sides] == [
        "A",
        "B [echo]",
        "B [other]",
        "C [echo] aaaa0001",
        "C [echo] aaaa0002",
        "mine",
    ]


def test_members_are_chosen_and_named_in_many_ways() -> None:
    wanted = [
        Wanted(evaluation("A", [passed()])),
        Wanted(evaluation("B", [passed()], agent="other")),
        Wanted(evaluation("C", [passed()], run=SECOND)),
        Wanted(None, label="gone", problem="run x is gone", evaluation_id="x/y[z]"),
    ]
    assert [side.label for side in report(*wanted, only=["other", "A.eval.yaml"]).sides] == ["A", "B"]
    assert [side.label for side in report(*wanted, latest_only=True).sides] == ["C"]
    assert [side.label for side in report(*wanted, latest_only=True, only=["A", "B"]).sides] == ["A", "B"]
    against = report(*wanted, against=evaluation_id(SECOND, "C.eval.yaml", "echo")).against
    assert against is not None
    assert against.label == "C"
    for options, message in (
        ({"only": ["C.evl.yaml"]}, r"the group has no member 'C.evl.yaml' \(its members: A, B, C\)"),
        ({"only": ["zzz"]}, r"the group has no member 'zzz' \(its members: A, B, C\)"),
        ({"only": [FIRST]}, f"'{FIRST}' may be A, B: write which one"),
        ({"against": "gone"}, "'gone' is missing: run x is gone"),
        ({"only": ["A"], "against": "C"}, "C is not among the members that are shown, and cannot be compared with"),
    ):
        with pytest.raises(GroupError, match=message):
            report(*wanted, **options)


def test_columns_that_are_asked_for_must_hold_numbers() -> None:
    assert two(columns=["cost", "cost"]).columns == ("cost",)
    with pytest.raises(
        GroupError, match=r"the column 'inputs.customer' holds no number: there is nothing to aggregate"
    ):
        two(columns=["customer"])
    with pytest.raises(GroupError, match="has no column 'csot'; did you mean 'cost'"):
        two(columns=["csot"])
    clash = [Wanted(evaluation("A", [passed(inputs={"n": 1})])), Wanted(evaluation("B", [passed(metadata={"n": 1})]))]
    with pytest.raises(GroupError, match=r"the column 'n' may be inputs.n or metadata.n: write which one"):
        report(*clash, columns=["n"])
    gone = report(clash[0], Wanted(None, label="gone", problem="gone"), columns=["other"])
    assert gone.notes == ["no member that is there has a column 'other'"]


def test_what_does_not_hold_all_cases_is_said() -> None:
    made = run_of(("A", "echo", [passed()]))
    made.evaluations[0].plan.collected = 3
    (note,) = report(Wanted(evaluated(made, made.evaluations[0]))).notes
    assert note.startswith("A does not hold all cases of its test set")


def test_every_view_has_every_form() -> None:
    made = two(columns=["cost"])
    document = group_json(made, VIEWS)
    assert [one["item_count"] for one in document["schema"][0]["fields"] if one["field_name"] == "cost"] == [2]
    assert document["join"]["members"][1] == {
        "member": "Mails",
        "rows": 5,
        "matched": 3,
        "unmatched": ["e"],
        "without_key": ["case-4"],
    }
    assert document["table"][0]["cells"]["Mails"]["columns"] == {"cost": 0.5}
    assert document["table"][2]["cells"]["Mails"] is None
    assert document["aggregates"][1]["passes"]["judged"] == 5
    assert document["aggregates"][0]["columns"]["cost"]["mean"] == 0.375
    assert document["differences"][0]["worse"][0]["key"] == "b"
    assert document["row_identifiers"][0]["column_name"] == "inputs.customer"
    for view in VIEWS:
        assert len(list(group_lines(made, [view], 80))) > 2
        assert group_csv(made, view).count("\r\n") > 2
        assert "| " in group_markdown(made, [view])


def test_what_else_a_table_may_hold() -> None:
    rows = [passed(metadata={"n": 1}), passed(metadata={"n": ["a", None]}), passed(metadata={"n": "x" * 99})]
    made = report(Wanted(evaluation("A", [*rows, passed(statistics={"scored": 3, "passed": 2})])), columns=["n"])
    lines = list(group_lines(made, ["table"], 200))
    assert [line.split()[-1] for line in lines[2:]] == ["1", "null]", "x" * 60 + "...", "-"]
    assert lines[5].split()[1:4] == ["passed", "1.00", "(2/3)"]
    assert list(group_lines(made, ["differences"], 100)) == ["differences", "  there is nothing to compare with"]
    assert group_csv(made, "table").splitlines()[2].endswith("\"['a', None]\"")


def test_members_of_one_name_have_columns_of_their_own() -> None:
    made = report(Wanted(evaluation("A", [passed()]), label="key"), Wanted(evaluation("B", [record()]), label="key "))
    assert next(line.split() for line in group_lines(made, ["table"], 100) if "passed" in line) == [
        *("case-0", "passed", "1.00", "failed", "0.00"),
    ]


def test_changed_definitions_and_cut_tables_are_told_in_every_form() -> None:
    changed = "11111111-89abcdef-01234567-89abcdef-01234567"
    made = report(
        Wanted(evaluation("A", [passed()] * 9)),
        Wanted(evaluation("A", [passed(fingerprint=changed), *[record()] * 8], run=SECOND)),
    )
    markdown = group_markdown(made, ["differences"], rows=2)
    assert "... and 6 more" in markdown
    assert "1 of the same case with another definition&#44; not compared&#58; case&#45;0" in markdown


def test_long_lists_are_cut_and_that_is_said() -> None:
    made = report(Wanted(evaluation("A", [passed()] * 30)), Wanted(evaluation("B", [record()] * 30)))
    lines = list(group_lines(made, ["table", "differences"], 100, rows=5))
    assert lines.count("  ... and 25 more") == 2
    assert "  ... and 25 more" not in list(group_lines(made, ["table", "differences"], 100, rows=None))


HOSTILE = "\x1b[2J|`@you =1+1\n::error::x"


def test_hostile_text_is_escaped_in_every_form() -> None:
    made = report(
        Wanted(evaluation("A", [passed(inputs={"k": HOSTILE}), passed(inputs={"k": "=cmd()"})]), "k", HOSTILE),
        Wanted(evaluation("B", [record(inputs={"k": HOSTILE})]), "k"),
    )
    for view in VIEWS:
        lines = list(group_lines(made, [view], 100))
        assert not any("\x1b" in line or "\n" in line or line.lstrip().startswith("::") for line in lines)
        markdown = group_markdown(made, [view])
        assert "\x1b" not in markdown
        assert "@you" not in markdown
    assert '"\'=cmd()"' in group_csv(made, "table")
