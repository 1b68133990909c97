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
    twin,
    words,
    words_in,
)

LOG = ["import omninb as onb", "log = onb.sample()"]


def opened(open_notebook: Any, name: str, cell: str, number: int = 1) -> Any:
    seen = open_notebook(name, [*LOG, f"explorer = {cell}\nexplorer"])
    seen.page.wait_for_function(
        f'document.querySelectorAll("{SHEET} .main-svg").length >= {number}', timeout=120_000
    )
    rested(seen.page, 1_500)
    return seen


def assert_twin(page: Any, name: str, number: int = 0) -> list[str]:
    figure = twin(kernel(page, f"explorer.drawings[{name!r}].code"))
    assert marks_in(page, number) == marks(figure)
    assert words_in(page, number) == words(figure)
    return words_in(page, number)


def test_a_funnel_is_put_together_and_a_cell_clicked(open_notebook: Any) -> None:
    steps = "['add_to_cart', 'checkout', 'payment', 'purchase']"
    seen = opened(
        open_notebook, "funnel", f"onb.explore_funnel(log.journeys(), {steps}, within='7d')", 3
    )
    page = seen.page
    names = ("funnel", "drop_off", "lost_to")
    before = [assert_twin(page, name, i) for i, name in enumerate(names)]
    chosen(page, "Steps").select_option("2. checkout")
    change(page, page.get_by_role("button", name="Remove").click)
    after = [assert_twin(page, name, i) for i, name in enumerate(names)]
    assert all(one != other for one, other in zip(before, after, strict=True))
    chosen(page, "Event").select_option("return")
    change(page, page.get_by_role("button", name="Add step").click)
    change(page, page.get_by_role("button", name="Earlier").click)
    assert kernel(page, "explorer.steps") == ["add_to_cart", "payment", "return", "purchase"]
    change(page, page.get_by_role("button", name="Remove").click)
    for label, value in (("Order", "strict"), ("Order", "ordered"), ("Split by", "device")):
        words_of = {"strict": "one right after the other", "ordered": "in this order"}
        option = words_of.get(value, value)
        change(page, lambda label=label, option=option: chosen(page, label).select_option(option))
        assert_twin(page, "funnel")
    change(page, lambda: chosen(page, "Window").fill("1h") or chosen(page, "Window").press("Tab"))
    assert_twin(page, "funnel")
    click_on(page, "cells", "payment → purchase, web", number=1)
    page.wait_for_selector("text=What those did next who did not go on from step 2 on web")
    cell = kernel(page, "explorer.drawings['cell'].table()['customers'].tolist()")
    shown = page.locator(".omninb-page td:last-child").all_text_contents()
    assert [one for one in shown if one] == [f"{number:,}" for number in cell]
    assert_quiet(seen)


def chosen(page: Any, label: str) -> Any:
    return page.get_by_label(label, exact=True)


def test_an_experiment_is_split_adjusted_and_slid_along(open_notebook: Any) -> None:
    metrics = (
        "[onb.Conversion('purchase', within='14d'), onb.MeanPerCustomer('value', within='7d')]"
    )
    seen = opened(open_notebook, "experiment", f"onb.explore_experiment(log, {metrics})", 2)
    page = seen.page
    for label, option in (
        ("Metric", "value per customer"),
        ("Split by", "device"),
        ("Adjust for", "the 28 days before"),
        ("Confidence", "90 %"),
    ):
        change(page, lambda label=label, option=option: chosen(page, label).select_option(option))
        assert_twin(page, "verdict")
    slider = page.get_by_role("slider")
    slider.focus()
    change(page, lambda: slider.press("PageDown"), 1)
    change(page, lambda: slider.press("Home"), 1)
    assert_twin(page, "course", 1)
    assert kernel(page, "len(explorer.drawings['course'].table())") == 1
    assert_quiet(seen)


def test_the_quality_of_a_log_is_looked_through(open_notebook: Any) -> None:
    seen = open_notebook("quality", [*LOG, "explorer = onb.explore_quality(log)\nexplorer"])
    page = seen.page
    page.wait_for_selector(".omninb-page table", timeout=120_000)
    for name, text in (
        ("Overview and ties", "ties"),
        ("Filled columns", "visitor_id"),
        ("Heavy customers", "At least"),
        ("Ledger", "quarantined"),
    ):
        page.get_by_role("button", name=name).click()
        page.wait_for_selector(f".omninb-page >> text={text}")
    page.get_by_role("button", name="Channels by day").click()
    page.wait_for_selector(f"{SHEET} .main-svg")
    rested(page, 1_500)
    assert_twin(page, "main")
    assert_quiet(seen)
