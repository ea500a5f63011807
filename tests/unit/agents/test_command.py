"""A command is asked in JSON and answers in text or JSON; whatever else it does is said in one line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import textwrap
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import is_gone, wait_until

from pytest_evalsuite import Attachment, CommandAgent
from pytest_evalsuite.agents import AgentReply, ToolCall, Usage, load_agent, read_reply
from pytest_evalsuite.agents.command import read_answer
from pytest_evalsuite.errors import AgentError, ConfigurationError, ReplyError

ECHO = "import sys; sys.stdout.write(sys.stdin.read())"
KEPT = """
    import json, os, sys, time

    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"], "output": request["question"]}
        ANSWER
        print(json.dumps(answer), flush=True)
"""


def python(code: str, **options: Any) -> CommandAgent:
    return CommandAgent([sys.executable, "-c", textwrap.dedent(code)], **options)


def kept(line: str = "", **options: Any) -> CommandAgent:
    return python(KEPT.replace("ANSWER", line), keep_alive=True, **options)


def ask(agent: CommandAgent, **request: Any) -> AgentReply:
    reply: AgentReply = asyncio.run(
        closing(agent, lambda: agent(**{"session_id": "s", "question": "why?", **request}))
    )
    return reply


def ask_all(agent: CommandAgent, *questions: str) -> list[Any]:
    """The answers, or what the calls raised, one after the other."""

    async def calls() -> list[Any]:
        answers: list[Any] = []
        for question in questions:
            try:
                answers.append((await agent(question=question, session_id="s")).output)
            except (AgentError, ReplyError) as error:
                answers.append(error)
        return answers

    return asyncio.run(closing(agent, calls))


async def closing(agent: CommandAgent, call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    try:
        return await call()
    finally:
        await agent.eval_close()


# One process for each call


def test_the_request_is_one_json_object_of_what_is_there(tmp_path: Path) -> None:
    files = [
        Attachment(url="a/b.txt", mime_type="text/plain", path=tmp_path / "b.txt"),
        Attachment(url="https://example.org/c.pdf?x=1", mime_type="application/pdf"),
    ]
    history = [{"role": "user", "content": "hello"}]
    agent = python("import json, sys; print(json.dumps({'got': json.load(sys.stdin)}))")
    assert ask(agent).output == {"got": {"question": "why?", "session_id": "s"}}
    full = {"inputs": {"tier": "gold"}, "metadata": {"a": [1]}, "history": history}
    assert ask(agent, **full, files=files).output["got"] == {
        "question": "why?",
        "session_id": "s",
        **full,
        "files": [
            {"name": "b.txt", "mime_type": "text/plain", "path": str(tmp_path / "b.txt")},
            {"name": "c.pdf", "mime_type": "application/pdf", "url": "https://example.org/c.pdf?x=1"},
        ],
    }


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("text\n", "text"),
        ("two\nlines\r\n\n", "two\nlines"),
        (" kept \n", " kept "),
        ("1.10\n", "1.10"),
        ("true", "true"),
        ("null", "null"),
        ('"text\\n"', "text\n"),
        ('{"category": "billing"}\n', {"category": "billing"}),
        ("[1, 2]", [1, 2]),
        ('{"output": {"a": 1}}', {"a": 1}),
        ('{"a": 1}\n{"b": 2}\n', '{"a": 1}\n{"b": 2}'),
        ("{not json}", "{not json}"),
        ("[" * 5000, "[" * 5000),
        ("ümläut", "ümläut"),
    ],
)
def test_the_answer_is_json_or_text(written: str, answer: Any) -> None:
    assert read_answer(written.encode(), text=False).output == answer


@pytest.mark.parametrize("written", ["", "\n", "  \n"])
def test_nothing_is_no_answer(written: str) -> None:
    with pytest.raises(ReplyError, match="wrote no answer to stdout"):
        read_answer(written.encode(), text=False)


def test_text_is_left_as_text_if_so_wanted() -> None:
    assert ask(python("print('{\"a\": 1}')", text=True)).output == '{"a": 1}'


def test_a_whole_reply_is_read_as_one() -> None:
    reply = {
        "output": "hi",
        "tool_calls": [{"name": "find", "arguments": {"a": 1}}],
        "usage": {"input_tokens": 3},
        "cost": 0.5,
        "trace_id": "t",
        "metadata": {"a": 1},
    }
    got = ask(python(f"import sys; print('note', file=sys.stderr); print({json.dumps(reply)!r})"))
    assert got == AgentReply(
        "hi",
        tool_calls=[ToolCall(name="find", arguments={"a": 1})],
        usage=Usage(input_tokens=3),
        cost=0.5,
        trace_id="t",
        metadata={"stderr": "note\n", "a": 1},
    )


@given(st.text(st.characters(exclude_categories=())))
@settings(max_examples=100, deadline=None)
def test_every_text_survives_as_a_json_string(text: str) -> None:
    assert read_answer(json.dumps(text).encode(), text=False) == read_reply(text)


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    agent = python("import sys; sys.stdout.buffer.write(b'a\\xffb'); sys.stderr.buffer.write(b'\\xe9\\xff')")
    reply = ask(agent)
    assert (reply.output, reply.metadata) == ("a\ufffdb", {"stderr": "\ufffd\ufffd"})


def test_much_of_everything_does_not_deadlock() -> None:
    code = """
        import sys
        sys.stderr.write("e" * 3_000_000 + "end")
        sys.stderr.flush()
        sys.stdout.write("o" * 900_000)
        sys.stdout.flush()
        print(len(sys.stdin.read()))
    """
    reply = ask(python(code), inputs={"text": "i" * 5_000_000})
    assert reply.output.startswith("ooo")
    assert int(reply.output.lstrip("o")) > 5_000_000
    assert reply.metadata["stderr"] == "e" * 9_997 + "end"


def test_input_that_is_not_read_does_not_matter() -> None:
    assert ask(python("print('done')"), inputs={"text": "i" * 5_000_000}).output == "done"


def test_an_endless_output_is_ended() -> None:
    with pytest.raises(AgentError, match=r"wrote more than 10,000,000 bytes to stdout, and was ended"):
        ask(python("while True: print('x' * 100_000)"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(3)", "exited with code 3; nothing on stderr"),
        ("import sys; print('lost', file=sys.stderr); sys.exit(1)", "exited with code 1; stderr: lost"),
        ("import os; print('x'); os.kill(os.getpid(), 9)", "was ended by SIGKILL; nothing on stderr"),
        ("import os; os.kill(os.getpid(), 40)", "was ended by signal 40; nothing on stderr"),
        ("raise LookupError('gone')", "LookupError: gone"),
    ],
)
def test_a_command_that_fails_says_how(code: str, message: str) -> None:
    with pytest.raises(AgentError) as caught:
        ask(python(code))
    assert message in str(caught.value)


def test_stderr_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    ask(python("import sys; print('note', file=sys.stderr); print('answer')"))
    assert capsys.readouterr() == ("", "note\n")


def test_what_the_command_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]).pid)
    """
    pid = int(ask(python(code)).output)
    wait_until(lambda: is_gone(pid))


