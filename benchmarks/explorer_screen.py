"""How long a change of an explorer takes on screen, at 10 million touchpoints, in JupyterLab.

From the moment of the reader's click or key to the frame in which the last drawing that changes has
been painted by headless Chromium. Before each change the explorer is opened anew and nothing is
kept of earlier ones. Beside it stands the kernel's part, from the change to the JSON of all that is
drawn; the rest is the way there and back, and what the page does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.explorer_speed import STEPS
from benchmarks.make_logs import path_of
from tests.conftest import CHROMIUM, FLAGS
from tests.explorers.conftest import FAILED, READY, RUN_ALL, kernel, serving, write
from tests.explorers.reading import SHEET, click_on, rested

MARK, ROUNDS = 300.0, 5
JOURNEYS = "onb.explore_journeys(journeys)"
FUNNEL = f"onb.explore_funnel(journeys, {STEPS}, within='30d')"
OPENING = """import time
import ipywidgets
import omninb as onb
from omninb.explorers.frame import Explorer
spent, attempt = [], Explorer.attempt
def timed(explorer, act):
    begun = time.perf_counter()
    attempt(explorer, act)
    spent.append(1000 * (time.perf_counter() - begun))
Explorer.attempt = timed
log = onb.read_events({path!r})
journeys = log.journeys(split_gap="30d", end_at="purchase")
def opened(make):
    journeys._kept.clear()
    room.children = (make(),)
room = ipywidgets.VBox()
room"""
# Moments are those of performance.now: of the events themselves, and after a frame was painted.
WATCHING = """() => {
    globalThis.acted = globalThis.painted = 0;
    const heard = (event) => { if (event.isTrusted) globalThis.acted = event.timeStamp; };
    for (const name of ["change", "click", "mouseup"]) addEventListener(name, heard, true);
    new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => {
        globalThis.painted = performance.now();
    }))).observe(document.body, {subtree: true, attributeFilter: ["data-drawn"]});
}"""


def fill(label: str, text: str) -> Callable[[Any], None]:
    """Write into a field and leave it."""

    def act(page: Any) -> None:
        page.get_by_label(label, exact=True).fill(text)
        page.keyboard.press("Tab")

    return act


def tab(name: str) -> Callable[[Any], None]:
    """Click a tab."""
    return lambda page: page.get_by_role("button", name=name, exact=True).click()


# What is open, and what is done with it.
CHANGES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "smallest flow": (JOURNEYS, fill("Smallest flow", "20000")),
    "tab: Sankey": (JOURNEYS, tab("Sankey")),
    "tab: steps": (JOURNEYS, tab("Steps")),
    "a click on a node": (JOURNEYS, lambda page: click_on(page, "places", "store")),
    "funnel: window": (FUNNEL, fill("Window", "7d")),
}


def main() -> int:
    """Print a row for each change; exit status 1 where a median misses the mark."""
    path = sys.argv[1] if len(sys.argv) > 1 else path_of(10_000_000, False)
    with _lab(OPENING.format(path=str(Path(path).resolve()))) as page:
        met = [_row(page, what, *change) for what, change in CHANGES.items()]
        return int(not all(met))


@contextmanager
def _lab(cell: str) -> Iterator[Any]:
    """A notebook of one cell that was run, and everything of the project that it needs."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        write(lab.work / "explorer.ipynb", [cell])
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.set_default_timeout(120_000)
        page.goto(f"{lab.url}/lab/tree/explorer.ipynb?reset")
        page.wait_for_selector(".jp-Notebook")
        page.wait_for_function(READY)
        page.evaluate(RUN_ALL)
        if failed := page.evaluate(FAILED):
            raise SystemExit(f"The notebook failed: {failed}")
        page.evaluate(WATCHING)
        yield page
        browser.close()


def _row(page: Any, what: str, make: str, act: Callable[[Any], None]) -> bool:
    found = []
    for _ in range(ROUNDS + 1):
        kernel(page, f"opened(lambda: {make})")
        page.wait_for_selector(f"{SHEET} .main-svg")
        rested(page, 1_500)
        kernel(page, "spent.clear()")
        page.evaluate("globalThis.painted = 0")
        act(page)
        page.wait_for_function("globalThis.painted > globalThis.acted")
        rested(page, 1_500)
        if page.get_by_role("alert").count():
            raise SystemExit(f"{what}: {page.get_by_role('alert').inner_text()}")
        found.append((page.evaluate("painted - acted"), kernel(page, "sum(spent)")))
    screen, spent = map(statistics.median, zip(*found[1:], strict=True))
    met = screen < MARK
    verdict = "met" if met else "NOT met"
    millions = kernel(page, "len(log)") / 1e6
    print(f"{millions:g} M, {what:<20}{screen:>7.0f} ms on screen ({spent:.0f} of the kernel)"
          f"  < {MARK:g} ms  {verdict}", flush=True)  # fmt: skip
    return met


if __name__ == "__main__":
    sys.exit(main())
