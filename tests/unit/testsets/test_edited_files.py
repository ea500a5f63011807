"""How an edited test set reaches the disk, and conversations."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite import load_test_set, open_test_set
from pytest_evalsuite.errors import EditError, TestSetError

Write = Callable[..., Path]
SET = "cases:\n- {id: a, question: q, expected_response: x, test_method: contains}\n"
CONVERSATIONS = """\
conversations:
  # about mugs
  - id: refund
    turns:
      - {id: ask, question: I want to return a mug., expected_response: Which, test_method: contains}
      - {id: order, question: "4711", expected_response: done, test_method: contains}  # done
  - turns:
      - {question: Open?, expected_response: "Yes", test_method: contains}
"""
TURN = {"id": "more", "question": "And now?", "expected_response": "x", "test_method": "contains"}


def test_permissions_and_links_are_kept(write: Write, tmp_path: Path) -> None:
    path = write(SET)
    path.chmod(0o640)
    link = tmp_path / "link.eval.yaml"
    link.symlink_to(path.name)
    file = open_test_set(link)
    file.update_case("a", {"question": "r"})
    file.save()
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text() == SET.replace("question: q", "question: r")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.eval.yaml", "t.eval.yaml"]


def test_a_read_only_file_is_not_written(write: Write) -> None:
    path = write(SET)
    path.chmod(0o444)
    file = open_test_set(path)
    file.update_case("a", {"question": "r"})
    with pytest.raises(EditError, match="it is read-only"):
        file.save()
    assert path.read_text() == SET


def test_what_others_wrote_meanwhile_is_not_lost(write: Write) -> None:
    path = write(SET)
    first, second = open_test_set(path), open_test_set(path)
    first.update_case("a", {"question": "first"})
    second.update_case("a", {"expected_response": "second"})
    first.save()
    with pytest.raises(EditError, match="was changed since it was opened: nothing was written; open it again"):
        second.save()
    assert load_test_set(path).cases[0].question == "first"
    first.update_case("a", {"question": "once more"})
    first.save()
    path.unlink()
    first.update_case("a", {"question": "gone"})
    with pytest.raises(EditError, match=r"t\.eval\.yaml"):
        first.save()
    assert not path.exists()


def test_of_many_editors_at_once_each_wins_or_is_told(write: Write, tmp_path: Path) -> None:
    path = write(SET)
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def edit(number: int) -> None:
        for attempt in range(50):
            file = open_test_set(path)
            file.add_case({**TURN, "id": f"n{number}", "question": f"q{number}"})
            if not attempt:
                barrier.wait(30)
            try:
                file.save()
            except EditError:
                outcomes.append("told")
                continue
            outcomes.append("saved")
            return

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count("saved") == 8
    assert {case.id for case in load_test_set(path).cases} == {"a", *(f"n{number}" for number in range(8))}
    assert [each.name for each in tmp_path.iterdir()] == ["t.eval.yaml"]


LIMITED = """
import resource, sys
from pytest_evalsuite import open_test_set
from pytest_evalsuite.errors import EditError
file = open_test_set(sys.argv[1])
file.update_case("a", {"rationale": "long " * 4000})
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))  # what a full disk is to whoever writes
try:
    file.save()
except EditError as error:
    print(error)
finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
"""


def test_a_full_disk_leaves_the_file_as_it_was(write: Write, tmp_path: Path) -> None:
    path = write(SET)
    done = subprocess.run(
        [sys.executable, "-B", "-c", LIMITED, str(path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == (f"cannot write {path}: File too large\n", "")
    assert path.read_text() == SET
    assert [each.name for each in tmp_path.iterdir()] == ["t.eval.yaml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cases:\n\t- {id: a}\n", "not YAML"),
        (SET + "---\nmore: 1\n", "a second document begins here"),
        (SET + "cases: []\n", "the key 'cases' is given twice"),
        ("cases:\n- &a {id: a, question: q, metadata: *a}\n", "stands inside what it stands for"),
        ("a: " + "[" * 2000, "nested deeper than 100 levels"),
        ("", "the file is empty"),
        (b"\xff\xfec\x00", "the file is UTF-16"),
    ],
)
def test_a_file_with_mistakes_is_not_opened(write: Write, text: str | bytes, message: str) -> None:
    with pytest.raises(TestSetError, match=message):
        open_test_set(write(text))


def test_a_folder_a_device_and_nothing_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.eval.yaml").mkdir()
    os.mkfifo(tmp_path / "b.eval.yaml")
    for name, message in (("a", "it is a folder"), ("b", "no regular file"), ("c", "No such file")):
        with pytest.raises(TestSetError, match=message):
            open_test_set(tmp_path / f"{name}.eval.yaml")


def changed(file: Any) -> list[str]:
    return [line for line in file.diff().splitlines()[2:] if line[:1] in "+-"]


def test_turns_are_edited_where_they_stand(write: Write) -> None:
    file = open_test_set(write(CONVERSATIONS))
    first, order, alone = file.cases
    assert (first, order) == ("refund/ask", "refund/order")
    assert file.update_case(order, {"id": "number", "question": "4712"}) == "refund/number"
    assert file.add_case(TURN, conversation="refund") == "refund/more"
    assert file.add_case({**TURN, "id": "why"}, after="refund/ask") == "refund/why"
    assert file.add_case(TURN, conversation="new") == "new/more"
    file.move_case("refund/more", before="refund/ask")
    assert file.cases == ["refund/more", "refund/ask", "refund/why", "refund/number", alone, "new/more"]
    assert [case.turn for case in file.test_set.cases] == [1, 2, 3, 4, 1, 1]
    assert "test_method: contains}  # done\n" in file.text
    file.remove_cases(["refund/more", "refund/ask", "refund/why", "refund/number"])
    assert file.cases == [alone, "new/more"]
    assert "about mugs" not in file.text


def test_a_turn_has_a_conversation_and_stays_in_it(write: Write) -> None:
    file = open_test_set(write(CONVERSATIONS))
    with pytest.raises(EditError, match="say which conversation it is a turn of"):
        file.add_case(TURN)
    with pytest.raises(EditError, match="several conversations are named: a, b"):
        file.add_case({**TURN, "conversation": "a"}, conversation="b")
    with pytest.raises(EditError, match="cannot be moved into another conversation"):
        file.move_case("refund/ask", to=2)
    assert changed(file) == []


def test_no_edit_changes_the_id_of_another_case(write: Write) -> None:
    rest = "expected_response: x, test_method: contains"
    turns = "".join(f"  - {{question: {word}, {rest}}}\n" for word in ("one", "two", "two"))
    file = open_test_set(write(f"conversations:\n- turns:\n{turns}"))
    one, two, again = file.cases
    assert again == f"{two}-2"
    acts: list[Callable[[], Any]] = [
        lambda: file.remove_case(one),
        lambda: file.remove_case(two),
        lambda: file.move_case(again, before=two),
        lambda: file.add_case({"question": "two", "expected_response": "y", "test_method": "contains"}, before=two),
        lambda: file.update_case(one, {"question": "other"}),
    ]
    for act in acts:
        with pytest.raises(EditError, match="this would change the id of "):
            act()
    assert changed(file) == []
    file.remove_case(again)
    assert file.cases == [one, two]


def test_rows_name_their_conversation(write: Write) -> None:
    path = write("conversation,id,question,expected_response,test_method\nc,a,q,x,contains\n", "t.eval.csv")
    file = open_test_set(path)
    assert file.add_case(TURN, conversation="d") == "d/more"
    assert file.text.splitlines()[2:] == ["d,more,And now?,x,contains"]
