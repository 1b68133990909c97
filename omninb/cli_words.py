"""What the command line says: errors in its own spelling, and lines that can be pasted."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omninb.errors import OmninbError
from omninb.events.roles import REQUIRED

if TYPE_CHECKING:
    import pandas as pd

    from omninb.events.proposal import Proposal

_PAIR = r"""['"]([^'"{}]*)['"]: (?:['"]([^'"{}]*)['"]|…)"""
_MAPPING = rf"\{{({_PAIR}(?:, {_PAIR})*)\}}"
_LINES = ("header", "blank", "continuation", "accepted", "quarantined")
_FILES = 10


def _option(found: re.Match[str]) -> str:
    value = found[3].replace("_", "") if found[2] is None else shlex.quote(found[2])
    return f"--{found[1].replace('_', '-')} {value}"


# How arguments of read_events are written in messages, and how on the command line.
_SPELLINGS = (
    (r"(\w+)\['([^'\]]+)'\]=", r"--truth \1.\2="),
    (
        r"^(\w+)=(.*?): give (parts|channels), for example \{'([^']+)': ([^}]+)\}",
        r"--truth \1=\2: give \3, for example --truth \1.\4=\5",
    ),
    (
        r"^(\w+)=(.*?): (give a number|no such truth|with the)",
        r"--truth \1=\2: \3",
    ),
    (r", or (\w+)=None to switch it off", r", or --truth \1=off"),
    (r"^(--truth [^:]*)=None:", r"\1=off:"),
    (r"day_first=True or day_first=False", "--day-first or --month-first"),
    (r"day_first=True", "--day-first"),
    (r"day_first=False", "--month-first"),
    (r'time_unit="s", "ms", "us" or "ns"', "--time-unit s, ms, us or ns"),
    (r"time_unit=['\"](\w*)['\"]", r"--time-unit \1"),
    (r"decimal=['\"](.)['\"]", r"--decimal '\1'"),
    (r"(max_quarantined|max_unpacked|expect_rows|expect_until)=(?:'([^']*)'|([\d_.]+))", _option),
    (r"(timezone|currency)=['\"]([^'\"]*)['\"]", r"--\1 \2"),
)


def in_command_words(message: str) -> str:
    """An error's message with the arguments of Python spelled as options.

    Examples
    --------
    >>> in_command_words("Say which comes first: day_first=True or day_first=False.")
    'Say which comes first: --day-first or --month-first.'
    >>> in_command_words("Say which one it is: columns={'channel': 'way in', 'event': 'did'}.")
    "Say which one it is: --columns 'channel=way in,event=did'."
    """
    for pattern, spelled in _SPELLINGS:
        message = re.sub(pattern, spelled, message)
    message = message.replace("{role: column}: {", "columns={")
    return re.sub(rf"columns={_MAPPING}", _columns_spelled, message)


def _columns_spelled(found: re.Match[str]) -> str:
    pairs = re.findall(_PAIR, found.group(1))
    line = _columns_line({role: column or "…" for role, column in pairs})
    return f"--columns {line if '…' in line else shlex.quote(line)}"


def columns_words(columns: Mapping[str, str]) -> str:
    """``--columns role=column,…``, quoted for a shell; empty where each column bears its role."""
    named = {role: column for role, column in columns.items() if role != column}
    return f"--columns {quoted(_columns_line(named))}" if named else ""


def _columns_line(columns: Mapping[str, str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(f"{r}={column}" for r, column in columns.items())
    return line.getvalue()


def log_words(columns: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """The options of a log as they would be typed, each after a space.

    Examples
    --------
    >>> log_words({"channel": "way in"}, {"day_first": False, "decimal": ",", "timezone": None})
    " --columns 'channel=way in' --month-first --decimal ,"
    """
    words = [columns_words(columns)]
    for name, value in sorted(options.items()):
        if name == "day_first" and value is not None:
            words.append("--day-first" if value else "--month-first")
        elif value is not None:
            words.append(f"--{name.replace('_', '-')} {quoted(str(value))}")
    return "".join(f" {word}" for word in words if word)


def quoted(text: str) -> str:
    """A word as a shell takes it; what would steer a terminal is written by its number."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(_escaped(letter) for letter in text) + "'"


