"""Keeps secrets out of what pytest shows and writes of a session: reports, captured output, warnings, logs."""

from __future__ import annotations

import linecache
import logging
import re
import warnings
from collections.abc import Generator, Mapping
from typing import Any, Final

import pytest

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.redaction import (
    Choice,
    Watch,
    current,
    make_redactor,
    may_hold_clipped,
    redact,
    redact_clipped,
    use,
)
from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["Confidential"]

LEAST: Final = 4
"""Characters of a value that a hook gives."""


class Confidential:
    """Puts a redactor in force while the session lasts, and cleans pytest's reports with it."""

    def __init__(self, config: pytest.Config, choice: Choice) -> None:
        self._config = config
        self._choice = choice
        self._watch = Watch(choice.also)
        self._before = current()  # agents of a conftest.py may have told their keys already
        self._unsuspected = (self._before, "")
        """Properties of a report in which this redactor finds nothing: most reports have the same."""
        self.look_again(anew=True)

    def look_again(self, *, anew: bool = False) -> None:
        """Learn what has come into the environment since, as from a .env file that an agent loads."""
        if not anew and not self._watch.has_changed():
            return
        values, patterns = self._of_hooks()
        self._watch = Watch(self._choice.also)
        use(make_redactor(self._choice, {**current().values, **values}, patterns))

    def _of_hooks(self) -> tuple[dict[str, str], list[re.Pattern[str]]]:
        values: dict[str, str] = {}
        patterns: list[re.Pattern[str]] = []
        for given in self._config.hook.pytest_evalsuite_secrets(config=self._config):
            named = given.items() if isinstance(given, Mapping) else (("secret", one) for one in given or ())
            for name, one in named:
                if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                    patterns.append(one)
                elif isinstance(one, str) and len(one) >= LEAST:
                    values[one] = str(name)
                else:
                    what = f"a text of {len(one)} characters" if isinstance(one, str) else f"a {type(one).__name__}"
                    raise ConfigurationError(
                        f"pytest_evalsuite_secrets: expected texts of {LEAST} characters or more and compiled "
                        f"patterns, got {what}"
                    )
        return values, patterns

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self) -> None:
        """Ask the hooks of conftest files again that were loaded meanwhile."""
        try:
            self.look_again(anew=True)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Let what pytest writes of logs at once, to the terminal and to a file, pass by here."""
        plugin = self._config.pluginmanager.get_plugin("logging-plugin")
        for name in ("log_cli_handler", "log_file_handler"):
            handler = getattr(plugin, name, None)
            if isinstance(handler, logging.Handler):
                handler.setFormatter(CleanFormatter(handler.formatter or logging.Formatter()))
        return (yield)

    def before_report(self, call: pytest.CallInfo[None]) -> None:
        """Look again where the phase may have brought something: once in a test, and where one broke."""
        if call.when == "call" or call.excinfo is not None:
            self.look_again()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Clean what is said of files that cannot be collected."""
        report = yield
        self.clean(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Clean a warning before the summary keeps it, with the line that it points to: that may be a test set's."""
        text, line = str(warning_message.message), warning_message.line
        if line is None:
            line = linecache.getline(warning_message.filename, warning_message.lineno)
        for name, told in (("message", text), ("line", line)):
            shown = escape_terminal(redact(told), keep_newlines=True)
            if shown != told:
                setattr(warning_message, name, shown)

    def pytest_unconfigure(self) -> None:
        """Put back in force what was before."""
        use(self._before)

    def clean(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Clean the report, which nobody has heard of yet; a worker sends it so."""
        if report.sections:
            report.sections = [(name, redact_clipped(text)) for name, text in report.sections]
        if report.longrepr is not None:
            report.longrepr = self._cleaned(report)
        properties = report.__dict__.get("user_properties")
        if properties and self._may_hold_clipped(repr(properties)):
            report.__dict__["user_properties"] = _cleaned_values(properties)
        if "wasxfail" in report.__dict__:
            report.__dict__["wasxfail"] = _cleaned_values(report.__dict__["wasxfail"])

    def _may_hold_clipped(self, text: str) -> bool:
        if (current(), text) == self._unsuspected:
            return False
        found = may_hold_clipped(text)
        if not found:
            self._unsuspected = (current(), text)
        return found

    def _cleaned(self, report: pytest.TestReport | pytest.CollectReport) -> Any:
        """What the report says of a failure, in the form that it had, where pytest can take that apart."""
        told = report.longrepr
        if isinstance(told, (str, tuple)):
            return _cleaned_values(told)
        text = str(told)
        if redact_clipped(text) == text:
            return told
        hook = self._config.hook
        parts = hook.pytest_report_to_serializable(config=self._config, report=report)
        parts["longrepr"] = _cleaned_values(parts["longrepr"])
        told = hook.pytest_report_from_serializable(config=self._config, data=parts).longrepr
        text = str(told)
        clean = redact_clipped(text)
        return told if clean == text else clean


class CleanFormatter(logging.Formatter):
    """Writes records as another formatter does, without secrets."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return redact(self._inner.format(record))


def _cleaned_values(value: Any) -> Any:
    if isinstance(value, str):
        return redact_clipped(value)
    if isinstance(value, dict):
        return {name: _cleaned_values(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_cleaned_values, value))
    return value
