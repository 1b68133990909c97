"""Kernels of this very interpreter, each known by its process group so that it can be ended."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any


class Kernels:
    """The kernels that one notebook started; ended together with all that they started.

    Attributes
    ----------
    ended : bool
        Whether they were ended before they were done.
    """

    def __init__(self) -> None:
        self.ended = False
        self._groups: list[int] = []
        self._lock = threading.Lock()

    def manager(self, folder: Path) -> type:
        """A kernel manager whose ``python3`` is ``sys.executable``, whatever kernels there are.

        Parameters
        ----------
        folder : Path
            Where the kernel works. (Papermill's own ``cwd`` moves the whole process there, and with
            it the notebooks that run beside.)
        """
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from traitlets import default

        kernels = self

        class ThisInterpreter(AsyncKernelManager):
            @default("kernel_spec_manager")
            def _kernel_spec_manager_default(self) -> KernelSpecManager:
                return KernelSpecManager(kernel_dirs=[])  # only ipykernel's own, built in

            @default("connection_file")
            def _connection_file_default(self) -> str:
                return str(folder / ".kernel.json")  # it goes with the folder, even after SIGKILL

            async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
                await super()._async_launch_kernel(kernel_cmd, **kw | {"cwd": str(folder)})
                kernels._started(getattr(self.provisioner, "pgid", None))

            _launch_kernel = _async_launch_kernel

        return ThisInterpreter

    def _started(self, group: int | None) -> None:
        if group is None or group == getattr(os, "getpgrp", lambda: None)():
            return
        with self._lock:
            self._groups.append(group)
            late = self.ended
        if late:
            self.end()

    def end(self) -> None:
        """Kill what was started, with every process of its group."""
        with self._lock:
            self.ended = True
            groups, self._groups = self._groups, []
        for group in groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
