"""The experiment explorer: a metric of a randomised test, its verdict, and its course by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from omninb.columns import NOT_SET
from omninb.errors import OmninbError
from omninb.experiments.exposure import arms_of
from omninb.experiments.metrics import Conversion, MeanPerCustomer, Metric
from omninb.experiments.rows import ALL
from omninb.explorers.choices import given_log, roles_of, values_of
from omninb.explorers.drawing import Drawing
from omninb.explorers.frame import Explorer, Shown, choose, labelled, row
from omninb.explorers.recipe import Line
from omninb.spelling import Name

if TYPE_CHECKING:
    from omninb.events import EventLog

NOTHING, WITHIN = "(nothing)", "14d"
UNSPLIT = "Not split by {}: no value of it has customers enough in every arm to be told of."
LEVELS = (0.8, 0.9, 0.95, 0.99)
_LOG, _TABLE = Name("log"), Name("table")


@dataclass(frozen=True)
class ExperimentState:
    """The arguments of `explore_experiment`; see there."""

    metric: Metric
    variant: str = "variant"
    control: str | None = None
    segment: str | None = None
    covariate: str | None = None
    confidence: float = 0.95
    day: str | None = None

    def _design(self, **more: object) -> dict[str, Any]:
        asked: dict[str, Any] = {} if self.variant == "variant" else {"variant": self.variant}
        asked |= {} if self.control is None else {"control": self.control}
        asked |= {} if self.covariate is None else {"covariate": self.covariate}
        asked |= {} if self.confidence == 0.95 else {"confidence": self.confidence}
        return asked | more

    def found(self) -> Line:
        """What the test found, by all that is known."""
        asked = self._design(sequential=True)
        asked |= {} if self.segment is None else {"segments": self.segment}
        return Line("table", "onb.experiment_table", (_LOG, self.metric), asked)

    def verdict(self, width: int, split: bool) -> Shown:
        """What the test found, of all customers or also split by the segment."""
        kind = "onb.experiment_segment_figure" if split else "onb.experiment_figure"
        return Shown([self.found(), Line("figure", kind, (_TABLE,), {"width": width})])

    def course(self, width: int) -> Shown:
        """What was known of the effect at the end of each day, up to one."""
        daily = self.daily()
        shown = Name(daily.name)
        lines = [daily]
        if self.day is not None:
            lines.append(Line("until", "daily.query", (f"day <= {self.day!r}",)))
            shown = Name("until")
        figure = Line("figure", "onb.experiment_cumulative_figure", (shown,), {"width": width})
        return Shown([*lines, figure], table=shown.text)

    def daily(self) -> Line:
        """All days."""
        given = (_LOG, self.metric)
        return Line("daily", "onb.experiment_cumulative_table", given, self._design())


def explore_experiment(
    log: EventLog,
    metrics: Metric | Sequence[Metric] | None = None,
    metric: str | None = None,
    variant: str = "variant",
    control: str | None = None,
    segment: str | None = None,
    covariate: str | None = None,
    confidence: float = 0.95,
    day: object = None,
) -> Explorer:
    """Explore a randomised test in JupyterLab: its metrics, segments, and its course by day.

    The course is drawn with the band that may be looked at every day, so that sliding along the
    days is no peeking: what that band says at any day holds.

    Parameters
    ----------
    log : EventLog
        With a column of arms.
    metrics : list of metrics, optional
        What can be chosen; by default for each event whether it came within 14 days, and the value
        per customer where the log has values.
    metric : str, optional
        The name of the metric that is shown; by default the first.
    variant, control, covariate, confidence
        As in `experiment_table`.
    segment : str, optional
        A column whose values at exposure split the customers.
    day : date, optional
        The last day of the course that is shown; by default all.

    Returns
    -------
    Explorer
        An ipywidget: ``.figure``, ``.table`` and ``.code`` are those of the verdict.

    Raises
    ------
    OmninbError
        If an argument cannot be read. What goes wrong later is said in the explorer.

    Examples
    --------
    >>> import omninb as onb
    >>> explorer = onb.explore_experiment(onb.sample(), onb.Conversion("purchase", within="14d"))
    >>> explorer.drawings["course"].plot.layout.title.text
    'What was known of the effect on purchase, day by day?'
    """
    given_log(log)
    if isinstance(metrics, Metric):
        metrics = [metrics]
    listed = _metrics(log) if metrics is None else metrics
    if not isinstance(listed, Sequence) or not all(isinstance(one, Metric) for one in listed):
        raise OmninbError(f"metrics={metrics!r}: give metrics, such as onb.Conversion('purchase').")
    if isinstance(confidence, str):
        raise OmninbError(f"confidence={confidence!r}: a share, such as 0.95.")
    known = {one.name: one for one in listed}
    if not known:
        raise OmninbError("metrics: the log has no events to choose from. Give them.")
    if metric is not None and metric not in known:
        raise OmninbError(f"metric={metric!r}: there are {', '.join(map(repr, known))}.")
    if log.min_customers is not None and variant in roles_of(log.table):
        # Refused here, where the arms that an error names have customers enough.
        arms_of([arm for arm in values_of(log.journeys(), variant) if arm != NOT_SET], control)
    first = known[metric] if metric is not None else next(iter(known.values()))
    at = None if day is None else _day(day)
    state = ExperimentState(first, variant, control, segment, covariate, confidence, at)
    return ExperimentExplorer(log, list(known.values()), state)


class ExperimentExplorer(Explorer):
    """See `explore_experiment`."""

    def __init__(self, log: EventLog, metrics: list[Metric], state: ExperimentState) -> None:
        self._arms, self._opening = (state.variant, state.control), True
        drawings = {"verdict": Drawing("experiment"), "course": Drawing("course")}
        controls = _controls(log, metrics, state)
        super().__init__({"log": log}, (log.made_by,), controls, drawings)
        c = self.controls
        with self.quiet():
            self._fill_days(state.day)
        self.children = [
            row(*(c[name] for name in ("metric", "segment", "covariate", "confidence"))),
            self.status,
            drawings["verdict"],
            row(c["day"]),
            drawings["course"],
        ]
        self.begin()

    @property
    def state(self) -> ExperimentState:
        """What the controls say: the arguments that open the explorer as it is."""
        c = self.controls
        days = c["day"].options
        day = None if not days or c["day"].value == days[-1][1] else c["day"].value
        return ExperimentState(
            c["metric"].value, *self._arms, c["segment"].value or None,
            c["covariate"].value or None,
            c["confidence"].value, day,
        )  # fmt: skip

    def update(self) -> list[str]:
        """Show the verdict and the course."""
        state = self.state
        table, _ = self.answers.value([state.found()], "table")
        split = bool((table["segment"] != ALL).any())
        verdict = state.verdict(self.drawings["verdict"].width, split)
        notes = self.draw(
            {"verdict": verdict, "course": state.course(self.drawings["course"].width)}
        )
        unsplit = state.segment is not None and not split
        return [*notes, UNSPLIT.format(state.segment)] if unsplit else notes

    def prepare(self, name: str) -> None:
        """Another metric, or another history, has other days."""
        if name in ("metric", "covariate"):
            self._fill_days(self.controls["day"].value)

    def _fill_days(self, chosen: str | None) -> None:
        daily, _ = self.answers.value([self.state.daily()], "daily")
        days = [f"{day:%Y-%m-%d}" for day in daily["day"].drop_duplicates()]
        if self._opening and chosen is not None and days and chosen < days[0]:
            raise OmninbError(f"day={chosen!r}: nothing was known yet. The first is {days[0]!r}.")
        self._opening = False
        slider = self.controls["day"]
        slider.options = [(day, day) for day in days or ["no window is over yet"]]
        known = [day for day in days if chosen is None or day <= chosen]
        slider.index = len(known) - 1 if known else 0


def _controls(
    log: EventLog, metrics: Sequence[Metric], state: ExperimentState
) -> dict[str, widgets.Widget]:
    roles: list[tuple[str, str]] = [
        (name, name)
        for name in dict.fromkeys([*roles_of(log.table), *filter(None, [state.segment])])
        if name != state.variant
    ]
    levels = sorted({*LEVELS, state.confidence})
    histories: list[tuple[str, str]] = [(NOTHING, ""), ("the 28 days before", "before")]
    controls = {
        "metric": labelled(
            widgets.Dropdown, "Metric", "320px", value=state.metric,
            options=[(one.name, one) for one in metrics]),
        "segment": labelled(
            widgets.Dropdown, "Split by", "220px", options=[(NOTHING, ""), *roles],
            value=state.segment or ""),
        "covariate": labelled(
            widgets.Dropdown, "Adjust for", "260px", options=histories),
        "confidence": labelled(
            widgets.Dropdown, "Confidence", "180px", value=state.confidence,
            options=[(f"{100 * one:g} %", one) for one in levels]),
        "day": labelled(
            widgets.SelectionSlider, "Known by the end of", "100%", options=[("", "")],
            continuous_update=False),
    }  # fmt: skip
    choose(controls["covariate"], state.covariate)
    return controls


def _day(given: object) -> str:
    try:
        day = pd.Timestamp(given)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise OmninbError(f'day={given!r} is no date. Write for example "2025-03-01".') from error
    return day.date().isoformat()


def _metrics(log: EventLog) -> list[Metric]:
    events = values_of(log.journeys(), "event") if "event" in log.table.column_names else []
    found: list[Metric] = [Conversion(event, within=WITHIN) for event in events]
    found.sort(key=lambda metric: metric.name != "purchase")
    if "value" in log.table.column_names:
        found.append(MeanPerCustomer("value", within=WITHIN))
    return found
