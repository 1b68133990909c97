"""The text of a suite file as plain values: no key twice, dates settled."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from omninb.errors import OmninbError

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_RELATIVE = re.compile(r"\s*today\s*(?:([+-])\s*(\d{1,5})\s*([dw])\s*)?")


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key that stands twice: of two min_customers, one was lost unseen."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    said = f"the key {key.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, said, key.start_mark)
                seen.add((key.tag, key.value))
        return node


def suite_text(path: Path, today: dt.date) -> Any:
    """What a YAML file holds, with its ``{{ today }}`` settled.

    Raises
    ------
    OmninbError
        If it cannot be read, or a date in it is none.
    """
    try:
        return _settled(yaml.load(path.read_text(encoding="utf-8"), _Loader), today)
    except OmninbError:
        raise
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise OmninbError(f"{path.name} cannot be read: {error}") from None
    except RecursionError:
        raise OmninbError(f"{path.name} cannot be read: it holds itself.") from None


def settle_dates(text: str, today: dt.date) -> str:
    """A text with its ``{{ today - 7d }}`` replaced by dates.

    Examples
    --------
    >>> settle_dates("{{ today - 1w }}", dt.date(2026, 3, 9))
    '2026-03-02'
    """

    def settled(found: re.Match[str]) -> str:
        relative = _RELATIVE.fullmatch(found.group(1))
        if relative is None:
            raise OmninbError(
                f"{found.group(0)}: write {{{{ today }}}}, {{{{ today - 7d }}}} or "
                "{{ today - 4w }}."
            )
        sign, number, unit = relative.groups()
        days = int(number or 0) * (7 if unit == "w" else 1) * (-1 if sign == "-" else 1)
        try:
            return (today + dt.timedelta(days)).isoformat()
        except OverflowError:
            raise OmninbError(f"{found.group(0)}: that is no date.") from None

    return _TEMPLATE.sub(settled, text)


def _settled(value: Any, today: dt.date) -> Any:
    """Templates replaced, and YAML's dates as the texts that they were written as."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"{value!r} holds a NUL")
        return settle_dates(value, today)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [_settled(one, today) for one in value]
    if isinstance(value, Mapping):
        return {key: _settled(one, today) for key, one in value.items()}
    return value
