"""Test sets written as a whole: saved, converted, imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_evalsuite import Defaults, load_test_set, open_test_set
from pytest_evalsuite.errors import EditError, TestSetError
from pytest_evalsuite.testsets.editing.converting import convert
from pytest_evalsuite.testsets.editing.importing import import_cases
from pytest_evalsuite.testsets.editing.view import Differences, differences

Write = Callable[..., Path]
FULL = """\
# A comment
name: Everything
description: All that a set may say
language: pt-BR
isolation: process
tags: [a, b]
marks: [slow]
metadata: {owner: ann, n: 1, deep: [1, {x: null}]}
defaults: {test_method: keyword_match, passing_score: 0.4, timeout: 9, iterations: 3, pass_rule: any, match: any}
gate: {pass_rate: 0.5, tags: {a: {max_errors: 1}}}
cases:
  - {id: "no", question: 007, keywords: [1.50, yes, "a b"], order: 2}
  - question: Plain
    keywords: [x]
    passing_score: 0.25
    not: true
    expected_response: [one, "2"]
    xfail: known
    rationale: |
      two
      lines
  - id: many
    inputs: {text: t, zip: "007", n: 1e3}
    expected: {a: 1, b: [x]}
    require: score
    passing_score: 0.5
    checks:
      - {method: json_match, weight: 2, name: first, when: {inputs.n: {gt: 1}, tags: [a, z]}}
      - {method: contains, expected_response: other, not: true}
    tags: [c]
    required: true
    metadata: {z: "1"}
  - id: given
    question: q
    test_method: contains
    expected_response: x
    actual_response: x
    actual_tool_calls: [{name: f, arguments: {a: 1}}]
    pass_rule: {at_least: 2}
"""
SLOTS = """\
mapping:
  inputs: {text: mail.body, currency: metadata.currency}
  outputs:
    invoice.number: number
    total: {slot: amount, method: numeric, absolute: 0.01, weight: 2, passing_score: 0.9}
    note: {slot: note, required: false}
inputs_schema: {type: object, required: [mail]}
cases:
  - {id: tea, inputs: {mail: {body: "Tea, 12.50"}}, metadata: {currency: EUR}, expected: {number: "17", amount: 12.5}}
  - {id: none, inputs: {mail: {body: "Tea"}}, metadata: {currency: EUR}, expected: {number: "18"}}
"""
SCENARIO = """\
on_turn_error: continue
conversations:
  - id: refund
    name: Refunds
    tags: [money]
    agent: bot
    turns:
      - {id: ask, question: a mug, expected_response: Which, test_method: contains}
      - {id: order, question: "4711", expected_response: done, test_method: contains, skip: later}
  - turns:
      - {question: Open?, expected_response: "Yes", test_method: contains}
