"""What an agent does while it is asked is kept as a trace: its own steps, and those of OpenTelemetry."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from commands import run
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from suites import Suite

OTEL = """
    import asyncio, time
    from opentelemetry import trace
    from pytest_evalsuite import span

    tracer = trace.get_tracer("bot")

    def chat(question, tokens=5):
        told = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "maker", "gen_ai.request.model": "m-1",
            "gen_ai.usage.input_tokens": len(question), "gen_ai.usage.output_tokens": tokens,
        }
        return tracer.start_as_current_span("chat m-1", attributes=told)

    def tool(name, arguments, result):
        told = {
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name,
            "gen_ai.tool.call.arguments": arguments, "gen_ai.tool.call.result": result,
        }
        return tracer.start_as_current_span(f"execute_tool {name}", attributes=told)

    async def bot(question):
        with span("retrieve", kind="retrieval", input=question) as found:
            with tracer.start_as_current_span("query", attributes={"db.rows": 3}):
                await asyncio.sleep(0.01)
            found.output = [question.upper()]
        with chat(question):
            await asyncio.sleep(0.01)
            with tool("look", '{"what": "%s"}' % question, '{"seen": true}'):
                await asyncio.sleep(0.01)
        return question

    def sync_bot(question):
        with chat(question):
            with tool("look", '{"what": "%s"}' % question, "seen"):
                time.sleep(0.005)
        return question
"""

CASES = [f"c{n}: question {n} -> question {n}" for n in range(20)]


def traces(suite: Suite) -> dict[str, dict[str, Any]]:
    """The traces that the only run has kept, by case."""
    lines = [
        line for path in suite.path.glob(".evalsuite/runs/*/spans*.jsonl") for line in path.read_bytes().splitlines()
    ]
    kept = [json.loads(line) for line in lines]
    assert len({trace["trace_id"] for trace in kept}) == len(kept)
    return {trace["case_id"]: trace for trace in kept}


def named(trace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The spans of a trace by their names."""
    return {span["name"]: span for span in trace["spans"]}


@pytest.fixture
def bots(suite: Suite) -> Suite:
    suite.write("agents.py", OTEL)
    suite.configure(agents=("bot = agents:bot", "sync_bot = agents:sync_bot"))
    suite.cases(*CASES)
    return suite


@pytest.mark.parametrize("more", [(), ("--eval-concurrency", "1")])
def test_the_spans_of_overlapping_calls_stay_apart(bots: Suite, more: tuple[str, ...]) -> None:
    assert bots.run("--eval-agent", "bot", "--eval-json=run.json", *more).ret == 0
    kept = traces(bots)
    results = bots.results()
    for n in range(20):
        trace, record = kept[f"c{n}"], results[f"c{n}"]
        assert trace["trace_id"] == record["trace_id"]
        root, *rest = trace["spans"]
        assert [root["name"], *(span["name"] for span in rest)] == [
            "invoke_agent bot", "retrieve", "query", "chat m-1", "execute_tool look",
        ]  # fmt: skip
        ids = {span["span_id"]: span["name"] for span in trace["spans"]}
        assert [ids.get(span["parent_id"]) for span in trace["spans"]] == [
            None, "invoke_agent bot", "retrieve", "invoke_agent bot", "chat m-1",
        ]  # fmt: skip
        assert (root["input"], root["output"], root["status"]) == (f"question {n}", f"question {n}", "ok")
        assert rest[0]["output"] == [f"QUESTION {n}"]
        assert rest[3]["attributes"]["gen_ai.tool.call.arguments"] == f'{{"what": "question {n}"}}'


def test_sync_agents_in_threads_too(bots: Suite) -> None:
    bots.run("--eval-agent", "sync_bot", "--eval-concurrency", "8", "--eval-json=run.json").assert_outcomes(passed=20)
    for n, trace in enumerate(traces(bots)[f"c{n}"] for n in range(20)):
        assert list(named(trace)) == ["invoke_agent sync_bot", "chat m-1", "execute_tool look"]
        assert f"question {n}" in named(trace)["execute_tool look"]["attributes"]["gen_ai.tool.call.arguments"]


