"""A notebook's parameters: what it declares, and what it may be given.

They are read from the cell tagged ``parameters`` by Python's own parser. Papermill's reader loses
every line that holds a second ``=``, be it in a comment, and then calls the parameter unknown.
"""

from __future__ import annotations

import ast
import io
import keyword
import os
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from omninb.errors import OmninbError, nearest


@dataclass(frozen=True)
class Parameter:
    """A declared parameter.

    Attributes
    ----------
    name : str
        UPPER_CASE by the house's style.
    default : object
        Its value in the notebook; the source text where that is no plain literal.
    help : str
        The comment on its line.
    """

    name: str
    default: Any
    help: str


def declared(notebook: Any) -> dict[str, Parameter]:
    """The parameters that a notebook declares, by name, in their order."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            return _read(cell.source)
    return {}


def _read(source: str) -> dict[str, Parameter]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise OmninbError(f"the notebook's parameters cell cannot be read: {error}") from None
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    found = {}
    for statement in statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            name, value = targets[0].id, statement.value  # type: ignore[attr-defined]
            comment = comments.get(statement.end_lineno or 0, "")
            found[name] = Parameter(name, _literal(value), comment)
    return found


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def check_parameters(notebook: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse parameters that the notebook does not declare.

    Papermill only warns of unknown ones, and pastes names into the notebook's code: a name must be
    an identifier, no keyword, and stand in the notebook's cell tagged ``parameters``.

    Raises
    ------
    OmninbError
        Naming the parameter, and the nearest that the notebook has.
    """
    known = declared(notebook)
    for name, value in parameters.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise OmninbError(f"parameter {name!r} is not a name. Write for example BY.")
        if name not in known:
            raise OmninbError(f"the notebook has no parameter {name!r}.{nearest(name, known)}")
        _check_plain(name, value)
    return dict(parameters)


def _check_plain(name: str, value: Any) -> None:
    if value is None or isinstance(value, (bool, int, float, str)):
        return
    if isinstance(value, (list, tuple)):
        for inner in value:
            _check_plain(name, inner)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise OmninbError(f"parameter {name}: a dict's keys must be text, not {key!r}.")
            _check_plain(name, inner)
    else:
        raise OmninbError(
            f"parameter {name}={value!r}: a notebook takes None, true or false, numbers, text, "
            "lists and dicts."
        )


def typed(name: str, text: str, default: Any) -> Any:
    """A value from the command line, read by the type of the parameter's default.

    Text stays text, so ``0123`` keeps its zero and ``true`` its letters. ``none`` is None where
    the default is None; other types are Python or JSON literals.

    Parameters
    ----------
    name, text : str
        The parameter and what was written for it.
    default : object
        Its default in the notebook.

    Returns
    -------
    object

    Raises
    ------
    OmninbError
        If the text is no value of that type.

    Examples
    --------
    >>> typed("BY", "0123", "channel"), typed("TOP", "20", 10), typed("END_AT", "none", None)
    ('0123', 20, None)
    """
    if default is None:
        return None if text.casefold() in {"none", "null"} else text
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        if text.casefold() in {"true", "false"}:
            return text.casefold() == "true"
        raise OmninbError(f"parameter {name}: {text!r} is neither true nor false.")
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = None
    wanted = (int, float) if isinstance(default, float) else type(default)
    if isinstance(value, wanted) and not isinstance(value, bool):
        return value
    raise OmninbError(
        f"parameter {name}: {text!r} is no {type(default).__name__}. Its default is {default!r}."
    )


def from_command_line(
    known: Mapping[str, Parameter], texts: Iterable[tuple[str, str]], log: Mapping[str, Any]
) -> dict[str, Any]:
    """A notebook's parameters: those of the log by their options, the others by ``-p``.

    Parameters
    ----------
    known : mapping
        What the notebook declares.
    texts : iterable of pair
        Name and text of each ``-p``.
    log : mapping
        Options such as ``events`` and ``columns``; those not given are None or empty.

    Returns
    -------
    dict

    Raises
    ------
    OmninbError
        If a name is unknown or given twice, or a text is no value of its type.
    """
    given: dict[str, Any] = {
        name.upper(): value for name, value in log.items() if value not in (None, {})
    }
    if "EVENTS" in given:  # the kernel works in a folder of its own
        given["EVENTS"] = os.path.abspath(os.path.expanduser(given["EVENTS"]))
    for name, text in texts:
        if name not in known:
            raise OmninbError(
                f"-p {name}: the notebook has no such parameter.{nearest(name, known)} "
                "omninb run NOTEBOOK --help lists them."
            )
        if name in given:
            raise OmninbError(f"{name} is given twice.")
        given[name] = typed(name, text, known[name].default)
    return given
