"""JupyterLab in a real browser, with everything that it does noted down."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN_ALL = "window.jupyterapp.commands.execute('notebook:run-all-cells')"
READY = """async () => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
    if (!session) return false;
    await session.ready;
    return session.session?.kernel?.status === "idle";
}"""
FAILED = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .flatMap((cell) => cell.model.sharedModel.outputs ?? [])
    .filter((output) => output.output_type === "error").map((output) => output.evalue)"""


@contextmanager
def serving(home: Path) -> Iterator[SimpleNamespace]:
    """A server of JupyterLab with a folder, settings and a port of its own."""
    work = home / "work"
    work.mkdir()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    news = json.dumps({"fetchNews": "false", "checkForUpdates": False})
    (quiet / "notification.jupyterlab-settings").write_text(news, encoding="utf-8")
    own = {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    own |= {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
         "--ip=127.0.0.1", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
         "--ServerApp.password=", f"--ServerApp.root_dir={work}", "--expose-app-in-browser",
         "--LabApp.news_url=None",
         "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
        env={**os.environ, **own, "PYTHONPATH": path}, cwd=work,
        stdout=(home / "log.txt").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/api", timeout=2).close()
            break
        except OSError:
            assert server.poll() is None, (home / "log.txt").read_text("utf-8")
            time.sleep(0.5)
    yield SimpleNamespace(url=url, work=work)
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One server for all tests."""
    with serving(tmp_path_factory.mktemp("lab")) as served:
        yield served


@pytest.fixture
def open_notebook(lab: SimpleNamespace, browser: Any) -> Iterator[Any]:
    """Open a notebook, run all of it, and note everything that the page does.

    It is one of this project's, by its name, or a new one of some cells.
    """
    contexts = []

    def opened(name: str, cells: list[str] | None = None, width: int = 1280) -> Any:
        path = lab.work / f"{name}.ipynb"
        if cells is None:
            shutil.copy(ROOT / "notebooks" / path.name, path)
        else:
            write(path, cells)
        context = browser.new_context(
            viewport={"width": width, "height": 900}, accept_downloads=True
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.url)
        contexts.append(context)
        page = context.new_page()
        seen = SimpleNamespace(page=page, requests=[], errors=[])
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("websocket", lambda socket: seen.requests.append(socket.url))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.goto(f"{lab.url}/lab/tree/{path.name}?reset")
        page.wait_for_selector(".jp-Notebook", timeout=60_000)
        page.wait_for_function(READY, timeout=90_000)
        page.evaluate(RUN_ALL)
        assert page.evaluate(FAILED) == []
        return seen

    yield opened
    for context in contexts:
        context.close()


def write(path: Path, cells: list[str]) -> None:
    """Write a notebook of some cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"
    }  # fmt: skip
    nbformat.write(notebook, path)


def kernel(page: Any, code: str) -> Any:
    """What an expression gives in the notebook's kernel."""
    said = page.evaluate(
        """async (code) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const asked = kernel.requestExecute({code, store_history: false});
            let text = "";
            asked.onIOPub = (message) => {
                if (message.header.msg_type === "stream") text += message.content.text;
                if (message.header.msg_type === "error") text += message.content.traceback.join("");
            };
            await asked.done;
            return text;
        }""",
        f"import json; print(json.dumps({code}))",
    )
    return json.loads(said)
