"""inspect-ai: a Task whose solver asks the agent, scored by exact(); no model."""

from __future__ import annotations

from peers.contender import Contender, script
from peers.environments import Environment

PROGRAM = """
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import exact
from inspect_ai.solver import solver
from work import *

@solver
def agent():
    async def solve(state, generate):
        state.output = ModelOutput.from_content("agent", await ask_async(state.input_text))
        return state
    return solve

samples = [Sample(id=case["id"], input=case["question"], target=case["expected"]) for case in CASES]
task = Task(dataset=MemoryDataset(samples), solver=agent(), scorer=exact())
[log] = eval(task, model="mockllm/model", max_samples=AT_ONCE, display="none", log_dir="logs")
values = [score.value for sample in log.samples for score in sample.scores.values()]
say(values.count("C"), len(values))
"""

CONTENDERS = [
    Contender(
        "inspect-ai",
        "inspect-ai",
        Environment(("inspect-ai==0.3.285",)),
        script,
        {"contender.py": PROGRAM},
        most=2_000,
        slow=True,
        note="keeps a transcript of each sample",
    )
]