"""
CSV = """\
id,question,expected_response,test_method,passing_score,keywords,tags,inputs.zip,metadata.n
a,"q, 1",yes,contains,,,x|y,017,1
b,"two
lines",,keyword_match,0.5,"[""a,b"", ""c""]",,,
"""


@pytest.mark.parametrize("text", [FULL, SLOTS, SCENARIO])
def test_what_is_saved_loads_as_an_equal_test_set(write: Write, tmp_path: Path, text: str) -> None:
    test_set = load_test_set(write(text))
    for name in ("t.eval.yaml", "saved.eval.yaml"):
        test_set.save(tmp_path / name)
        again = load_test_set(tmp_path / name)
        assert (
            differences(replace(test_set, name=again.name) if "name:" not in text else test_set, again)
            == Differences()
        )
    again = load_test_set(tmp_path / "saved.eval.yaml")
    again.save(tmp_path / "twice.eval.yaml")
    assert (tmp_path / "twice.eval.yaml").read_text() == (tmp_path / "saved.eval.yaml").read_text()


def test_what_a_table_cannot_hold_is_named_and_nothing_written(write: Write, tmp_path: Path) -> None:
    test_set = load_test_set(write(FULL))
    for suffix in ("csv", "jsonl"):
        with pytest.raises(
            EditError, match=r"cannot hold description, language, isolation, tags, marks, metadata, gate"
        ):
            test_set.save(tmp_path / f"new.eval.{suffix}")
        with pytest.raises(EditError, match=r"cannot hold name, description, language, .*: nothing was written"):
            convert(tmp_path / "t.eval.yaml", tmp_path / f"new.eval.{suffix}")
    with pytest.raises(EditError, match=r"cannot hold on_turn_error"):
        convert(write(SCENARIO, "s.eval.yaml"), tmp_path / "new.eval.jsonl")
    drop = ("name", "description", "language", "isolation", "tags", "marks", "metadata", "gate")
    with pytest.raises(EditError, match=r"'checks' cannot stand in a CSV file"):
        convert(tmp_path / "t.eval.yaml", tmp_path / "new.eval.csv", drop=drop)
    with pytest.raises(EditError, match=r"a test set ends in \.yaml"):
        test_set.save(tmp_path / "new.txt")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["s.eval.yaml", "t.eval.yaml"]


def test_a_saved_test_set_replaces_a_file_that_is_there(write: Write) -> None:
    path = write(SLOTS)
    path.chmod(0o600)
    test_set = load_test_set(path)
    replace(test_set, name="Other", cases=test_set.cases[:1]).save(path)
    again = load_test_set(path)
    assert (again.name, [case.id for case in again.cases]) == ("Other", ["tea"])
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("between", ["yaml", "jsonl"])
def test_a_csv_file_comes_back_as_it_was(write: Write, tmp_path: Path, between: str) -> None:
    source = write(CSV, "t.eval.csv")
    convert(source, tmp_path / f"t.eval.{between}")
    found = convert(tmp_path / f"t.eval.{between}", tmp_path / "again.eval.csv")
    assert (
        (tmp_path / "again.eval.csv")
        .read_text()
        .splitlines()[0]
        .startswith("id,question,expected_response,test_method")
    )
    assert differences(load_test_set(source), found) == Differences(["name"])


def test_a_yaml_set_comes_back_from_jsonl(write: Write, tmp_path: Path) -> None:
    text = "".join(FULL.partition("defaults:")[1:]).replace("gate: {pass_rate: 0.5, tags: {a: {max_errors: 1}}}\n", "")
    source = write(text)
    convert(source, tmp_path / "t.eval.jsonl")
    found = convert(tmp_path / "t.eval.jsonl", tmp_path / "again.eval.yml")
    assert differences(load_test_set(source), found) == Differences(["name"])


def test_what_a_case_leaves_open_stays_open(write: Write, tmp_path: Path) -> None:
    source = write("id,question,expected_response\na,q,x\n", "t.eval.csv")
    convert(source, tmp_path / "t.eval.yaml")
    assert (tmp_path / "t.eval.yaml").read_text() == "cases:\n  - id: a\n    question: q\n    expected_response: x\n"
    (case,) = load_test_set(
        tmp_path / "t.eval.yaml", defaults=Defaults(test_method="exact_match", passing_score=0.3)
    ).cases
    assert (case.checks[0].method.method, case.checks[0].passing_score) == ("exact_match", 0.3)


def test_what_is_there_is_not_converted_over(write: Write, tmp_path: Path) -> None:
    source = write(CSV, "t.eval.csv")
    write("mine", "new.eval.yaml")
    with pytest.raises(EditError, match="is there already: nothing was written"):
        convert(source, tmp_path / "new.eval.yaml")
    assert (tmp_path / "new.eval.yaml").read_text() == "mine"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), texts, st.just("")),
    lambda part: st.lists(part, max_size=2) | st.dictionaries(texts, part, max_size=2),
    max_leaves=4,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts,
    st.lists(texts, min_size=1, max_size=2),
    st.dictionaries(texts, values, min_size=1, max_size=3),
    st.sampled_from(["yaml", "jsonl"]),
)
def test_any_text_survives(
    tmp_path: Path, question: str, answers: list[str], inputs: dict[str, Any], suffix: str
) -> None:
    path = tmp_path / "seed.eval.yaml"
    path.write_text("cases:\n- {id: seed, question: q, expected_response: x, test_method: contains}\n")
    file = open_test_set(path)
    file.add_case(
        {"id": "a", "question": question, "expected_response": answers, "inputs": inputs, "test_method": "contains"}
    )
    test_set = replace(file.test_set, name="seed")
    test_set.save(tmp_path / f"saved.eval.{suffix}") if suffix == "yaml" else replace(
        test_set, path="seed.eval.yaml"
    ).save(tmp_path / f"seed.eval.{suffix}")
    again = load_test_set(tmp_path / (f"saved.eval.{suffix}" if suffix == "yaml" else f"seed.eval.{suffix}"))
    (case,) = [case for case in again.cases if case.id == "a"]
    assert (case.question, case.expected_responses, case.inputs) == (question, tuple(answers), inputs)


SET = (
    "defaults: {test_method: contains}\ncases:\n  # kept\n  - {id: a, question: q, expected_response: x, tags: [t]}\n"
)


def test_an_import_is_strict(write: Write) -> None:
    target = write(SET)
    source = write(
        "id,question,expected_response,passing_score\na,q,x,\nb,r,,0.5\nc,s,x,7\nc,t,x,\nd,u,x,0.5\n", "new.csv"
    )
    with pytest.raises(TestSetError) as caught:
        import_cases(source, target)
    assert [(each.line, each.column, each.message.split(":")[0]) for each in caught.value.mistakes] == [
        (2, 1, "column 'id'"),
        (3, 1, "cannot be checked"),
        (4, 7, "column 'passing_score'"),
        (5, 1, "column 'id'"),
    ]
    assert {each.path for each in caught.value.mistakes} == {str(source)}
    assert target.read_text() == SET


def test_a_lenient_import_takes_the_good_rows_and_tells_of_all_others(write: Write) -> None:
    target = write(SET)
    source = write('id,question,expected_response\nb,r,y\nc,"s",x,extra\nd,,x\ne,t,z\n', "new.csv")
    done = import_cases(source, target, lenient=True)
    assert (done.created, done.updated) == (["b", "e"], [])
    assert [each.line for each in done.mistakes] == [3, 4]
    assert target.read_text() == SET
    done.save()
    assert target.read_text() == SET + (
        "  - {id: b, question: r, expected_response: y}\n  - {id: e, question: t, expected_response: z}\n"
    )


def test_an_update_replaces_cases_by_their_ids(write: Write) -> None:
    target = write(SET)
    source = write(
        '{"id": "a", "question": "new", "expected_response": "y"}\n'
        '{"id": "b", "question": "r", "expected_response": "z"}\n',
        "new.jsonl",
    )
    done = import_cases(source, target, update=True)
    done.save()
    assert (done.created, done.updated) == (["b"], ["a"])
    assert target.read_text() == SET.replace(
        "question: q, expected_response: x, tags: [t]", "question: new, expected_response: y"
    ) + ("  - {id: b, question: r, expected_response: z}\n")
    assert import_cases(source, target, update=True).diff() == ""


@pytest.mark.parametrize("suffix", ["yaml", "jsonl", "csv"])
def test_a_new_test_set_is_made(write: Write, tmp_path: Path, suffix: str) -> None:
    source = write(CSV, "new.csv")
    done = import_cases(source, tmp_path / f"made.eval.{suffix}")
    assert not (tmp_path / f"made.eval.{suffix}").exists()
    assert done.diff().startswith("--- /dev/null")
    done.save()
    assert [case.id for case in load_test_set(tmp_path / f"made.eval.{suffix}").cases] == done.created == ["a", "b"]
    with pytest.raises(TestSetError, match="already; to replace it: --update"):
        import_cases(source, tmp_path / f"made.eval.{suffix}")


def test_cases_of_yaml_are_imported_and_nothing_else(write: Write, tmp_path: Path) -> None:
    target = write(SET)
    source = write(
        "name: n\ncases:\n- question: r\n  expected_response: |\n    two\n    lines\n- {question: 5}\n", "new.yaml"
    )
    with pytest.raises(TestSetError) as caught:
        import_cases(source, target)
    assert [(each.line, each.column) for each in caught.value.mistakes] == [(7, 3)]
    done = import_cases(source, target, lenient=True)
    assert done.file is not None
    assert done.file.case(done.created[0]).expected_responses == ("two\nlines\n",)
    write("defaults: {timeout: 3}\ncases:\n- {question: r, expected_response: x}\n", "new.yaml")
    with pytest.raises(EditError, match="only cases are imported, and 'defaults' would be lost"):
        import_cases(source, target)
    for text, message in (
        ("- 1", "not a list"),
        ("cases: 3", "expected 'cases' with a list of them"),
        ("a: [", "not YAML"),
    ):
        write(text, "new.yaml")
        with pytest.raises((TestSetError, EditError), match=message):
            import_cases(source, target)
    with pytest.raises(TestSetError, match=r"expected a \.csv"):
        import_cases(tmp_path / "new.txt", target)


def test_turns_are_imported_into_their_conversations(write: Write) -> None:
    target = write(SCENARIO)
    source = write(
        "conversation,id,question,expected_response,test_method\nrefund,thanks,Thanks,x,contains\nnew,a,q,x,contains\n",
        "new.csv",
    )
    done = import_cases(source, target)
    assert done.created == ["refund/thanks", "new/a"]
    bad = write(
        "conversation,id,question,agent,test_method,expected_response\nrefund,thanks,Thanks,bot,contains,x\n",
        "bad.csv",
    )
    with pytest.raises(TestSetError, match="'agent' is for a whole conversation"):
        import_cases(bad, target)


def test_a_row_is_held_against_what_the_target_says(write: Write) -> None:
    target = write(SLOTS)
    source = write(
        '{"id": "x", "inputs": {"mail": {"body": "b"}}, "expected": {"number": "1", "amount": "much"}}\n', "new.jsonl"
    )
    done = import_cases(source, target, lenient=True)
    assert len(done.created) + len(done.mistakes) == 1
    bad = write(
        '{"id": "y", "inputs": {"mail": {"body": "b"}}, "expected": {"number": "1"}, "test_method": "contains"}\n',
        "bad.jsonl",
    )
    with pytest.raises(TestSetError, match=r"bad\.jsonl:1:\d+: 'test_method' belongs into"):
        import_cases(bad, target)


def test_what_differs_is_named(write: Write) -> None:
    test_set = load_test_set(write(FULL))
    cases = list(test_set.cases)
    ids = [case.id for case in cases]
    assert differences(test_set, replace(test_set, cases=cases[::-1])) == Differences(fields={"order": ids})
    assert differences(test_set, replace(test_set, cases=cases[1:])) == Differences(fields={"id": ids[:1]})
    assert differences(replace(test_set, cases=cases[1:]), test_set) == Differences(fields={"order": ids[1:]})
    other = [replace(cases[0], tags=("z",), metadata={"n": True}), *cases[1:]]
    found = differences(test_set, replace(test_set, tags=("q",), cases=other))
    assert found == Differences(["tags"], {"tags": ids[:1], "metadata": ids[:1]})


def test_what_conversations_say_of_their_turns_is_not_lost(write: Write, tmp_path: Path) -> None:
    source = write(SCENARIO.replace("on_turn_error: continue\n", ""))
    with pytest.raises(
        EditError, match=r"cannot hold .*agent of 'refund/ask' and 1 more, conversation of 'refund/ask'"
    ):
        convert(source, tmp_path / "t.eval.jsonl")
    plain = (
        SCENARIO.replace("on_turn_error: continue\n", "")
        .replace("    name: Refunds\n", "")
        .replace("    agent: bot\n", "")
    )
    found = convert(write(plain), tmp_path / "t.eval.csv")
    assert (found.cases[0].id, found.cases[0].tags) == ("refund/ask", ("money",))
    back = convert(tmp_path / "t.eval.csv", tmp_path / "back.eval.yaml")
    assert differences(found, back) == Differences(["name"])
    assert "mode: scenario\n" in (tmp_path / "back.eval.yaml").read_text()


def test_turns_of_yaml_are_imported_and_replaced(write: Write) -> None:
    target = write(SCENARIO)
    turn = "{id: order, question: '4712', expected_response: done, test_method: contains}"
    source = write(
        f"conversations:\n- id: refund\n  turns:\n  - {turn}\n  - {turn.replace('order', 'next')}\n", "new.yaml"
    )
    done = import_cases(source, target, update=True)
    assert (done.created, done.updated) == (["refund/next"], ["refund/order"])
    done.save()
    assert [case.question for case in load_test_set(target).cases][:3] == ["a mug", "4712", "4712"]


def test_a_file_system_without_links(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    source = write(CSV, "t.eval.csv")
    convert(source, tmp_path / "t.eval.yaml")
    text = (tmp_path / "t.eval.yaml").read_text()
    with pytest.raises(EditError, match="is there already"):
        convert(source, tmp_path / "t.eval.yaml")
    assert (tmp_path / "t.eval.yaml").read_text() == text
    with pytest.raises(EditError, match=r"cannot write .*: No such file or directory"):
        convert(source, tmp_path / "none" / "t.eval.yaml")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["t.eval.csv", "t.eval.yaml"]
