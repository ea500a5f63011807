from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.judges import Scale
from pytest_evalsuite.judges._reply import Unreadable, fits, read_verdict, verdict_form

PASSED, POINTS, FRACTION = Scale(kind="passed"), Scale(kind="points"), Scale(kind="fraction")
LABEL = Scale(kind="label", labels=("right", 'half "right"', "faux", "7"))
RULES = Scale(kind="rules", rules=("is polite", "is short"))
SCALES = [PASSED, POINTS, FRACTION, LABEL, RULES]


def rules(*verdicts: dict[str, Any]) -> str:
    return json.dumps({"verdicts": list(verdicts)})


def rule(number: Any, met: Any = True, reason: Any = "so it is") -> dict[str, Any]:
    return {"rule": number, "reason": reason, "met": met}


@pytest.mark.parametrize(
    ("scale", "reply", "value"),
    [
        (PASSED, '{"reason": "r", "passed": true}', True),
        (PASSED, '{"passed": false, "reason": "r"}', False),
        (POINTS, '{"reason": "r", "score": 1}', 1),
        (POINTS, '{"reason": "r", "score": 10.0}', 10),
        (FRACTION, '{"reason": "r", "score": 0}', 0.0),
        (FRACTION, '{"reason": "r", "score": 0.25, "confidence": 3}', 0.25),
        (FRACTION, ' \n{"reason": "r", "score": 1}\n', 1.0),
        (LABEL, '{"reason": "r", "label": "half \\"right\\""}', 'half "right"'),
        (FRACTION, '```json\n{"reason": "r", "score": 0.5}\n```', 0.5),
        (FRACTION, '```JSON\r\n{"reason": "r", "score": 0.5}\r\n```', 0.5),
        (FRACTION, '```\n{"reason": "r", "score": 0.5}\n```\n', 0.5),
        (FRACTION, '<think>{"score": 0}? No.</think>\n{"reason": "r", "score": 0.5}', 0.5),
        (FRACTION, '<THINKING>hm</THINKING> ```json\n{"reason": "r", "score": 0.5}\n```', 0.5),
        (FRACTION, '{"reason": "it says {\\"score\\": 1}", "score": 0.5}', 0.5),
    ],
)
def test_one_verdict_is_read(scale: Scale, reply: str, value: Any) -> None:
    found, reason, reasons = read_verdict(reply, scale)
    assert found == value
    assert type(found) is type(value)
    assert reason
    assert reasons == ()


def test_a_rubric_is_read_rule_by_rule() -> None:
    found = read_verdict(rules(rule(1), rule(2, False, "  too long ")), RULES)
    assert found == ((True, False), "2: too long", ("so it is", "too long"))
    assert read_verdict(rules(rule(1), rule(2)), RULES)[1] == "all rules are met"


