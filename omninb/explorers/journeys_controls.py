"""The controls of the journey explorer, as its arguments set them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from omninb.explorers.choices import by_options, day_of, period_of, roles_of, values_of
from omninb.explorers.frame import labelled
from omninb.explorers.journeys_state import TABS, JourneysState, Where
from omninb.journeys import Journeys

ANY, NOTHING, PERIOD, GIVEN = "(any)", "(nothing)", "(period)", "(as given)"


def controls_of(journeys: Journeys, state: JourneysState) -> dict[str, widgets.Widget]:
    """The widgets by the name of what they set."""
    table = journeys.columns.table
    roles = roles_of(table)
    first, last = period_of(journeys)
    between = state.where.get("between")
    since, before = between if isinstance(between, tuple | list) else (None, None)
    containing = state.where.get("containing")
    touching = containing.get("channel") if isinstance(containing, Mapping) else None
    channels = [(ANY, ""), *((name, name) for name in values_of(journeys.columns, "channel"))]
    tabs = [(label, name) for name, label in TABS.items()]
    none: list[tuple[str, str]] = [(NOTHING, "")]
    compared = [*none, ("period", PERIOD), *((name, name) for name in roles)]
    dates: dict[str, Any] = {"width": "250px", "min": first, "max": last}
    return {
        "tab": widgets.ToggleButtons(
            options=tabs, value=state.tab, style={"button_width": "110px"}, tooltips=[
                "The journey map", "The same journeys as a Sankey", "The same as a step heatmap",
                "Two segments or periods"]),
        "by": labelled(widgets.Dropdown, "By", options=by_options(table, state.by), value=state.by),
        "min_journeys": labelled(
            widgets.BoundedIntText, "Smallest flow", value=state.min_journeys, min=1, max=2**31),
        "collapse_repeats": labelled(
            widgets.Checkbox, "Collapse repeats", "160px", value=state.collapse_repeats,
            indent=False),
        "touching": labelled(
            widgets.Dropdown, "Touching channel", "260px", options=channels, value=touching or ""),
        "role": labelled(
            widgets.Dropdown, "Segment by", options=[*none, *((n, n) for n in roles)]),
        "value": labelled(widgets.Dropdown, "Segment", options=[(ANY, "")]),
        "since": labelled(widgets.DatePicker, "Began from", value=day_of(since), **dates),
        "before": labelled(widgets.DatePicker, "Began before", value=day_of(before), **dates),
        "compare": labelled(widgets.Dropdown, "Compare by", "220px", options=compared),
        "side_a": labelled(widgets.Dropdown, "First", options=[]),
        "side_b": labelled(widgets.Dropdown, "Second", options=[]),
        "middle": labelled(
            widgets.DatePicker, "Before and from", value=first + (last - first) / 2,
            **dates),
        "at": labelled(widgets.Dropdown, "Look at", "260px", options=[(NOTHING, "")]),
        "to": labelled(widgets.Dropdown, "followed by", "260px", options=[(ANY, "")]),
    }  # fmt: skip


def beyond(where: Where, roles: list[str]) -> dict[str, object]:
    """The part of a selection that no control can show."""
    shown = {"between"}
    containing = where.get("containing")
    if isinstance(containing, Mapping) and set(containing) == {"channel"}:
        shown |= {"containing"} if isinstance(containing["channel"], str) else set()
    simple = [r for r in where if r in roles and isinstance(where[r], str)]
    return {n: value for n, value in where.items() if n not in {*shown, *simple[:1]}}
