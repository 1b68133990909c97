"""Invented attempts at a funnel, counted in plain Python into tables of the shape figures read."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache

import pandas as pd
from reading import HOSTILE
from simulated import wilson

STEPS = ["view product", "add to basket", "start checkout", "choose delivery", "purchase"]
CHANNELS = {
    "web": 40, "mobile app": 28, "paid search": 8, "marketplace": 7, "social": 6, "e-mail": 4,
    "store": 3, "chat": 2, "display": 1.6, "call centre": 1,
}  # fmt: skip


SHAPES = ("retailer", "few", "one attempt", "all open", "twelve by twelve", "hostile")


@dataclass
class Attempt:
    """A customer's one attempt: the channel of each step taken, and what came after the last."""

    level: str
    channels: list[str]
    mature: bool
    next: tuple[str, str]
    gaps: list[pd.Timedelta]


def attempts(
    number: int,
    steps: int = 5,
    channels: dict[str, float] = CHANNELS,
    levels: tuple[str, ...] = ("new", "returning"),
    seed: int = 5,
    mature: float = 0.92,
) -> list[Attempt]:
    """Attempts whose chances differ by step, channel and level; mobile stalls at the third."""
    chance = random.Random(seed)
    names, weights = list(channels), list(channels.values())
    made = []
    for _ in range(number):
        level = chance.choice(levels)
        taken = [chance.choices(names, weights)[0]]
        gaps = []
        while len(taken) < steps:
            at = taken[-1]
            on = (0.45, 0.55, 0.88, 0.66)[(len(taken) - 1) % 4] + 0.1 * (names.index(at) % 3 - 1)
            on -= 0.25 * (at == "mobile app" and len(taken) == 3)
            if chance.random() > on - 0.04 * levels.index(level):
                break
            moves = chance.random() < 0.2
            taken.append(chance.choices(names, weights)[0] if moves else at)
            gaps.append(pd.Timedelta(minutes=1 + chance.expovariate(1 / (40 * len(taken)))))
        after = ("exit", "exit")
        if chance.random() < 0.45:
            after = (chance.choices(names, weights)[0], chance.choice(["view", "search", "help"]))
        made.append(Attempt(level, taken, chance.random() < mature, after, gaps))
    return made


@cache
def shape(name: str) -> tuple[list[Attempt], list[str]]:
    """Attempts by the name of their shape, and their steps."""
    twelve = [f"step {i} of a long process" for i in range(1, 13)]
    many = {**CHANNELS, "kiosk": 5, "partner marketplace in the far north": 6}
    hostile = {name: 9.0 - i for i, name in enumerate(HOSTILE)}
    make = {
        "retailer": lambda: (attempts(9_000), STEPS),
        "few": lambda: (attempts(40), STEPS),
        "one attempt": lambda: (attempts(1, mature=1), STEPS),
        "all open": lambda: (attempts(60, mature=0), STEPS),
        "twelve by twelve": lambda: (
            attempts(12_000, 12, many, (*many, "nobody else")), twelve
        ),
        "hostile": lambda: (attempts(2_000, 6, hostile, tuple(HOSTILE)), HOSTILE[3:]),
    }  # fmt: skip
    return make[name]()


def facts(**more: object) -> dict[str, object]:
    return {
        "unit": "customers", "order": "ordered", "attempt": "first", "within": "7d",
        "observed_from": pd.Timestamp("2025-03-01 00:10", tz="UTC"),
        "observed_until": pd.Timestamp("2025-05-31 23:50", tz="UTC"),
        "confidence": 0.95, "so_far": False, **more,
    }  # fmt: skip


def rate_columns(name: str, part: int, whole: int) -> dict[str, float]:
    low, high = wilson(part, whole) if whole else (math.nan, math.nan)
    share = part / whole if whole else math.nan
    return {name: share, f"{name}_ci_lower": low, f"{name}_ci_upper": high}


