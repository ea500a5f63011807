# ruff: noqa: E501 - a mistake and its message read best on one line
"""Turns get their ids, order and places; whatever a conversation cannot have is a mistake with its place."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_evalsuite.testsets import Case, Defaults, TestSet
from pytest_evalsuite.testsets.conversation import Head, Script
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.schema import json_schema

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

TWO = """
conversations:
- id: refund
  tags: [money]
  agent: clerk
  iterations: 3
  turns:
  - {id: ask, question: I want my money back., expected_response: "Which order?"}
  - {id: order, question: "4711", expected_response: Done., tags: [numbers]}
- turns:
  - {question: "Are you open?", expected_response: "Yes."}
"""


def ids(found: TestSet) -> list[str]:
    return [case.id for case in found.cases]


def told(case: Case) -> tuple[str, int]:
    assert case.conversation is not None
    return case.conversation.id, case.turn


def test_turns_are_found_behind_the_name_of_their_conversation(load: Load) -> None:
    found = load(TWO)
    assert found.mode == "scenario"
    first, second, third = found.cases
    assert (first.id, second.id) == ("refund/ask", "refund/order")
    assert third.id.startswith("are-you-open-")
    assert [told(case)[1] for case in found.cases] == [1, 2, 1]
    assert [case.line for case in found.cases] == [8, 9, 11]
    assert [case.position for case in found.cases] == [0, 1, 2]
    assert first.conversation is second.conversation
    assert (first.agent, first.iterations, third.agent, third.iterations) == ("clerk", 3, None, None)
    assert second.tags == ("money", "numbers")
    assert found.locate(second, "question") == (9, 27)


def test_cases_are_one_conversation_in_their_order(load: Load) -> None:
    found = load(
        "mode: scenario\ncases:\n"
        "- {id: c, order: 3, question: q3, expected_response: a}\n"
        "- {id: a, order: 1, question: q1, expected_response: a}\n"
        "- {id: b, order: 1, question: q2, expected_response: a}\n"
    )
    assert ids(found) == ["a", "b", "c"]
    assert [told(case) for case in found.cases] == [("", 1), ("", 2), ("", 3)]
    assert found.locate(found.cases[0], "order") == (4, 18)


def test_a_skipped_turn_is_asked_of_nobody(load: Load) -> None:
    found = load(
        "mode: scenario\ncases:\n"
        "- {id: a, question: q1, expected_response: a}\n"
        "- {id: b, question: q2, expected_response: a, skip: later}\n"
        "- {id: c, question: q3, expected_response: a}\n"
    )
    without = load(
        "mode: scenario\ncases:\n- {id: a, question: q1, expected_response: a}\n- {id: c, question: q3, expected_response: a}\n"
    )
    assert [told(case)[1] for case in found.cases] == [1, 0, 2]
    assert found.cases[0].unit == found.cases[1].unit
    assert found.cases[2].fingerprint == without.cases[1].fingerprint


def test_a_question_may_be_asked_twice_in_a_conversation(load: Load) -> None:
    turns = "  - {question: 'Yes', expected_response: a}\n" * 3
    found = load(f"conversations:\n- id: a\n  turns:\n{turns}- id: b\n  turns:\n{turns}")
    first = ids(found)[0]
    assert ids(found) == [
        first,
        f"{first}-2",
        f"{first}-3",
        *(identity.replace("a/", "b/", 1) for identity in (first, f"{first}-2", f"{first}-3")),
    ]
    assert len({case.fingerprint for case in found.cases[:3]}) == 3, "each is asked after something else"
    assert found.cases[0].fingerprint == found.cases[3].fingerprint


def test_a_fingerprint_covers_what_was_asked_before_and_nothing_else(load: Load) -> None:
    plain = load(TWO)
    other_answer = load(TWO.replace("Which", "What"))
    other_question = load(TWO.replace("I want my money back.", "Refund me!"))
    assert plain.cases[1].fingerprint == other_answer.cases[1].fingerprint
    assert plain.cases[1].fingerprint != other_question.cases[1].fingerprint
    assert plain.cases[2].fingerprint == other_question.cases[2].fingerprint


def test_what_becomes_of_turns_after_an_error_is_the_conversation_s_or_the_test_set_s(load: Load) -> None:
    text = TWO.replace("- id: refund\n", "- id: refund\n  on_turn_error: skip\n")
    found = load("on_turn_error: continue" + text)
    assert [case.conversation.on_turn_error for case in found.cases if case.conversation] == [
        "skip",
        "skip",
        "continue",
    ]
    cases = load("on_turn_error: continue\nmode: scenario\ncases:\n- {question: q, expected_response: a}")
    assert cases.cases[0].conversation is not None
    assert cases.cases[0].conversation.on_turn_error == "continue"


@pytest.mark.parametrize("rows", [3, 1200], ids=["few", "many"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_column_groups_the_rows_of_a_file_that_stands_alone(load: Load, kind: str, rows: int) -> None:
    names = ("conversation", "question", "expected_response")
    table = [(f"talk {number % 3}", f"q{number}", "a") for number in range(rows)]
    if kind == "csv":
        text = "\n".join([",".join(names), *map(",".join, table)])
    else:
        text = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in table)
    found = load(text, f"t.eval.{kind}")
    assert found.mode == "scenario"
    assert len(found.cases) == rows
    assert [told(case) for case in found.cases] == [
        (f"talk {talk}", turn) for talk in range(3) for turn in range(1, rows // 3 + 1)
    ]
    assert found.cases[0].line == (2 if kind == "csv" else 1)


def test_many_rows_of_an_independent_set_do_not_lose_their_conversation(mistakes: Mistakes, load: Load) -> None:
    rows = "".join(f"talk,q{number},a\n" for number in range(1200))
    load(f"conversation,question,expected_response\n{rows}", "rows.csv")
    found = mistakes("mode: independent\ncases_from: rows.csv\n")
    assert len(found) == 1200
    assert found[0].endswith("'conversation' belongs in a set of mode: scenario")


def turns(text: str) -> str:
    """A test set with one conversation, whose turn stands on line 3."""
    return f"conversations:\n- turns:\n  - {text}\n"


GOOD = "{question: q, expected_response: a}"

ONE_MISTAKE = {
    "conversations: []": "1:16: conversations: expected a list of conversations, each with 'turns', not",
    "conversations: {turns: []}": "1:16: conversations: expected a list of conversations, each with 'turns', not a mapping",
    "conversations: [5]": "1:17: conversations[0]: expected a conversation with 'turns', not 5",
    "conversations:\n- id: a": "2:3: conversations[0]: expected a list of 'turns', which are cases, not",
    "conversations:\n- turns: []": "2:10: conversations[0].turns: expected a list of 'turns', which are cases, not",
    "conversations:\n- turns: 7": "2:10: conversations[0].turns: expected a list of 'turns', which are cases, not 7",
    f"conversations:\n- {{turn: 1, turns: [{GOOD}]}}": "2:4: unknown key 'turn'; did you mean 'turns'?",
    f"conversations:\n- {{timeout: 1, turns: [{GOOD}]}}": "2:4: unknown key 'timeout' (in a turn?)",
    f"conversations:\n- {{id: '', turns: [{GOOD}]}}": "2:8: conversations[0].id: is blank",
    f"conversations:\n- {{iterations: 0, turns: [{GOOD}]}}": "2:16: conversations[0].iterations: expected a whole number from 1 to 100, not 0",
    f"conversations:\n- {{on_turn_error: stop, turns: [{GOOD}]}}": "2:19: conversations[0].on_turn_error: expected skip or continue, not 'stop'",
    f"conversations:\n- {{id: a, turns: [{GOOD}]}}\n- {{id: a, turns: [{GOOD}]}}": "3:",
    turns("5"): "3:5: expected a case (a mapping with a question), not 5",
    turns("{question: q, expected_response: a, conversation: x}"): "3:",
    turns(
        "{question: q, expected_response: a, agent: bot}"
    ): "3:41: 'agent' is for a whole conversation: say it there, or for the test set",
    turns(
        "{question: q, expected_response: a, num_iterations: 2}"
    ): "3:41: 'num_iterations' is for a whole conversation",
    turns("{question: q, expectd_response: a}"): "3:",
    turns("{question: q, test_method: performance, max_seconds: 1}"): "3:",
    f"mode: independent\n{turns(GOOD)}": "1:7: mode: 'conversations' are for mode: scenario",
    f"cases: [{GOOD}]\n{turns(GOOD)}": "2:1: 'cases' and 'conversations' are both given: keep one",
    f"on_turn_error: skip\ncases: [{GOOD}]": "1:1: 'on_turn_error' is for mode: scenario",
    "cases:\n- {question: q, expected_response: a, conversation: x}": "2:",
    "mode: scenario\ncases:\n- {question: q, expected_response: a, conversation: ''}": "3:",
    "mode: scenario\ncases:\n- {id: c, conversation: a/b, question: q, expected_response: a}\n- {id: b/c, conversation: a, question: q, expected_response: a}": "4:8: id: 'a/b/c' is the id of the case on line 3 too",
    "mode: scenario\ncases:\n- {conversation: a, question: q, expected_response: a}\n- {question: q, expected_response: a}\n- {question: r, expected_response: a}": "4:3: names no conversation, as other cases do: say which one it is a turn of",
    "mode: scenario\ncases: []": "2:1: no cases",
    "mode: scenario\n": "1:1: no cases: expected 'cases' with a list of them, 'conversations' or 'cases_from'",
}


@pytest.mark.parametrize("text", ONE_MISTAKE)
def test_one_mistake(mistakes: Mistakes, text: str) -> None:
    (found,) = mistakes(text)
    assert found.startswith(ONE_MISTAKE[text])


def test_all_mistakes_of_all_conversations_at_once(mistakes: Mistakes) -> None:
    found = mistakes(
        "conversations:\n- {id: a, trns: 1, turns: [{question: '', expected_response: a}]}\n- {iterations: x, turns: []}\n- 5\n"
    )
    assert [one.partition(": ")[0].partition(":")[0] for one in found] == ["2", "2", "3", "3", "4"]


def test_a_turn_without_a_question_is_one_mistake(mistakes: Mistakes) -> None:
    (found,) = mistakes(turns("{expected_response: a}"))
    assert found.startswith("3:5: ")
    assert "question" in found


def test_conversations_that_begin_alike_need_ids(mistakes: Mistakes) -> None:
    (found,) = mistakes(f"conversations:\n- turns: [{GOOD}]\n- turns: [{GOOD}]\n")
    assert found.startswith("3:")
    assert "is the id of conversation 1 too: give each one of its own" in found


@pytest.mark.parametrize("column", ["agent", "iterations"])
def test_a_table_s_mistakes_have_their_column(mistakes: Mistakes, column: str) -> None:
    (found,) = mistakes(f"conversation,question,expected_response,{column}\na,q,b,2\n", "t.eval.csv")
    assert found == f"2:7: '{column}' is for a whole conversation: say it there, or for the test set"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("csv", "conversation,question,expected_response\nAnn,q,a\n,r,a\n"),
        ("jsonl", '{"conversation": "Ann", "question": "q"}\n{"question": "r"}\n'),
    ],
)
def test_a_row_that_names_no_conversation_is_not_taken_for_one_of_its_own(
    mistakes: Mistakes, kind: str, text: str
) -> None:
    """As where a table names a conversation in its first row only."""
    named = text if kind == "csv" else text.replace("}", ', "expected_response": "a"}')
    (found,) = mistakes(named, f"t.eval.{kind}")
    assert (
        found
        == f"{3 if kind == 'csv' else 2}:1: names no conversation, as other cases do: say which one it is a turn of"
    )


def test_the_schema_says_the_same() -> None:
    schema = Draft202012Validator(json_schema())
    schema.validate(yaml.safe_load(TWO))
    assert not schema.is_valid({"conversations": [{"turns": [{"question": "q", "conversatoin": "a"}]}]})


def test_a_configured_scenario_may_have_several_conversations(load: Load) -> None:
    found = load(
        "cases:\n- {question: q, expected_response: a, conversation: y}\n"
        "- {question: r, expected_response: a, conversation: x}\n",
        defaults=Defaults("scenario", "exact_match"),
    )
    assert [told(case) for case in found.cases] == [("y", 1), ("x", 1)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), min_size=1), st.randoms())
def test_whatever_the_order_in_the_file_turns_count_up(rows: list[tuple[str, int, bool]], rng: random.Random) -> None:
    rng.shuffle(rows)
    script = Script(Head(), {})
    problems: list[Problem] = []
    for number, (name, order, skipped) in enumerate(rows):
        case = Case(
            f"c{number}",
            f"q{number}",
            (),
            number + 1,
            number,
            order=order,
            conversation_id=name,
            skip="later" if skipped else None,
        )
        script.add(case, {"id": case.id}, problems)
    assert not problems
    found = script.finish()
    assert len({case.id for case in found}) == len(rows)
    for name in {name for name, _, _ in rows}:
        own = [case for case in found if case.conversation_id == name]
        asked = [case for case in own if case.skip is None]
        assert own == sorted(own, key=lambda case: (case.order, case.line))
        assert [case.turn for case in asked] == list(range(1, len(asked) + 1))
        assert all(case.conversation is not None and list(case.conversation.turns) == asked for case in own)
        assert len({case.said_before for case in asked}) == len(asked)
    names = [case.conversation_id for case in found]
    assert [name for number, name in enumerate(names) if number == 0 or names[number - 1] != name] == list(
        dict.fromkeys(name for name, _, _ in rows)
    )
