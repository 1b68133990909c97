"""pandas on codes: a stable sort brings customers together, and pairs are counted."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq


def cold(path):
    table = pq.read_table(path, columns=["customer_id", "channel"], read_dictionary=["channel"])
    frame = table.to_pandas()
    names = list(frame["channel"].cat.categories)
    customer = pd.factorize(frame["customer_id"])[0].astype(np.int32)
    # The file is in time order, which a stable sort keeps within each customer.
    order = np.argsort(customer, kind="stable")
    customer, channel = customer[order], frame["channel"].cat.codes.to_numpy()[order]
    pair = channel[:-1].astype(np.int64) * len(names) + channel[1:]
    counts = np.bincount(pair[customer[1:] == customer[:-1]], minlength=len(names) ** 2)
    counts = counts.reshape(len(names), -1)
    cells = ((a, b, i, k) for i, a in enumerate(names) for k, b in enumerate(names))
    return {(a, b): int(counts[i, k]) for a, b, i, k in cells}, (table, frame)
