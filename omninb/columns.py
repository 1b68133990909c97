"""The touchpoints' columns in the order of a layout, encoded when they are first used."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError, nearest
from omninb.memory import fresh, plain_memory, writable
from omninb.passes.compiling import each, shares
from omninb.passes.customers import gather_codes
from omninb.passes.selecting import copy_codes

NOT_SET = "(not set)"
_NOT_NAMES = {"timestamp", "value", "cost"}
_MOST_LABELS = 65_535
Encoded = tuple[np.ndarray, list[str]]


@dataclass
class Columns:
    """The log's columns in the order of a layout: roles encoded to small integers on first use.

    Of a log that is ``shared`` (``min_customers=``) errors name no values but those of channel and
    event, whose rare ones were pooled when it was read.
    """

    table: pa.Table
    order: np.ndarray
    shared: bool = False
    _codes: dict[tuple[str, ...], Encoded] = field(default_factory=dict)
    _from: tuple[dict[tuple[str, ...], Encoded], np.ndarray, np.ndarray] | None = None

    def of_journeys(self, order: np.ndarray, starts: np.ndarray, offsets: np.ndarray) -> Columns:
        """The columns of some journeys, which begin at ``starts`` of these and at ``offsets``."""
        return Columns(self.table, order, self.shared, _from=(self._codes, starts, offsets))

    def codes(self, by: str | Sequence[str], argument: str = "by") -> tuple[np.ndarray, list[str]]:
        """Codes (uint16, one a touchpoint) and sorted labels of a role or a combination of roles.

        Empty values are ``(not set)``; combined labels are joined by `` · ``.
        """
        if not isinstance(by, str | Sequence) or not all(isinstance(role, str) for role in by):
            raise OmninbError(f'{argument}={by!r}: a role or a list of roles, such as "channel".')
        roles = (by,) if isinstance(by, str) else tuple(by)
        if not roles:
            raise OmninbError('by=[]: name a role or a column, such as by="channel".')
        for role in roles:
            if role not in self.table.column_names or role in _NOT_NAMES:
                known = [name for name in self.table.column_names if name not in _NOT_NAMES]
                raise OmninbError(
                    f"{argument}: the log has no column of names {role!r}.{nearest(role, known)}"
                )
        if roles not in self._codes:
            simple = len(roles) == 1
            self._codes[roles] = self._encoded(roles[0]) if simple else self._combine(roles)
        return self._codes[roles]

    def _encoded(self, role: str) -> Encoded:
        """A role's codes: copied where they are known of more journeys."""
        known, starts, offsets = self._from or ({}, np.empty(0), np.empty(0))
        if (role,) not in known:
            return self._encode(role)
        codes, labels = known[(role,)]
        copied = fresh(len(self.order), np.uint16)
        each(copy_codes, [(starts, offsets, codes, copied, *part) for part in shares(len(starts))])
        return copied, labels

    @plain_memory()
    def _encode(self, role: str) -> tuple[np.ndarray, list[str]]:
        column = self.table.column(role)
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        dictionaries = [
            [NOT_SET if text is None else text for text in chunk.dictionary.to_pylist()]
            for chunk in column.chunks
        ]
        found = set(itertools.chain([NOT_SET] * (column.null_count > 0), *dictionaries))
        if len(found) > _MOST_LABELS:
            raise OmninbError(
                f"by={role!r} has {len(found):,} different values, more than {_MOST_LABELS:,}. "
                "Group them with recode= or other_below= of read_events."
            )
        labels = sorted(found)
        at = {label: code for code, label in enumerate(labels)}
        by_row, codes = fresh(len(column), np.uint16), fresh(len(self.order), np.uint16)
        row = 0
        for chunk, texts in zip(column.chunks, dictionaries, strict=True):
            code_of = np.array([at[text] for text in [*texts, *[NOT_SET] * (NOT_SET in at)]])
            indices = chunk.indices.cast(pa.int32())
            if indices.null_count:
                indices = indices.fill_null(len(texts))
            here = by_row[row : row + len(chunk)]
            lookup = code_of.astype(np.uint16)
            np.take(lookup, writable(indices, np.int32), out=here, mode="clip")  # "raise" copies
            row += len(chunk)
        occurs = np.bincount(by_row, minlength=len(labels)) > 0
        if not occurs.all():  # words of rows that were not accepted
            np.take((np.cumsum(occurs) - 1).astype(np.uint16), by_row, out=by_row, mode="clip")
            labels = [label for label, one in zip(labels, occurs, strict=True) if one]
        each(gather_codes, [(self.order, by_row, codes, *part) for part in shares(len(codes))])
        return codes, labels

    def _combine(self, roles: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
        combined, names = self.codes(roles[0])
        for role in roles[1:]:
            codes, labels = self.codes(role)
            key = combined.astype(np.int64) * len(labels) + codes
            which, found = pd.factorize(key)
            if len(found) > _MOST_LABELS:
                raise OmninbError(
                    f"by={list(roles)!r} has {len(found):,} combinations, more than "
                    f"{_MOST_LABELS:,}. Group values with recode= or other_below= of read_events."
                )
            pairs = [(names[k // len(labels)], labels[k % len(labels)]) for k in found]
            names = [" · ".join(pair) for pair in pairs]
            if len(set(names)) < len(names):  # a value holds the separator
                names = [" · ".join(f"“{value}”" for value in pair) for pair in pairs]
            combined = which.astype(np.uint16)
        ranked = np.argsort(np.array(names, dtype=object), kind="stable")
        rank = np.empty(len(names), np.uint16)
        rank[ranked] = np.arange(len(names), dtype=np.uint16)
        return rank[combined] if len(names) else combined, [names[i] for i in ranked]
