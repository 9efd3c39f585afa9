"""Open JupyterLab on the labs, on a page that lists the chapters; with --instructor on formgrader and the marks. Ctrl-C ends it."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any

from .chapters import ROOT, stale_decks, start_page

# JupyterLab as a course wants it: no news, no update checks, no pop-ups; the start page is read, not edited.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}

# What is installed for instructors and authors stays out of a student's JupyterLab: menus that lead nowhere, seconds at the start.
NOT_FOR_STUDENTS = {
    "jpserver_extensions": [
        "nbgrader.server_extensions.assignment_list",
        "nbgrader.server_extensions.course_list",
        "nbgrader.server_extensions.formgrader",
        "nbgrader.server_extensions.validate_assignment",
        "jupyterlab_jupytext",
    ],
    "disabledExtensions": ["@jupyter/nbgrader", "jupyterlab-jupytext"],
}


# What an instructor's JupyterLab has: formgrader. The rest of nbgrader serves a JupyterHub.
NOT_FOR_INSTRUCTORS = {
    "jpserver_extensions": [name for name in NOT_FOR_STUDENTS["jpserver_extensions"] if not name.endswith(".formgrader")],
    "disabledExtensions": [
        "@jupyter/nbgrader:assignment-list",
        "@jupyter/nbgrader:course-list",
        "@jupyter/nbgrader:validate-assignment",
        "jupyterlab-jupytext",
    ],
}
AUTOGRADER = ROOT / "autograder"
# formgrader's pages would fetch MathJax from the network: only this server's own scripts run, formulas stay as they are written
OWN_SCRIPTS = {
    "headers": {"Content-Security-Policy": "frame-ancestors 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"},
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="open this folder instead of the course's labs/")
    parser.add_argument("--instructor", action="store_true", help="open nbgrader's formgrader on the marks that `course grade` gave")
    parser.add_argument("--state", type=Path, metavar="DIR", help="with --instructor: where the marks lie (default: autograder/state)")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument("--port", type=port_number, default=8888, help="where to listen (8888; a busy one is passed over)")


def port_number(text: str) -> int:
    """A port as typed; argparse makes the sentence."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"want a number from 1 to 65535 (0: any free one), got {text!r}")
    return int(text)


def free_port(wanted: int) -> int:
    """The first port from `wanted` on that nothing listens at, after 100 any free one."""
    for port in [*range(wanted, min(wanted + 100, 65536)), 0] if wanted else [0]:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            if os.name != "nt":  # there the option means something else
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def own_folder(kind: str = "course-jupyter") -> Path:
    """Where this course keeps its Jupyter settings: in its environment, so a user's own Jupyter, broken or not, is not met."""
    folder = Path(sys.prefix) / kind
    if sys.prefix == sys.base_prefix or not os.access(sys.prefix, os.W_OK):  # not an environment of our own
        folder = Path(tempfile.gettempdir()) / f"{kind}-{os.getuid() if hasattr(os, 'getuid') else 'me'}"
    for name in ("config", "data", "runtime", "settings", "ipython/profile_default"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def surroundings(folder: Path) -> dict[str, str]:
    """The variables that keep Jupyter inside `folder` and its kernels inside this environment."""
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "0",  # the folder above wins over what packages switch on
        "JUPYTER_PLATFORM_DIRS": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }


def can_build(decks: Path) -> bool:
    """Is there a deck to build, and what it takes to build it?"""
    tools = all(importlib.util.find_spec(name) for name in ("markdown_it", "latex2mathml"))
    return bool(stale_decks(decks)) and tools and os.access(decks.parent, os.W_OK)


def build_decks(decks: Path) -> None:
    """Build the decks that are missing or old: in a process of its own, politely, and not before JupyterLab has had its time."""
    time.sleep(15)
    words = [sys.executable, "-m", "course_lib.cli", "slides", *stale_decks(decks)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)  # Ctrl-C is not for it
    atexit.register(process.terminate)
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)