def _escaped(letter: str) -> str:
    if letter in "\\'":
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def file_word(file: str) -> str:
    """A file's name as a shell takes it, and no option."""
    return quoted(f"./{file}" if file.startswith("-") else file)


def visible(text: str) -> str:
    """A text of which nothing steers a terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text
    )


def _name(column: str) -> str:
    return column if column.isprintable() and "," not in column else repr(column)


def roles_words(
    found: Sequence[str], used: Mapping[str, str], likely: Mapping[str, Proposal]
) -> str:
    """A line a role: the column that plays it, or which one might."""
    lines = [
        "Role          Column",
        *(f"{role:<13} {_name(column)}" for role, column in used.items()),
    ]
    for role in ("customer_id", "timestamp", "channel"):
        if role not in used and role not in likely:
            lines.append(f"{role:<13} missing, and required")
    for role, (column, why) in likely.items():
        required = "missing, and required" if role in REQUIRED else "not given"
        lines.append(f"{role:<13} {required}; perhaps {column!r} ({why})")
    kept = [name for name in found if name not in used.values()]
    return "\n".join(lines + [f"{'no role':<13} {', '.join(map(_name, kept))}"] * bool(kept))


def ledger_words(counts: Mapping[str, int], quality: pd.DataFrame) -> str:
    """What became of the rows, and a line for each check."""
    removed, refused = counts["duplicates_removed"], counts["quarantined"]
    lines = [
        f"{counts['read']:,} rows read = {counts['used']:,} used + {removed:,} duplicates removed"
        f" + {refused:,} quarantined"
    ]
    for row in quality[quality["outcome"] != "count"].itertuples():
        lines.append(f"  {row.outcome:<12} {row.rows:>12,}  {row.check}  {row.example}".rstrip())
    return "\n".join(lines)


def files_words(files: Sequence[Mapping[str, Any]]) -> str:
    """Where the lines of each text file went, the first ten of them."""
    texts = [file for file in files if file["lines"]]
    lines = [
        f"\n  {file['file']}: {file['lines']:,} lines = "
        + " + ".join(f"{number:,} {name}" for name, number in file.items() if name in _LINES)
        for file in texts[:_FILES]
    ]
    more = len(texts) - _FILES
    return "".join(lines) + f"\n  and {more:,} more files" * (more > 0)


def next_checks(
    file: str,
    columns: Mapping[str, str],
    options: Mapping[str, Any],
    proposal: Mapping[str, str],
    error: OmninbError,
) -> list[str]:
    """Commands that may settle what kept a log from being used; never the one that was refused.

    Parameters
    ----------
    file, columns, options
        As they were given; options not given are None.
    proposal : mapping
        Role to column: those given that exist, and what seems to fit the others; required ones
        that nothing fits are left open.
    error : OmninbError
        Why the log was refused.
    """
    refused = f"omninb check {file_word(file)}{log_words(columns, options)}"
    lines = [
        f"omninb check {file_word(file)}{log_words(tried_columns, tried)}"
        for tried_columns, tried in _tries(columns, options, proposal, error)
    ]
    return [line for line in lines if line != refused]


def _tries(
    columns: Mapping[str, str],
    options: Mapping[str, Any],
    proposal: Mapping[str, str],
    error: OmninbError,
) -> Iterator[tuple[Mapping[str, str], Mapping[str, Any]]]:
    known = [(name, values) for name, values in error.settled_by.items() if name in options]
    for name, values in known:
        for value in values:
            yield columns, {**options, name: value}
    if not known and proposal:
        yield {role: proposal.get(role, "…") for role in (*REQUIRED, *proposal)}, options
