"""retentioneering 5.2: its event stream, then its headless tables; telemetry off."""

import os

os.environ["RETENTIONEERING_NO_TRACK"] = "1"

import pandas as pd
from retentioneering import Eventstream

SCHEMA = {"path_cols": ["customer_id"], "event_col": "channel", "timestamp_col": "timestamp"}


def stream(path):
    frame = pd.read_parquet(path, columns=["customer_id", "timestamp", "channel"])
    return Eventstream(frame, schema=SCHEMA)


def cold(path):
    events = stream(path)
    counts = events.transition_graph_data(edge_weight="count")
    inner = counts.drop(index=["path_start", "path_end"], columns=["path_start", "path_end"],
                        errors="ignore")  # fmt: skip
    return {(a, b): int(n) for a, row in inner.iterrows() for b, n in row.items() if n}, events


def later(path):
    events = stream(path)
    return {
        "transitions": lambda: events.transition_graph_data(edge_weight="count"),
        "steps": lambda: events.step_matrix_data(max_steps=10),
        "flows": lambda: events.step_sankey_data(max_steps=6),
    }
