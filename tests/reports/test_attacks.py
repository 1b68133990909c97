"""Hostile texts in everything that a report takes from outside, and a browser that looks for harm.

One log holds every payload as a channel, an event, a device, an arm of a test and a customer; its
file, the suite, the notebooks' titles and the tests' metrics bear them too. The standard notebooks
are run on it, and each page is opened with the network off.
"""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import mistune
import nbformat
import pandas as pd
import pytest
import yaml

import omninb as onb
from omninb.reports import run_report
from omninb.reports.alerts import summary
from tests.reports.test_browser import ALLOWED, PAYLOADS

MORE = [
    "[click](http://evil.example/md)",
    "![see](http://evil.example/md.png)",
    "<http://evil.example/auto>",
    "http://evil.example/bare www.evil.example mallory@evil.example",
    "[ref]: javascript:alert(20) [ref]",
    "`</code><img src=x onerror=alert(21)>`",
    "=HYPERLINK(\"http://evil.example/x\",\"y\")",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3;=1+1",
    "%{meta.alt}%{fullData.name}<br><a href='http://evil.example/br'>br</a>",
    "{{ cycler.__init__.__globals__ }}{% include '/etc/passwd' %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "\u202egnp.evil\u2066<script>alert(22)</script>",
    "'; DROP TABLE touchpoints; --",
    "<extra><a href='http://evil.example/extra'>e</a></extra>",
    "<sup onmouseover=alert(23)>x</sup><sub><a href=//evil.example/s>s</a></sub>",
    "data:text/html,<script>alert(24)</script>",
]  # fmt: skip
ALL = PAYLOADS + MORE
# What may stand in a log's names: NUL, line separators and bidi marks are quarantined with its row.
IN_A_LOG = [text for text in ALL if not re.search("[\x00\u2028\u202e\u2066]", text)]
EACH = 30  # customers


def hostile_log(folder: Path) -> Path:
    """A log in which each payload is everything, for enough customers to be shown."""
    rows = []
    for number, text in enumerate(IN_A_LOG):
        other = IN_A_LOG[(number + 1) % len(IN_A_LOG)]
        for customer in range(EACH):
            day = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=customer, hours=number)
            arm = IN_A_LOG[customer % 2]
            steps = [(text, IN_A_LOG[2]), (other, IN_A_LOG[3] if customer % 3 else other)]
            for hour, (channel, event) in enumerate(steps):
                moment = (day + pd.Timedelta(minutes=hour)).isoformat()
                rows.append((f"{text}{customer}", moment, channel, event, text, arm, text))
    names = ["customer_id", "timestamp", "channel", "event", "device", "variant", ALL[3]]
    path = folder / "a<img src=x onerror=alert(30)>;=1+1 $x$ [b](javascript:alert(31)).csv"
    frame = pd.DataFrame(rows, columns=names)
    bad = frame.head(len(ALL)).assign(channel=ALL, timestamp="=1+1")  # quarantined rows
    pd.concat([frame, bad]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    log = hostile_log(folder)
    title = " ".join(ALL).replace("{{", "{ {").replace("\0", "")  # no suite holds these two
    metrics = [["Conversion", {"step": IN_A_LOG[3], "within": "1d"}]]
    steps = {"STEPS": [IN_A_LOG[2], IN_A_LOG[3]]}
    suite = {
        "title": title,
        "events": {"file": log.name.replace("[", "[[]")},
        "notebooks": [
            {"notebook": "journey_map", "title": title, "parameters": {"BY": "channel"}},
            {"notebook": "drop_off", "title": title, "parameters": steps | {"BY": "device"}},
            {
                "notebook": "ab_test",
                "parameters": {"METRICS": metrics, "SEGMENTS": ["device"], "CONTROL": IN_A_LOG[0]},
            },
        ],
    }
    (folder / "suite.yaml").write_text(yaml.safe_dump(suite, allow_unicode=True), "utf-8")
    return run_report(folder / "suite.yaml", folder / "out").parent.resolve()


def links(page: Any) -> list[str]:
    return page.eval_on_selector_all(
        "a, area, image, use",
        "all => all.map(a => a.getAttribute('href') || a.getAttribute('xlink:href') || '')",
    )


@pytest.mark.parametrize("name", ["index", "journey_map", "drop_off", "ab_test"])
def test_a_page_of_hostile_data_runs_fetches_and_links_nothing(
    attacked: Path, open_page: Any, name: str
) -> None:
    assert len(ALL) >= 50
    seen = open_page(attacked / f"{name}.html")
    for fold in seen.page.locator("summary").all():
        fold.click()
    for mark in seen.page.locator(".canvas .point, .canvas path.js-line").all()[:40:4]:
        box = mark.bounding_box()
        if box:
            seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            seen.page.wait_for_timeout(20)
    assert seen.dialogs == [] and seen.errors == []
    home = attacked.as_uri() + "/"
    foreign = [u for u in seen.requests if not u.startswith((home, "data:image/", "blob:"))]
    assert foreign == [] and [text for text in seen.console if ALLOWED not in text] == []
    local = ("#", "index.html", "journey_map.html", "drop_off.html", "ab_test.html")
    assert [href for href in links(seen.page) if not href.startswith(local)] == []
    for tag in ("iframe", "object", "embed", "base", "form", "video", "math", "link[href^=http]"):
        assert seen.page.locator(f"body {tag}").count() == 0
    assert seen.page.locator("body img:not([src^='data:image/png'])").count() == 0
    assert seen.page.locator("body script:not([type='application/json'])").count() == 0
    assert seen.page.evaluate("typeof window.MathJax") == "undefined"
    assert "alert(1)" in seen.page.inner_text("body")  # it is shown, as text


def test_the_executed_notebooks_show_hostile_names_as_text(
    attacked: Path, open_page: Any, tmp_path: Path
) -> None:
    """Their HTML is what JupyterLab puts into a page of its own."""
    shown = []
    for path in attacked.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            outputs = [o.data for o in cell.get("outputs", []) if "text/html" in o.get("data", {})]
            shown += ["".join(data["text/html"]) for data in outputs]
    page = tmp_path / "lab.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{' '.join(shown)}", "utf-8")
    seen = open_page(page)
    assert len(shown) > 10 and "alert(1)" in seen.page.inner_text("body")
    assert seen.dialogs == [] and seen.requests == [page.as_uri()] and links(seen.page) == []
    assert seen.page.locator("body script, body img, body svg, body iframe").count() == 0