def write_if_new(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def write_settings(folder: Path, without: dict[str, list[str]] = NOT_FOR_STUDENTS) -> None:
    """Put this file's tables where Jupyter reads them; `without` are the extensions that stay off."""
    off = dict.fromkeys(["nbgrader.server_extensions.formgrader", *without["jpserver_extensions"]], True)
    off |= dict.fromkeys(without["jpserver_extensions"], False)
    disabled = dict.fromkeys(without["disabledExtensions"], True)
    write_if_new(folder / "settings" / "overrides.json", json.dumps(OVERRIDES, indent=1))
    write_if_new(folder / "settings" / "page_config.json", json.dumps({"disabledExtensions": disabled}, indent=1))
    write_if_new(folder / "config" / "jupyter_server_config.json", json.dumps({"ServerApp": {"jpserver_extensions": off}}, indent=1))
    # a kernel's remarks about its own wiring (it listens on this machine only) are not for the student's terminal
    write_if_new(folder / "ipython" / "profile_default" / "ipython_kernel_config.json", json.dumps({"IPKernelApp": {"log_level": 40}}))


def when_up(address: str, browser: bool, asked: int, port: int, what: str = "The labs are") -> None:
    """Wait until the server answers, say where it is, open the browser."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2):
            break
        time.sleep(0.05)
    if asked and port != asked:
        print(f"Port {asked} is busy; this one listens at {port}.")
    print(f"\n{what} open at\n\n    {address}\n\nCtrl-C here ends the course; what is saved stays saved.\n", flush=True)
    if browser:
        opened = False
        with contextlib.suppress(webbrowser.Error):
            opened = webbrowser.open(address)
        if not opened:
            print("No browser could be opened from here: open the address above in yours.", flush=True)


def run(options: argparse.Namespace) -> int:
    """Start JupyterLab in this process; 0 when it was ended by Ctrl-C."""
    if options.instructor:
        return run_instructor(options)
    if options.state:
        print("course lab: --state says where an instructor's marks lie; it goes with --instructor", file=sys.stderr)
        return 1
    labs = (options.folder or ROOT / "labs").expanduser().resolve()
    if not labs.is_dir():
        print(f"course lab: there is no folder {labs}", file=sys.stderr)
        return 1
    port = free_port(options.port)
    folder = own_folder()
    enter(folder)
    write_settings(folder)
    decks = ROOT / "slides" / "built"
    building = options.folder is None and can_build(decks)  # a folder of one's own has no part in the decks
    start = "/lab"
    try:
        write_if_new(labs / "start.md", start_page(labs, f"http://127.0.0.1:{port}/static/built", decks, building))
        start = "/lab/tree/start.md"
    except OSError as error:
        print(f"(no start page: {labs} cannot be written to, {error.strerror})")
    more: dict[str, object] = {"ServerApp.extra_static_paths": str(decks.parent)}  # the decks, for the start page's links
    if building:
        threading.Thread(target=build_decks, args=(decks,), daemon=True).start()
    return serve(folder, labs, port, start, more, options)


def run_instructor(options: argparse.Namespace) -> int:
    """Formgrader on the marks: a JupyterLab of its own, in the folder where nbgrader's settings lie."""
    if options.folder is not None:
        print("course lab: with --instructor there is no folder to open; --state DIR says where the marks lie", file=sys.stderr)
        return 1
    state = (options.state or AUTOGRADER / "state").expanduser().resolve()
    if not (state / "gradebook.db").exists():
        print(f"course lab: there are no marks in {state} yet; `course grade` gives them", file=sys.stderr)
        return 1
    os.environ["COURSE_STATE"] = str(state)  # autograder/nbgrader_config.py reads it
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    os.chdir(AUTOGRADER)
    folder = own_folder("instructor-jupyter")
    enter(folder)
    write_settings(folder, NOT_FOR_INSTRUCTORS)
    write_if_new(folder / "config" / "nbgrader_config.py", f"load_subconfig({str(AUTOGRADER / 'nbgrader_config.py')!r})\n")
    more: dict[str, object] = {"ServerApp.tornado_settings": OWN_SCRIPTS}
    return serve(folder, state, free_port(options.port), "/formgrader", more, options, "Formgrader is")


def enter(folder: Path) -> None:
    """Let Jupyter know this folder alone."""
    for name in (
        "JUPYTER_PATH",
        "JUPYTER_CONFIG_PATH",
        "JUPYTER_TOKEN",
        "JUPYTERLAB_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
    ):
        os.environ.pop(name, None)
    os.environ.update(surroundings(folder))


def lab_app() -> Any:
    """JupyterLab's application, imported without the detours it would take."""
    # jsonschema's optional check of international addresses compiles a grammar for two seconds; nothing here has such an address
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    path = os.environ["PATH"]
    os.environ["PATH"] = str(Path(sys.executable).parent)  # where it finds Node it asks it half a second for yarn's settings
    try:
        from jupyterlab.labapp import LabApp
    finally:
        os.environ["PATH"] = path
    return LabApp


def serve(
    folder: Path, root: Path, port: int, start: str, more: dict[str, object], options: argparse.Namespace, what: str = "The labs are"
) -> int:
    """JupyterLab on `root`, opened at `start`, until Ctrl-C."""
    token = secrets.token_hex(16)
    os.environ["JUPYTER_TOKEN"] = token  # not on the command line, where every user of the machine could read it
    address = f"http://127.0.0.1:{port}{start}?token={token}"

    settings = {
        "ServerApp.root_dir": str(root),
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.answer_yes": True,
        "ServerApp.allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "LabApp.default_url": start,
        "LabApp.app_settings_dir": str(folder / "settings"),
        "LabApp.user_settings_dir": str(folder / "config" / "lab" / "user-settings"),
        "LabApp.workspaces_dir": str(folder / "config" / "lab" / "workspaces"),
        "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "LabApp.news_url": "None",
        "LabApp.extension_manager": "readonly",
        "LanguageServerManager.autodetect": False,  # it would ask npm for servers that nobody here uses
        "Application.log_level": "ERROR",
        "ServerApp.log_level": "ERROR",
        "LabApp.log_level": "ERROR",
        **more,
    }
    threading.Thread(target=when_up, args=(address, not options.no_browser, options.port, port, what), daemon=True).start()
    print("Starting JupyterLab ...", flush=True)
    lab_app().launch_instance(argv=[f"--{name}={value}" for name, value in settings.items()])
    return 0
