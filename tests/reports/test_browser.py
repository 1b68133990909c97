"""The pages in a real browser, opened from the disk with the network off."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import omninb as onb
from omninb.reports.page import page_html, templates
from omninb.reports.runner import write_assets
from tests.reports.notebooks import drop_off_notebook, run_in_process

ALLOWED = "Applying inline style violates"  # plotly.js carries MapLibre's style sheet

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "<img src='http://evil.example/a.png'>",
    "<svg onload=alert(4)>",
    "<svg><script>alert(5)</script></svg>",
    "<a href='http://evil.example/b'>link</a>",
    '<a href="javascript:alert(6)">link</a>',
    "<A HREF=http://evil.example/c>link</A>",
    "<a\thref='http://evil.example/d'>link</a>",
    "<span style=\"background:url('http://evil.example/e')\">x</span>",
    "<span style='color:red' onclick='alert(7)'>x</span>",
    "<style>@import 'http://evil.example/f.css';</style>",
    "<link rel=stylesheet href=http://evil.example/g.css>",
    "<iframe src='http://evil.example/h'></iframe>",
    "<object data='http://evil.example/i'></object>",
    "<base href='http://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/j'>",
    "<form action='http://evil.example/k'><input name=q></form>",
    "<video src='http://evil.example/l' autoplay onerror=alert(8)></video>",
    "<details open ontoggle=alert(9)>x</details>",
    "$\\href{javascript:alert(10)}{x}$",
    "$$\\unicode{<img src=x onerror=alert(11)>}$$",
    '"><script>alert(12)</script>',
    "' onmouseover='alert(13)",
    "<b><a href='http://evil.example/m'>nested</a></b>",
    "<<a href='http://evil.example/n'>>double</a>",
    "&lt;a href='http://evil.example/o'&gt;entity&lt;/a&gt;",
    "&#60;a href='http://evil.example/p'&#62;number&#60;/a&#62;",
    "%{customdata[0]}<a href='http://evil.example/q'>template</a>",
    "{{ 7 * 7 }}{% raw %}<a href='http://evil.example/r'>",
    "<!--<a href='http://evil.example/s'>--><a href='http://evil.example/t'>t</a>",
    "\u2028<a href='http://evil.example/u'>line</a>\u0000",
    "<math><mtext><a href='http://evil.example/v'>m</a></mtext></math>",
]

HOSTILE_FIGURE = """
import plotly.graph_objects as go
rows = list(range(len(NAMES)))
figure = go.Figure([
    go.Scatter(x=[300] * len(rows), y=NAMES, text=NAMES, hovertext=NAMES, customdata=NAMES,
               mode="markers+text", hovertemplate="%{customdata}", name=NAMES[6]),
    go.Bar(x=rows, y=NAMES, orientation="h", text=NAMES, texttemplate="%{text}", name=NAMES[7])])
figure.update_layout(
    width=1400, height=1600, title={"text": NAMES[6], "subtitle": {"text": NAMES[7]}},
    showlegend=True, legend={"title": {"text": NAMES[10]}},
    xaxis={"title": {"text": NAMES[8]}, "tickvals": rows, "ticktext": NAMES},
    annotations=[{"text": n, "x": 100, "y": i, "hovertext": n} for i, n in enumerate(NAMES)],
    images=[{"source": "http://evil.example/w.png", "x": 0, "y": 0, "sizex": 1, "sizey": 1}],
    meta={"alt": NAMES[0], "caption": NAMES[5]})
