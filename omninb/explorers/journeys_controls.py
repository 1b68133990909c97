"""The controls of the journey explorer, as its arguments set them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ipywidgets as widgets

from omninb.explorers.choices import (
    by_options,
    day_of,
    period_of,
    segments_of,
    values_of,
    words_of,
)
from omninb.explorers.frame import labelled
from omninb.explorers.journeys_state import TABS, JourneysState, Where
from omninb.journeys import Journeys

ANY, NOTHING, PERIOD, GIVEN = "(any)", "(nothing)", "(period)", "(as given)"


def controls_of(journeys: Journeys, state: JourneysState) -> dict[str, widgets.Widget]:
    """The widgets by the name of what they set."""
    table = journeys.columns.table
    roles = segments_of(table)
    first, last = period_of(journeys)
    given = beyond(state.where, journeys)
    since, before = days_of(state.where, journeys) or (None, None)
    containing = {} if "containing" in given else state.where.get("containing", {})
    touching = containing.get("channel", "") if isinstance(containing, Mapping) else ""
    names = values_of(journeys, "channel")
    names += [touching] if touching and touching not in names else []
    channels = [(ANY, ""), *((name, name) for name in names)]
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
            widgets.Dropdown, "Touching channel", "260px", options=channels, value=touching),
        "role": labelled(
            widgets.Dropdown, "Segment by", options=[*none, *((n, n) for n in roles)]),
        "value": labelled(widgets.Dropdown, "Segment", options=[(ANY, "")]),
        "since": labelled(widgets.DatePicker, "Began from", value=since, **dates),
        "before": labelled(widgets.DatePicker, "Began before", value=before, **dates),
        "compare": labelled(widgets.Dropdown, "Compare by", "220px", options=compared),
        "side_a": labelled(widgets.Dropdown, "First", options=[]),
        "side_b": labelled(widgets.Dropdown, "Second", options=[]),
        "middle": labelled(
            widgets.DatePicker, "Before and from", value=first + (last - first) / 2,
            **dates),
        **{
            f"given_{name}": labelled(
                widgets.Checkbox, f"Only {words_of({name: value})}", "auto", value=True,
                indent=False)
            for name, value in given.items()
        },
        "at": labelled(widgets.Dropdown, "Look at", "260px", options=[(NOTHING, "")]),
        "to": labelled(widgets.Dropdown, "followed by", "260px", options=[(ANY, "")]),
    }  # fmt: skip


def days_of(where: Where, journeys: Journeys) -> tuple[date, date] | None:
    """The days from which and before which journeys begin; None where no two days say so."""
    between = where.get("between")
    if not isinstance(between, tuple | list) or len(between) != 2:
        return None
    since, before = (day_of(value, "between", journeys.rules.timezone) for value in between)
    return None if since is None or before is None else (since, before)


def beyond(where: Where, journeys: Journeys) -> dict[str, object]:
    """The part of a selection that the controls of a log cannot show."""
    roles = segments_of(journeys.columns.table)
    shown = set() if days_of(where, journeys) is None else {"between"}
    containing = where.get("containing")
    if isinstance(containing, Mapping) and set(containing) == {"channel"}:
        shown |= {"containing"} if isinstance(containing["channel"], str) else set()
    simple = [r for r in where if r in roles and isinstance(where[r], str)]
    return {n: value for n, value in where.items() if n not in {*shown, *simple[:1]}}
