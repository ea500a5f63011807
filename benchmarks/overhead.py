"""What a case costs, against `pytest.mark.parametrize` written by hand over the same YAML.

And what it costs at five times the size, and with failures. Ours writes its journal and its JSON artifact meanwhile.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from _measure import Row, compared, in_turn, script
from _suites import eval_pytest, plain_pytest, prepare, questions, write_empty, write_parametrized, write_yaml


def measure(quick: bool) -> list[Row]:
    """Three ratios of CPU time, and one of memory."""
    count, rounds = (500, 1) if quick else (10_000, 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        write_yaml(folder / "passing.eval.yaml", questions(count))
        write_yaml(folder / "failing.eval.yaml", questions(count, wrong_every=10))
        write_yaml(folder / "large.eval.yaml", questions(5 * count))
        write_parametrized(folder / "test_by_hand.py", "passing.eval.yaml")
        write_empty(folder / "test_empty.py", count)
        ours = ("--eval-agent", "instant", "--eval-json", "run.json")
        costs = in_turn(
            {
                "ours": eval_pytest(folder, *ours, "passing.eval.yaml"),
                "by hand": plain_pytest(folder, "test_by_hand.py"),
                "empty tests": plain_pytest(folder, "test_empty.py"),
                "failing": eval_pytest(folder, *ours, "failing.eval.yaml", expected=(1,)),
                "large": eval_pytest(folder, *ours, "large.eval.yaml"),
            },
            rounds,
        )
    by_hand = f"{count:,} cases, against parametrize by hand over CSafeLoader"
    return [
        compared(f"{by_hand}: CPU", costs["ours"], costs["by hand"], "cpu", 0.7),
        compared(f"{by_hand}: wall", costs["ours"], costs["by hand"], "wall", 0.7),
        compared(f"{by_hand}: peak memory", costs["ours"], costs["by hand"], "peak", 1.2),
        compared(
            "the same, against pytest with as many tests that do nothing: CPU",
            costs["ours"],
            costs["empty tests"],
            "cpu",
        ),
        compared(
            "parametrize by hand, against pytest with as many tests that do nothing: CPU",
            costs["by hand"],
            costs["empty tests"],
            "cpu",
        ),
        compared(f"{5 * count:,} cases, against {count:,}: CPU", costs["large"], costs["ours"], "cpu", 5.5),
        compared("one case in ten failing, against none: CPU", costs["failing"], costs["ours"], "cpu", 1.6),
    ]


if __name__ == "__main__":
    script(measure)