figure
"""


def made(folder: Path, name: str, notebook: Any) -> Path:
    write_assets(folder)
    path = folder / f"{name}.html"
    path.write_text(page_html(notebook), encoding="utf-8")
    return path


def assert_quiet(seen: SimpleNamespace, folder: Path) -> None:
    """Nothing ran, nothing was fetched from elsewhere, and one violation that is known."""
    assert seen.dialogs == [] and seen.errors == []
    home = folder.resolve().as_uri() + "/"
    assert [url for url in seen.requests if not url.startswith((home, "data:", "blob:"))] == []
    assert [text for text in seen.console if ALLOWED not in text] == []
    assert sum(ALLOWED in text for text in seen.console) <= 1
    links = seen.page.eval_on_selector_all("a", "all => all.map(a => a.getAttribute('href')"
                                           " || a.getAttribute('xlink:href') || '')")  # fmt: skip
    local = ("#", "index.html", "drop_off.html", "small.html")
    assert [href for href in links if not href.startswith(local)] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_draws_its_figures_with_the_network_off(
    reports: Path, open_page: Any, width: int
) -> None:
    folder = (reports / "latest").resolve()
    seen = open_page(folder / "drop_off.html", width)
    assert_quiet(seen, folder)
    assert seen.page.locator(".canvas path.point").count() == 6
    texts = seen.page.locator(".canvas text").all_text_contents()
    assert "call centre" in texts and "Where do journeys end?" in texts
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert seen.page.evaluate(wide) == 0
    box = seen.page.locator(".canvas").bounding_box()
    assert box["width"] / 1400 >= 0.72  # lettering stays readable
    assert_quiet(seen, folder)


def test_hovering_names_the_mark_under_the_pointer_though_the_figure_is_scaled(
    reports: Path, open_page: Any
) -> None:
    seen = open_page((reports / "latest" / "drop_off.html").resolve())
    point = seen.page.locator(".canvas path.point").nth(2)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen.page.wait_for_selector(".hoverlayer text", timeout=5_000)
    assert "social" in seen.page.locator(".hoverlayer").text_content()


BOXES = """all => all.map(svg => {
    const picture = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].map(text => {
        const box = text.getBoundingClientRect();
        return [box.left - picture.left, box.right - picture.left, box.top, box.bottom];
    });
})"""


def test_the_labels_of_a_verdict_never_overlap(tmp_path: Path, open_page: Any) -> None:
    chance, verdicts = random.Random(4), []
    for _ in range(400):
        scale = 10 ** chance.uniform(-3, 7)
        low, estimate, high = sorted(scale * chance.gauss(chance.choice([0, 1, 9]), 1)
                                     for _ in range(3))  # fmt: skip
        against = chance.choice([None, 0.0, low, high, estimate + 20 * chance.gauss(0, scale)])
        unit = chance.choice(["", "points", "%", "EUR", "EUR a customer and year", "WWW%mmmm"])
        verdicts.append(onb.verdict("clear", "s", "b", estimate, (low, high), unit, against))
    parts = templates().get_template("parts.html.j2").module
    strips = "".join(parts.verdict(verdict.payload) for verdict in verdicts)
    write_assets(tmp_path)
    page = tmp_path / "strips.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="assets/report.css">'
        f"<body>{strips}",
        encoding="utf-8",
    )
    drawn = open_page(page).page.eval_on_selector_all(".strip", BOXES)
    assert len(drawn) == 400 and sum(map(len, drawn)) > 900
    for boxes in drawn:
        assert all(left >= -0.5 and right <= 240.5 for left, right, _, _ in boxes)
        for one, other in combinations(boxes, 2):
            beside = one[1] + 2 < other[0] or other[1] + 2 < one[0]
            assert beside or one[3] <= other[2] or other[3] <= one[2]


def test_the_index_needs_no_script(reports: Path, open_page: Any) -> None:
    folder = (reports / "latest").resolve()
    seen = open_page(folder / "index.html")
    assert_quiet(seen, folder)
    assert seen.console == []
    seen.page.click("text=Where do journeys end")
    assert seen.page.url.endswith("/drop_off.html")


def test_without_javascript_the_page_still_says_what_the_figure_shows(
    reports: Path, open_page: Any
) -> None:
    seen = open_page((reports / "latest" / "drop_off.html").resolve(), java_script_enabled=False)
    assert "Dots of six channels." in seen.page.locator("noscript").inner_text()


def test_paper_holds_the_folds_and_the_figures(reports: Path, open_page: Any) -> None:
    seen = open_page((reports / "latest" / "drop_off.html").resolve())
    assert not seen.page.locator("dl.parameters").is_visible()
    paper = seen.page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF") and paper.count(b"/Type /Page\n") >= 2
    assert not seen.page.locator("dl.parameters").is_visible()


def test_hostile_names_do_nothing(tmp_path: Path, open_page: Any) -> None:
    assert len(PAYLOADS) >= 30
    notebook = drop_off_notebook()
    hostile = repr(PAYLOADS)
    for cell in notebook.cells:
        if cell.source.startswith("import plotly"):
            cell.source = HOSTILE_FIGURE.strip()
        elif cell.source.startswith("import pandas"):
            cell.source = (
                "import pandas as pd\n"
                "t = pd.DataFrame({n: [n] for n in NAMES})\n"
                "display(*[onb.table_view(t, title=n, note=n) for n in NAMES])"
            )
        elif cell.source.startswith("onb.verdict"):
            cell.source = (
                "display(*[onb.verdict(k, n, n, 1, (0, 2), n) for n in NAMES"
                " for k in ('clear', 'none', 'cannot say')])"
            )
        elif "onb.headline" in cell.source:
            cell.source = "display(*[onb.headline(n, n, (0, 1), n, n) for n in NAMES])"
        elif "ledger+json" in cell.source:
            cell.source = (
                "display({'application/vnd.omninb.ledger+json': {'read': 1, 'used': 1, 'checks':"
                " [{'check': n, 'outcome': n, 'rows': 1, 'example': n} for n in NAMES]}})"
            )
        elif cell.source.startswith("EVENTS"):
            cell.source = cell.source.replace("NAMES: list = []", f"NAMES: list = {hostile}")
    path = made(tmp_path, "hostile", run_in_process(notebook))
    seen = open_page(path)
    for width in (1280, 390):
        seen.page.set_viewport_size({"width": width, "height": 900})
        for fold in seen.page.locator("summary").all():
            fold.click()
        for mark in seen.page.locator(".canvas path.point").all()[::5]:
            mark.scroll_into_view_if_needed()
            box = mark.bounding_box()
            if box:
                seen.page.mouse.move(box["x"] + 2, box["y"] + 2)
                seen.page.wait_for_timeout(30)
    assert_quiet(seen, tmp_path)
    for tag in ("img", "iframe", "object", "base", "form", "video", "link[href^=http]", "math"):
        assert seen.page.locator(f"body {tag}").count() == 0
    assert seen.page.locator("body script:not([type='application/json'])").count() == 0
    assert seen.page.evaluate("typeof window.MathJax") == "undefined"
    assert "evil.example" in seen.page.inner_text("body")  # it is shown, as text


def test_the_policy_stands_behind_the_escaping(tmp_path: Path, open_page: Any) -> None:
    """Were the escaping to fail one day, nothing would run and nothing would be fetched."""
    path = made(tmp_path, "broken", run_in_process(drop_off_notebook()))
    torn = (
        "<script>alert(1)</script><img src=x onerror=alert(2)>"
        "<img src='http://evil.example/a.png'><p style=\"background:url('http://evil.example/b')\">"
    )
    html = path.read_text(encoding="utf-8").replace("<main>", f"<main>{torn}")
    path.write_text(html, encoding="utf-8")
    seen = open_page(path)
    assert seen.dialogs == []
    assert ("http://evil.example/a.png", "csp") in seen.failed  # stopped before the network
    assert {reason for _, reason in seen.failed} == {"csp"}


def test_a_view_shows_the_same_numbers_in_lab_and_on_the_page() -> None:
    notebook = run_in_process(drop_off_notebook())
    page = page_html(notebook)
    tables = [o.data for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    (table,) = [d for d in tables if onb.views.TABLE_MIME in d]  # type: ignore[attr-defined]
    for row in table[onb.views.TABLE_MIME]["rows"]:  # type: ignore[attr-defined]
        for cell in row:
            assert cell in table["text/html"] and cell.replace("_", "_<wbr>") in page