@pytest.mark.parametrize(
    ("scale", "reply", "complaint"),
    [
        (FRACTION, "", "is empty"),
        (FRACTION, "  \n ", "is empty"),
        (FRACTION, "<think>hm</think>", "is empty"),
        (FRACTION, "```json\n\n```", "is empty"),
        (FRACTION, "I would say 0.5", "not one JSON object"),
        (FRACTION, "0.5", "no object"),
        (FRACTION, '[{"reason": "r", "score": 0.5}]', "no object"),
        (FRACTION, "null", "no object"),
        (FRACTION, '{"reason": "r", "score": 0.5} {"reason": "r", "score": 1}', "more in the reply"),
        (FRACTION, '{"reason": "r", "score": 0.5}\nI hope this helps.', "more in the reply"),
        (FRACTION, 'Here you are: {"reason": "r", "score": 0.5}', "not one JSON object"),
        (FRACTION, '```json\n{"reason": "r", "score": 0.5}\n```\nDone.', "not one JSON object"),
        (FRACTION, '<think>unfinished {"reason": "r", "score": 0.5}', "not one JSON object"),
        (FRACTION, '{"reason": "r", "score": 0.1, "score": 1}', "occurs twice"),
        (FRACTION, '{"reason": "r", "score": 1, "more": {"a": 1, "a": 2}}', "occurs twice"),
        (FRACTION, '{"reason": "r", "score": NaN}', "NaN is no JSON"),
        (FRACTION, '{"reason": "r", "score": Infinity}', "Infinity is no JSON"),
        (FRACTION, '{"reason": "r", "score": 1e999}', "from 0 to 1, not inf"),
        (FRACTION, '{"reason": "r", "score": 1.01}', "from 0 to 1, not 1.01"),
        (FRACTION, '{"reason": "r", "score": -0.1}', "from 0 to 1"),
        (FRACTION, '{"reason": "r", "score": true}', "from 0 to 1, not True"),
        (FRACTION, '{"reason": "r", "score": "1"}', "from 0 to 1, not '1'"),
        (FRACTION, '{"reason": "r", "score": null}', "from 0 to 1, not None"),
        (FRACTION, '{"reason": "r"}', "from 0 to 1, not None"),
        (FRACTION, '{"reason": "r", "score": 1' + "0" * 400 + "}", r"not 10000+\.\.\.$"),
        (FRACTION, '{"reason": "r", "score": 1' + "0" * 5000 + "}", "."),
        (POINTS, '{"reason": "r", "score": 11}', "from 1 to 10, not 11"),
        (POINTS, '{"reason": "r", "score": 0}', "from 1 to 10"),
        (POINTS, '{"reason": "r", "score": -1}', "from 1 to 10"),
        (POINTS, '{"reason": "r", "score": 7.5}', "whole number, not 7.5"),
        (POINTS, '{"reason": "r", "score": "high"}', "not 'high'"),
        (FRACTION, '{"score": 1}', '"reason" must be a text, not None'),
        (FRACTION, '{"reason": " ", "score": 1}', '"reason" must be a text'),
        (FRACTION, '{"reason": 3, "score": 1}', '"reason" must be a text, not 3'),
        (PASSED, '{"reason": "r", "passed": "true"}', "true or false, not 'true'"),
        (PASSED, '{"reason": "r", "passed": 1}', "true or false, not 1"),
        (PASSED, '{"reason": "r", "score": 1}', "true or false, not None"),
        (LABEL, '{"reason": "r", "label": "Right"}', "must be one of 'right', .*not 'Right'"),
        (LABEL, '{"reason": "r", "label": 7}', '"label" must be a text, not 7'),
        (LABEL, '{"reason": "r", "label": ["right"]}', '"label" must be a text'),
        (RULES, '{"reason": "r", "verdicts": 3}', "must be a list"),
        (RULES, '{"verdicts": [true, true]}', "must be a list of objects"),
        (RULES, rules(rule(2), rule(1)), r"in order, not \[2, 1\]"),
        (RULES, rules(rule(1)), r"rules 1 to 2 in order, not \[1\]"),
        (RULES, rules(rule(1), rule(2), rule(3)), r"not \[1, 2, 3\]"),
        (RULES, rules(rule(1), rule(2, "yes")), "true or false, not 'yes'"),
        (RULES, rules(rule(1), rule(2, True, "")), '"reason" must be a text'),
        (FRACTION, '{"reason": "' + "x" * 60_000 + '", "score": 1}', "60,0.. characters"),
        (FRACTION, '{"a":' * 20_000, "."),
        (FRACTION, "[" * 40_000, "."),
    ],
)
def test_anything_else_is_unreadable(scale: Scale, reply: str, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint) as caught:
        read_verdict(reply, scale)
    assert len(str(caught.value)) < 400


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_nothing_but_unreadable_is_raised(reply: str) -> None:
    for scale in SCALES:
        with pytest.raises(Unreadable):
            read_verdict(reply, scale)


VALUES = st.booleans() | st.integers(-2, 12) | st.floats(-1, 12) | st.text(max_size=3) | st.none()


@given(st.dictionaries(st.sampled_from(["score", "passed", "label"]), VALUES))
def test_what_is_read_is_always_one_of_the_scale_s_values(values: dict[str, Any]) -> None:
    for scale in SCALES[:4]:
        try:
            value, _, _ = read_verdict(json.dumps({"reason": "r", **values}), scale)
        except Unreadable:
            continue
        assert fits(value, scale)


@pytest.mark.parametrize(
    ("value", "scale", "does"),
    [
        (6.5, POINTS, True),
        (10.5, POINTS, False),
        (True, POINTS, False),
        (float("nan"), FRACTION, False),
        ("1.0", FRACTION, False),
        (1, PASSED, False),
        ("false", PASSED, False),
        ((True, False), RULES, True),
        ([True, False], RULES, False),
        ((True,), RULES, False),
        ((1, 0), RULES, False),
        ([], LABEL, False),
    ],
)
def test_values_from_elsewhere_are_held_to_the_scale_too(value: Any, scale: Scale, does: bool) -> None:
    assert fits(value, scale) is does


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.kind)
def test_a_reply_in_the_form_that_is_shown_is_read(scale: Scale) -> None:
    form = verdict_form(scale)
    for shown, filled in [
        ("true or false", "true"),
        ("<whole number from 1 to 10>", "7"),
        ("<number from 0 to 1>", "0.7"),
        (form.partition('"label": ')[2].rstrip("}"), '"right"'),
    ]:
        form = form.replace(shown, filled) if shown else form
    assert fits(read_verdict(form, scale)[0], scale)
    assert form.index('"reason"') < min(form.find(key) for key in ("passed", "score", "label", "met") if key in form)
