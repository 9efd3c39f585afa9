"""What the rooms' tests share: a real Chromium that reaches nothing outside, a running JupyterLab, a place for screenshots.

    chromium          a browser (a module long: its event loop must not meet another module's); what its pages load is fresh for each test
    page_offline      (page, outside), empty: every request that is not file:, data:, blob: or loopback is blocked and listed
    artefacts         the folder for screenshots, tests/.artefacts
    jupyter_server    a JupyterLab started by `course lab` on a copy of labs/: .url(path), .labs, .write(name, *cells), .open(page, name)
    built_decks       every deck, each built once for all workers when it is asked for: {"01_intro": path, ...}

The markers `browser` and `sandbox` say that a test needs Chromium or bubblewrap. Without them the test is skipped
and named at the end; with CI=true it fails. So it is with a package that `pytest.importorskip` asks for.

With several workers (`course test` takes one a core, `-n 0` none) a file is one worker's: what a module's fixture builds is built once.
The file that takes longest goes first, so that the workers end together. tests/seconds.json says how long each takes; every run of the
whole suite writes the like to tests/.artefacts/seconds.json, to be copied there when tests have become much slower or quicker.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from course_lib.cli.parts import TESTS_NEED, chromium_path

ROOT = Path(__file__).resolve().parent.parent
os.environ["COURSE_TUNED"] = str(ROOT / "tests" / ".artefacts" / "no tuned plans")  # what the user has tuned is no part of a test
ARTEFACTS = ROOT / "tests" / ".artefacts"
IN_CI = os.environ.get("CI", "").lower() in ("true", "1")
LEFT_OUT: Counter[str] = Counter()  # marker -> how many tests were skipped for it, in all workers
SECONDS = ROOT / "tests" / "seconds.json"
LONG = ("slow", "browser", "sandbox")
LONG_SECONDS = 20.0  # of a file with such a test that SECONDS does not know
TOOK: Counter[str] = Counter()  # file -> seconds of its tests and their fixtures in this run, in all workers
# Two pages of the address bar, which no test sees, would be loaded for each window: a quarter of what a test's page costs. The last
# list of features counts, so what Playwright switches off is in it, too.
SWITCHED_OFF = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    "AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,"
    "PreconnectToSearch,TcpPortRandomizationWin,ThirdPartyStoragePartitioning"
)
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={SWITCHED_OFF}",
]


def needed(name: str, minversion: str | None = None, reason: str | None = None, **_: Any) -> Any:
    """`pytest.importorskip` where nothing may be left out: the module, or a failure that names the package."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.fail(f"needs the package {name}: {reason or error}", pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    if IN_CI:
        pytest.importorskip = needed


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, part in TESTS_NEED.items():
        if item.get_closest_marker(marker) and not part().ok:
            said = f"needs {part().name}: {part().says}. {part().remedy}"
            if IN_CI:
                pytest.fail(said, pytrace=False)
            item.user_properties.append(("left out", marker))  # the report carries it from a worker to the one who counts
            pytest.skip(said)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    TOOK[report.nodeid.partition("::")[0]] += report.duration
    if report.when == "setup":
        LEFT_OUT.update(marker for name, marker in report.user_properties if name == "left out")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = json.loads(SECONDS.read_text("utf-8")) if SECONDS.exists() else {}
    file_of = lambda item: item.nodeid.partition("::")[0]
    long = {file_of(item) for item in items if any(item.get_closest_marker(name) for name in LONG)}
    items.sort(key=lambda item: -known.get(file_of(item), LONG_SECONDS * (file_of(item) in long)))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Seven thousand tests and their modules are made and stay to the end: garbage collection need not walk them, now or later.

    Each worker collects them all; a third of that was garbage collection.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After a whole run, seen by who counts: what each file took, a quarter of a second and more."""
    if "PYTEST_XDIST_WORKER" not in os.environ and len(TOOK) > 100:
        ARTEFACTS.mkdir(exist_ok=True)
        took = {file: round(seconds, 1) for file, seconds in TOOK.most_common() if seconds >= 0.25}
        (ARTEFACTS / SECONDS.name).write_text(json.dumps(took, indent=1) + "\n", encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is one worker's, and files are taken in the order above; `--dist` says otherwise."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for marker, count in sorted(LEFT_OUT.items()):
        part = TESTS_NEED[marker]()
        terminalreporter.section(f"left out: {count} tests that need {part.name}", sep="-", yellow=True)
        terminalreporter.line(part.says)
        terminalreporter.line(f"to run them: {part.remedy}")


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder where tests keep screenshots for a person to look at."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


class Decks(Mapping[str, Path]):
    """The decks by name, each built when it is first asked for, by whichever worker asks first; nothing in them is measured."""

    def __init__(self, folder: Path) -> None:
        from course_lib.slides.command import chapters

        self.folder, self.sources = folder, chapters()

    def __getitem__(self, name: str) -> Path:
        from filelock import FileLock

        from course_lib.slides import build

        path = self.folder / f"{name}.html"
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                path.write_text(build(self.sources[name], measure=False), encoding="utf-8")
        return path

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)


@pytest.fixture(scope="session")
def built_decks(tmp_path_factory: pytest.TempPathFactory) -> Decks:
    """Every deck by its name, in a folder with a space in its name that all workers share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "my slides"  # a worker's own folder is one further down
    folder.mkdir(exist_ok=True)
    return Decks(folder)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real Chromium under Playwright, closed at the end of the module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def is_outside(url: str) -> bool:
    """Would this request leave the machine?"""
    parts = urlsplit(url)
    return parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in ("127.0.0.1", "localhost", "::1")


