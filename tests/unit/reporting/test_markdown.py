from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record, run_of

from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.markdown import LIMIT, TEXT, code, fenced, run_markdown

HOSTILE = (
    st.text(alphabet=st.sampled_from("ab @#`|<>&*_[]()!/\\:~-=\n\r\t\x1b\u202e{}$'\"."), max_size=200) | st.text()
)


@given(HOSTILE)
def test_nothing_is_read_into_a_code_element_and_nothing_is_lost(text: str) -> None:
    shown = code(text)
    inner = shown.removeprefix("<code>").removesuffix("</code>")
    assert html.unescape(inner) == escape_terminal(text[:TEXT]) + (" ..." if len(text) > TEXT else "")
    assert not re.search(r"[^\w\s&#;]|_", inner)
    assert "\n" not in inner


@given(HOSTILE)
def test_no_text_ends_its_block(text: str) -> None:
    first, *lines, last = fenced(text).removesuffix("\n").split("\n")
    assert first == f"{last}text"
    assert set(last) == {"`"}
    assert "\n".join(lines).startswith(escape_terminal(text[:TEXT], keep_newlines=True))
    assert not any(line.strip().startswith(last) for line in lines)


def test_a_run_is_told_with_its_failures_and_how_to_see_them_again() -> None:
    text = run_markdown(run_of(("Refunds", "shop", [passed(), record(), error()])))
    assert text.startswith("## Evaluation: succeeded, 0.33 (1/3) passed")
    assert "### Failed: 1" in text
    assert "### Errors: 1" in text
    assert "pytest --eval-suite 'Refunds.eval.yaml::case-1' 'Refunds.eval.yaml::case-2'" in text


def test_a_mention_in_an_answer_stays_in_its_block() -> None:
    hostile = "@org/team fixes #1 ```\n</details><script>alert(1)</script>"
    text = run_markdown(run_of(("Refunds", "shop", [record(actual_response=hostile)])))
    assert f"````text\n{hostile}\n````" in text


def test_a_long_report_is_cut_and_says_so() -> None:
    failures = [record(actual_response="x" * 5000, question="y" * 5000, expected_response="z" * 5000)] * 100
    sets = [(f"Set {number}", "shop", failures) for number in range(30)]
    text = run_markdown(run_of(*sets))
    assert len(text) <= LIMIT
    assert "left out" in text or "more" in text
