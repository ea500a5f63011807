"""A test set's file opened for editing."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final, Protocol

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.methods._registry import MethodRegistry, get_method
from pytest_evalsuite.testsets.attachments import FileRules
from pytest_evalsuite.testsets.defaults import Defaults
from pytest_evalsuite.testsets.editing.changes import Place, changed
from pytest_evalsuite.testsets.editing.csv_cases import CsvCasesText
from pytest_evalsuite.testsets.editing.disk import DiskText, save
from pytest_evalsuite.testsets.editing.jsonl_cases import JsonlCasesText
from pytest_evalsuite.testsets.editing.yaml_cases import YamlCasesText
from pytest_evalsuite.testsets.fields import SET
from pytest_evalsuite.testsets.load import FILE_RULES, NO_DEFAULTS, load_test_set
from pytest_evalsuite.testsets.locate import Locator
from pytest_evalsuite.testsets.model import Case, TestSet
from pytest_evalsuite.testsets.options import MethodLookup, Methods
from pytest_evalsuite.testsets.source import read_text
from pytest_evalsuite.testsets.values import did_you_mean, listed

__all__ = ["TestSetFile", "cases_in_file", "open_test_set", "text_diff"]

CONTEXT: Final = 3
HUNK: Final = re.compile(r"\A@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@")


class CasesText(Protocol):
    """The text that cases are in; every method gives it with one change. A case is meant by its index in the file."""

    text: str

    @property
    def lists_conversations(self) -> bool:
        """Whether turns stand in the conversations that they are of."""

    def raw(self, index: int) -> Any:
        """Give a case as it stands in the file."""

    def update(self, cases: Mapping[int, Mapping[str, Any]]) -> str:
        """Make cases other ones."""

    def add(self, cases: Sequence[Mapping[str, Any]], place: Place | None, conversation: str | None = None) -> str:
        """Put cases at a place."""

    def remove(self, indices: Sequence[int]) -> str:
        """Take cases out."""

    def move(self, index: int, to: int) -> str:
        """Put a case where another one stands."""

    def settings(self, new: Mapping[str, Any]) -> str:
        """Make the mapping at the top another one."""


def open_test_set(
    path: str | os.PathLike[str],
    *,
    defaults: Defaults = NO_DEFAULTS,
    methods: MethodLookup | MethodRegistry = get_method,
    files: FileRules = FILE_RULES,
) -> TestSetFile:
    """Open a YAML, CSV or JSONL test set for editing; the arguments are those of `load_test_set`.

    Raises TestSetError with all mistakes of a file that cannot be used.
    """
    return TestSetFile(path, defaults, methods, files)


class TestSetFile:
    """A test set's text, changed case by case, and written by `save` only.

    Comments, order, quotes, line breaks and all else stay as they are but where a change is made. Each change is
    checked at once: one that would make the test set wrong raises TestSetError with all mistakes (lines and columns
    are those of the text as it would be), one that cannot be made EditError, and both leave everything as it was. No
    change alters the id of another case.
    """

    __test__ = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        defaults: Defaults,
        methods: MethodLookup | MethodRegistry,
        files: FileRules,
    ) -> None:
        self.path = Path(path)
        self._defaults, self._methods, self._rules = defaults, methods, files
        shown = os.fspath(path)
        head = DiskText(self.path, shown)
        self._files = {self.path: head}
        self._texts = {self.path: head.text}
        self._cases_path = self.path
        self.test_set: TestSet = self._loaded(self._texts)
        self._extra = False
        if self.test_set.cases_path is not None:
            settings = YamlCasesText(head.text).data
            self._extra = "extra_columns" in settings
            self._cases_path = self.path.parent / str(settings["cases_from"])
            name = (PurePath(shown).parent / str(settings["cases_from"])).as_posix()
            self._files[self._cases_path] = DiskText(self._cases_path, name)
            self._texts[self._cases_path] = self._files[self._cases_path].text
            self.test_set = self._loaded(self._texts)  # of the text that was read, whoever writes meanwhile
        self.cases: list[str] = in_file_order(self.test_set)
        self._in_file: list[Case] | None = None
        self._at = {identity: at for at, identity in enumerate(self.cases)}
        self._editor = self._editor_of(self._texts)

    @property
    def text(self) -> str:
        """The text that the cases are in, as it would be saved."""
        return self._texts[self._cases_path]

    @property
    def settings_text(self) -> str:
        """The text of the test set's own file, as it would be saved."""
        return self._texts[self.path]

    @property
    def lists_conversations(self) -> bool:
        """Whether turns stand in the conversations that they are of."""
        return self._editor.lists_conversations

    @property
    def cases_path(self) -> Path:
        """The file that the cases are in: the test set's own, or that of ``cases_from``."""
        return self._cases_path

    @property
    def is_changed(self) -> bool:
        """Whether there is something to be saved."""
        return any(self._texts[path] != file.text for path, file in self._files.items())

    def case(self, case_id: str) -> Case:
        """Give a case as it is now. Raises EditError for an unknown id."""
        index = self._index(case_id)
        if self._in_file is None:
            self._in_file = cases_in_file(self.test_set)
        return self._in_file[index]

    def fields(self, case_id: str) -> dict[str, Any]:
        """Give a case's fields as they stand in the file. Raises EditError for an unknown id."""
        return dict(self._editor.raw(self._index(case_id)))

    def diff(self) -> str:
        """Give what `save` would change, as a unified diff; empty where it is nothing."""
        return "".join(text_diff(file.text, self._texts[path], file.shown) for path, file in self._files.items())

    def add_case(
        self,
        fields: Mapping[str, Any],
        *,
        before: str | None = None,
        after: str | None = None,
        at: int | None = None,
        conversation: str | None = None,
    ) -> str:
        """Add a case, behind the last one unless its place is said, and give its id.

        ``fields`` are those of a case in YAML; ``inputs.<name>`` is one of the inputs. ``before`` and ``after`` are
        ids, ``at`` an index among `cases`. A turn of a listed conversation is put behind its last turn; a conversation
        that is not there is added.
        """
        return self.add_cases([fields], before=before, after=after, at=at, conversation=conversation)[0]

    def add_cases(
        self,
        cases: Sequence[Mapping[str, Any]],
        *,
        before: str | None = None,
        after: str | None = None,
        at: int | None = None,
        conversation: str | None = None,
    ) -> list[str]:
        """Add several cases at one place, as `add_case` does one, and give their ids."""
        if not cases:
            return []
        made = [changed({}, fields) for fields in cases]
        place = self._place(before=before, after=after, at=at)
        if self._editor.lists_conversations:
            named = {str(fields.pop("conversation")) for fields in made if "conversation" in fields}
            named |= {conversation} if conversation is not None else set()
            if len(named) > 1:
                raise EditError(f"several conversations are named: {', '.join(sorted(named))}")
            conversation = next(iter(named), None)
        elif conversation is not None:
            made = [{"conversation": conversation, **fields} for fields in made]
        text = self._editor.add(made, place, conversation)
        found = self._checked({self._cases_path: text})
        ids = in_file_order(found)
        start = self._start(place, conversation)
        if [*ids[:start], *ids[start + len(made) :]] != self.cases:
            left = [*ids[:start], *ids[start + len(made) :]]
            self._refuse_other_ids([was for was, now in zip(self.cases, left, strict=True) if was != now])
        self._accept({self._cases_path: text}, found, ids)
        return ids[start : start + len(made)]

    def update_case(self, case_id: str, changes: Mapping[str, Any]) -> str:
        """Change fields of a case, and give its id. None takes a field away; ``inputs.<name>`` is one of the inputs.

        A new ``id`` renames the case. Where it has none, a change of what is asked changes the derived one.
        """
        return self.update_cases({case_id: changes})[0]

    def update_cases(self, changes: Mapping[str, Mapping[str, Any]], *, whole: bool = False) -> list[str]:
        """Change fields of several cases by id, all of them or none, and give their ids.

        With ``whole`` the fields are all that the cases have from now on.
        """
        new: dict[int, dict[str, Any]] = {}
        for case_id, fields in changes.items():
            index = self._index(case_id)
            new[index] = changed({} if whole else self._editor.raw(index), fields)
        text = self._editor.update(new)
        found = self._checked({self._cases_path: text})
        ids = in_file_order(found)
        self._keep_ids({at: at for at in range(len(ids)) if at not in new}, ids)
        self._accept({self._cases_path: text}, found, ids)
        return [ids[index] for index in new]

    def remove_case(self, case_id: str) -> None:
        """Take a case out, with the comments directly above it. Raises EditError for the last one."""
        self.remove_cases([case_id])

    def remove_cases(self, case_ids: Sequence[str]) -> None:
        """Take several cases out, all of them or none."""
        gone = sorted({self._index(case_id) for case_id in case_ids})
        text = self._editor.remove(gone)
        found = self._checked({self._cases_path: text})
        ids = in_file_order(found)
        left = [at for at in range(len(self.cases)) if at not in gone]
        self._keep_ids(dict(enumerate(left)), ids)
        self._accept({self._cases_path: text}, found, ids)

    def move_case(
        self, case_id: str, *, before: str | None = None, after: str | None = None, to: int | None = None
    ) -> None:
        """Move a case before or behind another one, or to an index among `cases`."""
        index = self._index(case_id)
        place = self._place(before=before, after=after, at=to)
        if to is not None:
            target = min(to, len(self.cases) - 1)
        elif place is None:
            raise EditError("say where to: before, after or to")
        else:
            target = place.index + place.behind
            target -= target > index
        text = self._editor.move(index, target)
        found = self._checked({self._cases_path: text})
        ids = in_file_order(found)
        order = [*range(len(ids))]
        order.insert(target, order.pop(index))
        self._keep_ids(dict(enumerate(order)), ids)
        self._accept({self._cases_path: text}, found, ids)

    def update_settings(self, changes: Mapping[str, Any]) -> None:
        """Change what the test set says of itself (name, tags, defaults, gate, ...); None takes a key away."""
        for key in changes:
            if key not in SET.by_key or key in {"cases", "conversations", "cases_from"}:
                known = [name for name in SET.by_key if not name.startswith(("cases", "conv"))]
                raise EditError(f"{key!r} is no setting{did_you_mean(key, known) or listed(known)}")
        editor = self._editor if self._cases_path == self.path else YamlCasesText(self._texts[self.path])
        if not isinstance(editor, YamlCasesText):
            editor.settings({})
            return
        text = editor.settings(changed(editor.data, changes, SET))
        found = self._checked({self.path: text})
        ids = in_file_order(found)
        self._keep_ids({at: at for at in range(len(ids))}, ids)
        self._accept({self.path: text}, found, ids)

    def save(self) -> None:
        """Write what has changed, whole or not at all, with the file's permissions.

        Raises EditError where that cannot be done, or where the file was changed since it was opened.
        """
        new = {file: self._texts[path] for path, file in self._files.items() if self._texts[path] != file.text}
        if new:
            save(new)
            for file, text in new.items():
                file.accept(text)

    def _place(self, *, before: str | None, after: str | None, at: int | None) -> Place | None:
        if sum(where is not None for where in (before, after, at)) > 1:
            raise EditError("before, after and a number each say where: keep one")
        if before is not None:
            return Place(self._index(before))
        if after is not None:
            return Place(self._index(after), behind=True)
        if at is None:
            return None
        if not 0 <= at <= len(self.cases):
            raise EditError(f"there is no place {at}: expected a number from 0 to {len(self.cases)}")
        return Place(at) if at < len(self.cases) else Place(at - 1, behind=True)

    def _start(self, place: Place | None, conversation: str | None) -> int:
        """Give the index at which new cases are found."""
        if place is not None:
            return place.index + place.behind
        if not self.lists_conversations:
            return len(self.cases)
        turns = [at for at, case in enumerate(self.cases) if self._conversation(case) == conversation]
        return turns[-1] + 1 if turns else len(self.cases)

    def _conversation(self, case_id: str) -> str | None:
        conversation = self.case(case_id).conversation
        return None if conversation is None else conversation.id

    def _index(self, case_id: str) -> int:
        try:
            return self._at[case_id]
        except KeyError:
            near = did_you_mean(case_id, self.cases)
            raise EditError(f"{self._files[self.path].shown} has no case {case_id!r}{near}") from None

    def _checked(self, new: Mapping[Path, str]) -> TestSet:
        return self._loaded({**self._texts, **new})

    def _loaded(self, texts: Mapping[Path, str]) -> TestSet:
        def read(path: Path, shown: str) -> str:
            found = texts.get(path)
            return read_text(path, shown) if found is None else found

        return load_test_set(
            self.path,
            display_path=self._files[self.path].shown,
            defaults=self._defaults,
            methods=self._methods,
            files=self._rules,
            read=read,
        )

    def _editor_of(self, texts: Mapping[Path, str]) -> CasesText:
        text, suffix = texts[self._cases_path], self._cases_path.suffix.lower()
        if suffix == ".csv":
            return CsvCasesText(text, Methods(self._methods), extra=self._extra)
        return JsonlCasesText(text, Methods(self._methods)) if suffix == ".jsonl" else YamlCasesText(text)

    def _keep_ids(self, old: Mapping[int, int], ids: Sequence[str]) -> None:
        """Refuse a change that gives other cases other ids; ``old`` maps new indices to earlier ones."""
        self._refuse_other_ids([self.cases[was] for at, was in old.items() if ids[at] != self.cases[was]])

    def _refuse_other_ids(self, lost: Sequence[str]) -> None:
        if lost:
            raise EditError(
                f"this would change the id of {lost[0]!r}, which is derived from what stands before it: give it, and "
                "its conversation, an id first"
            )

    def _accept(self, new: Mapping[Path, str], found: TestSet, ids: list[str]) -> None:
        self._texts.update(new)
        self.test_set, self.cases, self._in_file = found, ids, None
        self._at = {identity: at for at, identity in enumerate(ids)}
        self._editor = self._editor_of(self._texts)


