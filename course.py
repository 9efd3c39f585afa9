#!/usr/bin/env python3
"""From a clone to the course in one command: makes .venv, installs what the command needs, and runs it.

    python3 course.py lab       opens JupyterLab on the labs
    python3 course.py test      runs all tests
    python3 course.py           lists the other commands

Standard library only. Everything it makes is in .venv, which may be deleted at any time.
"""

import sys

if sys.version_info < (3, 11):  # before anything an older Python would not know; this file still has to parse there
    sys.exit(
        "The course needs Python 3.11 or newer; this is Python %d.%d.\n"
        "Newer ones: https://www.python.org/downloads, or apt, dnf, brew or conda install python3.12;\n"
        "then run course.py with it: python3.12 course.py lab" % sys.version_info[:2]
    )

import ast
import hashlib
import importlib.util
import json
import os
import platform
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"

# What a command needs beyond numpy: names of extras in pyproject.toml. A command not named here runs with what is there.
EXTRAS = {
    "lab": ["lab", "slides"],  # the start page links to the decks, which are built in the background
    "check": ["lab"],
    "release": ["lab"],
    "slides": ["slides"],
    "grade": ["grade"],
    "report": ["grade"],
    "collect": ["grade"],
    "regrade": ["grade"],
    "gradebook": ["grade"],
    "test": ["lab", "slides", "grade", "test"],
}


class Trouble(Exception):
    """What went wrong and what to do about it, in words for the person at the keyboard."""


# ---------------------------------------------------------------------------------------------------- what is there


def stamp_path(venv: Path) -> Path:
    return venv / "course-stamp.json"


def recipe(root: Path) -> str:
    """A hash of everything an environment depends on; another hash means: set up again."""
    said = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        said.update((root / name).read_bytes())
    said.update(f"{sys.version} {platform.machine()} {root}".encode())  # a venv does not survive being moved
    return said.hexdigest()


