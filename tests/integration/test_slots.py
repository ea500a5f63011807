"""Slot mappings: what goes to which parameter of the agent, and which field of its output is compared with what."""

from __future__ import annotations

import json

import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.schema import Artifact

AGENTS = """
    import json, re

    def note(**given):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(json.dumps(given, sort_keys=True) + "\\n")

    def extract(text, currency="EUR"):
        note(text=text, currency=currency)
        number = re.search(r"no\\. (\\d+)", text)
        total = re.search(r"total (\\d+)", text)
        return {
            "invoice": {"number": number and number[1]},
            "total": {"amount": total and int(total[1]), "currency": currency},
            "summary": text[:20],
            "confidence": 0.9,
        }

    def as_text(text, currency):
        return "```json\\n" + json.dumps(extract(text, currency)) + "\\n```"

    def anything(**fields):
        note(**fields)
        return fields

    def prose(text):
        return "It is invoice 17."

    def listing(text):
        return [1, 2]
"""

HEAD = """
    agent: extract
    mapping:
      inputs: {text: mail.body, currency: currency}
      outputs:
        invoice.number: number
        total.amount: {slot: amount, method: numeric, absolute: 1, weight: 3}
        summary: {slot: summary, method: similarity, passing_score: 0.5, required: false}
    cases:
"""


@pytest.fixture
def slots(suite: Suite) -> Suite:
    """A suite with agents that take texts apart."""
    suite.write("agents.py", AGENTS)
    names = ("extract", "as_text", "anything", "prose", "listing")
    suite.configure(agents=tuple(f"{name} = agents:{name}" for name in names))
    return suite


def write(suite: Suite, *cases: str, head: str = HEAD) -> None:
    suite.write("set.eval.yaml", head + "".join(f"      - {case}\n" for case in cases))


GOOD = '{id: good, inputs: {mail: {body: "no. 17 total 90"}}, expected: {number: "17", amount: 90}}'


