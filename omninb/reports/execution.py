"""One notebook executed by this very interpreter, with checked parameters and no half successes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from omninb.errors import OmninbError


class RunError(OmninbError):
    """A run that began and failed; nothing of it was published."""


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

    from omninb.passes.compiling import ready

    ready()  # here, where it is said; in the kernel the line would stand in the notebook
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
