"""What the lessons and the teacher's guide point to is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

from omninb.workshop.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = ROOT / "notebooks" / "workshop"
LESSONS = sorted(WORKSHOP.rglob("lesson_*.ipynb"))
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")


def prose(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_links_of_a_lesson_lead_to_files_and_terms(path):
    links = re.findall(r"\]\(([^)]+)\)", prose(path))
    assert any("GLOSSARY.md#" in link for link in links)
    for link in links:
        file, _, term = link.partition("#")
        assert (path.parent / file).is_file(), link
        assert not term or f'<a id="{term}"></a>' in GLOSSARY, link


# Words of the glossary in another sense; code; headings; and other links' addresses.
NO_TERM = re.compile(
    r"open when you are stuck|open question|customers got lost|not lost journeys|`[^`]*`|^#.*$"
    r"|\]\((?!\S*GLOSSARY)[^)]*\)|next to each other",
    re.M,
)
LINK = re.compile(r"\[([^\]]+)\]\([^)]*GLOSSARY\.md#([^)]+)\)")


def anchored():
    """Each term of the glossary that can be linked to, as it is written, with its anchor."""
    rows = re.findall(r'^\| <a id="([^"]+)"></a>([^|`]+) \|', GLOSSARY, re.M)
    return {name.strip(): anchor for anchor, names in rows for name in names.split(",")}


def not_linked_first(text):
    """Terms whose first use in a text is no link to them: place, term and anchor."""
    terms = anchored()
    text = NO_TERM.sub(lambda found: " " * len(found[0]), text)
    spans = {}
    for link in LINK.finditer(text):
        spans[link.start(1), link.end(1)] = link[2]
    text = LINK.sub(lambda found: f"[{found[1]}]" + " " * (len(found[0]) - len(found[1]) - 2), text)
    longest_first = sorted(terms, key=len, reverse=True)
    words = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})s?(?![\w-])", re.I)
    seen, missing = set(), []
    for use in words.finditer(text):
        term = next(one for one in terms if one.lower() == use[1].lower())
        if term == "START" and use[1] != "START":
            continue
        if (anchor := terms[term]) in seen:
            continue
        seen.add(anchor)
        inside = [to for (a, b), to in spans.items() if a <= use.start() and use.end() <= b]
        if inside not in ([anchor], [f"{anchor}-attempt"]):  # open, of an attempt
            missing.append((use.start(), use[0], anchor))
    return missing


def test_the_first_use_of_a_term_is_found_with_and_without_its_link():
    link = "[touchpoint](../GLOSSARY.md#touchpoint)"
    assert not_linked_first(f"# A touchpoint\n`touchpoint` {link}, then touchpoints.") == []
    (missing,) = not_linked_first(f"Two touchpoints. A {link}.")
    assert missing == (4, "touchpoints", "touchpoint")
    (missing,) = not_linked_first("A [touchpoint](../GLOSSARY.md#journey).")
    assert missing[2] == "touchpoint"
    assert not_linked_first("A [funnel step](../GLOSSARY.md#funnel-step)") == []
    assert len(anchored()) > 30


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_term_is_linked_where_it_is_first_used(path):
    assert not_linked_first(prose(path)) == []


COLOURS = re.compile(
    r"\b(red|green|blue|orange|yellow|purple|teal|pink|brown|violet|magenta|cyan|turquoise|golden"
    r"|(in|by) colou?r|colou?red|(dark|light|pale|bright)(er|est)?"
    r" (ring|cell|bar|line|ribbon|circle|shade|band|arc|area|part|one)s?)\b",
    re.I,
)


def test_words_of_colour_are_known():
    for words in ("the pink bars", "Purple cells", "The dark ring around", "the lighter cells"):
        assert COLOURS.search(words)
    assert not COLOURS.search("the dotted lines and the shaded band, compared with each other")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_in_a_lesson_is_said_by_colour_alone(path):
    assert COLOURS.search(prose(path)) is None


def test_the_guide_tells_the_solution_of_every_exercise():
    guide = (WORKSHOP / "TEACHING.md").read_text(encoding="utf-8")
    assert [name for name in EXERCISES if name not in guide] == []


def test_the_keys_of_the_quizzes_differ_from_lesson_to_lesson():
    keys = [
        "".join(EXERCISES[f"lesson{lesson}.quiz_{n}"].solve(None) for n in (1, 2, 3))
        for lesson in range(1, 6)
    ]
    assert len(set(keys)) == 5 and {key[0] for key in keys} == set("abc")


@pytest.mark.parametrize("lesson", [3, 4])
def test_every_funnel_that_gives_a_rate_counts_first_attempts_and_the_lesson_says_so(lesson):
    (path,) = (WORKSHOP / "masters").glob(f"lesson_{lesson}_*.ipynb")
    assert "one attempt a customer, chosen before its outcome" in prose(path).partition("##")[2]
    code = "\n".join(
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    )
    calls = [
        call
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "onb.funnel_table"
    ]
    assert len(calls) >= 2
    for call in calls:
        said = {word.arg: ast.unparse(word.value) for word in call.keywords}.get("attempt")
        if ast.unparse(call.args[1]) == "talk":  # counts customers; no rate
            assert said is None
        else:
            assert said in ("'first'", "attempt")  # the latter runs over both, to compare them