def test_mapped_values_reach_the_agent_and_slots_are_compared_one_by_one(slots: Suite) -> None:
    write(
        slots,
        GOOD,
        '{id: mean, inputs: {mail: {body: "no. 17 total 90"}, currency: USD}, expected: {number: "18", amount: 91}}',
    )
    result = slots.run("--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1)
    assert list(map(json.loads, slots.calls())) == [
        {"currency": "EUR", "text": "no. 17 total 90"},
        {"currency": "USD", "text": "no. 17 total 90"},
    ]
    records = slots.results()
    good, mean = records["good"], records["mean"]
    assert good["mapped_input"] == {"text": "no. 17 total 90"}
    assert good["inputs"] == {"mail": {"body": "no. 17 total 90"}}
    assert good["actual_output"]["invoice"] == {"number": "17"}
    assert [(check["slot"], check["case_field"], check["passed"]) for check in good["checks"]] == [
        ("invoice.number", "number", True),
        ("total.amount", "amount", True),
    ]
    assert mean["mapped_input"] == {"text": "no. 17 total 90", "currency": "USD"}
    assert [check["score"] for check in mean["checks"]] == [0.0, 1.0]
    assert mean["score"] == 0.75
    assert mean["status"] == "failed"
    Artifact.model_validate(slots.artifact())


def test_a_case_that_lacks_a_required_slot_is_skipped_and_counted(slots: Suite) -> None:
    write(
        slots,
        GOOD,
        '{id: nothing-in, inputs: {currency: USD}, expected: {number: "17", amount: 90}}',
        '{id: nothing-out, inputs: {mail: {body: "no. 17"}}, expected: {amount: 90}}',
    )
    slots.run("--eval-json=run.json").assert_outcomes(passed=1, skipped=2)
    assert len(slots.calls()) == 1
    records = slots.results()
    assert records["nothing-in"]["cause"] == {"kind": "skip", "message": "lacks the required input 'mail.body'"}
    assert records["nothing-out"]["cause"]["message"] == "lacks the required expected output 'number'"
    totals = slots.artifact()["totals"]
    assert (totals["passed"], totals["skipped"], totals["error"]) == (1, 2, 0)


def test_an_agent_gets_the_mapped_values_and_the_context_that_it_declares_but_nothing_else(slots: Suite) -> None:
    slots.write(
        "agents.py",
        """
        import json

        def all_of(text, session_id, metadata, case, inputs, note="none"):
            assert len(session_id) == 32 and case.id == "a"
            with open("calls.txt", "w") as calls:
                json.dump([text, metadata, inputs, note], calls)
            return {"text": text}
        """,
    )
    slots.configure(agents=("all_of = agents:all_of",))
    slots.write(
        "set.eval.yaml",
        """
        mapping: {inputs: {text: question}, outputs: {text: text}}
        cases:
          - {id: a, question: Q, inputs: {note: not mapped}, metadata: {tier: gold}, expected: {text: Q}}
        """,
    )
    slots.run().assert_outcomes(passed=1)
    assert slots.calls() == ['["Q", {"tier": "gold"}, {"text": "Q"}, "none"]']


def test_an_agent_of_any_keywords_gets_the_mapped_ones_only(slots: Suite) -> None:
    slots.write(
        "set.eval.yaml",
        """
        agent: anything
        mapping:
          inputs: {"a b": inputs.first, self: metadata.deep.key, "{x}": "dotted.name"}
          outputs: {"a b": one, "{x}": {slot: "two.three"}}
        cases:
          - id: hostile
            question: not given
            inputs: {first: "'; drop", other: 1, dotted.name: 5}
            metadata: {deep: {key: [1, 2]}}
            expected: {one: "'; drop", "two.three": 5}
        """,
    )
    slots.run("--eval-json=run.json").assert_outcomes(passed=1)
    assert json.loads(slots.calls()[0]) == {"a b": "'; drop", "self": [1, 2], "{x}": 5}
    assert [check["slot"] for check in slots.results()["hostile"]["checks"]] == ["a b", "{x}"]


@pytest.mark.parametrize(
    ("agent", "inputs", "message"),
    [
        ("extract", "{txt: body}", "agent 'extract' has no parameter 'txt'; did you mean 'text'?"),
        ("extract", "{currency: body}", "agent 'extract' requires 'text', which is not mapped"),
        ("extract", "{text: body, session: body}", "agent 'extract' has no parameter 'session' (it takes: text, "),
    ],
)
def test_a_mapping_is_held_against_the_agents_signature_before_any_call(
    slots: Suite, agent: str, inputs: str, message: str
) -> None:
    slots.write(
        "set.eval.yaml",
        f"""
        agent: {agent}
        mapping:
          inputs: {inputs}
        cases:
          - {{inputs: {{body: b}}, expected: {{a: 1}}, test_method: json_match}}
        """,
    )
    result = slots.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    column = 11 + inputs.index("session") if "session" in inputs else 12 if "txt" in inputs else 3
    result.stderr.fnmatch_lines([f"*set.eval.yaml:3:{column}: {message.replace('[', '[[]')}*"])
    assert slots.calls() == []


def test_a_fixtures_agent_is_held_to_the_mapping_too(slots: Suite) -> None:
    slots.write(
        "conftest.py",
        """
        import agents, pytest

        @pytest.fixture(params=None)
        def eval_agent(request):
            return agents.extract if "wrong" not in request.node.name else lambda body: body
        """,
    )
    write(
        slots, GOOD, GOOD.replace("good", "wrong"), "{id: lacks, inputs: {a: 1}, expected: {number: '1', amount: 1}}"
    )
    slots.run("--eval-json=run.json").assert_outcomes(passed=1, errors=1, skipped=1)
    records = slots.results()
    assert "has no parameter 'text'" in records["wrong"]["cause"]["message"]
    assert records["lacks"]["cause"]["message"] == "lacks the required input 'mail.body'"
    assert len(slots.calls()) == 1


def test_agents_of_different_signatures_skip_different_cases(slots: Suite) -> None:
    write(slots, '{id: a, inputs: {mail: {body: "no. 17 total 90"}}, expected: {number: "17", amount: 90}}')
    slots.run("--eval-agent=extract", "--eval-agent=as_text", "--eval-json=run.json").assert_outcomes(
        passed=1, skipped=1
    )
    first, second = slots.artifact()["evaluations"]
    assert (first["agent"], first["skipped"], second["agent"], second["passed"]) == ("as_text", 1, "extract", 1)
    assert first["results"][0]["cause"]["message"] == "lacks the required input 'currency'"


def test_json_text_has_slots_too(slots: Suite) -> None:
    write(slots, GOOD.replace("inputs: {", "inputs: {currency: EUR, "))
    slots.run("--eval-agent=as_text").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("prose", "the answer is no JSON object but text: 'It is invoice 17.'"),
        ("listing", "the answer is no JSON object but a list"),
        ("anything", "the answer has no 'number'; it has: 'text'"),
    ],
)
def test_an_answer_without_the_slot_scores_nothing_and_says_what_there_is(
    slots: Suite, agent: str, reason: str
) -> None:
    slots.write(
        "set.eval.yaml",
        f"""
        agent: {agent}
        mapping: {{inputs: {{text: question}}, outputs: {{number: number}}}}
        cases: [{{id: a, question: q, expected: {{number: 1}}}}]
        """,
    )
    slots.run("--eval-json=run.json").assert_outcomes(failed=1)
    (check,) = slots.results()["a"]["checks"]
    assert (check["score"], check["reason"]) == (0.0, reason)


