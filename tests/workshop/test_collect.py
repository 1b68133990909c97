"""A class's progress from saved notebooks, also from broken, foreign and hostile ones."""

from __future__ import annotations

import csv
import json
import os

import pytest
from click.testing import CliRunner

import omninb as onb
from omninb.cli import main
from omninb.workshop import collect as room
from omninb.workshop.checking import CHECK_MIME
from omninb.workshop.collect import collect, progress_words, to_csv

NAMES = ["lesson1.touchpoints", "lesson1.by_hand", "lesson1.journeys"]


def told(exercise, state, tries=1, seat=7):
    return {"exercise": exercise, "state": state, "tries": tries, "seat": seat}


def notebook(*outputs, source=f'onb.check("{NAMES[0]}", touchpoints, seat=SEAT)'):
    bundles = [{"output_type": "execute_result", "data": {CHECK_MIME: one}} for one in outputs]
    cell = {"cell_type": "code", "source": source, "outputs": bundles, "metadata": {}}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def saved(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def test_a_row_for_each_notebook_and_seat_with_the_last_state_of_each_exercise(tmp_path):
    saved(tmp_path, "ann/lesson_1.ipynb", notebook(
        told(NAMES[0], "wrong", 2), told(NAMES[0], "right", 3), told(NAMES[1], "wrong", 2),
    ))  # fmt: skip
    saved(
        tmp_path,
        "bob.ipynb",
        notebook(told(NAMES[2], "unanswered", 0), told(NAMES[2], "right", 1, 8)),
    )
    saved(tmp_path, "new.ipynb", notebook(source=["onb.check(", f"'{NAMES[0]}', x)"]))
    saved(tmp_path, ".ipynb_checkpoints/ann.ipynb", notebook(told(NAMES[0], "right")))
    table, copies, skipped = collect(tmp_path)
    assert copies == skipped == []
    assert table["notebook"].tolist() == [
        "ann/lesson_1.ipynb",
        "bob.ipynb",
        "bob.ipynb",
        "new.ipynb",
    ]
    assert table["seat"].fillna(-1).tolist() == [7, 7, 8, -1]
    assert table["right"].tolist() == [1, 0, 1, 0] and set(table["of"]) == {8}
    assert table[NAMES].values.tolist() == [
        ["right", "wrong (2)", "not run"],
        ["not run", "not run", "unanswered"],
        ["not run", "not run", "right"],
        ["not run", "not run", "not run"],
    ]
    assert [name for name in table.columns[5:] if not name.startswith("lesson1.")] == []


def test_the_words_show_every_row_and_explain_their_marks(tmp_path):
    saved(tmp_path, "ann.ipynb", notebook(told(NAMES[0], "right"), told(NAMES[1], "wrong", 2)))
    words = progress_words(collect(tmp_path))
    assert "1 of 1" in words and "Lesson 1" in words and "1 of 8" in words and "✗ 2" in words
    assert "✓ right" in words and "– not run" in words


def test_an_answer_of_another_kind_is_wrong_without_a_try(tmp_path):
    saved(tmp_path, "ann.ipynb", notebook(told(NAMES[0], "wrong", 0)))
    words = progress_words(collect(tmp_path))
    assert "✗ 0" not in words and words.count("✗") == 2  # in its cell and where marks are explained


def test_a_folder_without_notebooks_is_said_to_be_empty(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    refused = CliRunner().invoke(main, ["workshop", "collect", str(tmp_path)])
    assert refused.exit_code != 0 and "there is no notebook in this folder" in refused.stderr
    saved(tmp_path, "broken.ipynb", "{")
    assert CliRunner().invoke(main, ["workshop", "collect", str(tmp_path)]).exit_code == 0


HOSTILE = {
    "empty.ipynb": ("", "broken"),
    "half.ipynb": ('{"cells": [', "broken"),
    "deep.ipynb": ("[" * 100_000, "broken"),
    "list.ipynb": ("[1, 2]", "broken"),
    "cells.ipynb": ('{"cells": {"a": 1}}', "broken"),
    "number.ipynb": ('{"cells": ' + "9" * 10_000 + "}", "broken"),
    "foreign.ipynb": ('{"cells": [{"cell_type": "code", "source": "1 + 1"}]}', "foreign"),
    "odd.ipynb": (json.dumps({"cells": [3, None, {"cell_type": "code", "source": {"a": 1},
                  "outputs": [None, 3, {"data": [1]}, {"data": {CHECK_MIME: 1}}]}]}), "foreign"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_broken_or_foreign_is_named_and_left_out(name, tmp_path):
    text, reason = HOSTILE[name]
    saved(tmp_path, name, text)
    saved(tmp_path, "good.ipynb", notebook(told(NAMES[0], "right")))
    table, _, skipped = collect(tmp_path)
    assert table["notebook"].tolist() == ["good.ipynb"]
    (said,) = skipped
    assert said.startswith(f"{name}: {reason}")


@pytest.mark.parametrize(
    "change",
    [{"exercise": "lesson1.<script>"}, {"exercise": ["a"]}, {"state": "RIGHT"}, {"state": {}},
     {"seat": "=cmd()"}, {"seat": 10_000}, {"seat": -1}, {"seat": True}, {"tries": 1e9},
     {"tries": None}],
)  # fmt: skip
def test_outputs_that_no_check_has_written_count_for_nothing(change, tmp_path):
    saved(tmp_path, "n.ipynb", notebook(told(NAMES[0], "right") | change))
    table, *_ = collect(tmp_path)
    assert table["right"].tolist() == [0] and table[NAMES[0]].tolist() == ["not run"]


def test_nothing_in_a_notebook_is_run(tmp_path):
    flag = tmp_path / "flag"
    source = f"open({str(flag)!r}, 'w')\nonb.check('{NAMES[0]}', __import__('os').abort())"
    saved(tmp_path, "n.ipynb", notebook(source=source))
    assert len(collect(tmp_path).table) == 1 and not flag.exists()


def test_code_too_deep_to_parse_is_no_matter(tmp_path):
    saved(tmp_path, "n.ipynb", notebook(source="(" * 200_000 + f"onb.check('{NAMES[0]}', 1)"))
    assert len(collect(tmp_path).table) == 1


def test_links_and_large_files_are_left_out(tmp_path, monkeypatch):
    saved(tmp_path, "elsewhere.txt", notebook(told(NAMES[0], "right")))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "elsewhere.txt")
    (tmp_path / "folder.ipynb").mkdir()
    saved(tmp_path, "large.ipynb", notebook(told(NAMES[0], "right")))
    monkeypatch.setattr(room, "LARGEST", 10)
    table, _, skipped = collect(tmp_path)
    assert len(table) == 0
    assert [reason.partition(": ")[2] for reason in skipped] == [
        "no file", "larger than 0 MB", "a link, not followed",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be there")
def test_names_command_neither_the_terminal_nor_a_spreadsheet(tmp_path):
    saved(tmp_path, "=cmd()\x1b[2J.ipynb", notebook(told(NAMES[0], "right")))
    saved(tmp_path, "\x1b]0;x.ipynb", "")
    progress = collect(tmp_path)
    assert "\x1b" not in progress_words(progress)
    to_csv(progress, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["notebook"] == "'=cmd()\ufffd[2J.ipynb" and row["seat"] == "7"


def test_a_mark_of_the_encoding_or_a_name_in_capitals_does_not_matter(tmp_path):
    text = json.dumps(notebook(told(NAMES[0], "right")))
    (tmp_path / "lesson_1 (copy).IPYNB").write_text(text, encoding="utf-8-sig")
    table, _, skipped = collect(tmp_path)
    assert table["right"].tolist() == [1] and skipped == []


COPIES = ["lesson_1-Copy1.ipynb", "lesson_1 (2).ipynb", "lesson_1 - Copy (3).IPYNB",
          "lesson_1 copy 2.ipynb", "lesson_1 (another copy).ipynb", "lesson_1-Kopie.ipynb",
          "lesson_1_copy.ipynb", "lesson_1 (3rd copy).ipynb",
          "lesson_1-Copy1-Copy2.ipynb"]  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_counts_with_its_notebook_each_exercise_as_where_it_is_furthest(name, tmp_path):
    saved(tmp_path, "a/lesson_1.ipynb", notebook(
        told(NAMES[0], "right", 3), told(NAMES[1], "wrong", 2), told(NAMES[2], "unanswered", 0),
    ))  # fmt: skip
    saved(tmp_path, f"a/{name}", notebook(
        told(NAMES[0], "wrong", 1), told(NAMES[1], "wrong", 4), told(NAMES[2], "right"),
    ))  # fmt: skip
    progress = collect(tmp_path)
    (row,) = progress.table.to_dict("records")
    assert (row["notebook"], row["seat"], row["right"]) == ("a/lesson_1.ipynb", 7, 2)
    assert [row[one] for one in NAMES] == ["right", "wrong (4)", "right"]
    assert progress.copies == [f"a/{name}: with a/lesson_1.ipynb"]
    assert f"a/{name}: with a/lesson_1.ipynb" in progress_words(progress)


def test_copies_of_another_seat_folder_or_name_are_rows_of_their_own(tmp_path):
    saved(tmp_path, "lesson_1.ipynb", notebook(told(NAMES[0], "right")))
    saved(tmp_path, "lesson_1 (1).ipynb", notebook(told(NAMES[0], "right", seat=8)))
    saved(tmp_path, "ann/lesson_1 (1).ipynb", notebook(told(NAMES[0], "right")))
    saved(tmp_path, "lesson_1_ann.ipynb", notebook(told(NAMES[0], "right")))
    saved(tmp_path, "lesson_2 copy 1.ipynb", notebook(told("lesson2.handoffs", "right")))
    table, copies, _ = collect(tmp_path)
    assert copies == []
    assert sorted(zip(table["notebook"], table["seat"], strict=True)) == [
        ("ann/lesson_1 (1).ipynb", 7), ("lesson_1 (1).ipynb", 8), ("lesson_1.ipynb", 7),
        ("lesson_1_ann.ipynb", 7), ("lesson_2 copy 1.ipynb", 7),
    ]  # fmt: skip


def test_a_copy_in_which_nothing_was_run_adds_nothing(tmp_path):
    saved(tmp_path, "lesson_1.ipynb", notebook())
    saved(tmp_path, "lesson_1-Copy1.ipynb", notebook(told(NAMES[0], "right")))
    table, copies, _ = collect(tmp_path)
    assert table["notebook"].tolist() == ["lesson_1-Copy1.ipynb"]
    assert copies == ["lesson_1.ipynb: with lesson_1-Copy1.ipynb"]
    (tmp_path / "lesson_1-Copy1.ipynb").unlink()
    assert collect(tmp_path).table["seat"].isna().tolist() == [True]


def test_the_words_end_each_lesson_with_how_many_have_each_exercise_right(tmp_path):
    for seat, states in enumerate([("right", "right"), ("right", "wrong"), ("wrong", "wrong")]):
        pairs = zip(NAMES, states, strict=False)
        saved(tmp_path, f"{seat}.ipynb", notebook(*(told(*pair, seat=seat) for pair in pairs)))
    (total,) = [line for line in progress_words(collect(tmp_path)).splitlines() if "of 3" in line]
    assert total.split()[:7] == ["right", "2", "of", "3", "1", "of", "3"]


def test_the_command_prints_and_writes(tmp_path):
    saved(tmp_path, "in/ann.ipynb", notebook(told(NAMES[0], "right")))
    saved(tmp_path, "in/bad.ipynb", "{")
    out = tmp_path / "progress.csv"
    done = CliRunner().invoke(
        main, ["workshop", "collect", str(tmp_path / "in"), "--csv", str(out)]
    )
    assert done.exit_code == 0 and "1 of 8" in done.stdout and "bad.ipynb: broken" in done.stdout
    assert out.read_text("utf-8").startswith("notebook,seat,lesson,right,of,lesson1.touchpoints")
    nowhere = ["workshop", "collect", str(tmp_path / "in"), "--csv", str(tmp_path / "no" / "x.csv")]
    assert CliRunner().invoke(main, nowhere).exit_code == 1
    missing = CliRunner().invoke(main, ["workshop", "collect", str(tmp_path / "none")])
    assert missing.exit_code == 1 and "no such folder" in missing.stderr


def test_a_folder_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(onb.OmninbError, match="no such folder"):
        collect(tmp_path / "none")
