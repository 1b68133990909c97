"""One notebook executed by this very interpreter, with checked parameters and no half successes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from omninb.errors import OmninbError, duration
from omninb.reports.kernels import Kernels


class RunError(OmninbError):
    """A run that began and failed; nothing of it was published.

    Attributes
    ----------
    shared : str
        What may be told to everybody: a cell's error without its text, which may hold data.
    traceback : list of str
        Of a cell that raised, for the run's own log alone.
    """

    def __init__(self, message: str, shared: str = "", traceback: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.shared, self.traceback = shared or message, list(traceback)


def execute(
    notebook: Any,
    parameters: Mapping[str, Any],
    cwd: Path,
    on_cell: Callable[[int, int], None],
    kernels: Kernels,
    timeout: str,
) -> tuple[Any, float]:
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
    kernels : Kernels
        Ended when this is done, in time or not.
    timeout : str
        For the whole notebook.

    Returns
    -------
    executed : NotebookNode
        Without the moments at which its cells ran, so that the same run gives the same bytes.
    seconds : float
        What it took.

    Raises
    ------
    RunError
        If a cell raised, left (``sys.exit`` counts as leaving), the kernel died, or the time was
        over. The message holds the error's name and text; ``traceback`` what a log may hold.
    """
    import papermill

    from omninb.passes.compiling import ready

    ready()  # here, where it is said; in the kernel the line would stand in the notebook
    started = time.monotonic()
    total = len(notebook.cells) + bool(parameters)

    def cell_started(cell: Any, cell_index: int) -> None:
        on_cell(cell_index, total)

    end = threading.Timer(duration(timeout, "timeout") / 1e6, kernels.end)
    end.daemon = True
    end.start()
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            kernel_manager_class=kernels.manager(cwd),
            extra_arguments=["--Application.log_level=50"],  # ipykernel 7 warns of its transport
            on_cell_start=cell_started,
        )
    except papermill.PapermillExecutionError as error:
        where = f"cell {error.cell_index + 1}: {error.ename}"
        raise RunError(f"{where}: {error.evalue}", where, error.traceback) from None
    except Exception as error:
        if kernels.ended:
            raise RunError(f"ended after {timeout}, or with the run.") from None
        said = f"the kernel did not finish: {type(error).__name__}"
        raise RunError(f"{said}: {error}", said) from None
    finally:
        end.cancel()
        kernels.end()
    _judge(executed)
    on_cell(total, total)
    given = executed.metadata.papermill.get("parameters", {})
    executed.metadata["papermill"] = {"parameters": given}
    for cell in executed.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
    return executed, round(time.monotonic() - started, 1)


def _judge(notebook: Any) -> None:
    """Papermill calls a cell completed that left with ``sys.exit(0)`` or never began."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        errors = [o for o in cell.outputs if o.output_type == "error"]
        if errors:
            where = f"cell {number}: {errors[0].ename}"
            raise RunError(f"{where}: {errors[0].evalue}", where, errors[0].traceback)
        if cell.execution_count is None:
            raise RunError(f"cell {number} never ran.")


def read_notebook(path: Path) -> Any:
    """A notebook as nbformat 4, without outputs of an earlier run."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise OmninbError(f"{path.name} is not a notebook: {error}") from None
    logging.getLogger("papermill").setLevel(logging.ERROR)
    return notebook