def installed(root: Path, venv: Path) -> set:
    """The extras that are set up in `venv` by this very recipe, {"base"} among them; empty where nothing valid is there."""
    try:
        stamp = json.loads(stamp_path(venv).read_text("utf-8"))
        return set(stamp["extras"]) if stamp["recipe"] == recipe(root) and venv_python(venv).exists() else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def extras_before(venv: Path) -> set:
    """The extras an older recipe had: an update keeps them."""
    try:
        return set(json.loads(stamp_path(venv).read_text("utf-8"))["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def same_place(root: Path, venv: Path) -> bool:
    """Was `venv` made by this Python for this folder? One that was not is made anew."""
    try:
        stamp = json.loads((venv / "course-made.json").read_text("utf-8"))
        return stamp == made_by(root)
    except (OSError, ValueError):
        return False


def made_by(root: Path) -> dict:
    return {"python": sys.version, "machine": platform.machine(), "root": str(root)}


def scripts(venv: Path) -> Path:
    return venv / ("Scripts" if WINDOWS else "bin")


def venv_python(venv: Path) -> Path:
    return scripts(venv) / ("python.exe" if WINDOWS else "python")


# ---------------------------------------------------------------------------------------------------- environment


def environment(venv: Path, environ: dict) -> dict:
    """The variables children get: this venv first on PATH, other Pythons' variables gone, a writable home for caches."""
    env = dict(environ)
    # another Python's packages or a user's pip habits would end up inside the course's environment
    for name in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"):
        env.pop(name, None)
    env["PIP_USER"] = "0"
    env["VIRTUAL_ENV"] = str(venv)
    env["PATH"] = os.pathsep.join([str(scripts(venv)), *filter(None, [env.get("PATH", os.defpath)])])
    env.setdefault("PYTHONUTF8", "1")  # the locale may be C, file names and text are not
    home = env.get("HOME") or os.path.expanduser("~")
    if not WINDOWS and not writable(home):
        own = venv / "home"
        places = {
            "XDG_CACHE_HOME": "cache",
            "XDG_CONFIG_HOME": "config",
            "XDG_DATA_HOME": "data",
            "XDG_STATE_HOME": "state",
            "PIP_CACHE_DIR": "cache/pip",
            "MPLCONFIGDIR": "config/matplotlib",
            "IPYTHONDIR": "config/ipython",
            "JUPYTER_CONFIG_DIR": "config/jupyter",
            "JUPYTER_DATA_DIR": "data/jupyter",
            "JUPYTER_RUNTIME_DIR": "data/jupyter/runtime",
            "NUMBA_CACHE_DIR": "cache/numba",
        }
        for name, place in places.items():
            if name not in environ:
                (own / place).mkdir(parents=True, exist_ok=True)
                env[name] = str(own / place)
    return env


def writable(folder: str) -> bool:
    """Can something be made in `folder`? It is tried: root may write where there is nothing to write to."""
    probe = os.path.join(folder, f".course-{os.getpid()}")
    try:
        os.mkdir(probe)
        os.rmdir(probe)
    except OSError:
        return False
    return True


# ---------------------------------------------------------------------------------------------------- setting up


def say(text: str) -> None:
    print(text, flush=True)


def make_venv(venv: Path) -> None:
    """An environment with pip in it, by venv, by virtualenv, or by the pip this Python has; Trouble where none of them works."""
    say("  making the environment .venv")
    if importlib.util.find_spec("ensurepip"):
        ways = [["-m", "venv", "--clear", str(venv)]]
    else:  # Debian keeps ensurepip in a package of its own
        ways = []
    if importlib.util.find_spec("virtualenv"):
        ways.append(["-m", "virtualenv", "--clear", "--no-periodic-update", str(venv)])
    said = ""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    for words in ways:
        done = subprocess.run(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=env
        )
        if done.returncode == 0 and has_pip(venv):
            return
        said = done.stdout.strip()[-1500:]
    remedy = (
        f"On Debian or Ubuntu: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv     (then the same command again)"
    )
    if not ways:
        raise Trouble(f"This Python ({sys.executable}) cannot make environments: its module ensurepip is missing.\n{remedy}")
    raise Trouble(f"The environment .venv could not be made:\n{said}\n{remedy}")


def has_pip(venv: Path) -> bool:
    """Does the environment's Python run, and has it pip?"""
    try:
        words = [str(venv_python(venv)), "-I", "-c", "import pip"]
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def site_packages(venv: Path) -> Path:
    if WINDOWS:
        return venv / "Lib" / "site-packages"
    return venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def sweep(site: Path) -> int:
    """Remove what an interrupted pip left half written: pip writes RECORD last. Returns how many packages that were."""
    unfinished = [info for info in site.glob("*.dist-info") if not (info / "RECORD").exists()]
    for rest in [*unfinished, *site.glob("~*")]:
        shutil.rmtree(rest, ignore_errors=True)
    return len(unfinished)


def what_it_says(line: str) -> str:
    """A line of pip's or uv's as a plain one for the reader, empty for one that tells nothing."""
    line = line.strip()
    first, _, rest = line.partition(" ")
    if first in ("Collecting", "Processing"):
        name = rest.split(" (from")[0]
        return "finding " + (name.replace("\\", "/").rpartition("/")[2].split("-")[0] if name.endswith((".whl", ".gz")) else name)
    if first in ("Downloading", "Using") and rest and ".metadata" not in line and " environment at" not in line:
        name, _, size = rest.replace("cached ", "").partition(" (")
        name = name.rpartition("/")[2]
        title = " ".join(name.split("-")[:2]) if name.endswith(".whl") else name
        return ("downloading " if first == "Downloading" else "from pip's cache: ") + title + (f" ({size.rstrip(')')})" if size else "")
    if line.startswith("Installing collected packages:"):
        return f"installing {line.count(',') + 1} packages"
    if first == "Downloaded":  # uv fetches many at a time
        return f"downloaded {rest}"
    if first == "Prepared":
        return f"installing {rest.partition(' ')[0]} packages"
    return ""


# What pip was told, by its option's name, in uv's words; of two of them uv is told by a variable.
FOR_UV = {"index-url": "--default-index", "extra-index-url": "--index", "find-links": "--find-links", "constraint": "--constraints"}
VARIABLES = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "timeout": "UV_HTTP_TIMEOUT", "default-timeout": "UV_HTTP_TIMEOUT"}
NOT_FOR_UV = {"break-system-packages", "cache-dir", "disable-pip-version-check", "no-input", "no-warn-script-location", "prefer-binary"}
NOT_FOR_UV |= {"progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action", "user", "verbose"}


def in_uvs_words(settings: str):
    """What `pip config list` says, as (words, variables) of uv; None where something in it has no meaning that uv knows."""
    words, variables = [], {}
    for line in settings.splitlines():
        key, _, value = line.strip().partition("=")
        command, _, name = key.rpartition(".")
        if command not in ("global", "install", ":env:"):
            continue  # for pip's other commands
        try:
            value = str(ast.literal_eval(value))
        except (SyntaxError, ValueError):
            return None
        if name in FOR_UV:
            for one in value.split():
                words += [FOR_UV[name], one]
        elif name in VARIABLES:
            variables[VARIABLES[name]] = value
        elif name not in NOT_FOR_UV:
            return None
    return words, variables


def uv(venv: Path, root: Path, env: dict):
    """uv, which installs all this five times as fast as pip, set up like this pip: (words, variables); None where it cannot be had."""
    pip = [str(venv_python(venv)), "-m", "pip"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True, "errors": "replace"}
    told = in_uvs_words(subprocess.run([*pip, "config", "list"], env=env, **quiet).stdout)
    if told is None:
        return None
    words = [*pip, "install", "-q", "--no-input", "--disable-pip-version-check", "--no-compile", "-c", str(root / "constraints.txt"), "uv"]
    if subprocess.run(words, env=env, cwd=root, **quiet).returncode:
        return None
    words, variables = told
    bundle = env.get("REQUESTS_CA_BUNDLE") or env.get("CURL_CA_BUNDLE")
    variables = {"UV_SYSTEM_CERTS": "1", **({"SSL_CERT_FILE": bundle} if bundle else {}), **variables}
    own = [str(scripts(venv) / ("uv.exe" if WINDOWS else "uv")), "pip", "install", "--color", "never", "--python", str(venv_python(venv))]
    return [*own, "--index-strategy", "unsafe-best-match", *words], variables  # pip, too, takes the best of all indexes


def install(venv: Path, root: Path, extras: list) -> None:
    """-c constraints.txt -e .[extras] by uv, or by pip where uv does not manage; Trouble with pip's last words where it fails, too."""
    target = f"{root}[{','.join(extras)}]" if extras else str(root)
    what = ["-c", str(root / "constraints.txt"), "-e", target]
    env = {**environment(venv, dict(os.environ)), "PIP_ROOT_USER_ACTION": "ignore"}
    found = uv(venv, root, env)
    if found:
        words, variables = found
        if not installed_by([*words, *what], env | variables, venv, root)[0]:
            return
        say("  another way: pip")
    words = [str(venv_python(venv)), "-m", "pip", "install", "--progress-bar", "off", "--no-input", "--disable-pip-version-check"]
    # pip would compile the packages on one core, half of its time; `load_once` does what is needed on two
    code, said = installed_by([*words, "--prefer-binary", "--no-compile", *what], env, venv, root)
    if code:
        last = "\n".join([line for line in said if line.strip() and not what_it_says(line)][-12:])
        remedy = remedy_for(" ".join(said))
        raise Trouble(f"pip could not install the packages. Its last words:\n{last}\n\n{remedy}\nAll of its words: {log_of(venv)}")


def log_of(venv: Path) -> Path:
    return venv / "course-install.log"


def installed_by(words: list, env: dict, venv: Path, root: Path):
    """Run an installer, its progress in plain lines -> (exit code, its last lines)."""
    # stdin closed: nothing is ever asked
    process = subprocess.Popen(
        words,
        cwd=root,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.Queue = queue.Queue()

    def read() -> None:
        with log_of(venv).open("w", encoding="utf-8") as kept, process.stdout as said:
            for line in said:
                kept.write(line)
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        said = follow(lines, site_packages(venv))
        return process.wait(), said
    except BaseException:  # Ctrl-C: it must not go on alone
        process.terminate()
        process.wait()
        raise


# What a first start loads, for two processes. All that is installed would take a minute to compile, and most of it is never loaded.
FIRST_LOADED = (
    "torch torch.fx torch.utils.flop_counter scipy.signal scipy.stats scipy.optimize gpytorch onnx tvm distributed",
    "sklearn.datasets sklearn.svm sklearn.ensemble sklearn.gaussian_process mlxtend.data jupyterlab.labapp notebook.app "
    "nbgrader.apps nbgrader.server_extensions.formgrader nbclient jupytext ipykernel.kernelapp ipykernel.ipkernel "
    "debugpy.server IPython ipywidgets anywidget matplotlib.pyplot matplotlib.font_manager numba pygments.lexers.python "
    "pygments.formatters markdown_it latex2mathml.converter pytest xdist.scheduler hypothesis.strategies "
    "playwright.sync_api expecttest",
)
LOAD = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:  # not installed, or not willing here
        pass
"""


def load_once(venv: Path) -> None:
    """Load what a first start would: Python keeps the bytecode, and the disk's pages are in memory."""
    say("  preparing the packages for a quick start")
    env = environment(venv, {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"})
    python, quiet = str(venv_python(venv)), {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    loading = [subprocess.Popen([python, "-c", LOAD, *names.split()], cwd=venv, env=env, **quiet) for names in FIRST_LOADED]
    try:
        for process in loading:
            process.wait()
    finally:
        for process in loading:
            process.kill()


def follow(lines: queue.Queue, site: Path) -> list:
    """Show an installer's progress until it ends: one line that changes on a terminal, a line a step elsewhere. Returns its last lines."""
    terminal = sys.stdout.isatty()
    now, since, shown, found, kept = "asking for the list of packages", time.monotonic(), 0.0, 0, []
    before, total = len(list(site.glob("*.dist-info"))), 0
    while True:
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            line = ""
        if line is None:
            break
        if line:
            kept = [*kept, line.rstrip()][-400:]
            plain = what_it_says(line)
            if plain:
                found += plain.startswith("finding")
                now, since, shown = plain, time.monotonic(), 0.0
                if plain.startswith("installing"):
                    total = line.count(",") + 1
                if not terminal and not plain.startswith("finding"):
                    say("  " + plain)
        waited = time.monotonic() - since
        if total:
            now = f"installing: {max(0, min(total, len(list(site.glob('*.dist-info'))) - before))} of {total} packages"
        text = now if not now.startswith("finding") else f"{now}  ({found} so far)"
        if terminal:
            text = f"  {text}{f'  {waited:.0f} s' if waited >= 3 else ''}"
            sys.stdout.write("\r" + text[: shutil.get_terminal_size().columns - 1] + "\033[K")
            sys.stdout.flush()
        elif waited - shown >= 20:
            shown = waited
            say(f"  ... {text}, {waited:.0f} s")
    if terminal:
        sys.stdout.write("\r\033[K")
    return kept


def remedy_for(said: str) -> str:
    """The likeliest remedy for what pip said."""
    low = said.lower()
    if "no space left" in low or "errno 28" in low:
        return "The disk is full: the course needs about 3 GB for its packages, 6 where PyTorch comes with CUDA."
    if any(word in low for word in ("name resolution", "connection", "proxy", "timed out")):
        return (
            "This machine did not reach the package index. Connect it (or set https_proxy, or PIP_INDEX_URL to a mirror)\n"
            "and run the same command again."
        )
    if "could not find a version" in low or "no matching distribution" in low:
        return (
            "The package index does not have such a package for this Python and machine, or was not reached.\n"
            "Are you online? If so: the course was tested with Python 3.11 on 64-bit Linux;\n"
            "for a very new Python some packages may not be there yet."
        )
    if "permission denied" in low or "read-only" in low:
        return f"This folder is not writable: {ROOT}. Copy the course to one that is."
    return "Running the same command again continues where it stopped; deleting the folder .venv starts afresh."


class Lock:
    """One setup at a time: two pips in one environment spoil it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        told = False
        while True:
            try:
                with os.fdopen(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY), "w") as file:
                    file.write(str(os.getpid()))
                return
            except FileExistsError:
                pid = self.owner()
                if pid is None:
                    self.path.unlink(missing_ok=True)
                    continue
                if not told:
                    say(f"Another setup is running (process {pid}); waiting for it. If it is not: delete {self.path}")
                    told = True
                time.sleep(0.5)

    def owner(self):
        """The process that holds the lock; None where it is gone."""
        try:
            pid = int(self.path.read_text() or 0)
        except (OSError, ValueError):
            return None
        if not pid:  # just made, its number not yet written; an old one was left by a crash
            try:
                return "just starting" if time.time() - self.path.stat().st_mtime < 10 else None
            except OSError:
                return None
        if WINDOWS:  # os.kill would end it there
            return pid if str(pid) in subprocess.run(["tasklist", "/FI", f"PID eq {pid}"], capture_output=True, text=True).stdout else None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return pid

    def __exit__(self, *_) -> None:
        self.path.unlink(missing_ok=True)


def set_up(root: Path, venv: Path, need: set) -> None:
    """Bring `venv` to where it holds the extras `need`; what it already holds stays."""
    if not os.access(root, os.W_OK):
        raise Trouble(f"This folder is not writable: {root}. Copy the course to one that is.")
    with Lock(root / ".venv.lock"):
        have = installed(root, venv)
        if need <= have:  # the other setup has done it
            return
        started = time.monotonic()
        extras = sorted((need | have | extras_before(venv)) - {"base"})
        if extras_before(venv) >= set(extras) and same_place(root, venv):
            say("Updating the course's packages.")
        else:
            what = ", ".join(extras) or "its first commands"
            size = "about 3 GB (6 with CUDA)" if extras else "under 100 MB"
            say(f"Setting up the course ({what}): once, a few minutes, {size} in .venv.")
        if not (same_place(root, venv) and has_pip(venv)):
            make_venv(venv)
            (venv / "course-made.json").write_text(json.dumps(made_by(root)), "utf-8")
        elif not stamp_path(venv).exists() and sweep(site_packages(venv)):
            say("  the last setup was interrupted; going on where it stopped")
        stamp_path(venv).unlink(missing_ok=True)
        install(venv, root, extras)
        load_once(venv)
        scratch = stamp_path(venv).with_suffix(".tmp")
        scratch.write_text(json.dumps({"recipe": recipe(root), "extras": [*extras, "base"]}), "utf-8")
        scratch.replace(stamp_path(venv))
        say(f"Ready after {time.monotonic() - started:.0f} s. From now on this takes no time.\n")


# ---------------------------------------------------------------------------------------------------- and go


def run(venv: Path, words: list) -> int:
    """The console script `course` with the same words; does not return where the system can exec."""
    env = environment(venv, dict(os.environ))
    if WINDOWS:
        return subprocess.call([str(scripts(venv) / "course.exe"), *words], env=env)
    python = str(venv_python(venv))
    # by the interpreter, not by the script's first line: that one has a length limit
    os.execve(python, [python, str(scripts(venv) / "course"), *words], env)
    return 0


def main(words: list) -> int:
    need = {"base", *EXTRAS.get(words[0] if words else "", [])}
    if any(word in ("-h", "--help") for word in words[1:]) and installed(ROOT, VENV):
        need = {"base"}  # reading about a command installs nothing
    try:
        if not need <= installed(ROOT, VENV):
            set_up(ROOT, VENV, need)
        return run(VENV, words)
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"\n{error.filename or 'course.py'}: {error.strerror or error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
