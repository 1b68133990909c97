"""Which rows were refused, and why: the first reason that is found stands."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
WITHHELD = "(withheld: pseudonymise=True)"
_SHOWN = 60


def shortened(text: str, most: int = _SHOWN) -> str:
    """A text's beginning: a field that a stray quote opened may hold a thousand rows."""
    return text if len(text) <= most else text[: most - 2] + " …"


class Refusals:
    """The refused rows of a source of `rows` rows; it costs nothing while there are none.

    With `withhold`, errors are to quote no cell.
    """

    def __init__(self, rows: int, withhold: bool = False) -> None:
        self.rows = rows
        self.withhold = withhold
        self.reasons: list[str] = []
        self.codes: npt.NDArray[np.int16] | None = None

    def refuse(self, mask: Mask, reason: str) -> None:
        """Refuse the rows of `mask` that were not refused yet."""
        if not mask.any():
            return
        if self.codes is None:
            self.codes = np.zeros(self.rows, np.int16)
        if reason not in self.reasons:
            self.reasons.append(reason)
        self.codes[mask & (self.codes == 0)] = self.reasons.index(reason) + 1

    def shown(self, cell: object) -> str:
        """A cell as an error may quote it."""
        return WITHHELD if self.withhold else repr(shortened(str(cell)))

    def spread(self, group: npt.NDArray[np.int64]) -> None:
        """Refuse all rows of a group of which one is refused, for the reason of the first."""
        if self.codes is None:
            return
        refused = np.flatnonzero(self.codes)[::-1]
        code_of = np.zeros(int(group[-1]) + 1, np.int16)
        code_of[group[refused]] = self.codes[refused]
        self.codes = code_of[group]

    def accepted(self) -> Mask | None:
        """The rows that stay, or None when all of them do."""
        return None if self.codes is None else self.codes == 0

    def rows_of(self) -> list[tuple[int, str]]:
        """(row, reason) of every refused row, in input order."""
        if self.codes is None:
            return []
        rows = np.flatnonzero(self.codes)
        return [(int(row), self.reasons[self.codes[row] - 1]) for row in rows]
