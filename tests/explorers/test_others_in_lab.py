"""The funnel, experiment and quality explorers in JupyterLab."""

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


def assert_twin(page: Any, explorer: str, name: str, number: int = 0) -> list[str]:
    figure = twin(kernel(page, f"{explorer}.drawings[{name!r}].code"))
    assert marks_in(page, number) == marks(figure)
    assert words_in(page, number) == words(figure)
    return words_in(page, number)


def test_a_funnel_is_put_together_and_a_cell_clicked(open_notebook: Any) -> None:
    seen, explorer = shown_in(open_notebook, "02_drop_off", "explore_funnel", 3)
    page = seen.page
    names = ("funnel", "drop_off", "lost_to")
    before = [assert_twin(page, explorer, name, i) for i, name in enumerate(names)]
    chosen(page, "Steps").select_option("2. checkout")
    change(page, page.get_by_role("button", name="Remove").click)
    after = [assert_twin(page, explorer, name, i) for i, name in enumerate(names)]
    assert all(one != other for one, other in zip(before, after, strict=True))
    chosen(page, "Event").select_option("return")
    change(page, page.get_by_role("button", name="Add step").click)
    change(page, page.get_by_role("button", name="Earlier").click)
    assert kernel(page, f"{explorer}.steps") == ["add_to_cart", "payment", "return", "purchase"]
    change(page, page.get_by_role("button", name="Remove").click)
    for label, option in (
        ("Order", "one right after the other"),
        ("Order", "in this order"),
        ("Without", "search"),
        ("Without", []),
        ("Attempt", "every"),
        ("Split by", "device"),
        ("Split by", "(nothing)"),
    ):
        change(page, lambda label=label, option=option: chosen(page, label).select_option(option))
        assert_twin(page, explorer, "funnel")
    change(page, lambda: chosen(page, "Window").fill("1h") or chosen(page, "Window").press("Tab"))
    assert_twin(page, explorer, "funnel")
    change(page, lambda: chosen(page, "Drop-off by").select_option("device"), 1)
    assert_twin(page, explorer, "drop_off", 1)
    change(page, lambda: chosen(page, "Drop-off by").select_option("channel"), 1)
    click_on(page, "cells", "payment → purchase, web", number=1)
    page.wait_for_selector("text=What those did next who did not go on from step 2 on web")
    cell = kernel(page, f"{explorer}.drawings['cell'].table()['customers'].tolist()")
    shown = page.locator(".omninb-page td:last-child").all_text_contents()
    assert [one for one in shown if one] == [f"{number:,}" for number in cell]
    chosen(page, "Look at step").select_option("1. add_to_cart")
    chosen(page, "taken on").select_option("mobile app")
    page.wait_for_selector("text=who did not go on from step 1 on mobile app")
    assert_quiet(seen)


def chosen(page: Any, label: str) -> Any:
    return page.get_by_label(label, exact=True)


def test_an_experiment_is_split_adjusted_and_slid_along(open_notebook: Any) -> None:
    seen, explorer = shown_in(open_notebook, "03_ab_test", "explore_experiment", 2)
    page = seen.page
    for label, option in (
        ("Metric", "order value"),
        ("Split by", "segment"),
        ("Adjust for", "the 28 days before"),
        ("Confidence", "90 %"),
    ):
        change(page, lambda label=label, option=option: chosen(page, label).select_option(option))
        assert_twin(page, explorer, "verdict")
    slider = page.get_by_role("slider")
    slider.focus()
    change(page, lambda: slider.press("PageDown"), 1)
    change(page, lambda: slider.press("Home"), 1)
    assert_twin(page, explorer, "course", 1)
    assert kernel(page, f"len({explorer}.drawings['course'].table())") == 1
    assert_quiet(seen)


def test_the_quality_of_a_log_is_looked_through(open_notebook: Any) -> None:
    seen, explorer = shown_in(open_notebook, "00_start_here", "explore_quality", 0)
    page = seen.page
    page.wait_for_selector(".omninb-page table")
    for name, text in (
        ("Overview and ties", "ties"),
        ("Filled columns", "campaign"),
        ("Heavy customers", "At least"),
        ("Ledger", "quarantined"),
    ):
        page.get_by_role("button", name=name).click()
        page.wait_for_selector(f".omninb-page >> text={text}")
    page.get_by_role("button", name="Overview and ties").click()
    before = page.inner_text(".omninb-page")
    chosen(page, "Left after").fill("90d")
    chosen(page, "Left after").press("Tab")
    page.wait_for_function(
        "(before) => document.querySelector('.omninb-page').innerText !== before", arg=before
    )
    page.get_by_role("button", name="Channels by day").click()
    page.wait_for_selector(f"{SHEET} .main-svg")
    rested(page, 1_500)
    assert_twin(page, explorer, "main")
    assert_quiet(seen)