def test_what_leaves_its_group_and_holds_the_pipes_is_not_waited_for() -> None:
    code = """
        import subprocess, sys
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True).pid)
    """
    os.kill(int(ask(python(code)).output), 9)


def test_folder_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    agent = python(
        "import os; print(os.getcwd(), os.environ['KEPT'], os.environ['MORE'])", cwd=tmp_path, env={"MORE": "2"}
    )
    assert ask(agent).output == f"{tmp_path} 1 2"


def test_no_shell_sees_the_words() -> None:
    agent = CommandAgent(f"'{sys.executable}' -c 'import sys; print(sys.argv[1:])' '$HOME; echo' \"a b\" *", text=True)
    assert ask(agent).output == "['$HOME; echo', 'a b', '*']"


def test_a_program_beside_the_folder_it_runs_in(tmp_path: Path) -> None:
    program = tmp_path / "bot"
    program.write_text("#!/bin/sh\necho here\n")
    with pytest.raises(ConfigurationError, match=r"the program '\./bot' cannot be executed"):
        CommandAgent("./bot", cwd=tmp_path)
    program.chmod(0o755)
    assert ask(CommandAgent("./bot", cwd=tmp_path)).output == "here"
    program.write_text("#!/no/such/interpreter\n")
    with pytest.raises(ConfigurationError, match=r"command '\./bot' cannot be started: .*No such file"):
        ask(CommandAgent("./bot", cwd=tmp_path))


@pytest.mark.parametrize(
    ("argv", "options", "message"),
    [
        ("no-such-program", {}, "the program 'no-such-program' is not found"),
        ("", {}, "a command needs a program"),
        ([], {}, "a command needs a program"),
        ("'open", {}, "No closing quotation"),
        ([sys.executable], {"keep_alive": True, "processes": 0}, "expected processes of 1 or more, got 0"),
        ([sys.executable], {"keep_alive": True, "text": True}, "exclude each other"),
        ([sys.executable], {"env": {"PATH": ""}, "cwd": "/"}, None),
        ("python3", {"env": {"PATH": "/nowhere"}}, "is not found"),
    ],
)
def test_a_command_that_cannot_be_is_a_mistake(argv: Any, options: Any, message: str | None) -> None:
    if message is None:
        CommandAgent(argv, **options)
        return
    with pytest.raises(ConfigurationError, match=message):
        CommandAgent(argv, **options)


