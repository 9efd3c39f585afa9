"""From the command to an open lab: `python3 course.py lab --no-browser`, timed until it says where JupyterLab is and a page comes;
and from a clone to tests that pass.

python benchmarks/start.py                      this checkout, set up already: the second start, five times; the bar is 2 s
python benchmarks/start.py --busy --bare-home   the same while the asked port is taken, with a HOME that cannot be written to
python benchmarks/start.py --fresh              a clone in a folder with a space, set up from nothing; the bar is 3 min, downloads aside
python benchmarks/start.py --tests              a clone in a folder with a space, `course.py test`; the bar is 10 min, downloads aside

--tests leaves what each test file took in tests/.artefacts/seconds.json.
What is fetched from the network is told apart; with everything in the installer's cache (a second --fresh) there is nothing to tell.
Exit code 1 where the bar is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECOND_START, FROM_CLONE, TESTED = 2.0, 180.0, 600.0  # seconds


@dataclass
class Start:
    """Seconds from the command to its first line, to the address and to the page, and of them to downloads."""

    said: float
    address: float
    page: float
    downloads: float
    port: int


def told(process: subprocess.Popen[str], begun: float) -> Iterator[tuple[str, float, float]]:
    """Each line a launcher says, the seconds since `begun`, and how many of them were downloads: from such a line to the next."""
    assert process.stdout is not None
    downloads = since = 0.0
    for line in process.stdout:
        now = time.perf_counter() - begun
        if since:
            downloads, since = downloads + now - since, 0.0
        if line.strip().startswith(("downloading", "downloaded")):
            since = now
        yield line, now, downloads


def tests() -> int:
    """`course.py test` in a new clone; what it says goes on as it comes. Its exit code, or 1 where it took too long."""
    before = fixed_work()
    with clone() as root:
        begun, all_in_all, aside = time.perf_counter(), 0.0, 0.0
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "CI": "true"}
        words = ["python3", "course.py", "test"]
        with subprocess.Popen(words, cwd=root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            for line, now, downloads in told(process, begun):
                print(line, end="", flush=True)
                all_in_all, aside = now, downloads
        with contextlib.suppress(OSError):  # not a whole run
            shutil.copy(root / "tests/.artefacts/seconds.json", ROOT / "tests/.artefacts/seconds.json")
    print(f"a fixed piece of work on all cores took {before:.2f} s before and {fixed_work():.2f} s after: how fast this machine was")
    own = all_in_all - aside
    print(f"from a clone: tested after {all_in_all:.0f} s, {aside:.0f} s of them downloads: {own:.0f} s (bar {TESTED:.0f} s)")
    return process.returncode or int(own > TESTED)


# sums, and pages of memory that are asked for, filled and copied
FIXED = "total = 0\nfor i in range(4_000_000):\n    total += i * i % 7\nfor _ in range(10):\n    bytes(bytearray(64 << 20))"


def fixed_work() -> float:
    """Seconds until every core has done one fixed piece of work, all at once: machines that are shared are not equally fast all day."""
    begun = time.perf_counter()
    for process in [subprocess.Popen([sys.executable, "-c", FIXED]) for _ in range(os.cpu_count() or 1)]:
        process.wait()
    return time.perf_counter() - begun


@contextlib.contextmanager
def clone() -> Iterator[Path]:
    """A new clone of this checkout, in a folder with a space."""
    with tempfile.TemporaryDirectory(prefix="course start ") as folder:
        os.chmod(folder, 0o755)  # an ordinary user, too, grades in a test
        root = Path(folder) / "a clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
        yield root


def start(root: Path, port: int, environment: dict[str, str], timeout: float) -> Start:
    """Run `course.py lab` in `root` until its page comes, then end it by Ctrl-C. RuntimeError where it ends before."""
    words = [sys.executable if root == ROOT else "python3", "course.py", "lab", "--no-browser", "--port", str(port)]
    begun = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    said, lines = 0.0, []
    try:
        for line, now, downloads in told(process, begun):
            said = said or now
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab\S*", line):
                urllib.request.urlopen(found[0], timeout=timeout).read()
                return Start(said, now, time.perf_counter() - begun, downloads, int(found[1]))
        raise RuntimeError("course.py lab ended early:\n" + "".join(lines[-20:]))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="clone into a new folder first, and set up there")
    parser.add_argument("--tests", action="store_true", help="clone into a new folder and run the tests there")
    parser.add_argument("--busy", action="store_true", help="somebody listens at the asked port already")
    parser.add_argument("--bare-home", action="store_true", help="HOME is a folder in which nothing can be made")
    parser.add_argument("--times", type=int, default=5, help="starts of a course that is set up (5)")
    options = parser.parse_args()
    if options.tests:
        return tests()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if options.bare_home:
        caches = {f"{name.upper()}_CACHE_DIR": str(Path.home() / ".cache" / name) for name in ("pip", "uv")}
        environment = {**caches, **environment, "HOME": "/proc"}
    with contextlib.ExitStack() as stack:
        root, times = ROOT, options.times
        if options.fresh:
            root = stack.enter_context(clone())
        port = free_port()
        if options.busy:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", port))
            listener.listen()
        if options.fresh:
            first = start(root, port, environment, 1500)
            own = first.page - first.downloads
            aside = f"{first.downloads:.0f} s of them downloads"
            print(f"from a clone: a page after {first.page:.0f} s, {aside}: {own:.0f} s (bar {FROM_CLONE:.0f} s)")
            late = own > FROM_CLONE
        else:
            start(root, port, environment, 60)  # the first after a pause reads files from the disk
            late = False
        starts = [start(root, port, environment, 60) for _ in range(times)]
        said, address, page = (statistics.median(getattr(s, name) for s in starts) for name in ("said", "address", "page"))
        medians = f"first word {said:.2f} s, address {address:.2f} s, page {page:.2f} s"
        print(f"started again, median of {times}: {medians} (bar {SECOND_START:.0f} s)")
        if options.busy:
            print(f"port {port} was busy, the lab was at {starts[-1].port}")
    return int(late or address > SECOND_START)


if __name__ == "__main__":
    raise SystemExit(main())
