"""One notebook executed by this very interpreter, with checked parameters and no half successes."""

from __future__ import annotations

import keyword
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from omninb.errors import OmninbError, nearest

_PLAIN = (bool, int, float, str)


class RunError(OmninbError):
    """A run that began and failed; nothing of it was published."""


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


def declared(notebook: Any) -> dict[str, Any]:
    """The notebook's parameters by name, each with papermill's account of it."""
    import papermill

    return dict(papermill.inspect_notebook(notebook))


def _check_plain(name: str, value: Any) -> None:
    if value is None or isinstance(value, _PLAIN):
        return
    if isinstance(value, (list, tuple)):
        for inner in value:
            _check_plain(name, inner)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise OmninbError(
                    f"parameter {name}: the keys of a dict must be text, not {key!r}."
                )
            _check_plain(name, inner)
    else:
        raise OmninbError(
            f"parameter {name}={value!r}: a notebook takes None, true or false, numbers, text, "
            "lists and dicts."
        )


def execute(
    notebook: Any, parameters: Mapping[str, Any], cwd: Path, on_cell: Callable[[int, int], None]
) -> Any:
    """Execute a notebook; the executed one comes back only if every code cell ran to its end.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed.
    parameters : mapping
        Checked already.
    cwd : Path
        The kernel's working folder.
    on_cell : callable
        Called with the cells done and the cells in all.

    Returns
    -------
    NotebookNode

    Raises
    ------
    RunError
        If a cell raised, left (``sys.exit`` counts as leaving), or the kernel died. The message
        holds the error's name and text, never a traceback.
    """
    import papermill

    started = time.monotonic()
    total = len(notebook.cells) + bool(parameters)

    def cell_started(cell: Any, cell_index: int) -> None:
        on_cell(cell_index, total)

    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            cwd=str(cwd),
            kernel_manager_class=_this_interpreter(),
            extra_arguments=["--Application.log_level=50"],  # ipykernel 7 warns of its transport
            on_cell_start=cell_started,
        )
    except papermill.PapermillExecutionError as error:
        raise RunError(f"cell {error.cell_index + 1}: {error.ename}: {error.evalue}") from None
    except Exception as error:
        raise RunError(f"the kernel did not finish: {type(error).__name__}: {error}") from None
    _judge(executed)
    on_cell(total, total)
    executed.metadata.papermill["duration"] = round(time.monotonic() - started, 1)
    for name in ("input_path", "output_path", "environment_variables"):
        executed.metadata.papermill.pop(name, None)
    return executed


def _judge(notebook: Any) -> None:
    """Papermill calls a cell completed that left with ``sys.exit(0)`` or never began."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        errors = [o for o in cell.outputs if o.output_type == "error"]
        if errors:
            raise RunError(f"cell {number}: {errors[0].ename}: {errors[0].evalue}")
        if cell.execution_count is None:
            raise RunError(f"cell {number} never ran.")


def _this_interpreter() -> type:
    """A kernel manager whose ``python3`` is ``sys.executable``, whatever kernels are installed."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class ThisInterpreter(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _kernel_spec_manager_default(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])  # only ipykernel's own, built in

    return ThisInterpreter


def read_notebook(path: Path) -> Any:
    """A notebook as nbformat 4, without outputs of an earlier run."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise OmninbError(f"{path.name} is not a notebook: {error}") from None
    logging.getLogger("papermill").setLevel(logging.ERROR)
    return notebook
