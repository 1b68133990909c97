"""Draws what the sample's shop looks like, docs/shop.png: ``make picture`` (needs Chromium)."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from plotly.subplots import make_subplots

import omninb as onb
from omninb.figures.style import BAR, CHANNELS, FONT, INK, RULE

PATH = Path(__file__).resolve().parents[1] / "docs" / "shop.png"
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
TITLES = (
    "Touchpoints by hour (UTC): store green, others blue",
    "Touchpoints by weekday: store green, others blue",
    "Touchpoints by week of the year",
    "Purchases by order value, from EUR",
    "Time between touchpoints of a customer",
    "Customers by touchpoints",
)

frame = onb.sample().to_frame().sort_values(["customer_id", "timestamp"], kind="stable")
time, store = frame["timestamp"], frame["channel"] == "store"
shop = make_subplots(2, 3, subplot_titles=TITLES, horizontal_spacing=0.06, vertical_spacing=0.16)
STORE, REST = {"marker_color": CHANNELS["store"]}, {"marker_color": BAR}


def bars(place: int, names: list, heights: np.ndarray | pd.Series, **look: object) -> None:
    """Bars in one of the six places, counted from 0."""
    shop.add_bar(
        x=names, y=heights, row=place // 3 + 1, col=place % 3 + 1, showlegend=False, **look
    )


def share(of: pd.Series, values: range) -> pd.Series:
    """Share of rows, in percent, at each of the values."""
    return 100 * of.value_counts(normalize=True).reindex(values, fill_value=0.0)


def bins(place: int, values: pd.Series, edges: list[float], names: list[str]) -> None:
    """Share of values, in percent, between each two edges."""
    counted = np.histogram(values, [*edges, np.inf])[0]
    bars(place, names, 100 * counted / counted.sum(), **REST)


for rows, look in ((~store, REST), (store, STORE)):
    bars(0, list(range(24)), share(time[rows].dt.hour, range(24)), **look)
    bars(1, DAYS, share(time[rows].dt.day_of_week, range(7)), **look)
weeks = (time.dt.day_of_year - 1) // 7
bars(2, list(range(1, 53)), share(weeks, range(52)), **REST)
value = frame.loc[frame["event"] == "purchase", "value"]
bins(3, value, list(range(0, 300, 20)), [*(str(low) for low in range(0, 280, 20)), "280+"])
gap = time.groupby(frame["customer_id"]).diff().dropna().dt.total_seconds()
minute, hour, day = 60, 3_600, 86_400
edges = [0, 15, minute, 5 * minute, hour, day, 3 * day, 7 * day, 30 * day]
spans = ["<15 s", "<1 min", "<5 min", "<1 h", "<1 d", "<3 d", "<7 d", "<30 d", "more"]
bins(4, gap, edges, spans)
each = frame["customer_id"].value_counts()
bins(5, each, list(range(1, 51, 5)), [*(f"{n}–{n + 4}" for n in range(1, 46, 5)), "46+"])

shop.update_layout(
    width=1400, height=720, template="plotly_white", barmode="group", bargap=0.15,
    font={"family": FONT, "size": 13, "color": INK}, margin={"l": 40, "r": 20, "t": 50, "b": 50},
)  # fmt: skip
shop.update_yaxes(ticksuffix=" %", gridcolor=RULE, rangemode="tozero")
shop.update_xaxes(type="category", tickangle=0, showgrid=False)
shop.update_xaxes(dtick=3, row=1, col=1)
shop.update_xaxes(dtick=2, row=2, col=1)
shop.update_xaxes(tickangle=-45, row=2, col=3)
drawn = Image.open(BytesIO(shop.to_image("png")))
drawn.convert("RGB").quantize(64, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
    PATH, optimize=True
)
print(f"docs/shop.png: {PATH.stat().st_size:,} bytes")