def test_tool_calls_and_tokens_are_taken_from_the_spans(bots: Suite) -> None:
    bots.write(
        "set.eval.yaml",
        """
        cases:
          - id: told
            question: tea
            checks:
              - {method: reliability, expected_tool_calls: [{name: look, arguments: {what: tea}}]}
              - {method: tokens, max_total: 8}
              - {method: span, query: {name: query, ancestor: retrieve, attributes: {db.rows: 3}}}
              - {method: span, query: {kind: tool}, spans: 1, every: {max_seconds: 30}}
        """,
    )
    assert bots.run("--eval-agent", "bot", "--eval-json=run.json").ret == 0
    record = bots.results()["told"]
    assert record["tool_calls"] == [{"name": "look", "arguments": {"what": "tea"}, "result": {"seen": True}}]
    assert record["usage"] == {"input_tokens": 3, "output_tokens": 5}


def test_what_the_agent_tells_itself_goes_before_its_spans(bots: Suite) -> None:
    bots.write(
        "agents.py",
        OTEL
        + """
    from pytest_evalsuite import AgentReply, ToolCall, Usage

    async def told(question):
        await bot(question)
        return AgentReply(question, [ToolCall(name="other")], Usage(input_tokens=1), trace_id="theirs")
    """,
    )
    bots.cases("c: q -> q")
    bots.run("--eval-agent", "agents:told", "--eval-json=run.json")
    record = bots.results()["c"]
    assert [call["name"] for call in record["tool_calls"]] == ["other"]
    assert record["usage"]["output_tokens"] is None
    assert record["trace_id"] == traces(bots)["c"]["trace_id"] == "theirs"


EXPORTER = """
    import json
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    class ToFile(SpanExporter):
        def export(self, spans):
            with open("exported.jsonl", "a") as file:
                file.writelines(span.to_json(indent=None) + "\\n" for span in spans)
            return SpanExportResult.SUCCESS

    provider = TracerProvider({sampler})
    provider.add_span_processor(SimpleSpanProcessor(ToFile()))
    trace.set_tracer_provider(provider)
"""


def test_the_exporter_that_the_user_configured_keeps_working(bots: Suite) -> None:
    bots.write("conftest.py", EXPORTER.format(sampler=""))
    assert bots.run_subprocess("--eval-agent", "bot").ret == 0
    exported = [json.loads(line) for line in (bots.path / "exported.jsonl").read_text().splitlines()]
    assert len(exported) == 5 * 20
    kept = traces(bots)
    for span in exported:
        trace_id = span["context"]["trace_id"].removeprefix("0x")
        (trace,) = [trace for trace in kept.values() if trace["trace_id"] == trace_id]
        mine = next(one for one in trace["spans"] if one["span_id"] == span["context"]["span_id"].removeprefix("0x"))
        assert mine["name"] == span["name"]
        assert (mine["parent_id"] or "") == (span["parent_id"] or "").removeprefix("0x")
    roots = [span["attributes"] for span in exported if span["parent_id"] is None]
    assert {root["evalsuite.case_id"] for root in roots} == set(kept)
    retrieved = next(span for span in exported if span["name"] == "retrieve")
    assert retrieved["attributes"]["output.value"].startswith('["QUESTION')


def test_a_trace_that_is_not_sampled_is_no_trace_and_a_check_of_it_an_error(bots: Suite) -> None:
    sampler = "sampler=__import__('opentelemetry.sdk.trace.sampling', fromlist='x').ALWAYS_OFF"
    bots.write("conftest.py", EXPORTER.format(sampler=sampler))
    bots.write("set.eval.yaml", "cases: [{id: c, question: q, checks: [{method: span, query: chat m-1}]}]")
    done = bots.run_subprocess("--eval-agent", "sync_bot", "--eval-json=run.json")
    assert bots.statuses() == {"c": "error"}
    done.stdout.fnmatch_lines(["*span needs the steps of the agent's call, and nothing told any*"])


