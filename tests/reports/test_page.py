from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_output

import omninb as onb
from omninb.reports.figure_wall import safe_figure, safe_text
from omninb.reports.page import ReportExporter, page_html, period_words
from omninb.reports.story import read_story
from omninb.reports.strips import interval_strip, sparkline
from tests.reports.notebooks import drop_off_notebook, run_in_process, small_notebook

PLOTLY = "application/vnd.plotly.v1+json"


def shown(*bundles: dict[str, Any]) -> Any:
    """An executed notebook whose one cell showed these."""
    notebook = small_notebook("...")
    cell = notebook.cells[-1]
    cell.execution_count = 1
    cell.outputs = [new_output("display_data", data=bundle) for bundle in bundles]
    return notebook


def figure(**trace: Any) -> dict[str, Any]:
    layout = {"width": 1400, "height": 300, "xaxis": {"visible": False}, "meta": {"alt": "Alt."}}
    return {PLOTLY: {"data": [trace], "layout": layout, "config": {"plotlyServerURL": "http://x"}}}


def executed() -> Any:
    return run_in_process(drop_off_notebook())


def test_the_story_of_a_notebook() -> None:
    story = read_story(executed())
    assert story.question == "Where do journeys end without a purchase?"
    assert story.reader.startswith("For the head of service")
    assert [section.title for section in story.sections] == [
        "The answer", "By channel", "What would change my mind", "Method"
    ]  # fmt: skip
    assert [block["kind"] for block in story.sections[0].blocks] == ["verdict", "prose"]
    assert [block["kind"] for block in story.sections[1].blocks] == [
        "prose", "figure", "look", "table"
    ]  # fmt: skip
    assert [section.title for section in story.data] == ["The data"]
    assert len(story.headlines) == 3 and story.ledger["read"] == 1_284_906


def test_a_page_holds_the_answer_and_no_code() -> None:
    html = page_html(executed())
    assert html.index("Clear difference") < html.index("By channel</h2>")
    for text in ("58.9", "56.9 to 60.9", "1,281,402", "rows read", "9–15 March 2026"):
        assert text in html
    for text in (
        "import ",
        "go.Figure",
        "an exercise",
        "What you will do",
        "Which channel is worst",
    ):
        assert text not in html
    assert 'href="#what-would-change-my-mind"' in html and 'id="what-would-change-my-mind"' in html


def test_the_page_has_no_inline_style_script_or_foreign_address() -> None:
    html = page_html(executed())
    outside = re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.S)
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=|<style|javascript:", outside)
    assert re.findall(r"<script[^>]*>", outside) == [
        '<script src="assets/plotly.min.js" defer>', '<script src="assets/report.js" defer>'
    ]  # fmt: skip
    assert not re.search(r"https?://", outside)
    head = outside[: outside.index("<link")]
    assert head.index('charset="utf-8"') < head.index("Content-Security-Policy")
    assert "default-src 'none'; script-src 'self';" in head


def test_the_same_notebook_gives_the_same_bytes_and_few_of_them() -> None:
    first, second = page_html(executed()), page_html(executed())
    assert first == second
    assert len(first.encode()) < 20_000


def test_only_listed_kinds_of_output_reach_the_page() -> None:
    notebook = shown(
        {"text/html": "<b>HTML</b>", "text/plain": "PLAIN"},
        {"application/javascript": "alert(1)"},
        {"text/markdown": "**MARKDOWN**"},
        {"image/svg+xml": "<svg onload='alert(1)'/>"},
        {"image/png": "iVBORw0KGgo="},
        {"application/vnd.omninb.verdict+json": onb.verdict("none", "SAID", "b").payload},
    )
    notebook.cells[-1].outputs.append(new_output("stream", name="stdout", text="PRINTED"))
    html = page_html(notebook)
    assert "SAID" in html and "data:image/png;base64,iVBORw0KGgo=" in html
    for text in ("HTML<", "PLAIN", "MARKDOWN", "alert", "PRINTED"):
        assert text not in html


def test_a_failed_cell_makes_no_page() -> None:
    notebook = shown()
    notebook.cells[-1].outputs = [
        new_output("error", ename="KeyError", evalue="'C0001'", traceback=["secret/path"])
    ]
    with pytest.raises(onb.OmninbError, match="without errors") as refused:
        page_html(notebook)
    assert "C0001" not in str(refused.value)


