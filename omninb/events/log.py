"""EventLog: typed touchpoints with their ledger."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from omninb.events.roles import MONEY

if TYPE_CHECKING:
    from omninb.journeys import Journeys

LEDGER_MIME = "application/vnd.omninb.ledger+json"
_FILES = 10
_COUNTS = ("read", "accepted", "quarantined", "duplicates_removed", "used")


@dataclass(frozen=True, eq=False, repr=False)
class EventLog:
    """Touchpoints, typed and accounted for.

    Attributes
    ----------
    table : pyarrow.Table
        Accepted rows in input order, columns named by role, then the kept extra columns.
        ``customer_id`` string, dictionary or int64; ``timestamp`` µs UTC; names as
        dictionary<int32, string>; ``value`` and ``cost`` int64 micros; ``score`` float64.
    roles : dict
        Role to source column.
    timezone, currency : str or None
        As declared.
    observed_from, observed_until : int or None
        What the log could see, µs UTC; None for an empty log.
    quality : DataFrame
        The ledger: ``check``, ``outcome``, ``rows``, ``share`` (of rows read), ``example``.
    quarantine : DataFrame
        Refused rows: ``file``, ``line``, ``text``, ``reason``.
    counts : dict
        read = accepted + quarantined; accepted = used + duplicates_removed.
    files : list of dict
        Lines and rows of each file, by the end of its path that no other file has.
    made_by : str
        The call that read it, as Python writes it; empty where it was read from memory, or where
        ``pseudonymise`` withholds the names of files.
    min_customers : int or None
        ``min_customers`` of `omninb.read_events`: what tables pool at; None pools nothing.
    """

    table: pa.Table
    roles: dict[str, str]
    timezone: str | None
    currency: str | None
    observed_from: int | None
    observed_until: int | None
    quality: pd.DataFrame
    quarantine: pd.DataFrame
    counts: dict[str, int] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    made_by: str = ""
    min_customers: int | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return "EventLog: " + ", ".join(
            f"{self.counts.get(name, 0):,} {name.replace('_', ' ')}"
            for name in (*_COUNTS, *(name for name in self.counts if name not in _COUNTS))
        )

    def overview(self, exit_after: str = "30d") -> pd.DataFrame:
        """What the log holds: span, ties, settled share, channels and days; see `overview.py`.

        Examples
        --------
        >>> import omninb as onb
        >>> overview = onb.sample().overview()
        >>> overview.loc[overview["part"] == "channel", "name"].head(3).tolist()
        ['web', 'mobile app', 'e-mail']
        """
        from omninb.events.overview import overview

        return overview(self, exit_after)

    def to_frame(self) -> pd.DataFrame:
        """The touchpoints as a pandas frame.

        Returns
        -------
        DataFrame
            A row a touchpoint in input order; ``timestamp`` in the declared time zone (UTC without
            one); ``value`` and ``cost`` in currency units, as floats; names as categories.

        Examples
        --------
        >>> import omninb as onb
        >>> log = onb.sample()
        >>> len(log.to_frame()) == len(log)
        True
        """
        ids = self.table["customer_id"]
        frame = self.table.to_pandas()
        if pa.types.is_dictionary(ids.type):
            frame["customer_id"] = ids.cast(pa.string()).to_pandas()
        frame["timestamp"] = frame["timestamp"].dt.tz_convert(self.timezone or "UTC")
        for role in MONEY:
            if role in frame:
                frame[role] = frame[role] / 1e6
        return frame

    def journeys(
        self,
        split_gap: str | None = None,
        end_at: Any = None,
        lost_at: Any = None,
        lookback: str | None = None,
        exit_after: str = "30d",
        observed_from: Any = None,
        observed_until: Any = None,
    ) -> Journeys:
        """Cut the touchpoints into journeys, by the rules of `omninb.journeys.Journeys`.

        Examples
        --------
        >>> import omninb as onb
        >>> onb.sample().journeys(split_gap="30d", end_at="purchase")
        Journeys: ... of ... customers, ... touchpoints (... open, ... converted, ... exit)
        """
        from omninb.journeys import Journeys

        return Journeys.from_log(
            self,
            split_gap=split_gap,
            end_at=end_at,
            lost_at=lost_at,
            lookback=lookback,
            exit_after=exit_after,
            observed_from=observed_from,
            observed_until=observed_until,
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        checks = json.loads(self.quality.to_json(orient="records"))
        ledger = {name: self.counts.get(name, 0) for name in _COUNTS}
        return {
            "text/plain": f"{self!r}\n\n{self.quality.to_string(index=False)}",
            "text/html": self._html(),
            LEDGER_MIME: {**ledger, "checks": checks, "files": self.files},
        }

    def _html(self) -> str:
        """The ledger as a table, every text escaped."""
        head = "".join(f"<th>{name}</th>" for name in self.quality.columns)
        body = "".join(
            f"<tr><td>{_escape(row.check)}</td><td>{_escape(row.outcome)}</td>"
            f"<td style='text-align:right'>{row.rows:,}</td>"
            f"<td style='text-align:right'>{row.share:.2%}</td><td>{_escape(row.example)}</td></tr>"
            for row in self.quality.itertuples()
        )
        return (
            f"<table><caption>{_escape(repr(self))}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{_lines(self.files)}"
        )


def _lines(files: list[dict[str, Any]]) -> str:
    """Where the lines of the first text files went, as a table; empty where there are none."""
    texts = [file for file in files if file["lines"]]
    if not texts:
        return ""
    more = f", the first {_FILES} of {len(texts):,}" if len(texts) > _FILES else ""
    names = dict.fromkeys(name for file in texts for name in file if name != "file")
    head = "".join(f"<th>{name}</th>" for name in ["file", *names])
    rows = (
        f"<td>{_escape(file['file'])}</td>"
        + "".join(f"<td style='text-align:right'>{file.get(name, 0):,}</td>" for name in names)
        for file in texts[:_FILES]
    )
    return (
        "<table><caption>lines = header + blank + continuation + accepted + quarantined, "
        f"by file{more}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody><tr>{'</tr><tr>'.join(rows)}</tr></tbody></table>"
    )


def _escape(text: object) -> str:
    """Text that is safe in HTML, and that no MathJax takes for a formula."""
    return html.escape(str(text)).replace("$", "&#36;")
