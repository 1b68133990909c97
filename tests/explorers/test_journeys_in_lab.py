"""The journey explorer in JupyterLab: each control and each click gives what its code gives."""

from __future__ import annotations

from typing import Any

from tests.explorers.conftest import kernel
from tests.explorers.reading import (
    SHEET,
    assert_quiet,
    change,
    click_on,
    marks,
    marks_in,
    rested,
    shown_in,
    twin,
    words,
    words_in,
)

CELLS = [
    "import omninb as onb",
    "journeys = onb.sample().journeys(split_gap='30d', end_at='purchase')",
    "explorer = onb.explore_journeys(journeys)\nexplorer",
]
LOOKED = """(name) => [...document.querySelectorAll("select")].some(
    (list) => list.labels[0]?.textContent === "Look at" && list.value === name)"""


def assert_twin(page: Any, explorer: str) -> list[str]:
    """The page shows what the code says; returns its texts."""
    figure = twin(kernel(page, f"{explorer}.code"))
    assert marks_in(page) == marks(figure)
    assert words_in(page) == words(figure)
    return words_in(page)


def test_every_control_shows_what_its_code_gives(open_notebook: Any) -> None:
    seen, explorer = shown_in(open_notebook, "01_journey_map", "explore_journeys")
    page = seen.page
    texts = [assert_twin(page, explorer)]

    def then(act: Any) -> None:
        change(page, act)
        texts.append(assert_twin(page, explorer))
        assert texts[-1] != texts[-2]

    chosen = page.get_by_label
    then(lambda: chosen("Smallest flow").fill("400") or chosen("Smallest flow").press("Tab"))
    then(lambda: chosen("Collapse repeats").check())
    then(lambda: chosen("Touching channel").select_option("store"))
    then(lambda: chosen("Began from").fill("2025-03-01") or chosen("Began from").press("Tab"))
    then(lambda: chosen("Began before").fill("2025-11-01") or chosen("Began before").press("Tab"))
    chosen("Segment by").select_option("segment")
    rested(page)
    then(lambda: chosen("Segment", exact=True).select_option("club"))
    then(lambda: chosen("By", exact=True).select_option("event"))
    then(lambda: chosen("By", exact=True).select_option("channel"))
    for tab in ("Sankey", "Steps", "Compare"):
        then(lambda tab=tab: page.get_by_role("button", name=tab, exact=True).click())
    then(lambda: chosen("Compare by").select_option("device"))
    then(lambda: chosen("First").select_option("tablet"))
    then(lambda: chosen("Second").select_option("desktop"))
    then(lambda: chosen("Compare by").select_option("period"))
    middle = page.get_by_role("textbox", name="Before and from")
    then(lambda: middle.fill("2025-05-01") or middle.press("Tab"))
    then(lambda: page.get_by_role("button", name="Map", exact=True).click())
    assert_quiet(seen)


def test_a_click_shows_a_node_or_a_move(open_notebook: Any) -> None:
    seen, explorer = shown_in(open_notebook, "01_journey_map", "explore_journeys")
    page = seen.page
    click_on(page, "places", "e-mail")
    page.wait_for_function(LOOKED, arg="e-mail")
    page.wait_for_function(f'document.querySelectorAll("{SHEET}").length === 3')
    rested(page, 1_500)
    for number, name in ((1, "before"), (2, "after")):
        figure = twin(kernel(page, f"{explorer}.drawings[{name!r}].code"))
        assert words_in(page, number) == words(figure)
    assert "The commonest paths of journeys with e-mail" in page.inner_text(".omninb-explorer")
    click_on(page, "moves", "paid search", "web")
    page.wait_for_function(LOOKED, arg="paid search")
    rested(page)
    shown = page.inner_text(".jp-Notebook")
    assert "paid search → web" in shown and "Median gap" in shown
    assert "How the journeys ended that made this move" in shown
    move = kernel(
        page,
        "onb.transition_table(journeys).query(\"source == 'paid search' and target == 'web'\")"
        "['transitions'].iloc[0].item()",
    )
    assert f"{move:,}" in shown
    assert_quiet(seen)


def test_an_error_is_said_and_leaves_the_figure(open_notebook: Any) -> None:
    breaking = "import omninb\ndef broken(*_, **__):\n    raise KeyError('lost <b>it</b>')\n"
    seen = open_notebook("errors", [*CELLS, breaking + "omninb.flow_table = broken"])
    page = seen.page
    page.wait_for_selector(f"{SHEET} .main-svg", timeout=120_000)
    rested(page)
    before = words_in(page)
    page.get_by_role("button", name="Sankey", exact=True).click()
    said = page.get_by_role("alert")
    said.wait_for(timeout=20_000)
    assert "KeyError" in said.inner_text() and "<b>it</b>" in said.inner_text()
    assert words_in(page) == before
    change(page, lambda: page.get_by_role("button", name="Steps", exact=True).click())
    assert said.count() == 0
    kernel(page, "explorer.drawings['main'].set_trait('figure', '{')")
    kernel(page, "explorer.drawings['main'].set_trait('drawn', 99)")
    page.wait_for_selector("[role=alert]:has-text('could not be drawn')")
    change(page, page.get_by_role("button", name="Map", exact=True).click)
    page.wait_for_selector("[role=alert]", state="detached")
    assert words_in(page) == before
    assert_quiet(seen)


def test_code_table_and_figure_are_taken_away(open_notebook: Any) -> None:
    seen = open_notebook("saving", CELLS)
    page = seen.page
    page.wait_for_selector(f"{SHEET} .main-svg", timeout=120_000)
    rested(page)
    page.get_by_role("button", name="Copy as code").first.click()
    page.wait_for_function("document.body.innerText.includes('Copied.')")
    assert page.evaluate("navigator.clipboard.readText()") == kernel(page, "explorer.code")
    endings = {"Save table": "csv", "Save figure (HTML)": "html", "Save figure (PNG)": "png"}
    for label, ending in endings.items():
        with page.expect_download(timeout=60_000) as download:
            page.get_by_role("button", name=label).first.click()
        path = download.value.path()
        assert download.value.suggested_filename == f"journeys.{ending}"
        if ending == "csv":
            text = path.read_text("utf-8")
            assert text == kernel(page, "onb.transition_table(journeys).to_csv(index=False)")
        else:
            start = {"html": b"<!doctype html>", "png": b"\x89PNG"}[ending]
            assert path.read_bytes().startswith(start)
    assert_quiet(seen)