@pytest.mark.parametrize(
    "kind", ["scattergl", "scattermap", "choropleth", "parcoords", "scatter3d"]
)
def test_traces_that_would_draw_nothing_are_refused(kind: str) -> None:
    with pytest.raises(onb.OmninbError, match=kind):
        page_html(shown(figure(type=kind)))


def test_figures_keep_line_breaks_only_and_cannot_be_moved() -> None:
    made = safe_figure(
        figure(text=["<b>web</b><br>9 %", '<a href="http://x">y</a>'], x=[1])[PLOTLY]
    )
    assert made["data"][0]["text"] == [
        "web<br>9 %", '&lt;a href="http://x"&gt;y&lt;/a&gt;'
    ]  # fmt: skip
    assert made["layout"]["dragmode"] is False and made["layout"]["xaxis"]["fixedrange"] is True
    assert set(made) == {"data", "layout"}
    layout = {"images": [{"source": "http://x/y.png"}, {"source": "data:image/png;base64,AA"}]}
    assert len(safe_figure({"data": [], "layout": layout})["layout"]["images"]) == 1


def test_formulas_are_text_and_formats_stay() -> None:
    assert safe_text(r"$\href{javascript:alert(1)}{x}$").count("&#36;") == 2
    assert safe_text("%{x:$.2f} and %{y:$.2f}") == "%{x:$.2f} and %{y:$.2f}"
    assert safe_text("from $5 to $6") == "from &#36;5 to &#36;6"


def test_figure_json_cannot_end_its_script() -> None:
    html = page_html(shown(figure(text=["</script><script>alert(1)</script>"], x=[1])))
    assert html.count("</script>") == 3 and "alert(1)\\u003c" not in html


def test_markdown_is_prose_and_nothing_more() -> None:
    notebook = small_notebook()
    notebook.cells.append(
        nbformat.v4.new_markdown_cell(
            "## Prose\n\n<img src=x onerror=alert(1)> ![p](http://x/p.png) [j](javascript:alert(1))"
            " [d](data:text/html,x) [h](http://x) [s](https://example.org/a)\n\n|a|b|\n|-|-:|\n|1|2|"
        )
    )
    html = page_html(notebook)
    assert re.findall(r'href="([^"#]+)"', html) == ["assets/report.css", "https://example.org/a"]
    assert "<img" not in html and '<td class="num">2</td>' in html


def test_parameters_show_values_defaults_and_no_folder() -> None:
    notebook = executed()
    notebook.metadata["papermill"] = {
        "parameters": {"EVENTS": "/home/someone/secret/events.csv", "BY": "device"},
    }
    html = page_html(notebook, as_of="2026-03-16T06:00:00+00:00")
    assert "2 differ" in html and "events.csv" in html and "/home" not in html
    assert "role = source column" in html and "Run of 16 March 2026, 06:00 UTC" in html


def test_nbconvert_exports_the_page_with_its_assets() -> None:
    html, resources = ReportExporter().from_notebook_node(executed())
    assert html == page_html(executed())
    assert set(resources["outputs"]) == {
        "assets/plotly.min.js", "assets/report.css", "assets/report.js"
    }  # fmt: skip


def test_strips_and_sparklines() -> None:
    strip = interval_strip(onb.verdict("clear", "s", "b", 9.6, (7.1, 12.1), "points").payload)
    assert strip is not None
    assert [(y, words) for _, y, words, _ in strip["labels"]] == [
        (58, "−5"), (58, "+15 points"), (10, "0"),
    ]  # fmt: skip
    assert strip["low"] < strip["estimate"] < strip["high"]
    assert interval_strip(onb.verdict("cannot say", "s", "b", 1, (0, 2)).payload) is None
    flat = interval_strip(onb.verdict("none", "s", "b", 0.0, (0.0, 0.0), "%").payload)
    assert flat is not None and flat["low"] == flat["high"]
    line = sparkline([1, 2, None, 4, 3])
    assert len(line["lines"]) == 2 and len(line["gaps"]) == 1
    assert sparkline([1]) == {} and sparkline([1, None]) == {}


def test_periods() -> None:
    assert period_words("2026-03-01", "2026-04-02") == "1 March – 2 April 2026"
    assert period_words("2026-03-01", "2026-03-01") == "1 March 2026"