def test_an_agent_that_uses_no_opentelemetry_does_not_load_it(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import sys

        def pytest_unconfigure():
            print("loaded:", sorted(name for name in sys.modules if name.startswith("opentelemetry")))
        """,
    )
    suite.cases("a: x -> x")
    done = suite.run_subprocess("--eval-json=run.json", "-s")
    done.stdout.fnmatch_lines(["loaded: []"])
    assert not traces(suite)
    assert re.fullmatch("[0-9a-f]{32}", suite.results()["a"]["trace_id"])


def test_it_can_be_switched_off(bots: Suite) -> None:
    bots.run("--eval-agent", "bot", "--eval-traces", "off").assert_outcomes(passed=20)
    assert {tuple(named(trace)) for trace in traces(bots).values()} == {("invoke_agent bot", "retrieve")}  # our own
    bots.configure("evalsuite_traces = never")
    done = bots.run()
    done.stderr.fnmatch_lines(["*evalsuite_traces: expected auto or off, got 'never'"])


OWN = """
    import contextvars, threading
    from pytest_evalsuite import AgentReply, Span, span

    def bot(question):
        with span("plan", steps=2):
            with span("look", kind="tool", input={"what": question}) as looked:
                looked.output = "seen"
            worker = threading.Thread(target=contextvars.copy_context().run, args=(elsewhere,))
            worker.start()
            worker.join()
        try:
            with span("refund", kind="tool"):
                raise OSError("out of \\x1b[31mmoney")
        except OSError:
            pass
        return question

    def elsewhere():
        with span("in a thread") as made:
            made.attributes["n"] = float("nan")

    def replies(question):
        return AgentReply(question, spans=[
            Span("plan", span_id="1", started_at=1.0, ended_at=3.5),
            Span("look", kind="tool", input={"what": "tea"}, span_id="2", parent_id="1"),
            {"name": "chat", "kind": "llm", "attributes": {"gen_ai.usage.input_tokens": 7}},
        ])

    def hangs(question):
        with span("waits for ever"):
            threading.Event().wait(30)

    def breaks(question):
        with span("first"):
            pass
        with span("second"):
            raise RuntimeError("broken")

    def bad(question):
        return {"output": question, "spans": [{"name": "a"}, {"name": "b", "status": question}]}
"""


@pytest.fixture
def own(suite: Suite) -> Suite:
    suite.write("agents.py", OWN)
    suite.configure()
    suite.cases("c: tea -> tea")
    return suite


def test_steps_without_opentelemetry(own: Suite) -> None:
    assert own.run("--eval-agent", "agents:bot", "--eval-json=run.json", "--eval-traces", "off").ret == 0
    spans = named(traces(own)["c"])
    assert list(spans) == ["invoke_agent agents:bot", "plan", "look", "in a thread", "refund"]
    assert spans["look"]["parent_id"] == spans["in a thread"]["parent_id"] == spans["plan"]["span_id"]
    assert spans["plan"]["attributes"] == {"steps": 2}
    assert spans["in a thread"]["attributes"] == {"n": "nan"}
    assert (spans["refund"]["status"], spans["refund"]["message"]) == ("error", "OSError: out of \x1b[31mmoney")
    assert own.results()["c"]["tool_calls"] == [
        {"name": "look", "arguments": {"what": "tea"}, "result": "seen"},
        {"name": "refund", "arguments": {}, "error": "OSError: out of \x1b[31mmoney"},
    ]


def test_a_span_outside_a_case_is_nobodys() -> None:
    from pytest_evalsuite import span

    with span("alone", n=1) as made:
        made.output = "x"
    assert (made.name, made.attributes) == ("alone", {"n": 1})


def test_a_reply_brings_its_spans(own: Suite) -> None:
    assert own.run("--eval-agent", "agents:replies", "--eval-json=run.json").ret == 0
    spans = named(traces(own)["c"])
    assert spans["look"]["parent_id"] == spans["plan"]["span_id"]
    assert spans["chat"]["parent_id"] == spans["plan"]["parent_id"] == spans["invoke_agent agents:replies"]["span_id"]
    assert all(re.fullmatch("[0-9a-f]{16}", span["span_id"]) for span in spans.values())
    assert own.results()["c"]["usage"]["input_tokens"] == 7
    assert [call["name"] for call in own.results()["c"]["tool_calls"]] == ["look"]


@pytest.mark.parametrize(
    ("agent", "message", "steps"),
    [
        ("breaks", "broken", {"first": "ok", "second": "error"}),
        ("hangs", "did not answer within 0.3 s", {"waits for ever": "unfinished"}),
    ],
)
def test_the_steps_up_to_an_error_are_kept(own: Suite, agent: str, message: str, steps: dict[str, str]) -> None:
    own.run("--eval-agent", f"agents:{agent}", "--eval-timeout", "0.3").assert_outcomes(errors=1)
    root, *rest = traces(own)["c"]["spans"]
    assert root["status"] == "error"
    assert message in root["message"]
    assert {span["name"]: span["status"] for span in rest} == steps


def test_spans_of_a_reply_that_are_none_are_an_error(own: Suite) -> None:
    done = own.run("--eval-agent", "agents:bad")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*span 2 of the reply: status must be ok, error or unfinished, not 'tea'*"])


def test_a_mistake_in_a_query_is_told_where_it_stands(suite: Suite) -> None:
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - id: c
            question: q
            test_method: span
            query: {nam: look}
        """,
    )
    suite.run().stdout.fnmatch_lines(["*set.eval.yaml:5:18: query.nam: unknown key 'nam'; did you mean 'name'?"])


