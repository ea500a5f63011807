"""Readers: a value as it stands in a file becomes the value that a field wants, or is `Refused` with the reason."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import Any, Final
from unicodedata import normalize

from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.agents.reply import ToolCall
from pytest_evalsuite.errors import ReplyError
from pytest_evalsuite.testsets.scalars import WORDS, Plain, is_null
from pytest_evalsuite.testsets.values import Reader, Refused, each, json_value, show, typed

EMPTY: Final = "is empty: write a value, or leave the key out"
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
AGENT_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
MIME_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
MARK_NAME: Final = re.compile(r"[^\W\d]\w*")
MARKS_WITH_ARGUMENTS: Final = {
    "skip": "write 'skip: the reason'",
    "xfail": "write 'xfail: the reason'",
    "skipif": "write 'skip: the reason'",
    "parametrize": "it needs arguments",
    "usefixtures": "it needs arguments",
    "filterwarnings": "it needs arguments",
}
PASS_RULES: Final = ("mean", "all", "any", "majority")


def mapping(value: Any) -> dict[str, Any]:
    """Read a mapping of any values."""
    if type(value) is not dict:
        raise Refused(EMPTY if is_null(value) else f"expected a mapping, such as {{key: value}}, not {show(value)}")
    found: dict[str, Any] = json_value(value)
    return found


def filled_mapping(value: Any) -> dict[str, Any]:
    """Read a mapping that holds something."""
    found = mapping(value)
    if not found:
        raise Refused("is empty: expected at least one 'name: value'")
    return found


def text(value: Any) -> str:
    """Read a text that says something, as it is written."""
    if type(value) is str and value and not value.isspace():
        return value
    if type(value) is Plain:
        return value.text
    if value is None:
        raise Refused("is empty: write a text, or leave the key out")
    if type(value) is str:
        raise Refused("is blank: write a text, or leave the key out")
    if isinstance(value, (dict, list)):
        raise Refused(f"expected text, not {show(value)}")
    raise Refused(f'expected text: write "{json.dumps(value)}" in quotes')


def answer(value: Any) -> str:
    """Read the text of an answer, which may be empty only where ``""`` says so."""
    if type(value) is str and (not value or not value.isspace()):
        return value
    if value is None:
        raise Refused('is empty: write "" for an empty answer, or leave the key out')
    if type(value) is str:
        raise Refused('is blank: write "" for an empty answer, or leave the key out')
    return text(value)


def answers(value: Any) -> tuple[str, ...]:
    """Read the text of an answer, or a list of texts of which any one is right."""
    if type(value) is not list:
        return (answer(value),)
    if not value:
        raise Refused("is an empty list: expected a text, or a list of texts any of which is right")
    return tuple(each(enumerate(value), answer))


def expectation(value: Any) -> Any:
    """Read ``expected``: a text or texts as a tuple of texts, anything else as a JSON value."""
    if type(value) is str or (type(value) is list and value and all(type(item) is str for item in value)):
        return answers(value)
    if is_null(value):
        raise Refused("is empty: write what is expected, or leave the key out")
    return json_value(value)


def given_answer(value: Any) -> Any:
    """Read an answer that is there already: a text as it is written, a mapping or list as a JSON value."""
    if type(value) is dict or type(value) is list:
        return json_value(value)
    return answer(value)


def given_calls(value: Any) -> tuple[ToolCall, ...]:
    """Read the tool calls of an answer that is there already."""
    if type(value) is not list:
        raise Refused(f"expected a list of tool calls, such as [{{name: look_up}}], not {show(value)}")
    try:
        reply = read_reply({"output": "", "tool_calls": json_value(value)})
    except ReplyError as error:
        raise Refused(str(error)) from None
    return tuple(reply.tool_calls or ())


def line(longest: int) -> Reader:
    """Make a reader of a text on one line, stripped and in Unicode's composed form (NFC)."""

    def read(value: Any) -> str:
        found = normalize("NFC", text(value).strip())
        if len(found) > longest:
            raise Refused(f"is {len(found)} characters long, of at most {longest}")
        if control := CONTROL.search(found):
            raise Refused(f"holds the control character U+{ord(control[0]):04X}: expected text on one line")
        return found

    return read


def file_url(value: Any) -> str:
    """Read the path or address of a file on one line, letters in the Unicode form in which they are written."""
    found = text(value).strip()
    if len(found) > 2000:
        raise Refused(f"is {len(found):,} characters long, of at most 2,000")
    if control := CONTROL.search(found):
        raise Refused(f"holds the control character U+{ord(control[0]):04X}: expected a path or an address")
    return found


def mime_type(value: Any) -> str:
    """Read a media type without parameters, in lower case."""
    found = text(value).strip()
    if not MIME_TYPE.fullmatch(found):
        raise Refused(f"expected a media type, such as text/csv or image/png, not {show(found)}")
    return found.lower()


