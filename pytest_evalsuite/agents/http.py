"""An agent behind an HTTP address: the case goes out as JSON, the answer is taken from the response."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pytest_evalsuite.agents.connections import Connections, shown_as
from pytest_evalsuite.agents.environment import VARIABLE, Secrets, clipped
from pytest_evalsuite.agents.per_loop import PerLoop
from pytest_evalsuite.agents.reading import Reader
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.agents.template import ROOTS, as_json, check_template, fill
from pytest_evalsuite.agents.waiting import RateLimit, backoff_of, retry_after
from pytest_evalsuite.errors import AgentError, ConfigurationError, ReplyError
from pytest_evalsuite.extras import require
from pytest_evalsuite.redaction import is_telling, learn

if TYPE_CHECKING:
    import httpx

__all__ = ["HttpAgent"]

MAX_BYTES: Final = 10_000_000
MAX_SESSIONS: Final = 10_000
"""Conversations whose cookies are kept; the one that was not heard of for longest is forgotten first."""
DEFAULT_PARTS: Final = ("question", "inputs", "history", "session_id", "metadata", "files")


class HttpAgent:
    """An agent that is asked by an HTTP request.

    ``url`` and the values of ``headers`` may hold ``${NAME}`` from the environment. ``body`` and ``params`` (the
    query) are templates over the case, see `pytest_evalsuite.agents.template`; header values may hold placeholders
    too. Without ``body``, question, inputs, history, session_id, metadata and files are sent where the case has them.
    ``output``, ``tool_calls``, ``usage`` and ``cost`` are JMESPath expressions over the JSON of the response.

    ``retries`` is how often a request is repeated after 429, 5xx or a lost connection; the first wait is about
    ``backoff`` seconds, each further one twice as long, unless a Retry-After says otherwise; none is longer than a
    minute. ``rate_limit`` is ``10/s`` or ``300/min``, over all calls. ``timeout`` is in seconds, for one request and
    the whole of its response. Each session keeps its own cookies unless ``cookies`` is False. Redirects are not
    followed, and a response of more than ``max_bytes`` is refused.

    Raises ConfigurationError, when it is made, for a missing variable, an unknown placeholder or a malformed
    expression; a call raises AgentError for a request that got no answer, ReplyError for a response without one.
    """

    def __init__(  # noqa: PLR0913 - all by name
        self,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        output: str | None = None,
        tool_calls: str | None = None,
        usage: str | None = None,
        cost: str | None = None,
        retries: int = 3,
        backoff: float = 0.5,
        rate_limit: str | None = None,
        timeout: float = 60.0,
        cookies: bool = True,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        require("an HTTP agent", "http", "httpx", "jmespath")
        self._shown = url.partition("?")[0]
        self._secrets = Secrets()
        self._method = method.upper()
        self._url = self._checked_url(url)
        self._headers = {name: self._header(name, value) for name, value in (headers or {}).items()}
        self._params, self._body = params, body
        check_template(params, "params")
        check_template(body, "body")
        if self._method in ("GET", "HEAD") and params is None and body is None:
            raise ConfigurationError(
                f"{self!r}: a {self._method} request has no body; say params={{'q': '{{question}}'}}"
            )
        self._reader = Reader(self._told, output=output, tool_calls=tool_calls, usage=usage, cost=cost)
        self._retries, self._backoff = retries, backoff
        self._rate_limit = None if rate_limit is None else RateLimit(rate_limit)
        self._timeout, self._max_bytes = timeout, max_bytes
        self._cookies: OrderedDict[str, httpx.Cookies] | None = OrderedDict() if cookies else None
        self._clients = PerLoop(Connections)
        self.eval_version = _digest(
            [self._method, url, _public(headers or {}), params, body, output, tool_calls, usage, cost, cookies]
        )

    def __repr__(self) -> str:
        return f"HttpAgent({self._shown!r})"

    async def __call__(
        self,
        question: str | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        session_id: str = "",
        metadata: Mapping[str, Any] | None = None,
        files: Sequence[Any] = (),
    ) -> AgentReply:
        """Ask the service, again if it is busy or cannot be reached."""
        given = (question, inputs or {}, list(history), session_id, metadata or {}, list(map(_file, files)))
        values = {name: value for name, value in zip(ROOTS, given, strict=True) if value is not None}
        made = self._request(values)
        for attempt in range(1, self._retries + 2):
            try:
                return await self._attempt(made, session_id)
            except _Again as again:
                if attempt > self._retries:
                    asked = f" ({attempt} attempts)" if attempt > 1 else ""
                    raise AgentError(f"{self._place()} {again}{asked}") from None
                await asyncio.sleep(backoff_of(attempt, self._backoff) if again.wait is None else again.wait)
        raise AssertionError("unreachable")  # the last attempt returns or raises

    async def eval_close(self) -> None:
        """Close the connections of the running event loop."""
        if (clients := self._clients.pop()) is not None:
            await clients.aclose()

    async def _attempt(self, made: Mapping[str, Any], session_id: str) -> AgentReply:
        import httpx

        if self._rate_limit is not None:
            await self._rate_limit.turn()
        try:
            response, content = await asyncio.wait_for(self._exchange(made, session_id), self._timeout)
            return self._read(response, content)
        except asyncio.TimeoutError:
            raise AgentError(f"{self._place()} did not answer within {self._timeout:g} s") from None
        except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout) as error:
            raise _Again(f"could not be reached: {type(error).__name__}: {self._told(str(error))}") from None
        except httpx.TimeoutException as error:
            raise AgentError(
                f"{self._place()} did not answer within {self._timeout:g} s ({type(error).__name__})"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            detail = self._told(f"{type(error).__name__}: {error}")
            raise AgentError(f"{self._place()} could not be asked: {detail}") from None

    async def _exchange(self, made: Mapping[str, Any], session_id: str) -> tuple[httpx.Response, bytes]:
        with self._clients.get().one() as client, shown_as(self._shown):
            request = client.build_request(self._method, self._url, timeout=self._timeout, **made)
            jar = self._cookies.get(session_id) if self._cookies is not None else None
            if jar is not None:
                jar.set_cookie_header(request)
            response = await client.send(request, stream=True)
            try:
                self._keep_cookies(session_id, response)
                return response, await self._content(response)
            finally:
                await response.aclose()

    def _read(self, response: httpx.Response, content: bytes) -> AgentReply:
        text = content.decode(_encoding(response), "replace")
        status = response.status_code
        if status == 429 or status >= 500:
            raise _Again(f"answered {status}: {self._told(text)}", retry_after(response.headers))
        if status >= 300:
            location = response.headers.get("location")
            moved = f" (redirects are not followed; it points to {self._told(location)})" if location else ""
            raise AgentError(f"{self._place()} answered {status}{moved}: {self._told(text)}")
        try:
            return self._reader.read(text, is_json="json" in response.headers.get("content-type", "").lower())
        except ReplyError as error:
            raise ReplyError(f"{self._place()}: {error}") from None

    async def _content(self, response: httpx.Response) -> bytes:
        content = bytearray()
        if (length := response.headers.get("content-length", "")).isdecimal() and int(length) > self._max_bytes:
            raise ReplyError(f"{self._place()} answers with {int(length):,} bytes, more than {self._max_bytes:,}")
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self._max_bytes:
                raise ReplyError(f"{self._place()} answers with more than {self._max_bytes:,} bytes")
        return bytes(content)

    def _request(self, values: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {
            "headers": [(n, self._filled_header(n, parts, values)) for n, parts in self._headers.items()]
        }
        if self._params is not None:
            filled = fill(self._params, values)
            made["params"] = {name: v if isinstance(v, str) else as_json(v) for name, v in filled.items()}
        if self._body is not None:
            body = fill(self._body, values)
        elif self._method in ("GET", "HEAD"):
            return made
        else:
            body = {
                name: values[name] for name in DEFAULT_PARTS if name in values and values[name] not in ("", {}, [])
            }
        made["content"] = as_json(body).encode("utf-8", "replace")
        if "content-type" not in {name.lower() for name in self._headers}:
            made["headers"].append(("Content-Type", "application/json"))
        return made

    def _keep_cookies(self, session_id: str, response: httpx.Response) -> None:
        if self._cookies is None or not session_id or "set-cookie" not in response.headers:
            return
        import httpx

        jar = self._cookies.setdefault(session_id, httpx.Cookies())
        jar.extract_cookies(response)
        self._cookies.move_to_end(session_id)
        while len(self._cookies) > MAX_SESSIONS:
            self._cookies.popitem(last=False)

    def _checked_url(self, url: str) -> str:
        import httpx

        literal = VARIABLE.sub("", url)
        if "{" in literal or "}" in literal:
            raise ConfigurationError(
                f"{self._shown}: an address has no placeholders; say params={{...}} or body={{...}}"
            )
        expanded = self._secrets.expand(url, f"the agent's address {self._shown}")
        try:
            parts = urlsplit(expanded)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and bool(httpx.URL(expanded))
        except (ValueError, httpx.InvalidURL):
            raise ConfigurationError(f"{self._shown!r} is no http(s) address") from None
        if "@" in parts.netloc:
            self._shown = f"{parts.scheme}://***@..."
            raise ConfigurationError("an agent's address holds no password: send it as a header, from ${NAME}")
        if not valid:
            raise ConfigurationError(f"{self._shown!r} is no http(s) address")
        return expanded

    def _header(self, name: str, value: str) -> list[tuple[str, bool]]:
        """The value in parts: text, and whether it is a template. What a variable holds is none."""
        where = f"{self._shown}: header {name}"
        if not isinstance(value, str):
            raise ConfigurationError(f"{where} must be text, not a {type(value).__name__}")
        parts = VARIABLE.split(value)
        for template in parts[::2]:
            check_template(template, where)
        read = [(self._secret(part, where), False) if n % 2 else (part, True) for n, part in enumerate(parts)]
        if _is_secret(name):
            for text, _ in read:
                if is_telling(secret := text.partition(" ")[2].strip() or text.strip()):
                    learn(secret, name)
        return read

    def _secret(self, name: str, where: str) -> str:
        value = self._secrets.value(name, where)
        if not value.isascii() or not value.isprintable():
            raise ConfigurationError(
                f"{where}: the variable {name} holds what no header can (a line break, an umlaut?)"
            )
        return value

    def _filled_header(self, name: str, parts: Sequence[tuple[str, bool]], values: Mapping[str, Any]) -> str:
        text = ""
        for part, is_template in parts:
            filled = fill(part, values) if is_template else part
            text += filled if isinstance(filled, str) else as_json(filled)
        if "\n" in text or "\r" in text or "\0" in text:
            raise AgentError(f"{self._place()}: header {name} would hold a line break")
        return text

    def _told(self, text: str) -> str:
        return clipped(self._secrets.hide(text))

    def _place(self) -> str:
        return f"{self._method} {self._shown}"


class _Again(Exception):
    """The request may be tried again, after so many seconds if the service says."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def _file(file: Any) -> dict[str, str]:
    known = {"name": file.name, "mime_type": file.mime_type}
    if file.path is None:
        return {**known, "url": file.url}
    return {**known, "data": base64.b64encode(file.read_bytes()).decode("ascii")}


def _encoding(response: httpx.Response) -> str:
    encoding = response.charset_encoding or "utf-8"
    try:
        b"x".decode(encoding, "replace")
    except (LookupError, ValueError):  # no encoding, or none of text
        return "utf-8"
    return encoding


def _public(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers without what may be a secret that stands there in plain text."""
    return {name: value for name, value in headers.items() if VARIABLE.search(value) or not _is_secret(name)}


def _is_secret(header: str) -> bool:
    return any(word in header.lower() for word in ("auth", "cookie", "key", "token", "secret", "password"))


def _digest(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
