"""A method's name, its options and a bar become a `Check`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.testsets.fields import CASE, CHECK, Table
from pytest_evalsuite.testsets.mapping import slot_expectation
from pytest_evalsuite.testsets.model import Check, PassRule
from pytest_evalsuite.testsets.options import Methods, takes
from pytest_evalsuite.testsets.part import Expectation, Part
from pytest_evalsuite.testsets.values import Refused, did_you_mean, listed, nearest, show

__all__ = ["DEFAULT_METHOD", "CaseDefaults", "CheckBuilder"]

DEFAULT_METHOD: Final = "semantic_quality"
OF_THE_SET: Final = frozenset({"mapping", "inputs_schema", "outputs_schema"})
SLOT_METHOD: Final = "json_match"


@dataclass(frozen=True, slots=True)
class CaseDefaults:
    """What a case has unless it says otherwise.

    ``test_method`` is None where the one that the test set names cannot be used, which is a problem already;
    ``options`` are as they stand in the file. ``slot_method`` compares the slots of a mapping that name none.
    """

    test_method: str | None = DEFAULT_METHOD
    passing_score: float | None = None
    agent: str | None = None
    iterations: int | None = None
    timeout: float | None = None
    pass_rule: PassRule | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    slot_method: str = SLOT_METHOD


class CheckBuilder:
    """Makes the checks of one test set's cases; equal methods are shared between them."""

    def __init__(self, defaults: CaseDefaults, methods: Methods) -> None:
        self.defaults = defaults
        self.methods = methods
        self._default_options: dict[type[Method], dict[str, Any]] = {}
        self._aliases: dict[type[Method], list[str]] = {}

    def single(self, case: Part, given: Expectation) -> tuple[Check, ...]:
        """Make the one check of a case that names its method itself."""
        if "require" in case.values:
            case.report("require", "'require' says which of several 'checks' must pass", on_key=True)
        check = self.make(case, "test_method", given)
        return (check,) if check else ()

    def listed(self, case: Part, given: Expectation, slots: tuple[Check, ...] = ()) -> tuple[Check, ...]:
        """Make the checks of a case that lists them; those of its ``slots`` follow."""
        bar = self._bar_of_several(case)
        items = case.values.get("checks")
        if type(items) is not list or not items:
            case.report("checks", f"expected a list of checks, such as [{{method: contains}}], not {show(items)}")
            return ()
        checks = [self._listed(case, index, item, given, bar) for index, item in enumerate(items)]
        return (*name_checks(case, checks, {check.name for check in slots}), *slots)

    def mapped(self, case: Part, given: Expectation, slots: tuple[Check, ...]) -> tuple[Check, ...]:
        """Give the checks of a case whose outputs are mapped: those that it lists itself, and its slots'."""
        if "checks" in case.raw:
            return self.listed(case, given, slots)
        if (key := case.key("expected_response")) in case.raw:
            case.report(key, f"{key!r} is compared with nothing: 'mapping.outputs' compares 'expected'", on_key=True)
        self._bar_of_several(case)
        return slots

    def of_slot(self, case: Part, template: Check, value: Any, bar: float | None) -> Check:
        """Make the check of a slot as it is for one case, which expects ``value`` of it."""
        given = slot_expectation(value)
        if fault := self.methods.fault(template.method, given):
            path = ("expected", *(template.case_field or "").split("."))
            case.refuse("expected", Refused(f"cannot be checked: {fault}"), *path)
        return Check(
            method=template.method,
            name=template.name,
            passing_score=template.passing_score if bar is None else bar,
            weight=template.weight,
            expected_responses=given.responses,
            expected=given.expected,
            slot=template.slot,
            case_field=template.case_field,
        )

    def _bar_of_several(self, case: Part) -> float | None:
        """Refuse what belongs into one of several checks, and give the bar that the case sets for each of them."""
        slots = "the slots of 'mapping.outputs'; a further one into 'checks'"
        several = "the checks where a case has 'checks'" if "checks" in case.raw else slots
        for name in ("test_method", "not"):
            if (key := case.key(name)) in case.raw:
                case.report(key, f"{key!r} belongs into {several}", on_key=True)
        for key in case.rest:
            if self.methods.owners(key):
                case.report(key, f"{key!r} is an option of a method: write it in that method's check", on_key=True)
            else:
                self._unknown(case, key, None)
        bar = case.values.get("passing_score")
        if case.values.get("require") == "score":
            if bar is None and self.defaults.passing_score is None and "passing_score" not in case.refused:
                case.report("require", "'score' needs a passing_score: the bar for the checks' weighted mean")
            return None
        return bar if bar is None else float(bar)

    def _listed(self, case: Part, index: int, item: Any, given: Expectation, bar: float | None) -> Check | None:
        path = ("checks", index)
        if type(item) is not dict:
            case.refuse("checks", Refused(f"expected a check, such as {{method: contains}}, not {show(item)}"), *path)
            return None
        part = Part(item, CHECK, case.problems, path)
        if bar is not None and "passing_score" not in part.refused and "threshold" not in part.raw:
            part.values.setdefault("passing_score", bar)
        return self.make(part, "method", part.expectation(given))

    def make(self, part: Part, name: str, given: Expectation) -> Check | None:
        """Make the check that a mapping asks for, its method under the key ``name``; None where it is wrong."""
        method = self._method(part, name)
        if method is None:
            for key in part.rest:
                if not (key == "threshold" or self.methods.owners(key)):
                    self._unknown(part, key, None)
            return None
        before = len(part.problems)
        options = self._options(part, method)
        try:
            made = self.methods.make(method, options)
        except Refused as refused:
            part.refuse(name, refused)
            return None
        if given.known and len(part.problems) == before and (fault := self.methods.fault(made, given)):
            if given.expected is not None and not given.responses:
                fault += " ('expected' holds data here: for a text, write expected_response)"
            about = next((key for key in (part.key("expected_response"), "expected") if key in part.raw), None)
            part.report(about, f"cannot be checked: {fault}", on_key=True)
        values = part.values
        bar = values.get("passing_score", made.own_bar())
        if bar is None:
            bar = self.defaults.passing_score
        return Check(
            method=made,
            name=values.get("name", "") if part.table is CHECK else method.method,
            passing_score=method.default_passing_score if bar is None else bar,
            weight=values.get("weight", 1.0),
            negate=values.get("not", False),
            expected_responses=given.responses,
            expected=given.expected,
            when=values.get("when", ()),
        )

    def _method(self, part: Part, name: str) -> type[Method] | None:
        if name in part.refused:
            return None
        named = part.values.get(name)
        if named is None and self.defaults.test_method is None:
            return None
        try:
            return self.methods.find(named or self.defaults.test_method or DEFAULT_METHOD)
        except Refused as refused:
            if named is None:
                where = "" if part.table is CASE else " in this check"
                refused = Refused(f"no {name}{where}, and the default {refused}; or set defaults.test_method")
                part.refuse(name, refused)
            else:
                part.refuse(name, refused, part.key(name))
            return None

    def _options(self, part: Part, method: type[Method]) -> dict[str, Any]:
        """Give a method's options, the set's defaults among them; ``threshold`` is the bar unless it is an option."""
        defaults = self._default_options.get(method)
        if defaults is None:
            known = {key: value for key, value in self.defaults.options.items() if takes(method, key)}
            defaults = self._default_options[method] = known
        for key in self._claimed(part, method):
            part.rest[key] = part.raw[key]
            part.values.pop(part.table.by_key[key][0], None)
        if not part.rest:
            return defaults
        options = dict(defaults)
        for key, value in part.rest.items():
            if takes(method, key):
                options[key] = value
                if key == "threshold":
                    self._is_only_bar(part)
            elif key == "threshold":
                self._threshold(part, value)
            else:
                self._unknown(part, key, method)
        return options

    def _claimed(self, part: Part, method: type[Method]) -> list[str]:
        """Keys of the mapping that are another name of a field elsewhere, but an option of this method here."""
        aliases = self._aliases.get(method)
        if aliases is None:
            by_key = part.table.by_key
            aliases = self._aliases[method] = [key for key in by_key if by_key[key][0] != key and takes(method, key)]
        return [key for key in aliases if key in part.raw]

    def _threshold(self, part: Part, value: Any) -> None:
        if not self._is_only_bar(part):
            return
        try:
            part.values["passing_score"] = part.table.by_key["passing_score"][1](value)
        except Refused as refused:
            part.refuse("passing_score", refused, "threshold")

    def _is_only_bar(self, part: Part) -> bool:
        if "passing_score" in part.raw:
            part.report("threshold", "'threshold' and 'passing_score' mean the same: keep one", on_key=True)
            return False
        return True

    def _unknown(self, part: Part, key: str, method: type[Method] | None) -> None:
        part.report(key, unknown_key(key, part.table, method, self.methods), on_key=True)