def cases_in_file(test_set: TestSet) -> list[Case]:
    """Give the cases of a test set that was loaded as they stand in the file."""
    locate = test_set.locate
    return sorted(test_set.cases, key=locate.index) if isinstance(locate, Locator) else [*test_set.cases]


def in_file_order(test_set: TestSet) -> list[str]:
    """Give the ids of all cases, as they stand in the file."""
    return [case.id for case in cases_in_file(test_set)]


def text_diff(old: str, new: str, shown: str) -> str:
    """Give the difference of two texts of a file, as a unified diff; of equal ones none."""
    before, after = _lines(old), _lines(new)
    start = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(before))
    start = max(min(start, len(after)) - CONTEXT, 0)  # difflib takes its time over what is equal
    end = 0
    while end < min(len(before), len(after)) - start - CONTEXT and before[-1 - end] == after[-1 - end]:
        end += 1
    end = max(end - CONTEXT, 0)
    named = "/dev/null" if not old else shown
    found = difflib.unified_diff(
        before[start : len(before) - end], after[start : len(after) - end], fromfile=named, tofile=shown, n=CONTEXT
    )
    lines = (
        HUNK.sub(lambda hunk: f"@@ -{int(hunk[1]) + start}{hunk[2]} +{int(hunk[3]) + start}{hunk[4]} @@", line)
        for line in found
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    *whole, last = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]