def test_the_tree_is_shown_and_nothing_in_it_reaches_the_terminal_raw(own: Suite) -> None:
    own.run("--eval-agent", "agents:bot", "--eval-traces", "off")
    _, out = run(own, "show", "latest", "--case", "c", "--trace")
    tree = re.sub(r" [\d.]+ m?s\b", " <time>", out)
    tree = re.sub("[0-9a-f]{32}", "<id>", tree)
    assert tree.splitlines() == [
        "trace <id>: case c of agent agents:bot",
        "invoke_agent agents:bot  [agent]  <time>",
        "│    in  tea",
        "│    out tea",
        "├─ plan  <time>",
        "│  ├─ look  [tool]  <time>",
        '│  │       in  {"what": "tea"}',
        "│  │       out seen",
        "│  └─ in a thread  <time>",
        "└─ refund  [tool]  <time>  ERROR  OSError: out of \\x1b[31mmoney",
    ]
    (trace,) = json.loads(run(own, "show", "latest", "--case", "c", "--trace", "--json")[1])
    assert trace == traces(own)["c"]


def test_a_call_without_steps_is_a_trace_of_the_call_alone(suite: Suite) -> None:
    suite.cases("c: tea -> tea", "s: tea -> tea")
    suite.run("--eval-iterations", "2", "-k", "c")
    _, out = run(suite, "show", "latest", "--trace")
    assert [line.partition(": ")[2] for line in out.splitlines() if line.startswith("trace")] == [
        "case c of agent echo",
        "case c of agent echo, attempt 2",
    ]
    assert run(suite, "show", "latest", "--trace", "--status", "failed")[0] == 1


def test_traces_are_exported_as_opentelemetry_has_them(bots: Suite) -> None:
    bots.run("--eval-agent", "bot")
    document = json.loads(run(bots, "export", "latest", "--format", "otlp")[1])
    kept = traces(bots)
    spans = [span for trace in kept.values() for span in trace["spans"]]
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:  # the library reads base64 where OTLP has hex
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in span:
                span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    (resource,) = ParseDict(document, TracesData()).resource_spans
    (scope,) = resource.scope_spans
    assert len(scope.spans) == len(spans) == 100
    by_id = {span.span_id.hex(): span for span in scope.spans}
    for trace in kept.values():
        for span in trace["spans"]:
            read = by_id[span["span_id"]]
            assert (read.name, read.trace_id.hex(), read.parent_span_id.hex()) == (
                span["name"],
                trace["trace_id"],
                span["parent_id"] or "",
            )
            assert read.start_time_unix_nano == round(span["started_at"] * 1e6) * 1000
    attributes = {one.key: one.value for one in by_id[kept["c3"]["spans"][3]["span_id"]].attributes}
    assert attributes["gen_ai.usage.output_tokens"].int_value == 5


def test_workers_keep_what_they_see(bots: Suite) -> None:
    bots.run_subprocess("-n", "2", "--eval-agent", "bot", "--eval-json=run.json").assert_outcomes(passed=20)
    assert len(traces(bots)) == 20
    assert run(bots, "show", "latest", "--case", "c7", "--trace")[1].count("execute_tool look") == 1


