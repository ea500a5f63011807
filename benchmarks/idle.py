"""What the plugin costs those who do not use it: its import, and a run of pytest without `--eval-suite`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, in_turn, ratio, script
from _suites import plain_pytest, prepare

IMPORT = """
import json, sys, time
import pytest, _pytest.config
_pytest.config.get_config().pluginmanager.import_plugin("terminal")  # what every run of pytest has loaded
before = set(sys.modules)
start = time.perf_counter()
import pytest_evalsuite.plugin
milliseconds = (time.perf_counter() - start) * 1000
print(json.dumps([milliseconds, sorted(set(sys.modules) - before)]))
"""

RUN = """
import json, sys, pytest
code = pytest.main(sys.argv[1:])
print()
print(json.dumps(sorted(sys.modules)))
sys.exit(code)
"""


def measure(quick: bool) -> list[Row]:
    """Milliseconds of the import, what else it loads, what a whole run takes more."""
    rounds = 3 if quick else 15
    loading = ("-p", "pytest_evalsuite.plugin")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        plain, ours = (plain_pytest(folder, *arguments, "test_trivial.py") for arguments in ((), loading))
        listing = [sys.executable, "-c", RUN, "-q", "test_trivial.py"]
        costs = in_turn({"import": Command([sys.executable, "-c", IMPORT], folder), "off": plain, "on": ours}, rounds)
        loaded = in_turn({"off": Command(listing, folder), "on": Command([*listing, *loading], folder)}, 1)
        leftovers = sorted(path.name for path in folder.iterdir() if "evalsuite" in path.name)
    milliseconds = statistics.median(cost.said[0] for cost in costs["import"])
    modules = costs["import"][0].said[1]
    extra = set(loaded["on"][0].said) - set(loaded["off"][0].said)
    foreign = sorted({module.partition(".")[0] for module in extra} - sys.stdlib_module_names - {"pytest_evalsuite"})
    own = sorted(module for module in extra if module.startswith("pytest_evalsuite"))
    slower = [(on.wall - off.wall) * 1000 for on, off in zip(costs["on"], costs["off"], strict=True)]
    wall = ratio(costs["on"], costs["off"], "wall")
    return [
        Row(
            "import of the plugin",
            f"{milliseconds:.1f} ms",
            f"{len(modules)} modules",
            f"{milliseconds:.1f} ms",
            "< 5 ms",
            milliseconds < 5,
        ),
        Row(
            "`pytest` on a trivial test, with the plugin and without: wall",
            f"{statistics.median(slower):+.0f} ms",
            f"{statistics.median(cost.wall for cost in costs['off']) * 1000:.0f} ms",
            f"{wall:.2f}",
            "≤ 1.1",
            wall <= 1.1,
        ),
        Row(
            "modules that such a run loads, of others",
            ", ".join(foreign) or "none",
            f"{len(own)} of ours",
            str(len(foreign)),
            "none",
            not foreign,
        ),
        Row("files that it leaves", ", ".join(leftovers) or "none", "", str(len(leftovers)), "none", not leftovers),
    ]


if __name__ == "__main__":
    script(measure)