class Pages:
    """Pages of one browser whose outside requests are blocked and listed.

    A page that was used is emptied and used again: a window and its process cost two seconds of a processor, a new document a third.
    """

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.free: dict[str, list[tuple[Any, list[str]]]] = {}
        self.used: list[tuple[dict[str, Any], Any, list[str]]] = []

    def take(self, words: dict[str, Any]) -> tuple[Any, list[str]]:
        """(page, outside) in a context made with these words of Playwright's new_context."""
        words = {"viewport": {"width": 1280, "height": 800}, **words}
        free = self.free.get(repr(sorted(words.items())))
        page, outside = free.pop() if free else self.new(words)
        self.used.append((words, page, outside))
        return page, outside

    def new(self, words: dict[str, Any]) -> tuple[Any, list[str]]:
        outside: list[str] = []
        context = self.browser.new_context(**words)

        def gate(route: Any) -> None:
            if is_outside(route.request.url):
                outside.append(route.request.url)
                route.abort()
            else:
                route.continue_()

        context.route("**/*", gate)
        context.on("page", lambda page: page.on("websocket", lambda ws: is_outside(ws.url) and outside.append(ws.url)))
        page = context.new_page()
        page.set_default_timeout(180_000)  # a machine that is busy is slow, not wrong
        return page, outside

    def give_back(self) -> None:
        """After a test: one window, no document, nothing stored. A page that has met a server, or was closed, is not used again."""
        for words, page, outside in self.used:
            if page.is_closed() or not page.url.startswith(("file:", "about:")):
                page.context.close()
                continue
            for other in page.context.pages:
                if other is not page:
                    other.close()
            if page.url.startswith("file:") and words.get("java_script_enabled", True):
                page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.goto("about:blank")
            page.mouse.move(0, 0)
            page.set_viewport_size(words["viewport"])
            outside.clear()
            self.free.setdefault(repr(sorted(words.items())), []).append((page, outside))
        self.used.clear()


@pytest.fixture(scope="module")
def pages(chromium: Any) -> Pages:
    """The pages of the module's browser."""
    return Pages(chromium)


@pytest.fixture
def new_page_offline(pages: Pages) -> Iterator[Callable[..., tuple[Any, list[str]]]]:
    """Makes (page, outside): an empty page whose outside requests are blocked and listed. Words go to Playwright's new_context."""
    yield lambda **words: pages.take(words)
    pages.give_back()


@pytest.fixture
def page_offline(new_page_offline: Callable[..., tuple[Any, list[str]]]) -> tuple[Any, list[str]]:
    """(page, outside): one page, and the list of requests that tried to leave the machine."""
    return new_page_offline()


@dataclass(frozen=True)
class JupyterServer:
    """A running JupyterLab: its address with the token, and the copy of labs/ it serves."""

    address: str
    labs: Path

    def url(self, path: str = "") -> str:
        """The address that opens `path` (relative to labs/) in a fresh workspace."""
        base, _, token = self.address.partition("/lab")
        return f"{base}/lab/workspaces/auto-{time.monotonic_ns()}/tree/{path}?{token.partition('?')[2]}"

    def write(self, name: str, *cells: str) -> None:
        """A notebook of code cells, none of them run, in the folder that is served."""
        made = [
            {"cell_type": "code", "execution_count": None, "id": f"c{i}", "metadata": {}, "outputs": [], "source": cell}
            for i, cell in enumerate(cells)
        ]
        kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
        whole = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (self.labs / name).write_text(json.dumps(whole), encoding="utf-8")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """JupyterLab as a student gets it, `course lab --no-browser`, on a copy of labs/; stopped by Ctrl-C at the end."""
    labs = tmp_path_factory.mktemp("home") / "labs"
    shutil.copytree(ROOT / "labs", labs, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    log = labs.parent / "jupyter.log"
    words = [sys.executable, "-m", "course_lib.cli", "lab", str(labs), "--no-browser", "--port", str(free_port())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + 180
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*", log.read_text(errors="replace"))):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"`course lab` did not start:\n{log.read_text(errors='replace')[-3000:]}", pytrace=False)
            time.sleep(0.1)
        yield JupyterServer(found[0], labs)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
