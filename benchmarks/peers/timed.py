"""Comparing two runs and loading a test set: programs that time themselves, of those that can do it at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _measure import Command, run
from _suites import eval_pytest, prepare, questions, write_yaml
from artifact import WRITE

from peers import agent_eval, deepeval, inspect_ai, ours, parametrized, pydantic_evals
from peers.contender import OFFLINE
from peers.environments import Environment

CLOCK = """
import json, sys, time
{imports}
wall, cpu = time.perf_counter(), time.process_time()
{work}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print()
print(json.dumps([wall, cpu, count]))
"""


@dataclass(frozen=True)
class Timed:
    """A program that times its own ``work`` after its ``imports``, and leaves in ``count`` over how many it worked."""

    name: str
    environment: Environment
    imports: str
    work: str
    write: Callable[[Path, int], None]
    most: int = 1_000_000
    note: str = ""

    def command(self, folder: Path, count: int, seconds: float) -> Command:
        """Write what it reads, and give the command."""
        folder.mkdir(parents=True)
        self.write(folder, count)
        code = CLOCK.format(imports=self.imports, work=self.work)
        variables = {**OFFLINE, **deepeval.OFF}
        return Command([self.environment.python, "-c", code], folder, (0,), variables, seconds)


def _two_artifacts(folder: Path, count: int) -> None:
    prepare(folder)
    write_yaml(folder / "sample.eval.yaml", questions(100, wrong_every=10))
    options = ("--eval-agent", "instant", "--eval-json", "sample.json", "sample.eval.yaml")
    run(eval_pytest(folder, *options, expected=(1,)))
    for side in ("a.json", "b.json"):
        run(Command([sys.executable, "-c", WRITE, "sample.json", side, str(count)], folder))


TWO_REPORTS = """
import sys
from pathlib import Path
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected
from pydantic_evals.reporting import EvaluationReportAdapter

def answer(question: str) -> str:
    return "right" if int(question) % 10 else "wrong"

numbers = map(str, range(int(sys.argv[1])))
cases = [Case(name=f"case-{number}", inputs=number, expected_output="right") for number in numbers]
dataset = Dataset(name="work", cases=cases, evaluators=[EqualsExpected()])
report = EvaluationReportAdapter.dump_json(dataset.evaluate_sync(answer, progress=False))
for side in ("a.json", "b.json"):
    Path(side).write_bytes(report)
