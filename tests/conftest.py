"""What all tests have: pytester, to run pytest as a user does, and a suite for it to run."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from http_service import Service, serving
from model_server import ModelServer
from suites import Suite

from pytest_evalsuite import garbage
from pytest_evalsuite.redaction import Redactor, use

pytest_plugins = ["pytester"]

if "PYTEST_XDIST_WORKER" in os.environ:  # measuring the hundreds of processes that tests start takes minutes
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        os.environ.pop(name, None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job in the background; all that it starts would too
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Look for no garbage among all that the tests have imported: every run in this process would look again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _secrets_of_this_test_alone() -> Iterator[None]:
    """Nothing that an agent of one test keeps secret is taken out of another one's texts."""
    before = use(Redactor())
    yield
    use(before)


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """For a test that runs a few lines a million times: to note each time that they ran takes ten times as long."""
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None else coverage.Coverage.current()
    if measuring is not None:
        measuring.stop()
    yield
    if measuring is not None:
        measuring.start()


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """An empty suite with the agents ``echo`` and ``async_echo``, in a module that a framework's is called like."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "agents"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("set_aside", "take_back"):  # what is set aside here is to stay so
        monkeypatch.setattr(garbage, name, lambda **_: None)
    return Suite(pytester)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A model provider on this machine, which the clients of OpenAI and Anthropic find."""
    server = ModelServer()
    server.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "sk-none")
    monkeypatch.setenv("NO_PROXY", "*")
    yield server
    server.stop()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service on this machine that answers over HTTP."""
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as started:
        yield started