def test_a_judge_is_not_asked_about_a_slot_that_is_not_there(slots: Suite) -> None:
    slots.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def eval_judge():
            def judge(answer, expected):
                with open("judged.txt", "a") as file:
                    file.write(f"{answer}/{expected};")
                return 1.0
            return judge
        """,
    )
    slots.write(
        "set.eval.yaml",
        """
        agent: anything
        mapping:
          inputs: {summary: question}
          outputs: {summary: {slot: s, method: semantic_quality}, gone: {slot: g, method: semantic_quality}}
        cases: [{id: a, question: short, expected: {s: brief, g: none}}]
        """,
    )
    slots.run("--eval-json=run.json").assert_outcomes(failed=1)
    assert (slots.path / "judged.txt").read_text() == "short/brief;"
    assert [check["score"] for check in slots.results()["a"]["checks"]] == [1.0, 0.0]


def test_schemas_find_every_mistake_of_every_case_before_any_call(slots: Suite) -> None:
    slots.write(
        "set.eval.yaml",
        """
        agent: anything
        inputs_schema:
          properties:
            {mail: {type: object, properties: {body: {type: string}}, required: [body]}, pages: {type: integer}}
          required: [mail]
          additionalProperties: false
        outputs_schema:
          properties: {total: {type: number, minimum: 0}}
          required: [total]
        mapping:
          inputs: {text: mail.bdy, pages: pages}
          outputs: {a: totl, b: {slot: totals}}
        cases:
          - {id: a, inputs: {mail: {body: x}, pages: many}, expected: {total: -1}}
          - {id: b, inputs: {mail: {body: x}, page: 1}, expected: {total: 1}}
          - {id: c, inputs: {mail: {body: 5}}, expected: text}
        """,
    )
    result = slots.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "set.eval.yaml:11:18: mapping.inputs.text: inputs_schema has no 'mail.bdy'; did you mean 'mail.body'?",
            "set.eval.yaml:12:16: mapping.outputs.a: outputs_schema has no 'totl'; did you mean 'total'?",
            "set.eval.yaml:12:32: mapping.outputs.b.slot: outputs_schema has no 'totals'; did you mean 'total'?",
            "set.eval.yaml:14:46: inputs.pages: 'many' is not of type 'integer'",
            "set.eval.yaml:14:71: expected.total: -1 is less than the minimum of 0",
            "set.eval.yaml:15:39: the schema has no 'page'; did you mean 'pages'?",
            "set.eval.yaml:16:35: inputs.mail.body: 5 is not of type 'string'",
        ]
    )
    assert slots.calls() == []


def test_schemas_say_what_a_case_must_have(slots: Suite) -> None:
    slots.write(
        "set.eval.yaml",
        """
        agent: anything
        inputs_schema: {properties: {mail: {properties: {body: {type: string}}, required: [body]}}, required: [mail]}
        outputs_schema: {type: object, required: [total]}
        defaults: {test_method: json_match}
        cases:
          - {id: whole, inputs: {mail: {body: x}}, expected: {mail: {body: x}, total: 1}, mode: subset}
          - {id: nested, inputs: {mail: {}}, expected: {total: 1}}
          - {id: nothing, question: q, expected_response: '{}'}
          - {id: own, inputs: {mail: {}}, skip: my own reason, expected: {total: 1}}
        """,
    )
    slots.run("--eval-json=run.json").assert_outcomes(failed=1, skipped=3)
    reasons = {name: record["cause"]["message"] for name, record in slots.results().items() if "cause" in record}
    assert reasons == {
        "nested": "lacks the required input 'mail.body'",
        "nothing": "lacks the required input 'mail' and lacks the required expected output 'total'",
        "own": "my own reason",
    }


def test_a_failure_shows_the_slots_as_a_table(slots: Suite) -> None:
    write(
        slots,
        '{id: a, inputs: {mail: {body: "no. 17 total 90"}}, expected: {number: "18", amount: 90, summary: no. 17}}',
    )
    result = slots.run()
    result.stdout.fnmatch_lines(
        [
            "slots     slot            expected  actual             score",
            '          invoice.number  "18"      "17"               0.00 < 1.00',
            "          total.amount    90        90                 1.00",
            '          summary         "no. 17"  "no. 17 total 90"  0.*',
            "check     FAILED invoice.number 0.00 < 1.00: 0 of 1 values match: *",
        ]
    )
    result.stdout.no_fnmatch_line("check*passed*")
    result.stdout.no_fnmatch_line("actual *confidence*")


def test_answers_are_scored_anew_slot_by_slot(slots: Suite) -> None:
    write(slots, GOOD)
    slots.run().assert_outcomes(passed=1)
    write(slots, GOOD.replace("amount: 90", "amount: 95"))
    slots.run("--eval-regrade=latest").assert_outcomes(failed=1)
    assert len(slots.calls()) == 1


def test_the_evaluation_says_what_it_was_made_of(slots: Suite) -> None:
    write(slots, GOOD, "{id: lacking, inputs: {a: 1}, expected: {number: '1', amount: 1}}")
    slots.run("--eval-json=run.json")
    artifact = slots.artifact()
    (evaluation,) = artifact["evaluations"]
    configuration = evaluation["configuration"]
    assert configuration["evaluator"]["type"] == ["json_match", "numeric"]
    assert configuration["evaluator"]["config"]["numeric"]["options"]["absolute"] == 1
    assert configuration["mapping_type"] == "explicit"
    assert configuration["mapping"]["inputs"] == [
        {"agent": "text", "case": "mail.body"},
        {"agent": "currency", "case": "currency"},
    ]
    shown = [(one["agent"], one["case"], one["method"], one["weight"]) for one in configuration["mapping"]["outputs"]]
    assert shown == [
        ("invoice.number", "number", "json_match", 1.0),
        ("total.amount", "amount", "numeric", 3.0),
        ("summary", "summary", "similarity", 1.0),
    ]
    assert configuration["agent"]["target"] == "agents:extract"
    assert (evaluation["status"], evaluation["summary"], evaluation["error_message"]) == ("succeeded", None, None)
    assert evaluation["created_at"] <= evaluation["started_at"] <= evaluation["completed_at"]
    assert evaluation["created_by"] == artifact["run"]["created_by"]
    assert (evaluation["total"], evaluation["passed"], evaluation["skipped"]) == (2, 1, 1)
    Artifact.model_validate(artifact)


def test_the_configuration_changes_with_either_side(slots: Suite) -> None:
    def sides() -> tuple[str, str]:
        slots.run("--eval-json=run.json")
        configuration = slots.artifact()["evaluations"][0]["configuration"]
        return configuration["test_set"]["fingerprint"], configuration["agent"]["fingerprint"]

    write(slots, GOOD)
    before = sides()
    assert sides() == before
    write(slots, GOOD.replace("90}}", "91}}"))
    test_set, agent = sides()
    assert (test_set != before[0], agent) == (True, before[1])
    write(slots, GOOD)
    slots.write("agents.py", AGENTS + "    MORE = 1\n")
    test_set, agent = sides()
    assert (test_set, agent != before[1]) == (before[0], True)


def test_a_run_that_is_stopped_leaves_cancelled_evaluations(slots: Suite) -> None:
    write(slots, "{id: bad, inputs: {mail: {body: b}}, expected: {number: '1', amount: 1}}", GOOD)
    slots.write("zz.eval.yaml", "agent: anything\ncases: [{id: z, question: z, expected_response: z}]\n")
    slots.run("-x", "--eval-json=run.json", "-o", "evalsuite_test_method=exact_match")
    first, second = slots.artifact()["evaluations"]
    assert (first["status"], second["status"]) == ("cancelled", "cancelled")
    assert second["started_at"] is None
    assert second["error_message"].startswith("stopping after 1 failures")


def test_a_kept_run_shows_what_the_agent_was_given(
    slots: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(slots, GOOD)
    slots.run()
    monkeypatch.chdir(slots.path)
    capsys.readouterr()
    assert main(["show", "latest", "--case", "good"]) == 0
    assert 'mapped        {"text": "no. 17 total 90"}' in capsys.readouterr().out


def test_slots_run_under_xdist(slots: Suite) -> None:
    write(slots, GOOD, GOOD.replace("good", "other").replace('"17", amount', '"18", amount'))
    result = slots.run_subprocess("-n2", "--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1)
    assert slots.artifact()["evaluations"][0]["configuration"]["mapping_type"] == "explicit"
