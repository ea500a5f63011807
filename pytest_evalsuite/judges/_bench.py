"""The judges of a session, by name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.judges._base import EMBEDDED, Judge

if TYPE_CHECKING:
    from pytest_evalsuite.judges._llm import LlmJudge

__all__ = ["Bench"]

PROVIDERS: Final = {"openai": "OpenAIChat", "anthropic": "AnthropicChat"}


class Bench:
    """Makes each judge once, when it is first asked for.

    ``default`` is the judge of checks that name none. ``named`` maps further names to a function, an object with
    ``judge`` and ``identity``, or another name. A name is one of those, ``embedded``, ``openai:<model>``, or
    ``anthropic:<model>``. ``watch`` is put before each judge. Where no model is to be asked, ``asks`` is False, and
    none needs a client or a key.
    """

    def __init__(
        self,
        default: str | Judge | None = None,
        named: Mapping[str, Any] | None = None,
        *,
        prompts: Path | None = None,
        requests_per_minute: float | None = None,
        watch: Callable[[Judge], Judge] | None = None,
        asks: bool = True,
    ) -> None:
        self.default = default
        self._named = dict(named or {})
        self._folder = prompts
        self._rate = requests_per_minute
        self._watch = watch
        self._asks = asks
        self._made: dict[str, Judge] = {}
        self._models: dict[str, LlmJudge] = {}

    def with_names(self, named: Mapping[str, Any]) -> Bench:
        """A bench that knows further names, which win; it shares the models, and so their limits and outages."""
        if not named:
            return self
        bench = Bench(
            self.default,
            {**self._named, **named},
            prompts=self._folder,
            requests_per_minute=self._rate,
            watch=self._watch,
            asks=self._asks,
        )
        bench._models = self._models
        return bench

    def with_default(self, judge: Judge) -> Bench:
        """A bench where checks that name no judge ask this one; it shares all others."""
        bench = copy.copy(self)
        bench.default = judge
        return bench

    def adopt(self, name: str, given: Any) -> Judge:
        """The judge that is given under this name: a judge's name, a function, or an object with judge and identity.

        Raises ConfigurationError for anything else.
        """
        return self._one(given) if isinstance(given, str) else _adapted(name, given)

    def get(self, names: Sequence[str] = (), vote: Literal["majority", "mean"] = "majority") -> Judge:
        """The judge of this name, of several names a vote, of none the default. Raises ConfigurationError."""
        judge = self._find(names, vote)
        return judge if self._watch is None else self._watch(judge)

    def _find(self, names: Sequence[str], vote: Literal["majority", "mean"]) -> Judge:
        if len(names) > 1:
            from pytest_evalsuite.judges._vote import VotingJudge

            return VotingJudge([self._one(name) for name in names], vote)
        judge = names[0] if names else self.default
        if judge is None:
            raise ConfigurationError(
                "no judge is configured: give --eval-judge openai:<model> (or anthropic:<model>, a name from the hook "
                "pytest_evalsuite_judges), set the ini value evalsuite_judge, override the fixture eval_judge in a "
                "conftest.py, or try the suite out with the offline stand-in --eval-judge embedded"
            )
        return self._one(judge) if isinstance(judge, str) else judge

    async def aclose(self) -> None:
        """Close the clients of models, on the event loop that has used them."""
        for model in self._models.values():
            await model.aclose()

    def _one(self, name: str) -> Judge:
        judge = self._made.get(name)
        if judge is None:
            judge = self._made[name] = self._make(name)
        return judge

    def _make(self, name: str) -> Judge:
        target, given = self._follow(name)
        if given is not None:
            return _adapted(target, given)
        provider, _, model = target.partition(":")
        if target == EMBEDDED:
            from pytest_evalsuite.judges._embedded import EmbeddedJudge

            return EmbeddedJudge()
        if model and provider in PROVIDERS:
            return self._model(provider, model)
        known = sorted({*self._named, EMBEDDED, "openai:<model>", "anthropic:<model>"})
        guesses = get_close_matches(target, known, n=1)
        if model and (providers := get_close_matches(provider, PROVIDERS, n=1)):
            guesses = [f"{providers[0]}:{model}"]
        guess = f"; did you mean {guesses[0]}?" if guesses else ""
        raise ConfigurationError(f"unknown judge {target!r}{guess} (known: {', '.join(known)})")

    def _follow(self, name: str) -> tuple[str, Any]:
        """The name at the end of the names that stand for another one, and what it is given as, or None."""
        seen = [name]
        while isinstance(given := self._named.get(seen[-1]), str) and given != seen[-1]:
            if given in seen:
                raise ConfigurationError(f"judges stand for each other in a circle: {' = '.join([*seen, given])}")
            seen.append(given)
        return seen[-1], None if isinstance(given, str) else given

    def _model(self, provider: str, model: str) -> Judge:
        from pytest_evalsuite.judges._llm import LlmJudge
        from pytest_evalsuite.judges._prompts import Prompts

        name = f"{provider}:{model}"
        if name not in self._models:
            module = import_module(f"pytest_evalsuite.judges._{provider}")
            chat = getattr(module, PROVIDERS[provider])(model, asks=self._asks)
            self._models[name] = LlmJudge(chat, Prompts(self._folder), requests_per_minute=self._rate)
        return self._models[name]


def _adapted(name: str, given: Any) -> Judge:
    if isinstance(given, type):
        raise ConfigurationError(f"the judge {name!r} is the class {given.__name__}; name an instance of it")
    if callable(getattr(given, "judge", None)) and hasattr(given, "identity"):
        judge: Judge = given
        return judge
    if callable(given):
        from pytest_evalsuite.judges._callable import CallableJudge

        return CallableJudge(name, given)
    raise ConfigurationError(
        f"the judge {name!r} is {given!r:.100}; expected a function, or an object with judge and identity"
    )
