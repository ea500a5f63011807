"""A clerk of a library, whose steps are told through OpenTelemetry: it plans, looks books up and words an answer.

The words come from a template where others would ask a model; the spans are those of the semantic conventions.
"""

from __future__ import annotations

import asyncio
import json
import re

from opentelemetry import trace

tracer = trace.get_tracer("library.clerk")

BOOKS = {
    "emma": {"title": "Emma", "author": "Jane Austen", "year": 1815, "shelf": "A3", "lent": False},
    "dracula": {"title": "Dracula", "author": "Bram Stoker", "year": 1897, "shelf": "S1", "lent": True},
    "walden": {"title": "Walden", "author": "Henry David Thoreau", "year": 1854, "shelf": "T2", "lent": False},
    "ulysses": {"title": "Ulysses", "author": "James Joyce", "year": 1922, "shelf": "J7", "lent": True},
}


async def clerk(question: str) -> str:
    """Answer a question about a book of the library."""
    with tracer.start_as_current_span("plan"):
        titles = [word for word in re.findall(r"\w+", question.lower()) if word in BOOKS]
        found = [book for title in titles if (book := await look_up(title)) is not None]
        if "reserve" in question.lower():
            await asyncio.gather(*map(reserve, titles))
    return await worded(question, found)


async def look_up(title: str) -> dict[str, object] | None:
    """Find a book in the catalogue."""
    attributes = {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.query.text": title,
        "db.system.name": "memory",
    }
    with tracer.start_as_current_span("retrieval catalogue", attributes=attributes) as span:
        await asyncio.sleep(0.005)
        book = BOOKS.get(title)
        span.set_attribute("gen_ai.retrieval.documents", json.dumps([book] if book else []))
        return book


async def reserve(title: str) -> str:
    """Reserve a book: a tool that the clerk runs."""
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "reserve",
        "gen_ai.tool.call.arguments": json.dumps({"title": title}),
    }
    with tracer.start_as_current_span("execute_tool reserve", attributes=attributes) as span:
        await asyncio.sleep(0.005)
        span.set_attribute("gen_ai.tool.call.result", "reserved")
        return "reserved"


async def worded(question: str, found: list[dict[str, object]]) -> str:
    """Put what was found into words."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "template",
        "gen_ai.request.model": "words-1",
        "gen_ai.usage.input_tokens": len(question.split()) + 8 * len(found),
    }
    with tracer.start_as_current_span("chat words-1", attributes=attributes) as span:
        await asyncio.sleep(0.005)
        answer = " ".join(map(_sentence, found)) or "I know of no such book here."
        if "reserve" in question.lower():
            answer += " It is reserved for you." if found else ""
        span.set_attribute("gen_ai.usage.output_tokens", len(answer.split()))
        return answer


def _sentence(book: dict[str, object]) -> str:
    where = "is lent out" if book["lent"] else f"stands on shelf {book['shelf']}"
    return f"{book['title']} by {book['author']} ({book['year']}) {where}."
