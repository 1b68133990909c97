"""The result of an experiment: all metrics beside each other, with guardrails apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

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
    Lines,
    Row,
    better_side,
    denominators,
    estimates,
    footnote,
    limit_words,
)
from omninb.figures.forest import Entry, Forest, Heading
from omninb.figures.given import check_experiment
from omninb.figures.lettering import missing, percent, plain, shorten
from omninb.figures.style import INK, MUTE


def experiment_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    practical: float | None = None,
) -> go.Figure:
    """What an experiment found: the relative uplift of every metric, and its verdict.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiment_table`; its rows of all customers are drawn, one a metric and treatment.
        Every number and verdict shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.
    practical : float, optional
        Half the width of the region that makes no practical difference, as a share of the
        control: .02 shades −2 % to +2 %. Decide it before the experiment.

    Returns
    -------
    plotly.graph_objects.Figure
        Of a ``sequential`` table a thick line is the interval for one look and a thinner one the
        always-valid interval that the verdicts rest on. ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `experiment_table`, or ``practical`` is no share.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> frame = pd.DataFrame({"variant": ["control", "new"] * 500, "bought": [0, 1, 1, 1, 0] * 200})
    >>> table = onb.experiment_table(frame, onb.Conversion("bought"))
    >>> onb.experiment_figure(table, practical=0.02).layout.title.text
    'Is new better than control?'
    """
    check_experiment(table)
    check_practical(practical)
    whole = table[table["segment"] == ALL].to_dict("records")
    canvas, facts = Canvas(width), table.attrs
    title = title or _question(whole, facts)
    if not whole:
        top = canvas.head(title, ["No metrics to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} No metrics to show."})
    subtitle = subtitle_lines(facts, "estimates: control → treatment")
    y = draw_stops(canvas, facts, canvas.head(title, subtitle) + 26)
    rows: list[Entry | Heading] = []
    for role, name in (("primary", "Primary metrics"), ("guardrail", "Guardrails")):
        held = [row for row in whole if row["role"] == role]
        if held:
            rest = " – must not get worse by more than the dashed limit" * (role == "guardrail")
            rows.append(Heading([[(name, 13.0, INK, True), (rest.strip(), 12.5, MUTE, False)]]))
            rows += [_entry(row, facts, practical) for row in held]
    forest = Forest.of(canvas, rows, float("nan") if practical is None else practical)
    low = forest.draw(rows, forest.heads(y, "Metric", facts["confidence"]))
    canvas.foot(low + 22, footnote(whole, facts, practical), height)
    return canvas.figure({"alt": in_words(whole, facts, title, subtitle)})


def _entry(row: Row, facts: Mapping[Any, Any], practical: float | None) -> Entry:
    name, several = plain(row["metric"]), len(facts["arms"]) > 2
    words: Lines = [[(name, 14.0, INK, True)]]
    if several:
        arms = f"{plain(row['variant'])} against {plain(facts['control'])}"
        words.append([(arms, 13.0, INK, False)])
    if not missing(row["control"]) and not missing(row["treatment"]):
        words.append([(estimates(row), 12.0, INK, False)])
    words.append([(denominators(row), 12.0, MUTE, False)])
    words.append([(better_side(row), 12.0, MUTE, False)])
    if row["variance_reduction"] > 0:
        words[-1].append((f"· CUPED: {percent(row['variance_reduction'])} less variance",
                          12.0, MUTE, False))  # fmt: skip
    limit = float("nan")
    if row["guardrail"]:
        limit = row["margin"] if row["direction"] == "lower" else -row["margin"]
        words.append([(limit_words(row), 12.0, MUTE, False)])
    return entry(row, facts, words, practical, limit)


def _question(whole: Sequence[Row], facts: Mapping[Any, Any]) -> str:
    arms = [shorten(plain(arm), 250, 22, True) for arm in facts["arms"]]
    guarded = any(row["role"] == "guardrail" for row in whole)
    harm = ", and does it harm anything?" if guarded else "?"
    if len(arms) != 2:
        return f"Is any treatment better than {arms[0]}{harm}" if arms else f"Is it better{harm}"
    return f"Is {arms[1]} better than {arms[0]}{harm}"
