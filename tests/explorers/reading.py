"""Explorers read as a reader sees them: the figure in the page, and the one that its code makes."""

from __future__ import annotations

import html
import json
from typing import Any

SHEET = ".omninb-drawing:not([style*='display: none']):not(.omninb-table-only) .omninb-sheet"
_DATA = """(sheet) => sheet.data.map(({x, y, text, customdata, name}) =>
    ({x, y, text, customdata, name}))"""


def twin(code: str) -> Any:
    """The figure that copied code makes."""
    made: dict[str, Any] = {}
    exec(code, made)
    return made["figure"]


def marks(figure: Any) -> list[dict[str, Any]]:
    """Where the marks of a figure stand and what they say, as a page would have them."""
    names = ("x", "y", "text", "customdata", "name")
    traces = json.loads(figure.to_json())["data"]
    return [{name: trace[name] for name in names if name in trace} for trace in traces]


def marks_in(page: Any, number: int = 0) -> list[dict[str, Any]]:
    """The marks of a figure in a page."""
    found = page.locator(SHEET).nth(number).evaluate(_DATA)
    return [{name: value for name, value in one.items() if value is not None} for one in found]


def words(figure: Any) -> list[str]:
    """The texts of a figure, sorted."""
    texts = [one for trace in marks(figure) for one in trace.get("text", [])]
    return sorted(html.unescape(one) for one in texts if one)


def words_in(page: Any, number: int = 0) -> list[str]:
    """The texts that a page has drawn as SVG, sorted."""
    found = page.locator(SHEET).nth(number).locator(".textpoint text").all_text_contents()
    return sorted(one for one in found if one)


def shown_in(open_notebook: Any, name: str, call: str, figures: int = 1) -> tuple[Any, str]:
    """Open one of the project's notebooks at an explorer.

    Returns
    -------
    seen : SimpleNamespace
        The page, and what it does.
    explorer : str
        An expression that gives the explorer in the notebook's kernel.
    """
    seen = open_notebook(name)
    page = seen.page
    page.evaluate(
        """(call) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const has = (cell) => cell.model.sharedModel.source.includes(call);
            notebook.activeCellIndex = notebook.widgets.findIndex(has);
            return notebook.scrollToItem(notebook.activeCellIndex, "start");
        }""",
        f"onb.{call}(",
    )
    page.wait_for_function(
        f'document.querySelectorAll("{SHEET} .main-svg").length >= {figures}', timeout=60_000
    )
    rested(page, 1_500)
    return seen, f"[v for i, v in Out.items() if 'onb.{call}(' in In[i]][-1]"


def change(page: Any, act: Any, number: int = 0) -> None:
    """Do something and wait until the figure was drawn anew and the kernel rests."""
    sheet = page.locator(SHEET).nth(number)
    before = sheet.get_attribute("data-drawn")
    act()
    page.wait_for_function(
        """([selector, number, before]) => {
            const sheet = document.querySelectorAll(selector)[number];
            return sheet?.dataset.drawn && sheet.dataset.drawn !== before;
        }""",
        arg=[SHEET, number, before],
        timeout=30_000,
    )
    rested(page)


def rested(page: Any, settle: int = 300) -> None:
    """Wait until the kernel has nothing to do, after so many milliseconds."""
    page.wait_for_timeout(settle)
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    page.wait_for_timeout(150)


def click_on(page: Any, mark: str, *texts: str, number: int = 0) -> None:
    """Click where a mark with these first hover texts stands."""
    sheet = page.locator(SHEET).nth(number)
    x, y = sheet.evaluate(
        """(sheet, [name, texts]) => {
            const trace = sheet.data.find((one) => one.name === name);
            const fits = (row) => texts.every((text, i) => row[i] === text);
            const all = trace.customdata;
            const others = sheet.data.filter((one) => one.name).flatMap((one) =>
                one.customdata.map((row, i) => ({row, x: one.x[i], y: one.y[i]})));
            // Where ribbons cross, the nearest answers: the point with the most room is clicked.
            const room = (i) => Math.min(...others.filter(({row}) => !fits(row)).map(
                ({x, y}) => Math.hypot(x - trace.x[i], y - trace.y[i])));
            const here = all.map((_, i) => i).filter((i) => fits(all[i]));
            const at = here.reduce((best, i) => (room(i) > room(best) ? i : best));
            return [trace.x[at], trace.y[at]];
        }""",
        [mark, list(texts)],
    )
    sheet.scroll_into_view_if_needed()
    box = sheet.locator(".main-svg").first.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.wait_for_selector(".hoverlayer .hovertext", state="detached", timeout=10_000)
    page.mouse.move(box["x"] + x - 3, box["y"] + y)
    page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.wait_for_selector(
        f".hoverlayer .hovertext:has-text({json.dumps(texts[0], ensure_ascii=False)})"
    )
    page.wait_for_timeout(200)
    page.mouse.click(box["x"] + x, box["y"] + y)


def assert_quiet(seen: Any) -> None:
    """No JavaScript error, and no request left the machine."""
    assert seen.errors == []
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:http://127.0.0.1:")
    assert [url for url in seen.requests if not url.startswith(local)] == []
