"""An agent that is a model behind an OpenAI-compatible endpoint: OpenAI, Azure, vLLM, Ollama, a server of your own."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.agents.calling import copied
from pytest_evalsuite.agents.completion import Completion, collected, completion_of
from pytest_evalsuite.agents.environment import Secrets, clipped
from pytest_evalsuite.agents.per_loop import PerLoop
from pytest_evalsuite.agents.reading import read_arguments
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.agents.template import as_json, plain
from pytest_evalsuite.agents.tools import described, outcome, validated
from pytest_evalsuite.agents.usage import total_cost, total_usage
from pytest_evalsuite.agents.version import version_of
from pytest_evalsuite.errors import AgentError, ConfigurationError, ReplyError
from pytest_evalsuite.extras import require

if TYPE_CHECKING:
    import openai

__all__ = ["ChatAgent"]

OURS: Final = frozenset({"messages", "model", "stream", "stream_options", "tools"})
OF_CLIENT: Final = frozenset({"extra_body", "extra_headers", "extra_query", "timeout"})
"""What the client takes beside the fields of a request."""
USUAL_ENDS: Final = ("stop", "tool_calls", None)


class ChatAgent:
    """An agent that is a chat model.

    ``api_key`` may hold ``${NAME}`` from the environment; without it OPENAI_API_KEY is read, and with a ``base_url``
    (or OPENAI_BASE_URL) no key is needed. ``parameters`` go into each request (``temperature`` ...), ``tools`` are
    function schemas in OpenAI's form; without them the signatures of ``functions`` are taken. Where ``functions``
    gives a callable for each tool, calls are run and their results sent back, for at most ``max_steps`` rounds;
    without, they are only recorded. ``price`` is US dollars per million input and output tokens. The client repeats a
    request up to ``retries`` times after 408, 409, 429, 5xx or a lost connection; ``timeout`` is in seconds, for each
    request.

    Raises ConfigurationError when it is made, AgentError when the model cannot be asked, ReplyError when it says
    nothing.
    """

    def __init__(  # noqa: PLR0913 - all by name
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        system: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        functions: Mapping[str, Callable[..., Any]] | None = None,
        max_steps: int = 10,
        stream: bool = False,
        price: tuple[float, float] | None = None,
        retries: int = 4,
        timeout: float = 60.0,
    ) -> None:
        self._model = model
        if not model:
            raise ConfigurationError("a chat agent needs a model: 'openai:<model>'")
        require(f"the agent {self!r}", "chat", "openai")
        self._secrets = Secrets()
        self._base_url = self._expanded(base_url) or os.environ.get("OPENAI_BASE_URL") or None
        self._key = self._key_of(api_key)
        self._options = dict(parameters or {})
        if taken := sorted(OURS & self._options.keys()):
            raise ConfigurationError(
                f"{self!r}: {', '.join(taken)}: not among the parameters, but an argument of its own"
            )
        self._functions = dict(functions or {})
        self._tools = list(tools)
        if not tools:
            self._tools = [described(name, function) for name, function in self._functions.items()]
            self._functions = {name: validated(function) for name, function in self._functions.items()}
        self._check_tools()
        if price is not None and not all(math.isfinite(one) and one >= 0 for one in price):
            raise ConfigurationError(
                f"{self!r}: price: expected US dollars per million (input, output), got {price!r}"
            )
        self._system, self._stream, self._price, self._max_steps = system, stream, price, max_steps
        numbers: tuple[tuple[str, Any, float], ...] = (
            ("max_steps", max_steps, 1),
            ("retries", retries, 0),
            ("timeout", timeout, 0.001),
        )
        for what, number, least in numbers:
            if not isinstance(number, (int, float)) or not least <= number < math.inf:
                raise ConfigurationError(f"{self!r}: {what}: expected {least} or more, got {number!r}")
        self._limits = {"timeout": timeout, "max_retries": retries}
        self._client = PerLoop(self._make_client)
        code = {name: version_of(function) for name, function in self._functions.items()}
        self.eval_version = _digest([model, base_url, system, self._options, self._tools, code, stream, max_steps])

    def __repr__(self) -> str:
        return f"ChatAgent({self._model!r})"

    async def __call__(
        self,
        question: str | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        files: Sequence[Any] = (),
    ) -> AgentReply:
        """Ask the model, and run the tools that it calls."""
        messages: list[dict[str, Any]] = [{"role": "system", "content": self._system}] if self._system else []
        messages += [{"role": turn["role"], "content": turn["content"]} for turn in history]
        messages.append({"role": "user", "content": _content(question, inputs or {}, files)})
        made: list[Completion] = []
        calls: list[ToolCall] = []
        while True:
            completion = await self._complete(messages)
            made.append(completion)
            if not completion.tool_calls or not self._functions:
                calls += [_recorded(call) for call in completion.tool_calls]
                return self._reply(made, calls)
            if len(made) > self._max_steps:
                raise AgentError(f"{self._model} still calls tools after {self._max_steps} rounds (max_steps)")
            messages.append(completion.as_message())
            for call in completion.tool_calls:
                done = await self._run(call)
                calls.append(done)
                said = f"error: {done.error}" if done.error is not None else _as_text(done.result)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": said})

    async def eval_close(self) -> None:
        """Close the client of the running event loop."""
        if (client := self._client.pop()) is not None:
            await client.close()

    async def _complete(self, messages: Sequence[Mapping[str, Any]]) -> Completion:
        import openai

        options = {name: value for name, value in self._options.items() if name in OF_CLIENT}
        fields = {name: value for name, value in self._options.items() if name not in OF_CLIENT}
        options["extra_body"] = {**fields, **options.get("extra_body", {})}  # it knows not every server's fields
        if self._tools:
            options["tools"] = self._tools
        if self._stream:
            options |= {"stream": True, "stream_options": {"include_usage": True}}
        create: Any = self._client.get().chat.completions.create
        try:
            reply = await create(model=self._model, messages=messages, **options)
            if told := getattr(reply, "error", None):  # some say so with status 200
                raise AgentError(f"{self._place()} answered with an error: {self._told(_message(told))}")
            return await collected(reply) if self._stream else completion_of(reply)
        except openai.APIStatusError as error:
            what = f"answered {error.status_code}: {self._told(str(error))}"
        except _failures() as error:
            what = f"could not be asked: {type(error).__name__}: {self._told(str(error))}"
        except (AttributeError, IndexError, KeyError, TypeError):
            raise ReplyError(
                f"{self._place()}: what came back is no reply of a model; is its address right?"
            ) from None
        raise AgentError(f"{self._place()} {what}") from None

    async def _run(self, call: Mapping[str, Any]) -> ToolCall:
        name = call["name"]
        arguments, problem = read_arguments(call["arguments"])
        function = self._functions.get(name)
        if problem is None and function is None:
            problem = f"there is no tool {name!r}"
        if problem is not None or function is None:
            return ToolCall(name=name, arguments=arguments, error=problem)
        result, problem = await outcome(function, copied(arguments))
        if problem is not None:
            return ToolCall(name=name, arguments=arguments, error=problem)
        try:
            result = json.loads(json.dumps(result, allow_nan=False, default=plain))
        except (TypeError, ValueError, RecursionError) as error:
            return ToolCall(name=name, arguments=arguments, error=f"its result is no JSON value: {error}")
        return ToolCall(name=name, arguments=arguments, result=result)

    def _reply(self, made: Sequence[Completion], calls: Sequence[ToolCall]) -> AgentReply:
        last = made[-1]
        if last.finish_reason == "content_filter":
            raise AgentError(f"{self._place()}: a content filter stopped the answer")
        output = last.text or last.refusal
        if not output and not last.tool_calls:
            why = f" (finish_reason {last.finish_reason})" if last.finish_reason not in USUAL_ENDS else ""
            raise ReplyError(f"{self._place()} said nothing{why}")
        metadata: dict[str, Any] = {}
        if last.refusal:
            metadata["refusal"] = last.refusal
        if last.finish_reason not in USUAL_ENDS:
            metadata["finish_reason"] = last.finish_reason
        return AgentReply(
            output,
            tool_calls=calls,
            usage=total_usage(one.usage for one in made),
            cost=total_cost(self._cost(one) for one in made),
            metadata=metadata,
        )

    def _cost(self, completion: Completion) -> float | None:
        usage: Usage | None = completion.usage
        if completion.cost is not None or self._price is None or usage is None:
            return completion.cost
        return (self._price[0] * (usage.input_tokens or 0) + self._price[1] * (usage.output_tokens or 0)) / 1e6

    def _check_tools(self) -> None:
        try:
            names = {tool["function"]["name"] for tool in self._tools}
        except (KeyError, TypeError):
            form = "{'type': 'function', 'function': {'name': ..., 'parameters': ...}}"
            raise ConfigurationError(f"{self!r}: tools: expected {form}") from None
        if self._functions and names != self._functions.keys():
            odd = ", ".join(sorted(names ^ self._functions.keys()))
            raise ConfigurationError(f"{self!r}: tools and functions do not have the same names: {odd}")

    def _expanded(self, text: str | None) -> str | None:
        return text and self._secrets.expand(text, f"the agent {self!r}")

    def _key_of(self, api_key: str | None) -> str:
        if api_key is not None:
            return self._checked_key(self._secrets.expand(api_key, f"the agent {self!r}"), "api_key")
        if os.environ.get("OPENAI_API_KEY"):
            return self._checked_key(self._secrets.value("OPENAI_API_KEY", ""), "OPENAI_API_KEY")
        if self._base_url is None:
            raise ConfigurationError(
                f"the agent {self!r} needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server that asks for no key"
            )
        return "none"

    def _checked_key(self, key: str, source: str) -> str:
        if not key or not all("!" <= character <= "~" for character in key):
            raise ConfigurationError(
                f"{self!r}: {source} is no key: it is empty, or holds a space, a line end or another odd character"
            )
        return key if source != "api_key" else self._secrets.keep(key, source)

    def _make_client(self) -> openai.AsyncOpenAI:
        import openai

        limits: dict[str, Any] = self._limits
        return openai.AsyncOpenAI(api_key=self._key, base_url=self._base_url, **limits)

    def _told(self, text: str) -> str:
        return clipped(self._secrets.hide(text))

    def _place(self) -> str:
        url = self._client.get().base_url
        return f"{self._model} at {url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")


def _content(question: str | None, inputs: Mapping[str, Any], files: Sequence[Any]) -> str | list[dict[str, Any]]:
    text = "\n\n".join([*([question] if question is not None else []), *([as_json(inputs)] if inputs else [])])
    return [{"type": "text", "text": text}, *map(_part, files)] if files else text


def _part(file: Any) -> dict[str, Any]:
    if file.mime_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": file.data_url()}}
    if file.mime_type == "application/pdf" and file.path is not None:
        return {"type": "file", "file": {"filename": file.name, "file_data": file.data_url()}}
    if file.path is None:
        return {"type": "text", "text": file.url}
    if file.mime_type.startswith("text/") or file.mime_type in ("application/json", "application/xml"):
        try:
            return {"type": "text", "text": f"{file.name}:\n{file.read_text()}"}
        except UnicodeDecodeError:
            raise AgentError(f"{file.url}: a text file for a chat model must be UTF-8") from None
    raise AgentError(f"{file.url}: a chat model takes images, PDF and text files, not {file.mime_type}")


def _recorded(call: Mapping[str, Any]) -> ToolCall:
    arguments, problem = read_arguments(call["arguments"])
    return ToolCall(name=call["name"], arguments=arguments, error=problem)


def _failures() -> tuple[type[Exception], ...]:
    """What the client raises, and what older ones let through from beneath when a stream breaks."""
    import openai

    httpx = sys.modules.get("httpx")
    return (openai.OpenAIError, ValueError, *(() if httpx is None else (httpx.HTTPError,)))


def _message(error: Any) -> str:
    return str(error.get("message", error) if isinstance(error, Mapping) else error)


def _as_text(result: Any) -> str:
    return result if isinstance(result, str) else as_json(result)


def _digest(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