def name_checks(case: Part, checks: list[Check | None], others: Collection[str] = ()) -> tuple[Check, ...]:
    """Give every check a name of its own: the one given, else its method's, with ``-2``, ``-3`` for further ones.

    ``others`` are the names of checks that the case does not list.
    """
    taken = {*others}
    for index, check in enumerate(checks):
        if check and check.name in taken:
            path = ("checks", index, "name")
            case.refuse("checks", Refused(f"the name {check.name!r} is given to two checks"), *path)
        if check and check.name:
            taken.add(check.name)
    for check in checks:
        if check and not check.name:
            name, count = check.method.method, 1
            while name in taken:
                count += 1
                name = f"{check.method.method}-{count}"
            check.name = name
            taken.add(name)
    return tuple(check for check in checks if check)


def unknown_key(key: str, table: Table, method: type[Method] | None, methods: Methods) -> str:
    """Say why a key cannot stand here, and what may have been meant."""
    if table is CASE and key in OF_THE_SET:
        return f"{key!r} belongs at the top of the test set: it holds for all its cases"
    if table is CASE and key in CHECK.fields:
        return f"unknown key {key!r}: it belongs in a check, under 'checks'"
    owners = methods.owners(key)
    if owners and method:
        return f"{key!r} is an option of {' and '.join(owners)}, not of {method.method}"
    options = list(method.model_fields) if method else []
    hint = did_you_mean(key, [*table.by_key, *options])
    near = "" if hint else nearest(key, methods.options())
    if near:
        return f"unknown key {key!r}; did you mean {near!r}, an option of {' and '.join(methods.owners(near))}?"
    return f"unknown key {key!r}{hint or listed([*table.fields, *options])}"
