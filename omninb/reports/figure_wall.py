"""The second wall before a figure: what a page accepts of a plotly figure, and what it defuses.

The figures room escapes names that came from data. This wall does not trust that it did: plotly
turns ``<a href>`` in almost any of its texts into a live link, so whatever is not one of a few
plain tags becomes text before it reaches a page.
"""

from __future__ import annotations

import re
from typing import Any

from omninb.errors import OmninbError

# Drawn as plain SVG. Maps fetch tiles, and WebGL traces draw nothing under the page's policy.
SVG_TRACES = frozenset(
    "bar barpolar box candlestick carpet contour contourcarpet funnel funnelarea heatmap histogram "
    "histogram2d histogram2dcontour icicle indicator ohlc parcats pie sankey scatter scattercarpet "
    "scatterpolar scattersmith scatterternary sunburst table treemap violin waterfall".split()
)
# Exactly these, without attributes, may stay: they carry neither an address nor a style.
_KEPT_TAG = re.compile(r"<br ?/?>|</?extra>", re.IGNORECASE)
# Plotly makes styles of these, which the page's policy refuses: they had no effect and go.
_LOST_TAG = re.compile(r"</?(?:b|i|u|s|em|strong|sub|sup)>", re.IGNORECASE)
# A dollar outside %{...}: two of them would begin a formula where MathJax is loaded.
_DOLLAR = re.compile(r"\$(?![^{}]*\})")
_AXIS = re.compile(r"[xy]axis\d*")


def safe_text(text: str) -> str:
    """Plotly text without live markup: line breaks stay, ``<b>`` and its like go, the rest is text.

    Examples
    --------
    >>> safe_text("<b>web</b><br><a href='http://x'>store</a>")
    "web<br>&lt;a href='http://x'&gt;store&lt;/a&gt;"
    """
    text = _LOST_TAG.sub("", text)
    kept, end = [], 0
    for tag in _KEPT_TAG.finditer(text):
        kept += [_escaped(text[end : tag.start()]), tag.group()]
        end = tag.end()
    joined = "".join([*kept, _escaped(text[end:])])
    return _DOLLAR.sub("&#36;", joined) if joined.count("$") > 1 else joined


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def safe_figure(figure: dict[str, Any]) -> dict[str, Any]:
    """A plotly figure as a page may draw it.

    Parameters
    ----------
    figure : dict
        Plotly's MIME JSON.

    Returns
    -------
    dict
        ``data`` and ``layout`` alone, every string defused, images from addresses removed, and
        dragging and zooming off, so that a figure drawn in pixels keeps its layout.

    Raises
    ------
    OmninbError
        If a trace needs WebGL or a map: it would draw nothing, in silence.
    """
    traces = figure.get("data") or []
    for trace in traces:
        kind = trace.get("type", "scatter")
        if kind not in SVG_TRACES:
            raise OmninbError(
                f"figure: a {kind!r} trace cannot stand in a report, which draws SVG alone and "
                'fetches nothing. Use scatter, bar or heatmap (px.scatter(render_mode="svg")).'
            )
    layout = _defused(figure.get("layout") or {})
    layout["images"] = [
        i for i in layout.get("images", []) if str(i.get("source", "")).startswith("data:image/")
    ]
    layout = {key: value for key, value in layout.items() if key != "images" or value}
    layout.pop("updatemenus", None)
    layout.pop("sliders", None)
    layout["dragmode"] = False
    for name in layout:
        if _AXIS.fullmatch(name):
            layout[name] = {**layout[name], "fixedrange": True}
    return {"data": _defused(traces), "layout": layout}


def _defused(value: Any) -> Any:
    if isinstance(value, str):
        return safe_text(value) if "<" in value or ">" in value or "$" in value else value
    if isinstance(value, dict):
        return {key: _defused(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_defused(inner) for inner in value]
    return value
