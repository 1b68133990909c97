"""Tables of a page as CSV that a spreadsheet opens as data and never runs."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# A formula begins a cell, and a cell begins where a spreadsheet of another country thinks it does.
_FORMULA = re.compile(r"(^|[;,\t\n])(\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
_LONGEST = 60  # characters of a title in a file's name


def write_tables(tables: Sequence[dict[str, Any]], folder: Path, page: str) -> list[str]:
    """Write tables as ``<page>-<n>-<title>.csv``; the same tables give the same bytes.

    Parameters
    ----------
    tables : sequence of dict
        As `table_view` gives them to a page.
    folder : Path
        Made if there is a table.
    page : str
        The page's name.

    Returns
    -------
    list of str
        The files, from the folder above on.
    """
    names = []
    for number, table in enumerate(tables, 1):
        folder.mkdir(exist_ok=True)
        path = folder / f"{page}-{number}-{_in_a_name(table['title'])}.csv"
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
            rows.writerow([safe_cell(head) for head in _heads(table["columns"])])
            rows.writerows(_rows(table))
        names.append(f"{folder.name}/{path.name}")
    return names


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula, on lines that end in one way.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-web; @x"), safe_cell("e-mail")
    ("'=1+1", "'-web;' @x", 'e-mail')
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    text = _FORMULA.sub(r"\1'\2", text)
    return f"'{text}" if text[:1] in ("\t", "\n") else text


def _heads(columns: Sequence[dict[str, str]]) -> Iterator[str]:
    for column in columns:
        unit = column["unit"] or ("seconds" if column["kind"] == "duration" else "")
        words = f"{column['label']} ({unit})" if unit else column["label"]
        if column["kind"] == "interval":
            yield f"{words}, lower"
            words += ", upper"
        yield words


def _rows(table: dict[str, Any]) -> Iterator[list[Any]]:
    """Numbers as they are, what is missing empty; an interval in two cells."""
    for words, values in zip(table["rows"], table["values"], strict=True):
        cells: list[Any] = []
        for column, word, value in zip(table["columns"], words, values, strict=True):
            if column["kind"] == "text":
                cells.append(safe_cell(word))
            elif column["kind"] == "interval":
                cells += value or [None, None]
            else:
                cells.append(value)
        yield cells


def _in_a_name(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "table"
