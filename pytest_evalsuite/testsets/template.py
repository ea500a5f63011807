"""Test sets to begin with."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["template"]

CSV: Final = """\
question,expected_response,test_method,passing_score,keywords,order
What is the capital of France?,Paris,contains,1.0,,1
How long do I have to return an item?,You have 30 days to return it.,keyword_match,0.5,30 days|return,2
"""

YAML: Final = """\
# A test set: `pytest --eval-suite` asks your agent each question and checks its answer.
name: Refund policy
description: What the support bot must know about refunds.
tags: [support]
defaults:                       # what a case has unless it says otherwise
  test_method: contains

cases:
  # The answer contains the expected response.
  - id: window
    question: How long do I have to return an item?
    expected_response: 30 days

  # Any one of several answers is right; nothing but white space around it may differ.
  - id: capital
    question: What is the capital of France? Answer with one word.
    expected_response: [Paris, Paris.]
    test_method: exact_match

  # At least half of the keywords are in the answer, as whole words.
  - id: condition
    question: In what condition must the item be?
    test_method: keyword_match
    keywords: [unused, original packaging]
    passing_score: 0.5

  # The answer is worded much like the expected response (0..1).
  - id: refund-time
    question: When do I get my money back?
    expected_response: You get your money back within five working days.
    test_method: similarity
    passing_score: 0.7
    tags: [money]

  # `file_url: letters/complaint.txt` attaches a file that lies beside this one or below; an agent takes it as `files`.

  # Several checks on one answer; `not` turns one round.
  - id: polite
    question: I want my money back NOW.
    checks:
      - {method: contains, expected_response: refund}
      - {method: regex, pattern: "(?i)calm down|your fault", not: true}
"""


def template(kind: Literal["csv", "yaml"] = "yaml") -> str:
    """Give a small test set that can be run as it is, without a judge."""
    return CSV if kind == "csv" else YAML
