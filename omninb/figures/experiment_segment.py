"""Whether an experiment's uplift differs between segments: a forest with its test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.errors import OmninbError, nearest
from omninb.figures.canvas import Canvas
from omninb.figures.experiment_rows import (
    check_practical,
    draw_stops,
    entry,
    in_words,
    subtitle_lines,
)
from omninb.figures.experiment_words import (
    ALL,
    CORRECTIONS,
    Lines,
    Row,
    better_side,
    denominators,
    estimates,
    footnote,
    p_words,
)
from omninb.figures.forest import Entry, Forest, Heading
from omninb.figures.given import check_experiment
from omninb.figures.lettering import count, missing, plain, shorten
from omninb.figures.style import INK, MUTE

MOST_LEVELS = 16


def experiment_segment_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    metric: str | Sequence[str] | None = None,
    practical: float | None = None,
) -> go.Figure:
    """Whether a treatment helps some customers more than others, tested and not eyeballed.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiment_table` with ``segments``. Every number and verdict shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.
    metric : str or list of str, optional
        The metrics, each a panel for each treatment; the first primary one by default.
    practical : float, optional
        As in `experiment_figure`.

    Returns
    -------
    plotly.graph_objects.Figure
        Each panel has a row of all customers, then those of each segment's levels, at most 16 of
        them, under the p-value of the test whether the uplift is the same in all.
        Lines as in `experiment_figure`. ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `experiment_table`, has no segments, or lacks the metric.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> frame = pd.DataFrame({"variant": ["control", "new"] * 500, "bought": [0, 1, 1, 1, 0] * 200})
    >>> frame["device"] = ["mobile"] * 600 + ["desktop"] * 400
    >>> table = onb.experiment_table(frame, onb.Conversion("bought"), segments="device")
    >>> onb.experiment_segment_figure(table).layout.title.text
    'Does the uplift of bought differ between levels of device?'
    """
    check_experiment(table)
    check_practical(practical)
    if not (table["segment"] != ALL).any():
        raise OmninbError(
            "table has no segments. Pass table = experiment_table(source, metrics, "
            'segments="device").'
        )
    chosen = _chosen(table, metric)
    held = table[table["metric"].isin(chosen)]
    canvas, facts = Canvas(width), table.attrs
    title = title or _question(held, chosen)
    subtitle = subtitle_lines(facts, "a level: its customers at their first exposure")
    y = draw_stops(canvas, facts, canvas.head(title, subtitle) + 26)
    rows: list[Entry | Heading] = []
    shown: list[Row] = []
    for name in chosen:
        for _, panel in held[held["metric"] == name].groupby("variant", sort=False):
            for drawn, source in _panel(panel, facts, practical):
                rows.append(drawn)
                shown += source
    forest = Forest.of(canvas, rows, float("nan") if practical is None else practical)
    low = forest.draw(rows, forest.heads(y, "Customers", facts["confidence"]))
    notes = [*footnote(shown, facts, practical), "Interaction: Cochran’s Q."]
    canvas.foot(low + 22, notes, height)
    alt = in_words(shown, facts, title, subtitle)
    tests = [row.words for row in rows if isinstance(row, Heading)]
    alt += " " + " ".join(piece[0] for words in tests for line in words for piece in line if piece)
    return canvas.figure({"alt": alt})


def _chosen(table: pd.DataFrame, metric: str | Sequence[str] | None) -> list[str]:
    known = list(dict.fromkeys(table["metric"]))
    if metric is None:
        primary = table.loc[table["role"] == "primary", "metric"]
        return [primary.iloc[0] if len(primary) else known[0]]
    chosen = [metric] if isinstance(metric, str) else list(metric)
    for name in chosen:
        if name not in known:
            raise OmninbError(f"metric={name!r} is not in the table.{nearest(name, known)}")
    if not chosen:
        raise OmninbError(f"metric: none is named. The table has {', '.join(map(repr, known))}.")
    return chosen


def _panel(
    panel: pd.DataFrame, facts: Mapping[Any, Any], practical: float | None
) -> list[tuple[Entry | Heading, list[Row]]]:
    """The rows of one metric and treatment, each with its row of the table."""
    found: list[tuple[Entry | Heading, list[Row]]] = []
    for segment, part in panel.groupby("segment", sort=False):
        records = part.to_dict("records")
        if segment == ALL:
            row = records[0]
            name = plain(row["metric"])
            if len(facts["arms"]) > 2:
                name += f": {plain(row['variant'])} against {plain(facts['control'])}"
            pieces = [(name, 14.0, INK, True), (better_side(row), 12.5, MUTE, False)]
            found.append((Heading([pieces]), []))
        else:
            found.append((Heading([_tested(str(segment), records[0], facts)]), []))
        for row in records[:MOST_LEVELS]:
            name = "all customers" if segment == ALL else plain(row["level"])
            words: Lines = [[(name, 13.5, INK, segment == ALL)]]
            if not missing(row["control"]) and not missing(row["treatment"]):
                words.append([(estimates(row), 12.0, INK, False)])
            words.append([(denominators(row), 12.0, MUTE, False)])
            found.append((entry(row, facts, words, practical), [row]))
        if len(records) > MOST_LEVELS:
            left = f"{count(len(records) - MOST_LEVELS)} more levels stand in the table."
            found.append((Heading([[(left, 12.0, MUTE, False)]]), []))
    return found


def _tested(segment: str, row: Row, facts: Mapping[Any, Any]) -> list[tuple[str, float, str, bool]]:
    """The heading of a segment: whether the uplift differs between its levels."""
    p = row["p_interaction_adjusted"]
    correction = CORRECTIONS.get(str(facts.get("correction")))
    if missing(p):
        answer = "cannot say whether the uplift differs: fewer than two levels can be compared"
    else:
        differs = p < 1 - facts["confidence"]
        word = "the uplift differs" if differs else "the uplift does not clearly differ"
        adjusted = f", adjusted ({correction})" if correction else ""
        answer = f"{word} between its levels, {p_words(p)}{adjusted}"
    return [(plain(segment), 13.0, INK, True), (f"– {answer}", 12.5, MUTE, False)]


def _question(held: pd.DataFrame, chosen: Sequence[str]) -> str:
    segments = [s for s in dict.fromkeys(held["segment"]) if s != ALL]
    of = f" of {shorten(plain(chosen[0]), 300, 22, True)}" if len(chosen) == 1 else ""
    names = shorten(" and ".join(map(plain, segments)), 300, 22, True)
    return f"Does the uplift{of} differ between levels of {names}?"
