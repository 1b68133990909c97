"""Whether the analyses of the workshop find what is planted in a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omninb.drop_off import drop_off_table
from omninb.exits import exit_table
from omninb.experiments.metrics import Conversion
from omninb.experiments.progress import experiment_cumulative_table
from omninb.experiments.table import experiment_table
from omninb.experiments.verdicts import BETTER
from omninb.experiments.verdicts import NONE as NO_CLEAR
from omninb.funnels import funnel_table
from omninb.workshop.story import RULES, STEPS, WITHIN, Story

if TYPE_CHECKING:
    from omninb.events import EventLog
    from omninb.journeys import Journeys

VERDICTS = {"peeking": NO_CLEAR, "none": BETTER}  # of the test at its end
_SURE = 0.001  # p-value of what is said to be there
_PLAIN = 0.01  # p-value of a sound test, of which one look is taken
_LOOKS = 3  # days on which an early look must seem clear
_AHEAD = 1.3  # of the leak before any other place, in customers lost beyond the usual


def untold(log: EventLog, story: Story) -> list[str]:
    """The stories of a case that its log does not tell clearly; none in a case that is used."""
    journeys = log.journeys(**RULES)
    found = {
        "leaving": _leaving(journeys, story),
        "worst step": _worst_step(journeys, story),
        "leak": _leak(journeys, story),
        "trap": _trap(log, story),
    }
    return [name for name, told in found.items() if not told]


def _leaving(journeys: Journeys, story: Story) -> bool:
    """Whether one channel ends clearly more of its journeys than any other."""
    table = exit_table(journeys, by="channel").sort_values("exit_rate", ascending=False)
    first, second = table.iloc[0], table.iloc[1]
    return bool(
        first["channel"] == story.leaving
        and first["exit_rate_ci_lower"] > second["exit_rate_ci_upper"]
    )


def _worst_step(journeys: Journeys, story: Story) -> bool:
    """Whether one step clearly loses the largest share: where it leaks, or where much is lost.

    A leak need not be at the step that loses most: the place to repair is sought by customers.
    """
    table = (
        funnel_table(journeys, STEPS, WITHIN, attempt="first")
        .iloc[1:]
        .sort_values("step_conversion_rate")
    )
    first, second = table.iloc[0], table.iloc[1]
    planted = [leak.step for leak in (story.leak, story.decoy, story.hard) if leak]
    return bool(
        STEPS[STEPS.index(first["funnel_step"]) - 1] in planted
        and first["step_conversion_rate_ci_upper"] < second["step_conversion_rate_ci_lower"]
    )


def _leak(journeys: Journeys, story: Story) -> bool:
    """Whether the leak loses the most, and the decoy the largest share."""
    places = drop_off_table(journeys, STEPS, "channel", WITHIN)
    places["excess"] = places["difference"] * places["customers"]
    by_excess = places.sort_values("excess", ascending=False)
    leak, second = by_excess.iloc[0], by_excess.iloc[1]
    by_rate = places.sort_values("drop_off", ascending=False)
    highest, rest = by_rate.iloc[0], by_rate.iloc[1:]
    return bool(
        (leak["funnel_step"], leak["channel"]) == (story.leak.step, story.leak.channel)
        and leak["p_adjusted"] < _SURE
        and leak["excess"] > _AHEAD * second["excess"]
        and (highest["funnel_step"], highest["channel"]) == (story.decoy.step, story.decoy.channel)
        and highest["drop_off_ci_lower"] > rest["drop_off_ci_upper"].max()
    )


def _trap(log: EventLog, story: Story) -> bool:
    """Whether the test goes wrong as it should, and in no other way."""
    metric = Conversion("purchase", within=WITHIN)
    whole = experiment_table(log, metric)
    if story.trap == "broken split":
        clear = whole["uplift_ci_lower"].iloc[0] > 0
        return bool(clear and whole.attrs["stopped"] == ["sample ratio"])
    warned = any(check["outcome"] in ("warn", "stop") for check in whole.attrs["checks"])
    if warned or whole["verdict"].iloc[0] != VERDICTS[story.trap]:
        return False
    if story.trap == "none":
        return bool(whole["p_value"].iloc[0] < _PLAIN)
    days = experiment_cumulative_table(log, metric)
    clear_days = (days["uplift_ci_lower"] > 0).sum()
    never = not (days["always_valid_ci_lower"] > 0).any()
    return bool(clear_days >= _LOOKS and never and not (days["always_valid_ci_upper"] < 0).any())