def funnel_of(
    made: list[Attempt], steps: list[str] = STEPS, by: str = "", optional: int = 0
) -> pd.DataFrame:
    """What `funnel_table` returns; `by` a breakdown by the attempts' level, or periods."""
    sizes = Counter(a.level for a in made)
    levels = sorted(sizes, key=lambda level: (-sizes[level] * (by != "period"), level))
    records = []
    for level in levels if by else [""]:
        here = [a for a in made if not by or a.level == level]
        rest = [a for a in made if (a.level == levels[0] if by == "period" else a.level != level)]
        rest = [] if by == "period" and level == levels[0] else [a for a in rest if a.mature]
        mature = [a for a in here if a.mature]
        young = [a for a in here if not a.mature]
        before = len(mature)
        for place, name in enumerate(steps, 1):
            reached = [a for a in mature if len(a.channels) >= place]
            gaps = sorted(a.gaps[place - 2] for a in reached) if place > 1 else []
            row: dict[str, object] = {by: level} if by else {}
            row |= {"funnel_step": name, "step": place, "customers": len(reached)}
            row |= {"optional": place == optional} if optional else {}
            row |= rate_columns("conversion_rate", len(reached), len(mature))
            if place == 1:
                row |= {"conversion_rate_ci_lower": math.nan, "conversion_rate_ci_upper": math.nan}
            row |= rate_columns("step_conversion_rate", len(reached), before * (place > 1))
            row |= rate_columns("population_rate", len(reached), 2 * len(made))
            row |= {
                "interval_method": "wilson",
                "drop_off": math.nan if place == 1 or not before else 1 - len(reached) / before,
                "open": len(young),
                "open_converted": sum(len(a.channels) >= place for a in young),
                "median_time": gaps[len(gaps) // 2] if gaps else pd.NaT,
                "p90_time": gaps[9 * len(gaps) // 10] if gaps else pd.NaT,
                "value": 0.0,
            }
            if by:
                there = sum(len(a.channels) >= place for a in rest)
                row |= difference(len(reached), len(mature), there, len(rest))
                if by == "period":
                    del row["p_value"], row["p_adjusted"]
                else:
                    row["small"] = len(mature) < 20
            records.append(row)
            before = before if place == optional else len(reached)
    frame = pd.DataFrame(records)
    frame.attrs = facts(steps=steps, population=2 * len(made))
    return frame


def difference(a: int, n: int, b: int, m: int) -> dict[str, float]:
    names = ("difference", "difference_ci_lower", "difference_ci_upper", "p_value", "p_adjusted")
    if not n or not m:
        return dict.fromkeys(names, math.nan)
    p, q = a / n, b / m
    half = 1.96 * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    sure = 0.01 if abs(p - q) > 1.3 * half else 0.4
    return dict(zip(names, (p - q, p - q - half, p - q + half, sure / 2, sure), strict=True))


def drop_off_of(made: list[Attempt], steps: list[str] = STEPS, by: str = "channel") -> pd.DataFrame:
    """What `drop_off_table` returns."""
    records = []
    for place, name in enumerate(steps[:-1], 1):
        reached = [a for a in made if len(a.channels) >= place]
        for label in sorted({a.channels[place - 1] for a in reached}):
            here = [a for a in reached if a.channels[place - 1] == label]
            mature = [a for a in here if a.mature]
            on = [a for a in mature if len(a.channels) > place]
            same = sum(a.channels[place] == label for a in on)
            lost = len(mature) - len(on)
            row: dict[str, object] = {
                "funnel_step": name, "step": place, by: label, "customers": len(mature),
                "next_same_channel": same, "next_other_channel": len(on) - same, "lost": lost,
                "open": len(here) - len(mature),
            }  # fmt: skip
            row |= rate_columns("drop_off", lost, len(mature))
            row |= {"interval_method": "wilson"}
            row |= rate_columns("leave_channel_rate", lost + len(on) - same, len(mature))
            others = [a for a in reached if a.mature and a.channels[place - 1] != label]
            gone = sum(len(a.channels) == place for a in others)
            row |= difference(lost, len(mature), gone, len(others))
            del row["p_value"]
            row |= {"leave_channel_interval_method": "wilson", "value": 20.0 * lost}
            records.append(row)
    frame = pd.DataFrame(records).sort_values(
        ["step", "customers", by], ascending=[True, False, True], ignore_index=True
    )
    frame.attrs = facts(steps=steps, by=by)
    return frame


def lost_to_of(made: list[Attempt], steps: list[str] = STEPS, by: str = "channel") -> pd.DataFrame:
    """What `lost_to_table` returns."""
    seen: Counter[tuple[int, str, str, str]] = Counter()
    for a in made:
        for place, label in enumerate(a.channels[: len(steps) - 1], 1):
            if not a.mature:
                continue
            if place == len(a.channels):
                there = a.next[0] if a.next[0] == a.next[1] else " · ".join(a.next)
                seen[place, label, "lost", there] += 1
            elif a.channels[place] != label:
                seen[place, label, "left channel", f"{a.channels[place]} · {steps[place]}"] += 1
    whole: Counter[tuple[int, str, str]] = Counter()
    for key, number in seen.items():
        whole[key[:3]] += number
    records = [
        {"funnel_step": steps[place - 1], "step": place, by: label, "outcome": outcome,
         "next": there, "customers": number,
         **rate_columns("share", number, whole[place, label, outcome]), "interval_method": "wilson"}
        for (place, label, outcome, there), number in sorted(seen.items())
    ]  # fmt: skip
    columns = ["funnel_step", "step", by, "outcome", "next", "customers", "share",
               "share_ci_lower", "share_ci_upper", "interval_method"]  # fmt: skip
    frame = pd.DataFrame(records, columns=columns)
    frame.attrs = facts(steps=steps, by=by)
    return frame


def exits_of(kinds: dict[str, tuple[int, int, float]], by: str = "channel · event") -> pd.DataFrame:
    """What `exit_table` returns, from (settled, exits, expected) by kind."""
    records = []
    for kind, (settled, exits, expected) in kinds.items():
        ratio = exits / expected if expected else math.nan
        spread = 1.96 / math.sqrt(exits) if exits else math.nan
        sure = 0.001 if exits and expected and ratio * math.exp(-1.2 * spread) > 1 else 0.5
        records.append(
            {by: kind, "settled": settled, "exits": exits,
             **rate_columns("exit_rate", exits, settled), "interval_method": "wilson",
             "expected_rate": expected / settled, "expected_exits": expected, "ratio": ratio,
             "ratio_ci_lower": ratio * math.exp(-spread) if exits else math.nan,
             "ratio_ci_upper": ratio * math.exp(spread) if exits else math.nan,
             "excess_exits": exits - expected, "p_value": sure / 2, "p_adjusted": sure,
             "flagged": sure < 0.05, "customers": settled - settled // 7, "expected_end": False}
        )  # fmt: skip
    frame = pd.DataFrame(records)
    frame = frame.sort_values("excess_exits", ascending=False, ignore_index=True)
    frame.attrs = facts(by=by, exit_after="30d", expected_ends=["delivered"])
    return frame
