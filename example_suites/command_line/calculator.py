"""A calculator for the command line: a question in, an exact answer out. It needs nothing but Python.

It knows nothing of evaluation. Without arguments it reads one request as JSON and writes one answer; with ``--lines``
it answers requests line by line until its input ends.
"""

from __future__ import annotations

import ast
import json
import operator
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
PERCENT = re.compile(r"([\d.]+)\s*% of")


def answer(question: str) -> dict[str, Any]:
    """What a question comes to, with the steps as tool calls, or why it cannot be worked out."""
    found = re.search(r"[\d(-][\d\s.()+*/x-]*", PERCENT.sub(r"\1 / 100 * ", question))
    if found is None:
        return {"output": "I see no numbers to work with.", "tool_calls": []}
    formula = found[0].replace("x", "*").strip(" .")
    steps: list[dict[str, Any]] = []
    try:
        value = work_out(ast.parse(formula, mode="eval").body, formula, steps)
    except SyntaxError:
        return {"output": f"I cannot read {formula!r}.", "tool_calls": steps}
    except ZeroDivisionError:
        return {"output": "Nothing can be divided by zero.", "tool_calls": steps}
    return {"output": written(value), "tool_calls": steps}


def work_out(node: ast.expr, formula: str, steps: list[dict[str, Any]]) -> Fraction:
    """The value of a formula, exactly. Raises SyntaxError for what is none."""
    match node:
        case ast.Constant(value=int() | float()):
            return Fraction(ast.get_source_segment(formula, node) or "")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -work_out(operand, formula, steps)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            one, other = work_out(left, formula, steps), work_out(right, formula, steps)
            value = OPERATORS[type(op)](one, other)
            arguments = {"left": written(one), "right": written(other)}
            steps.append({"name": type(op).__name__.lower(), "arguments": arguments, "result": written(value)})
            return value
    raise SyntaxError(formula)


def written(value: Fraction) -> str:
    """The number as people write it: whole, with decimals where these end, else as a fraction."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(value)
    text = f"{Decimal(value.numerator) / value.denominator:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def main() -> None:
    """Answer what stdin asks."""
    if "--lines" not in sys.argv:
        print(json.dumps(answer(json.load(sys.stdin)["question"])))
        return
    for line in sys.stdin:
        request = json.loads(line)
        print("asked:", request["question"], file=sys.stderr)
        print(json.dumps({"id": request["id"], **answer(request["question"])}), flush=True)


if __name__ == "__main__":
    main()