def test_steps_go_with_the_results_that_are_taken_over(bots: Suite) -> None:
    bots.write("set.eval.yaml", "cases: [{id: c, question: tea, checks: [{method: span, query: chat m-1}]}]")
    bots.run("--eval-agent", "bot", "--eval-record", "--eval-json=first.json")
    first = bots.results("first.json")["c"]["trace_id"]
    spans = traces(bots)["c"]["spans"][1:]
    for again in (("--eval-resume",), ("--eval-regrade", "latest"), ("--eval-replay",)):
        options = (*again, json.loads((bots.path / "first.json").read_text())["run"]["id"])[: 1 + len(again)]
        options = options if again[-1] != "latest" else again
        bots.run("--eval-agent", "bot", "--eval-json=run.json", *options).assert_outcomes(passed=1)
        record = bots.results()["c"]
        run_id = json.loads((bots.path / "run.json").read_text())["run"]["id"]
        (line,) = (bots.path / ".evalsuite/runs" / run_id / "spans.jsonl").read_text().splitlines()
        assert record["trace_id"] == json.loads(line)["trace_id"] == first, again
        assert json.loads(line)["spans"][1:] == spans, again


def test_steps_of_an_isolated_call_come_from_its_process(bots: Suite) -> None:
    bots.cases("c: tea -> tea")
    bots.run("--eval-agent", "bot", "--eval-isolation", "process", "--eval-json=run.json").assert_outcomes(passed=1)
    spans = named(traces(bots)["c"])
    assert list(spans) == ["invoke_agent bot", "retrieve", "query", "chat m-1", "execute_tool look"]
    assert spans["query"]["parent_id"] == spans["retrieve"]["span_id"]
    assert spans["chat m-1"]["parent_id"] == spans["invoke_agent bot"]["span_id"]


def test_turns_of_a_conversation_have_a_trace_each(bots: Suite) -> None:
    bots.write(
        "agents.py",
        OTEL
        + """
    async def talk(question, history):
        with chat(question, tokens=len(history)):
            return question
    """,
    )
    bots.cases("a: one -> one", "b: two -> two", head="mode: scenario")
    bots.run("--eval-agent", "agents:talk", "--eval-json=run.json").assert_outcomes(passed=2)
    kept = traces(bots)
    tokens = {name: named(kept[name])["chat m-1"]["attributes"]["gen_ai.usage.output_tokens"] for name in kept}
    assert tokens == {"a": 0, "b": 2}


def test_a_flood_of_spans_is_cut_and_told(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        from pytest_evalsuite import span

        def flood(question):
            for n in range(10_050):
                with span(f"s{n}"):
                    pass
            return question
        """,
    )
    suite.configure(agents=("flood = agents:flood",))
    suite.cases("c: tea -> tea")
    assert suite.run("--eval-traces", "off").ret == 0
    assert (len(traces(suite)["c"]["spans"]), traces(suite)["c"]["dropped"]) == (10_001, 50)
    assert run(suite, "show", "latest", "--trace")[1].endswith("and 50 spans more that were not kept\n")


def test_an_exception_that_has_no_text_stays_what_it_is(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        from opentelemetry import trace
        from pytest_evalsuite import span

        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        async def mute(question):
            with span("step"):
                raise Mute
        """,
    )
    suite.configure(agents=("mute = agents:mute",))
    suite.cases("c: tea -> tea")
    suite.run("--eval-json=run.json").assert_outcomes(errors=1)
    assert "Mute" in json.dumps(suite.results()["c"]["cause"])
    assert named(traces(suite)["c"])["step"]["message"] == "Mute: <str() raised RuntimeError>"


def test_no_secret_is_kept_in_a_trace(own: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "correct-horse-battery-staple")
    own.write(
        "agents.py",
        """
        import os
        from pytest_evalsuite import span

        def leaks(question):
            key = os.environ["SHOP_API_KEY"]
            with span("ask", input={"key": key}, header=f"Bearer {key}", long="x" * 99_990 + key):
                raise RuntimeError(key)
        """,
    )
    own.run("--eval-agent", "agents:leaks", "--eval-traces", "off").assert_outcomes(errors=1)
    kept = "".join(path.read_text() for path in (own.path / ".evalsuite").rglob("*") if path.is_file())
    assert "[redacted SHOP_API_KEY]" in kept
    assert "correct-h" not in kept
    assert (
        "correct-h"
        not in run(own, "show", "latest", "--trace")[1] + run(own, "export", "latest", "--format", "otlp")[1]
    )
