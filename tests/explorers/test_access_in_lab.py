"""Explorers without a mouse, read aloud, and while they compute."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.explorers.conftest import kernel
from tests.explorers.reading import SHEET, assert_quiet, change, rested

LOG = "import omninb as onb\nlog = onb.sample()\njourneys = log.journeys(end_at='purchase')"
EXPLORERS = {
    "journeys": "onb.explore_journeys(journeys, at='web', to='store')",
    "funnel": "onb.explore_funnel(journeys, ['checkout', 'purchase'], step=1, at='web')",
    "experiment": "onb.explore_experiment(log, onb.Conversion('purchase', within='14d'))",
    "quality": "onb.explore_quality(log)",
}
STOPS = """[...document.querySelector(".omninb-explorer").querySelectorAll(
    "button, select, input, textarea, summary, [tabindex='0']")].filter((one) =>
    one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0)"""
WIDGETS = r"- (button|combobox|listbox|textbox|spinbutton|checkbox|slider)\b(.*)"


@pytest.mark.parametrize("name", EXPLORERS)
def test_everything_is_reached_by_tab_and_has_a_name(open_notebook: Any, name: str) -> None:
    seen = open_notebook(f"keys_{name}", [LOG, f"explorer = {EXPLORERS[name]}\nexplorer"])
    page = seen.page
    page.wait_for_selector(".omninb-tools button", timeout=60_000)
    rested(page, 2_000)
    stops = page.evaluate(f"{STOPS}.length")
    page.evaluate(f"{STOPS}[0].focus()")
    reached = []
    for _ in range(4 * stops):  # a date is several stops in one
        at = page.evaluate(f"{STOPS}.indexOf(document.activeElement)")
        if at < 0:
            break
        reached += [at] if at not in reached[-1:] else []
        page.keyboard.press("Tab")
    assert reached == list(range(stops)) and stops > 5
    told = page.locator(".omninb-explorer").aria_snapshot()
    found = re.findall(WIDGETS, told)
    assert len(found) > 5
    assert [kind for kind, rest in found if not re.match(r' "[^"]+"', rest)] == []
    sheets = page.locator(f"{SHEET}[role=img]")
    assert all(sheets.evaluate_all("all => all.map((one) => one.ariaLabel?.length > 60)"))
    assert_quiet(seen)


def test_an_explorer_is_used_with_keys_alone(open_notebook: Any) -> None:
    call = "explorer = onb.explore_journeys(journeys)\nexplorer"
    seen = open_notebook("keys", [LOG, call])
    page = seen.page
    page.wait_for_selector(f"{SHEET} .main-svg", timeout=60_000)
    rested(page, 1_500)

    def press(label: str, key: str) -> None:
        control = page.get_by_role("button", name=label, exact=True)
        (control if control.count() else page.get_by_label(label)).first.focus()
        page.keyboard.press(key)

    change(page, lambda: press("Steps", "Enter"))
    assert kernel(page, "explorer.state.tab") == "steps"
    change(page, lambda: press("Map", "Space"))
    change(page, lambda: press("Collapse repeats", "Space"))
    assert kernel(page, "explorer.state.collapse_repeats") is True
    change(page, lambda: press("By", "ArrowDown"))
    assert kernel(page, "explorer.state.by") == "event"
    page.get_by_label("Look at").focus()
    cells = page.locator(".jp-Cell").count()
    page.keyboard.type("view_p")  # each letter is a command of JupyterLab's notebook as well
    page.wait_for_selector("text=The commonest paths of journeys with view_p")
    assert page.locator(".jp-Cell").count() == cells
    press("Copy as code", "Enter")
    page.wait_for_function("document.body.innerText.includes('Copied.')")
    assert_quiet(seen)


def test_what_takes_long_is_marked_as_busy_and_what_does_not_is_not(open_notebook: Any) -> None:
    slow = (
        "import time, omninb\nquick = omninb.step_table\n"
        "def slow(*given, **named):\n    time.sleep(2)\n    return quick(*given, **named)\n"
        "omninb.step_table = slow\nexplorer = onb.explore_journeys(journeys)\nexplorer"
    )
    seen = open_notebook("busy", [LOG, slow])
    page = seen.page
    page.wait_for_selector(f"{SHEET} .main-svg", timeout=60_000)
    rested(page, 1_500)
    page.evaluate(
        """() => {
            window.marks = [];
            let put = 0;
            const look = () => {
                const mark = document.querySelector(".omninb-busy");
                const shown = mark && getComputedStyle(mark).visibility === "visible";
                if (mark && !put) put = performance.now();
                if (shown) window.marks.push(performance.now() - put);
                if (!mark) put = 0;
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    change(page, lambda: page.get_by_role("button", name="Steps", exact=True).click())
    marks = page.evaluate("window.marks")
    assert 150 < marks[0] < 1_000 and marks[-1] > 1_200
    assert page.locator(".omninb-busy").count() == 0
    assert_quiet(seen)
