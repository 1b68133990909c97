"""Runs notebooks again in place, storing nothing that differs next time: ``make notebooks``."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from omninb.passes.compiling import ready


def execute(path: Path) -> None:
    """Run one notebook from its own folder, written back without times, widgets or versions."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--Application.log_level=40"],
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python", "file_extension": ".py"},
        }
    )
    for cell in notebook.cells:
        kept = {name: cell.metadata[name] for name in ("tags", "jupyter") if name in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    ready()  # else the first notebook would say that it compiles
    for name in sys.argv[1:]:
        execute(Path(name))
        print(f"{name}: executed")