def test_a_text_names_a_command_and_its_folder(tmp_path: Path) -> None:
    agent = load_agent(
        "bot", {"bot": f"command:'{sys.executable}' -c 'import os; print(os.getcwd())'"}, folder=tmp_path
    )
    assert ask(agent.function).output == str(tmp_path)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="agent 'command:nope': command 'nope': the program 'nope' is not"):
        load_agent("command:nope", {})


def test_the_version_follows_words_and_files(tmp_path: Path) -> None:
    script = tmp_path / "bot.py"
    script.write_text("one")
    first = CommandAgent([sys.executable, "bot.py"], cwd=tmp_path)
    again = CommandAgent([sys.executable, "bot.py"], cwd=tmp_path)
    other = CommandAgent([sys.executable, "bot.py", "--fast"], cwd=tmp_path)
    assert first.eval_version == again.eval_version != other.eval_version
    before = first.eval_version
    script.write_text("two")
    assert first.eval_version != before


# Kept alive


def test_a_kept_command_answers_one_after_the_other_in_one_process() -> None:
    agent = kept("answer['output'] = os.getpid()")
    first, second = ask_all(agent, "one", "two")
    assert first == second


def test_an_answer_line_may_be_structured_or_a_whole_reply() -> None:
    assert ask(kept("answer = {'id': request['id'], 'category': 'x'}")).output == {"category": "x"}
    assert ask(kept("answer['cost'] = 1.5")).cost == 1.5


def test_calls_share_as_many_processes_as_there_may_be() -> None:
    agent = kept("time.sleep(0.02); answer['output'] = os.getpid()", processes=2)

    async def calls() -> list[Any]:
        return [
            reply.output for reply in await asyncio.gather(*(agent(question="q", session_id="s") for _ in range(6)))
        ]

    assert len({*asyncio.run(closing(agent, calls))}) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sys.exit(4)", "exited with code 4 before it answered; nothing on stderr"),
        ("sys.exit(0)", "exited with code 0 before it answered"),
        ("os.kill(os.getpid(), 15)", "was ended by SIGTERM before it answered"),
        ("print('debug', flush=True); continue", "wrote the line 'debug' to stdout; expected a JSON object"),
        ("answer = [1]", r"wrote the line '\[1\]' to stdout"),
        ("answer['id'] = 'other'", "answered out of turn: expected the id 2, got the line"),
        ("del answer['id']", "answered out of turn"),
        ("del answer['output']", "expected an answer beside the id"),
    ],
)
def test_a_kept_command_that_breaks_costs_one_call(line: str, message: str) -> None:
    agent = kept(f"if request['question'] == 'bad': {line}")
    first, bad, last = ask_all(agent, "one", "bad", "two")
    assert (first, last) == ("one", "two")
    with pytest.raises((AgentError, ReplyError), match=message):
        raise bad


def test_a_kept_command_may_say_that_it_could_not_answer() -> None:
    error = "{'id': request['id'], 'error': 'no such order'}"
    agent = kept(f"answer = {error} if request['question'] == 'bad' else {{**answer, 'output': os.getpid()}}")
    first, bad, last = ask_all(agent, "one", "bad", "two")
    assert isinstance(bad, AgentError)
    assert str(bad).endswith("says: no such order")
    assert first == last  # the same process


def test_a_kept_command_that_ended_meanwhile_is_started_anew() -> None:
    agent = kept()

    async def calls() -> list[Any]:
        answers = []
        for _ in range(2):
            answers.append((await agent(question="q", session_id="s")).output)
            (pool,) = agent._pools.values()
            pool.idle[0].kill()
            await pool.idle[0].ended.wait()
        return answers

    assert asyncio.run(closing(agent, calls)) == ["q", "q"]


def test_a_cancelled_call_ends_its_process_and_the_next_has_another() -> None:
    agent = kept("if request['question'] == 'stuck': time.sleep(1000)")

    async def calls() -> Any:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(agent(question="stuck", session_id="s"), 0.3)
        return (await agent(question="fine", session_id="s")).output

    assert asyncio.run(closing(agent, calls)) == "fine"


def test_each_call_has_its_own_stderr() -> None:
    agent = kept("print(request['question'], file=sys.stderr, flush=True); time.sleep(0.05)")

    async def calls() -> list[Any]:
        return [(await agent(question=q, session_id="s")).metadata["stderr"] for q in ("one", "two")]

    assert asyncio.run(closing(agent, calls)) == ["one\n", "two\n"]


def test_closing_ends_one_that_does_not_end_by_itself() -> None:
    agent = python(KEPT.replace("ANSWER", "") + "\n    time.sleep(1000)", keep_alive=True)
    assert ask(agent).output == "why?"
