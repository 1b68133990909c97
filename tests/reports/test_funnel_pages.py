"""Funnel figures with hostile channel names on a page, in a real browser with the network off."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.reports.notebooks import run_in_process, small_notebook
from tests.reports.test_browser import PAYLOADS, assert_quiet, made

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))

import attempts as invented

import omninb as onb


def figures() -> dict[str, Any]:
    """Every funnel figure, with payloads for channels, steps, titles and levels."""
    channels = {name: 40.0 - i for i, name in enumerate(PAYLOADS)}
    steps = PAYLOADS[:4]
    tried = invented.attempts(9_000, 4, channels, tuple(PAYLOADS[4:9]))
    kinds = {name: (900 + i, 200 + 7 * i, 190.0) for i, name in enumerate(PAYLOADS)}
    funnel = invented.funnel_of(tried, steps)
    return {
        "funnel": onb.funnel_figure(funnel, title=PAYLOADS[6]),
        "levels": onb.funnel_figure(invented.funnel_of(tried, steps, by=PAYLOADS[2])),
        "heatmap": onb.drop_off_figure(
            invented.drop_off_of(tried, steps), funnel=funnel, min_customers=150
        ),
        "lost": onb.lost_to_figure(invented.lost_to_of(tried, steps)),
        "exits": onb.exit_figure(invented.exits_of(kinds, by=PAYLOADS[7])),
    }


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = figures()
    notebook = small_notebook(*(f"FIGURES[{name!r}]" for name in drawn))
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source += "\nFIGURES: dict = {}"
    return made(
        tmp_path_factory.mktemp("hostile"), "small", run_in_process(notebook, FIGURES=drawn)
    )


def test_hostile_channels_are_shown_as_text_and_do_nothing(page_path: Path, open_page: Any) -> None:
    seen = open_page(page_path)
    assert seen.page.locator(".canvas").count() == 5
    for mark in seen.page.locator(".canvas path.point").all()[::40]:
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        seen.page.wait_for_timeout(20)
    assert_quiet(seen, page_path.parent)
    for tag in ("img", "iframe", "object", "base", "form", "video", "link[href^=http]", "math"):
        assert seen.page.locator(f"body {tag}").count() == 0
    said = " ".join(seen.page.locator(".canvas text").all_text_contents())
    for name in ("<script>alert(1)</script>", "<svg onload=alert(4)>"):
        assert name in said


def test_a_hatched_cell_is_hatched_under_the_pages_policy(page_path: Path, open_page: Any) -> None:
    seen = open_page(page_path)
    fills = seen.page.eval_on_selector_all(
        ".canvas path.js-fill", "all => all.map(p => getComputedStyle(p).fill)"
    )
    assert any("url(" in fill for fill in fills)
    lines = seen.page.eval_on_selector_all(
        ".canvas pattern path", "all => all.map(p => getComputedStyle(p).stroke)"
    )
    assert lines and all(line.startswith("rgb(") for line in lines)