def reason(value: Any) -> str:
    """Read why something is so: a text, not a bare ``true``."""
    if type(value) is bool or (type(value) is Plain and value.text.lower() in WORDS):
        raise Refused(f"expected the reason as a text, not {show(value)}; to switch it off, leave the key out")
    return text(value)


def flag(value: Any) -> bool:
    """Read true or false."""
    found = typed(value) if type(value) is Plain else value
    if found is True or found is False:
        return found
    raise Refused(f"expected true or false, not {show(value)}")


def number(low: float, high: float, what: str, *, above: bool = False) -> Reader:
    """Make a reader of a finite number in low..high, both allowed, or low not where ``above``."""

    def read(value: Any) -> float:
        found = typed(value)
        if type(found) not in {int, float}:
            raise Refused(f"expected {what}, not {show(value)}{number_hint(value)}")
        if not low <= found <= high or (above and found == low):
            raise Refused(f"expected {what}, not {show(value)}")
        return float(found)

    return read


def whole(low: int, high: int, what: str) -> Reader:
    """Make a reader of a whole number in low..high."""

    def read(value: Any) -> int:
        found = typed(value)
        if type(found) is float and found.is_integer():
            found = int(found)
        if type(found) is not int or not low <= found <= high:
            raise Refused(f"expected {what}, not {show(value)}{number_hint(value)}")
        return found

    return read


def number_hint(value: Any) -> str:
    """Say how a text that looks like a number is written as one."""
    if type(value) is not str:
        return ""
    stripped = value.strip()
    if re.fullmatch(r"[-+]?\d+,\d+", stripped):
        return f"; write {stripped.replace(',', '.')}, with a point"
    if match := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", stripped):
        return f"; write {float(match[1]) / 100:g}"
    if re.fullmatch(r"\d+(?:_\d+)+", stripped):
        return "; write it without '_'"
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", stripped):
        return "; leave out the quotes and leading zeros"
    return ""


def choice(*names: str) -> Reader:
    """Make a reader of one of some words."""

    def read(value: Any) -> str:
        found = word(value)
        if found in names:
            return found
        near = get_close_matches(found.lower(), names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise Refused(f"expected {' or '.join(names)}, not {show(value)}{hint}")

    return read


def word(value: Any) -> str:
    """Give a scalar as it is written, and nothing for anything else."""
    if type(value) is Plain:
        return value.text
    return value if type(value) is str else ""


def name_list(read_name: Reader) -> Reader:
    """Make a reader of a list of names, each kept once."""

    def read(value: Any) -> tuple[str, ...]:
        if type(value) is not list:
            hint = f": write [{value}]" if type(value) is str and len(value) < 60 else ""
            raise Refused(EMPTY if is_null(value) else f"expected a list, not {show(value)}{hint}")
        return tuple(dict.fromkeys(each(enumerate(value), read_name)))

    return read


def mark(value: Any) -> str:
    """Read the name of a pytest marker that needs no arguments."""
    found = text(value)
    if not MARK_NAME.fullmatch(found):
        raise Refused(f"expected a marker's name, not {show(found)}")
    if found in MARKS_WITH_ARGUMENTS:
        raise Refused(f"the marker {found!r} cannot be given here: {MARKS_WITH_ARGUMENTS[found]}")
    return found


def agent(value: Any) -> str:
    """Read a configured agent's name; a path to code is refused."""
    found = text(value)
    if ":" in found:
        raise Refused(
            f"expected the name of a configured agent, not {show(found)}: a test set is data and never names code; "
            f'configure it (evalsuite_agents = "NAME = {found[:60]}") and write NAME here'
        )
    if not AGENT_NAME.fullmatch(found):
        raise Refused(f"expected an agent's name (1 to 64 letters, digits, '_', '.', '-'), not {show(found)}")
    return found


def language(value: Any) -> str:
    """Read a language tag, such as ``en`` or ``pt-BR``."""
    found = text(value)
    if not LANGUAGE.fullmatch(found):
        raise Refused(f"expected a language tag, such as en or pt-BR, not {show(found)}")
    return found


def pass_rule(value: Any) -> str | int:
    """Read when a case of several attempts passes: a word, or ``{at_least: n}`` as n."""
    if type(value) is dict:
        if set(value) != {"at_least"}:
            raise Refused(f"expected {{at_least: n}}, not a mapping with {', '.join(map(repr, value)) or 'no keys'}")
        (count,) = each(value.items(), whole(1, 100, "a whole number from 1 to 100"))
        return int(count)
    if word(value) in PASS_RULES:
        return word(value)
    raise Refused(f"expected mean, all, any, majority or {{at_least: n}}, not {show(value)}")