"""


def _two_reports(folder: Path, count: int) -> None:
    environment = pydantic_evals.CONTENDERS[0].environment
    run(Command([environment.python, "-c", TWO_REPORTS, str(count)], folder))


def _yaml(folder: Path, count: int) -> None:
    write_yaml(folder / "work.eval.yaml", questions(count))


def _pydantic_yaml(folder: Path, count: int) -> None:
    lines = ["name: work", "evaluators: [EqualsExpected]", "cases:"]
    for number, (question, expected) in enumerate(questions(count)):
        lines += [
            f"  - name: case-{number:06}",
            f"    inputs: {json.dumps(question)}",
            f"    expected_output: {json.dumps(expected)}",
        ]
    (folder / "work.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _json(folder: Path, count: int) -> None:
    cases = [
        {"id": f"case-{number:06}", "input": question, "target": expected, "expected_output": expected}
        for number, (question, expected) in enumerate(questions(count))
    ]
    (folder / "work.json").write_text(json.dumps(cases), encoding="utf-8")


def _lines(folder: Path, count: int) -> None:
    cases = [
        {"id": f"case-{number:06}", "question": question, "expected_response": expected}
        for number, (question, expected) in enumerate(questions(count))
    ]
    lines = "".join(f"{json.dumps(case)}\n" for case in cases)
    (folder / "work.eval.jsonl").write_text(lines, encoding="utf-8")


def _transcripts(folder: Path, count: int) -> None:
    (folder / "evals").mkdir()
    for number, (question, expected) in enumerate(questions(count)):
        turn = f"  - user: {json.dumps(question)}\n    expect:\n      reply_contains_all: [{json.dumps(expected)}]\n"
        text = f"id: case-{number:06}\nturns:\n{turn}"
        (folder / "evals" / f"case-{number:06}.yaml").write_text(text, encoding="utf-8")


COMPARING = [
    Timed(
        "pytest-evalsuite",
        ours.CONTENDERS[0].environment,
        "from pathlib import Path\n"
        "from pytest_evalsuite.comparison.compare import compare\n"
        "from pytest_evalsuite.comparison.document import comparison_json\n"
        "from pytest_evalsuite.comparison.reference import load_side\n"
        "from pytest_evalsuite.garbage import not_looking",
        "with not_looking():\n"
        "    sides = [load_side(path, Path()) for path in ('a.json', 'b.json')]\n"
        "    count = len(comparison_json(compare(*sides))) and 0",
        _two_artifacts,
        note="from two files to the verdict, with intervals and tests",
    ),
    Timed(
        "json.loads of both files",
        ours.CONTENDERS[0].environment,
        "",
        "documents = [json.load(open(path, 'rb')) for path in ('a.json', 'b.json')]\ncount = 0",
        _two_artifacts,
        note="the floor: nothing is compared",
    ),
    Timed(
        "pydantic-evals",
        pydantic_evals.CONTENDERS[0].environment,
        "from pathlib import Path\nfrom pydantic_evals.reporting import EvaluationReportAdapter",
        "files = (Path(path).read_bytes() for path in ('a.json', 'b.json'))\n"
        "old, new = map(EvaluationReportAdapter.validate_json, files)\n"
        "count = len(new.render(baseline=old)) and 0",
        _two_reports,
        5_000,
        "report.render(baseline=...), a table of all cases",
    ),
]
"""Those that compare two kept runs on the machine; the others do so in their service, in a browser, or not at all."""

LOADING = [
    Timed(
        "pytest-evalsuite",
        ours.CONTENDERS[0].environment,
        "from pathlib import Path\nfrom pytest_evalsuite.testsets import load_test_set",
        "count = len(load_test_set(Path('work.eval.yaml')).cases)",
        _yaml,
        note="YAML, checked, with line and column of each case",
    ),
    Timed(
        "pytest-evalsuite, JSONL",
        ours.CONTENDERS[0].environment,
        "from pathlib import Path\nfrom pytest_evalsuite.testsets import Defaults, load_test_set",
        "defaults = Defaults(test_method='exact_match')\n"
        "count = len(load_test_set(Path('work.eval.jsonl'), defaults=defaults).cases)",
        _lines,
        note="JSON, checked, with line and column of each case",
    ),
    Timed(
        "PyYAML, CSafeLoader",
        parametrized.CONTENDERS[0].environment,
        "import yaml",
        "count = len(yaml.load(open('work.eval.yaml', encoding='utf-8'), Loader=yaml.CSafeLoader)['cases'])",
        _yaml,
        note="YAML, nothing checked",
    ),
    Timed(
        "pydantic-evals",
        pydantic_evals.CONTENDERS[0].environment,
        "from pydantic_evals import Dataset",
        "count = len(Dataset[str, str, None].from_file('work.yaml').cases)",
        _pydantic_yaml,
        note="YAML",
    ),
    Timed(
        "pytest-agent-eval",
        agent_eval.CONTENDERS[0].environment,
        "from pathlib import Path\nfrom pytest_agent_eval.yaml_loader import load_transcript",
        "count = len([load_transcript(path) for path in Path('evals').iterdir()])",
        _transcripts,
        note="YAML, a file for each case",
    ),
    Timed(
        "inspect-ai",
        inspect_ai.CONTENDERS[0].environment,
        "from inspect_ai.dataset import json_dataset",
        "count = len(json_dataset('work.json'))",
        _json,
        note="JSON",
    ),
    Timed(
        "deepeval",
        deepeval.HERE,
        "from deepeval.dataset import EvaluationDataset",
        "dataset = EvaluationDataset()\ndataset.add_goldens_from_json_file('work.json')\ncount = len(dataset.goldens)",
        _json,
        note="JSON",
    ),
]
"""Those that read test sets from files."""
