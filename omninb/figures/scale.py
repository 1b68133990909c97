"""A straight scale between values and pixels, with round ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` stand from the pixel `start` to the pixel `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, end: float) -> Scale:
        """Wide enough for 0 and all values, with some air at both ends."""
        shown = [0.0, *(float(v) for v in values if math.isfinite(v))]
        low, high = min(shown), max(shown)
        air = 0.06 * (high - low) or 1.0
        return cls(low - air, high + air, start, end)

    def at(self, value: float) -> float:
        """The pixel of a value; what lies beyond an end stands at it."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, apart: float) -> list[float]:
        """Round values, 0 among them where it is on the scale, at least `apart` pixels apart."""
        least = apart * (self.high - self.low) / abs(self.end - self.start)
        size = 10.0 ** math.floor(math.log10(least))
        step = next(size * k for k in (1, 2, 5, 10, 20) if size * k >= least)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]

    def decimals(self, apart: float) -> int:
        """How many decimals its ticks need."""
        ticks = self.ticks(apart)
        step = ticks[1] - ticks[0] if len(ticks) > 1 else self.high - self.low
        return max(0, -math.floor(math.log10(step) + 1e-9))
