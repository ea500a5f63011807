"""A support agent that works with tools: it plans by rules, and really calls them."""

from __future__ import annotations

import re
from typing import Any

from pytest_evalsuite import AgentReply, ToolCall, Usage

from .shop import Shop

__all__ = ["support"]

ATTEMPTS = 2
"""How often a tool is tried that cannot be reached."""


class Conversation:
    """Calls tools and notes what came of each call."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self._tools = Shop().tools()

    def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool; one that cannot be reached is tried again. Raises what the last attempt ended in."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = self._tools[tool](**arguments)
            except (LookupError, ConnectionError) as error:
                self.calls.append(ToolCall(name=tool, arguments=arguments, error=str(error)))
                if isinstance(error, LookupError) or attempt == ATTEMPTS:
                    raise
            else:
                self.calls.append(ToolCall(name=tool, arguments=arguments, result=result))
                return result
        raise AssertionError("unreachable")


def support(question: str) -> AgentReply:
    """Answer a customer."""
    conversation = Conversation()
    text = answer(question, conversation)
    usage = Usage(input_tokens=len(question.split()), output_tokens=len(text.split()))
    return AgentReply(text, tool_calls=conversation.calls, usage=usage, cost=0.0)


def answer(question: str, conversation: Conversation) -> str:
    """Decide what to do by what is asked."""
    order_id = re.search(r"\b\d{4}\b", question)
    if order_id is None:
        return "Hello! Tell me your order number, and I will look it up." if "?" in question else "You are welcome."
    try:
        order = conversation.call("lookup_order", order_id=order_id[0])
    except LookupError:
        conversation.call("hand_over", reason=f"order {order_id[0]} is unknown")
        return f"I cannot find the order {order_id[0]}. A colleague will write to you."
    if re.search(r"money back|refund", question, re.IGNORECASE):
        if order["status"] != "delivered":
            return f"Your {order['item']} is {order['status']}: it can be refunded once it has arrived."
        receipt = conversation.call("refund", order_id=order_id[0], amount=order["amount"], currency=order["currency"])
        return f"Done: {receipt}."
    return f"Your {order['item']} is {order['status']}."
