"""How well methods that need no judge agree with people: ``python benchmarks/agreement.py judged_answers.jsonl``.

Each line of the file is an answer with a person's verdict: ``question``, ``golden_answers`` (texts of which any one is
right), ``answer``, ``human_correct``. The table has for each method the AUC of its score (the chance that a right
answer scores above a wrong one, ties counting half), then the passing score with the highest accuracy on these same
rows, that accuracy, and Cohen's kappa there (agreement beyond chance).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Answer, get_method

METHODS: Final[Sequence[tuple[str, dict[str, Any]]]] = [
    *(
        ("similarity", {"algorithm": algorithm})
        for algorithm in ("ratio", "token_sort", "token_set", "partial", "levenshtein", "jaro_winkler")
    ),
    ("similarity", {"algorithm": "token_set", "normalize": ["whitespace", "case", "punctuation"]}),
    ("contains", {}),
    ("contains", {"case_sensitive": False}),
    ("keyword_match", {}),
    ("token_f1", {}),
    ("rouge", {"variant": "rouge1"}),
    ("rouge", {"variant": "rouge1", "measure": "recall"}),
    ("rouge", {"variant": "rougeL"}),
    ("rouge", {"variant": "rougeL", "measure": "recall"}),
    ("bleu", {}),
    ("chrf", {}),
    ("semantic", {}),
]


@dataclass(frozen=True)
class Agreement:
    """How scores go with verdicts; ``threshold`` is the passing score with the highest accuracy."""

    auc: float
    threshold: float
    accuracy: float
    kappa: float


def agreement(scored: Sequence[tuple[float, bool]]) -> Agreement:
    """Compare (score, is right) pairs, of which some are right and some wrong."""
    right = sum(verdict for _, verdict in scored)
    wrong = len(scored) - right
    above_right, above_wrong, won = 0, 0, 0.0
    best = (wrong, 0, float("inf"))
    for score, group in groupby(sorted(scored, reverse=True), key=lambda pair: pair[0]):
        verdicts = [verdict for _, verdict in group]
        here_right = sum(verdicts)
        here_wrong = len(verdicts) - here_right
        won += here_wrong * (above_right + here_right / 2)
        above_right += here_right
        above_wrong += here_wrong
        best = max(best, (above_right + wrong - above_wrong, above_right + above_wrong, score))
    correct, passed, threshold = best
    accuracy = correct / len(scored)
    chance = (passed * right + (len(scored) - passed) * wrong) / len(scored) ** 2
    kappa = (accuracy - chance) / (1 - chance) if chance < 1 else 0.0
    return Agreement(won / (right * wrong), threshold, accuracy, kappa)


def answers(path: Path) -> Iterator[tuple[Answer, bool]]:
    """The file's answers with their verdicts."""
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            text = row["answer"]
            yield (
                Answer(
                    text=text,
                    output=text,
                    question=row["question"],
                    inputs={},
                    expected_responses=tuple(row["golden_answers"]),
                    expected=None,
                    reply=AgentReply(text),
                ),
                row["human_correct"],
            )


def measure(name: str, options: dict[str, Any], rows: Sequence[tuple[Answer, bool]]) -> str:
    """Score every answer; give a line of the table. An expected response that the method refuses is left out."""
    method = get_method(name)(**options)
    start = time.process_time()
    scored: list[tuple[float, bool]] = []
    for answer, verdict in rows:
        usable = tuple(
            text
            for text in answer.expected_responses
            if method.problem(expected_responses=(text,), expected=None) is None
        )
        if not usable:
            continue
        try:
            scored.append((method.score(replace(answer, expected_responses=usable)).value, verdict))
        except MethodError:
            continue
    milliseconds = 1000 * (time.process_time() - start) / len(rows)
    named = (f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in options.items())
    shown = ", ".join([f"`{name}`", *named])
    found = agreement(scored)
    return (
        f"| {shown} | {found.auc:.3f} | {found.threshold:.3f} | {found.accuracy:.3f} | {found.kappa:.2f} "
        f"| {len(scored):,} | {milliseconds:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How well methods that need no judge agree with people.")
    parser.add_argument("path", type=Path, help="JSONL: question, golden_answers, answer, human_correct")
    rows = list(answers(parser.parse_args().path))
    right = sum(verdict for _, verdict in rows)
    print(f"{len(rows):,} answers, {right:,} of them right by people's verdict\n")
    print("| Method | AUC | Best passing score | Accuracy there | Kappa there | Answers | ms each |")
    print("|---|---|---|---|---|---|---|")
    for name, options in METHODS:
        print(measure(name, options, rows), flush=True)


if __name__ == "__main__":
    main()
