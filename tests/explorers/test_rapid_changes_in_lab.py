"""Changes that come faster than they can be computed: what was chosen last is what is shown."""

from __future__ import annotations

from typing import Any

from tests.explorers.conftest import kernel
from tests.explorers.reading import SHEET, assert_quiet, marks, marks_in, rested, twin, words_in

SLOWLY = """import time
import omninb
def slow(name):
    real = getattr(omninb, name)
    def slowly(*given, **named):
        time.sleep(0.4)
        return real(*given, **named)
    setattr(omninb, name, slowly)
"""
OPENED = "explorer = onb.explore_{}\nexplorer"


WATCHING = """() => {
    globalThis.last = performance.now();
    const drawn = () => (globalThis.last = performance.now());
    const drawings = {subtree: true, attributeFilter: ["data-drawn"]};
    new MutationObserver(drawn).observe(document.body, drawings);
}"""
QUIET = "performance.now() - last > 3000 && !document.querySelector('.omninb-computing')"


def settled(page: Any) -> None:
    """Wait until nothing was drawn for three seconds: one answer takes less than one."""
    page.evaluate(WATCHING)
    page.wait_for_function(QUIET, timeout=60_000)
    rested(page)


def assert_last_is_shown(page: Any, number: int, drawing: str) -> None:
    figure = twin(kernel(page, f"explorer.drawings[{drawing!r}].code"))
    assert marks_in(page, number) == marks(figure)
    # The SVG was drawn anew too, not the data alone.
    shown = sorted(text for trace in marks(figure) for text in trace.get("text", []) if text)
    assert len(words_in(page, number)) == len(shown)


def opened(open_notebook: Any, name: str, made: str, slow: str, figures: int) -> Any:
    cells = ["import omninb as onb\nlog = onb.sample()", OPENED.format(made), SLOWLY + slow]
    seen = open_notebook(name, cells)
    seen.page.wait_for_function(
        f'document.querySelectorAll("{SHEET} .main-svg").length >= {figures}', timeout=120_000
    )
    rested(seen.page, 1_500)
    return seen


def test_numbers_tabs_and_lists_changed_while_it_computes(open_notebook: Any) -> None:
    made = "journeys(log.journeys(split_gap='30d', end_at='purchase'))"
    slow = "slow('transition_table')\nslow('step_table')"
    seen = opened(open_notebook, "rapid_journeys", made, slow, 1)
    page = seen.page
    smallest = page.get_by_label("Smallest flow")
    for least in (100, 200, 300, 400, 500, 250):
        smallest.fill(str(least))
        smallest.press("Tab")
    settled(page)
    assert smallest.input_value() == "250"
    assert kernel(page, "explorer.state.min_journeys") == 250
    assert_last_is_shown(page, 0, "main")
    by = page.get_by_label("By", exact=True)
    chosen = [("Steps", "event"), ("Sankey", "device"), ("Map", "phase"), ("Steps", "event")]
    for tab, role in chosen:
        page.get_by_role("button", name=tab, exact=True).click()
        by.select_option(role)
    settled(page)
    assert by.input_value() == "event"
    assert kernel(page, "[explorer.state.tab, explorer.state.by]") == ["steps", "event"]
    assert page.get_by_role("button", pressed=True).all_text_contents() == ["Steps"]
    assert_last_is_shown(page, 0, "main")
    assert_quiet(seen)


def test_a_slider_is_slid_while_it_computes(open_notebook: Any) -> None:
    made = "experiment(log, onb.Conversion('purchase', within='14d'))"
    slow = "slow('experiment_cumulative_table')\nslow('experiment_cumulative_figure')"
    seen = opened(open_notebook, "rapid_experiment", made, slow, 2)
    page = seen.page
    slider = page.get_by_role("slider")
    slider.focus()
    for key in ("PageDown", "PageDown", "PageDown", "PageUp", "ArrowLeft", "ArrowLeft", "PageDown"):
        slider.press(key)
    settled(page)
    day = page.locator(".widget-slider .widget-readout").inner_text()
    assert day == kernel(page, "explorer.state.day")
    last = "explorer.drawings['course'].table()['day'].max()"
    assert kernel(page, f"str({last}.date())") == day
    assert_last_is_shown(page, 1, "course")
    assert_quiet(seen)
