"""All contenders, ours first."""

from __future__ import annotations

from peers import (
    agent_eval,
    autoevals,
    bare,
    deepeval,
    inspect_ai,
    langsmith,
    ours,
    parametrized,
    promptfoo,
    pydantic_evals,
)

OURS = ours.CONTENDERS[0]
CONTENDERS = [
    contender
    for module in (
        *(ours, bare, parametrized, pydantic_evals, autoevals),
        *(langsmith, agent_eval, promptfoo, deepeval, inspect_ai),
    )
    for contender in module.CONTENDERS
]