@pytest.mark.parametrize("file", ["run.json", "summary.md"])
def test_the_files_beside_the_pages_are_text(attacked: Path, open_page: Any, file: str) -> None:
    seen = open_page(attacked / file)
    assert seen.dialogs == [] and len(seen.requests) == 1 and links(seen.page) == []


def test_a_summary_of_hostile_texts_holds_no_link_and_no_markup(open_page: Any, tmp_path) -> None:
    bad = [{"name": n, "value": n, "interval": None, "of": n, "unit": n} for n in ALL]
    reports = [{
        "report": "a.html", "question": n, "facts": {}, "headlines": bad,
        "verdicts": [{"sentence": n, "basis": n}],
    } for n in ALL]  # fmt: skip
    alerts = [{"headline": one, "side": "below", "threshold": 1} for one in bad]
    record = {"title": " ".join(ALL), "as_of": "2026-03-09T06:00:00+00:00"}
    text = summary(record | {"reports": reports, "alerts": alerts}, {})
    rendered = mistune.create_markdown(escape=False, plugins=["url", "table", "math"])(text)
    assert isinstance(rendered, str)
    assert not set(re.findall(r"<(\w+)", rendered)) - {"h1", "h2", "ul", "li", "p"}
    page = tmp_path / "summary.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{rendered}", "utf-8")
    seen = open_page(page)
    assert seen.dialogs == [] and links(seen.page) == [] and seen.requests == [page.as_uri()]
    # What mail programs and chats make links of, Markdown or not:
    assert not re.search(r"https?://|\bwww\.\S|\w@\w|mailto:\S|javascript:\S", html.unescape(text))


def test_tables_of_hostile_names_hold_no_formula(attacked: Path) -> None:
    files = sorted((attacked / "tables").glob("*.csv"))
    assert len(files) > 3
    cells = [cell for file in files for row in csv.reader(file.open(encoding="utf-8", newline=""))
             for cell in row]  # fmt: skip
    texts = [cell for cell in cells if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
    assert any("HYPERLINK" in text for text in texts)
    assert [text for text in texts if text.strip()[:1] in set("=+-@")] == []
    assert all(b"\r" not in file.read_bytes() for file in files)


def test_the_record_holds_hostile_texts_as_json_and_the_log_by_its_name(attacked: Path) -> None:
    text = (attacked / "run.json").read_text("utf-8")
    assert json.loads(text)["status"] == "ok" and str(attacked.parents[2]) not in text


def test_a_view_of_each_payload_is_text_in_lab(open_page: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame(dict.fromkeys(ALL, ALL))
    views = [onb.table_view(frame, title=text, note=text) for text in ALL[:3]]
    views += [onb.verdict("none", text, text, 1, (0, 2), text) for text in ALL]
    views += [onb.headline(text, text, None, text, text) for text in ALL]
    page = tmp_path / "views.html"
    body = " ".join(view.html for view in views)
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{body}", "utf-8")
    seen = open_page(page)
    assert seen.dialogs == [] and links(seen.page) == [] and seen.requests == [page.as_uri()]
    assert seen.page.locator("body script, body img, body svg, body iframe").count() == 0
