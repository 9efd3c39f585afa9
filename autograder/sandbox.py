"""A student's kernel in a box: no network, nothing of the course but what the exercise allows, limits on everything.

The box is bubblewrap, reached through a jupyter_client kernel provisioner, so that nbclient stays as it is. What is
forbidden is not refused by a rule: it is not there. The file system inside holds the base Python, the distributions that
the kernel and the exercise need, a staged copy of course_lib without its answers, and a folder of the student's own.

    box = Box(packages=("torch",), shown=("zoo",))
    with box.open() as room: ...            # a private folder; kernels of this box are started in it
"""

from __future__ import annotations

import contextlib
import functools
import glob
import importlib.metadata
import importlib.util
import os
import py_compile
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from . import seccomp

SOURCE = "bubblewrap, https://github.com/containers/bubblewrap; jupyter_client, 'Kernel provisioning'"

COURSE = Path(__file__).resolve().parent.parent
PREFIX = "course-grader-"
LIFELINE = "COURSE_LIFELINE"
SHORT = "/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()  # the path of a unix socket ends at 107 bytes
INSIDE = "/home/student/work"
KERNEL_NEEDS = ("ipykernel", "numpy", "matplotlib", "matplotlib-inline", "anywidget", "ipywidgets")
UNUSED = ("debugpy",)  # ipykernel loads it where it is, a sixth of a kernel's start, and nobody debugs in a box

# Of course_lib a box holds the ground alone: letters, records, recorded loops, pictures, the check. Every other room has
# reference implementations, so it is absent, in every lab and for ever, unless a manifest says `shown`. A new room is no hole.
GROUND = (
    "course_lib", "course_lib.bench", "course_lib.check", "course_lib.data", "course_lib.exercises", "course_lib.exercises.exercise",
    "course_lib.exercises.makers", "course_lib.exercises.notebook", "course_lib.records", "course_lib.recorded", "course_lib.shapes",
    "course_lib.views", "course_lib.wire",
)  # fmt: skip
FAMILIES = ("course_lib.data", "course_lib.recorded", "course_lib.views")  # with everything in them
NEVER = ("course_lib.exercises", "course_lib.cli", "course_lib.slides")  # not to be shown, whatever a manifest says

REMEDY = """grading runs students' code, so it runs it in a box made by bubblewrap, and that does not start here:
  {reason}
What to do:
  Debian, Ubuntu        sudo apt install bubblewrap
  Ubuntu 24.04 or later additionally allow it user namespaces: an AppArmor profile for /usr/bin/bwrap with `userns,`
                        (/etc/apparmor.d/bwrap:  profile bwrap /usr/bin/bwrap flags=(unconfined) {{ userns, }}  then
                        sudo apparmor_parser -r /etc/apparmor.d/bwrap)
  macOS, Windows        grade in WSL2 or in a Linux virtual machine
  anywhere, knowingly   --unsafe-no-sandbox runs the students' code unconfined as you; every grade says so"""


class NoSandbox(RuntimeError):
    """bubblewrap is missing or may not start; the message says what to do."""


def probe() -> str:
    """Try the box for real; the reason why it does not start, or nothing."""
    bwrap = shutil.which("bwrap")
    if sys.platform != "linux":
        return f"there is no bubblewrap on {sys.platform}"
    if bwrap is None:
        return "the program bwrap is not installed"
    words = [
        bwrap,
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
    ]
    try:
        with shut_doors() as doors:
            words += [*door_words(doors), "--", "true"]
            done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False, pass_fds=doors)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap could not be run: {error}"
    return "" if done.returncode == 0 else " ".join(done.stderr.split()) or f"bwrap ended with code {done.returncode}"


@contextlib.contextmanager
def shut_doors() -> Iterator[tuple[int, ...]]:
    """The filter of system calls as an open file that bwrap reads; no file on a machine whose calls are not known."""
    if (program := seccomp.program()) is None:
        yield ()
        return
    with tempfile.TemporaryFile() as file:
        file.write(program)
        file.seek(0)
        yield (file.fileno(),)


def door_words(doors: Sequence[int]) -> list[str]:
    return ["--seccomp", str(doors[0])] if doors else []


def require() -> None:
    """Raise NoSandbox, with the remedy, where the box does not start."""
    if reason := probe():
        raise NoSandbox(REMEDY.format(reason=reason))


# What is in the box ------------------------------------------------------------------------------------------------------


@functools.cache
def closure(names: tuple[str, ...]) -> tuple[str, ...]:
    """The installed distributions that these need, themselves included."""
    from packaging.requirements import Requirement

    found: dict[str, None] = {}
    todo = list(names)
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found:
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found[name] = None
        for line in needs:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(requirement.name)
    return tuple(sorted(found))


@functools.cache
def places(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(path here, name in site-packages) of every top-level file and folder of these distributions."""
    out: dict[str, str] = {}
    for name in names:
        dist = importlib.metadata.distribution(name)
        for file in dist.files or []:
            top = file.parts[0]
            if top in ("..", "__pycache__") or top.endswith((".pth", ".egg-link")) or top.startswith("__editable__"):
                continue
            if top not in out:
                out[top] = str(Path(str(dist.locate_file(top))))
                if top.endswith(".py"):  # compiled already, or every kernel would do it again
                    compiled = importlib.util.cache_from_source(out[top])
                    out[f"__pycache__/{Path(compiled).name}"] = compiled
    return tuple((path, top) for top, path in sorted(out.items()) if os.path.exists(path))


def wanted(packages: Sequence[str]) -> tuple[str, ...]:
    """The distributions in a box that allows `packages`: the kernel's own and these."""
    missing = [p for p in packages if not closure((p,))]
    if missing:
        raise ValueError(f"packages: {', '.join(missing)} is not installed here")
    return tuple(name for name in closure((*KERNEL_NEEDS, *packages)) if name not in UNUSED)


ABSENT = '''"""Put away while this lab is graded: writing it yourself is the exercise."""

HERE = ()  # what of this package is not put away


class Absent:
    def __init__(self, name): self.__dict__["_name"] = name
    def _say(self, *args, **kwargs): raise ImportError(self._name + " is put away while this lab is graded")
    __call__ = __iter__ = __len__ = __getitem__ = __contains__ = _say
    def __instancecheck__(self, thing): return False  # libraries ask whether an array is torch's
    def __subclasscheck__(self, thing): return False
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return Absent(self._name + "." + name)


def __getattr__(name):
    if name.startswith("__") or name in HERE: raise AttributeError(name)
    return Absent(__name__ + "." + name)
'''


def within(module: str, families: Sequence[str]) -> bool:
    return any(module == family or module.startswith(family + ".") for family in families)


def rooms() -> tuple[str, ...]:
    """What a manifest may show: every module of course_lib that is not on the ground, by its name below course_lib ("zoo")."""
    source, out = COURSE / "course_lib", []
    for path in sorted(source.rglob("*.py")):
        module = ".".join(path.relative_to(COURSE).with_suffix("").parts).removesuffix(".__init__")
        if module not in GROUND and not within(module, (*FAMILIES, *NEVER)):
            out.append(module.removeprefix("course_lib."))
    return tuple(out)


def stage(to: Path, shown: Sequence[str] = (), absent: Sequence[str] = ()) -> None:
    """Copy the ground of course_lib and the `shown` rooms to `to`/course_lib, compiled; a stand-in for every other module.

    `absent` names packages (torch, ...) that get a stand-in of the same kind, so that `import torch` in a notebook's first
    cell does not take the other imports with it.
    """
    source, families = COURSE / "course_lib", (*FAMILIES, *(f"course_lib.{name}" for name in shown))
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source.parent)
        if path.is_symlink() or not path.is_file() or "__pycache__" in relative.parts or relative.suffix in (".nbi", ".nbc", ".pyc"):
            continue
        module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        target = to / relative
        if module == "course_lib.exercises":  # so that the kept neighbours can be imported
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("")
        elif module in GROUND or within(module, families):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            if relative.suffix == ".py":
                compile_for_box(target, f"/opt/course/{relative}")
        elif relative.suffix == ".py" and not within(module, NEVER):
            target.parent.mkdir(parents=True, exist_ok=True)
            inner = tuple(f.removeprefix(module + ".") for f in families if f.startswith(module + "."))
            target.write_text(ABSENT.replace("HERE = ()", f"HERE = {inner!r}"))
    for name in absent:
        (to / name).mkdir(parents=True, exist_ok=True)
        (to / name / "__init__.py").write_text(ABSENT)


def compile_for_box(path: Path, inside: str) -> None:
    """Bytecode that a kernel takes as it is: nobody changes a staged file. Stand-ins are short, and most are never asked for."""
    py_compile.compile(str(path), dfile=inside, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


# The box -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    """What a kernel may see and use: `packages` beside the kernel's own, `shown` rooms of course_lib beside its ground."""

    packages: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    memory_mb: int = 3072
    cpu_seconds: int = 600
    file_mb: int = 64
    processes: int = 512
    confined: bool = True

    # imported in labs, so a stand-in is left where a box does not have them
    KNOWN = ("torch", "sklearn", "scipy", "numba", "llvmlite", "pandas", "onnx", "PIL")

    @contextlib.contextmanager
    def open(self, files: Path | None = None) -> Iterator[Room]:
        """A private folder for one submission; everything in it is gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=SHORT))
        try:
            (folder / "owner").write_text(str(os.getpid()))
            for name in ("ipc", "work", "mpl"):
                (folder / name).mkdir(mode=0o700)
            if files is not None:
                copy_plain(files, folder / "work")
            yield Room(self, folder, staged(self))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def copy_plain(source: Path, target: Path, most: int = 64 << 20) -> None:
    """Copy the plain files of a folder, no notebooks, no links, at most so many bytes."""
    room = most
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb" or ".ipynb_checkpoints" in path.parts:
            continue
        room -= path.stat().st_size
        if room < 0:
            raise ValueError(f"the files beside the notebook in {source} are larger than {most >> 20} MB")
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.relative_to(source))


STAGES: dict[Any, tempfile.TemporaryDirectory[str]] = {}
STAGING = threading.Lock()


def staged(box: Box) -> Path:
    """The staged course of a box, made once a run of the grader."""
    here = {top for _, top in places(wanted(box.packages))}
    absent = tuple(name for name in box.KNOWN if name not in here)
    key = (box.shown, absent)
    with STAGING:
        if key not in STAGES:
            made = tempfile.TemporaryDirectory(prefix=PREFIX)
            (Path(made.name) / "owner").write_text(str(os.getpid()))
            stage(Path(made.name) / "course", box.shown, absent)
            warm_fonts(Path(made.name) / "mpl")
            STAGES[key] = made
    return Path(STAGES[key].name)


def warm_fonts(folder: Path) -> None:
    """matplotlib looks for fonts once a user; what it found goes into the box, so that no student's first plot waits for it."""
    import matplotlib

    folder.mkdir()
    cache = Path(matplotlib.get_cachedir())
    if not any(cache.glob("fontlist-*.json")):
        environment = {**os.environ, "MPLCONFIGDIR": str(cache)}  # where HOME cannot be written, the cache is this process's own
        words = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(words, env=environment, capture_output=True, timeout=120, check=False)
    for path in cache.glob("fontlist-*.json"):
        shutil.copy(path, folder)


def sweep() -> int:
    """Remove private folders that a killed grader of this user left behind; how many there were."""
    swept = 0
    for folder in (one for place in {SHORT, tempfile.gettempdir()} for one in Path(place).glob(PREFIX + "*")):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            owner = folder / "owner"
            fresh = time.time() - folder.stat().st_mtime < 60
            if (not owner.exists() and fresh) or (owner.exists() and alive(int(owner.read_text()))):
                continue
        except (OSError, ValueError):
            continue
        end_all(folder)
        shutil.rmtree(folder, ignore_errors=True)
        swept += 1
    return swept


def end_all(folder: Path) -> None:
    """End the boxes that work in a private folder, should one still run."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if process.stat().st_uid == os.getuid() and any(word.startswith(os.fsencode(folder) + b"/") for word in words):
                os.kill(int(process.name), signal.SIGKILL)


def memory_of(pid: int) -> int:
    """Bytes that a process and all that came from it hold in memory; pages that forks share count once. 0 where /proc does not say.

    In the box everybody whose parent ended is a child of the box's first process, so nothing leaves this tree.
    """
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as file:
                total += sum(int(line.split()[1]) << 10 for line in file if line.startswith(("Pss:", "SwapPss:")))
    return total


def tree(pid: int) -> list[int]:
    """A process, its children, their children, and so on."""
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        for task in glob.glob(f"/proc/{found[-1]}/task/*/children"):
            with contextlib.suppress(OSError):
                todo += map(int, Path(task).read_text().split())
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True)
class Room:
    """A box and the private folder of one submission: what a kernel is started in."""

    box: Box
    folder: Path
    stage: Path
    managers: list[Any] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.folder / "g.sock"

    def manager(self) -> AsyncKernelManager:
        """A kernel manager whose kernel will run in this room."""
        register()
        spec = KernelSpec(
            argv=[sys.executable, "-c", LAUNCH, "-f", "{connection_file}", "--HistoryManager.enabled=False"],
            display_name="sandbox", language="python", interrupt_mode="message",
            metadata={"kernel_provisioner": {"provisioner_name": "course-sandbox", "config": {}}},
        )  # fmt: skip
        km = AsyncKernelManager(kernel_name="python3", transport="ipc")
        km._kernel_spec = spec
        km.room = self
        self.managers.append(km)
        return km

    def environment(self) -> dict[str, str]:
        course = "/opt/course" if self.box.confined else str(self.stage / "course")
        home = "/home/student" if self.box.confined else str(self.folder / "work")
        return {
            "PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0",
            "PYTHONPATH": f"{course}:/opt/site" if self.box.confined else course,
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1",
            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "MPLCONFIGDIR": "/home/student/mpl" if self.box.confined else str(self.folder / "mpl"),
            "IPYTHONDIR": "/tmp/ipython" if self.box.confined else str(self.folder / "ipython"),
            "JUPYTER_PLATFORM_DIRS": "1", "NBGRADER_EXECUTION": "autograde",
            "COURSE_GRADER_SOCKET": "/run/grader.sock" if self.box.confined else str(self.socket),
        }  # fmt: skip

    def command(self, kernel: Sequence[str], doors: Sequence[int] = (), line: int = -1) -> list[str]:
        """The words that start `kernel` in the box; `doors` is the open file of `shut_doors`, `line` the end that the kernel holds."""
        shutil.copytree(self.stage / "mpl", self.folder / "mpl", dirs_exist_ok=True)
        limits = limit_words(self.box)
        if not self.box.confined:
            return [*limits, *kernel]
        base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
        words = [
            shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--unshare-user", "--uid", "1000", "--gid", "1000",
            "--disable-userns", "--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv",
            "--ro-bind", "/usr", "/usr",
        ]  # fmt: skip
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            if os.path.islink(f"/{name}"):
                words += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
            elif os.path.isdir(f"/{name}"):
                words += ["--ro-bind", f"/{name}", f"/{name}"]
        for path in ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/fonts", "/etc/alternatives"):
            words += ["--ro-bind-try", path, path]
        words += [
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--size",
            str(256 << 20),
            "--tmpfs",
            "/tmp",
            "--size",
            str(256 << 20),
            "--tmpfs",
            "/dev/shm",
        ]
        prefix = str(Path(sys.base_prefix).resolve())
        if not prefix.startswith("/usr"):
            words += ["--ro-bind", prefix, prefix]
        for path in system_packages(prefix):
            words += ["--tmpfs", path]
        words += ["--dir", "/opt/site", "--ro-bind", str(self.stage / "course"), "/opt/course"]
        for path, name in places(wanted(self.box.packages)):
            words += ["--ro-bind", path, f"/opt/site/{name}"]
        words += [
            "--dir",
            "/home",
            "--size",
            str(16 << 20),
            "--tmpfs",
            "/home/student",
            "--bind",
            str(self.folder / "mpl"),
            "/home/student/mpl",
        ]
        words += ["--bind", str(self.folder / "ipc"), str(self.folder / "ipc"), "--bind", str(self.folder / "work"), INSIDE]
        if self.socket.exists():
            words += ["--bind", str(self.socket), "/run/grader.sock"]
        words += ["--remount-ro", "/", "--chdir", INSIDE]
        for name, value in (self.environment() | {LIFELINE: str(line)}).items():
            words += ["--setenv", name, value]
        return [*words, *door_words(doors), "--", *limits, base, *kernel[1:]]


def system_packages(prefix: str) -> list[str]:
    """Folders of installed packages that come with the base Python or the system: covered by nothing, empty."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    known = [f"{prefix}/lib/{version}/site-packages", f"/usr/lib/{version}/site-packages", f"/usr/local/lib/{version}/site-packages"]
    known += [f"{prefix}/lib64/{version}/site-packages", "/usr/lib/python3/dist-packages", f"/usr/local/lib/{version}/dist-packages"]
    known += [sysconfig.get_path("purelib", vars={"base": prefix})] if sys.prefix == sys.base_prefix else []
    return [path for path in dict.fromkeys(known) if os.path.isdir(path) and not os.path.islink(path)]


def limit_words(box: Box) -> list[str]:
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        return []
    return [
        prlimit, f"--data={box.memory_mb << 20}", f"--cpu={box.cpu_seconds}:{box.cpu_seconds + 5}", f"--fsize={box.file_mb << 20}",
        f"--nproc={box.processes}", "--nofile=1024", "--core=0", "--",
    ]  # fmt: skip


# bwrap ends with its parent, but for a moment while it starts: whoever is killed just then would leave a kernel behind. So
# each kernel holds the far end of a line to its grader and ends when the line does. And while modules are loaded there is no
# garbage to collect: looking for it would be a tenth of the start. The folder of the submission is no place to load them from.
LAUNCH = f"""
import gc, os, runpy, sys, threading
gc.disable()
sys.path[:] = [place for place in sys.path if place]
import ipykernel.kernelapp, ipykernel.ipkernel, numpy
gc.freeze()
gc.enable()
def end_with_the_grader(line):
    os.read(line, 1)
    os._exit(0)
threading.Thread(target=end_with_the_grader, args=(int(os.environ.pop("{LIFELINE}")),), daemon=True).start()
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
"""


class SandboxProvisioner(LocalProvisioner):
    """Starts the kernel in its manager's room; transport and connection file are private to it."""

    line: int | None = None  # held open while the kernel is to live

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        self.shutting = contextlib.ExitStack()
        km = self.parent
        room: Room = km.room
        km.transport = "ipc"
        number = len(list((room.folder / "ipc").glob("*.json")))
        km.connection_file = str(room.folder / "ipc" / f"k{number}.json")
        km.ip = str(room.folder / "ipc" / f"k{number}")
        kwargs = await super().pre_launch(**kwargs)
        doors = self.shutting.enter_context(shut_doors()) if room.box.confined else ()
        far, self.line = os.pipe()
        self.shutting.callback(os.close, far)
        kwargs["pass_fds"] = (*doors, far)
        kwargs["cmd"] = room.command(kwargs["cmd"], doors, far)
        kwargs["stdout"] = subprocess.DEVNULL
        kwargs["stderr"] = self.log_file = (room.folder / "kernel.log").open("ab")
        if room.box.confined:
            kwargs["env"] = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}  # bwrap's own; the kernel's is set inside
            kwargs["cwd"] = "/"
        else:
            kwargs["env"] = room.environment() | {LIFELINE: str(far)}
            kwargs["cwd"] = str(room.folder / "work")
        return kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        try:
            return await super().launch_kernel(cmd, **kwargs)
        finally:
            self.log_file.close()  # the kernel has its own copies
            self.shutting.close()

    async def cleanup(self, restart: bool = False) -> None:
        await super().cleanup(restart)
        if self.line is not None:
            os.close(self.line)
            self.line = None


class Here:
    """An entry point of this very file, for a checkout that is on the path but not installed."""

    value = f"{__name__}:SandboxProvisioner"

    @staticmethod
    def load() -> type[SandboxProvisioner]:
        return SandboxProvisioner


def register() -> None:
    """Make the provisioner known to jupyter_client where the installed entry point does not."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners.setdefault("course-sandbox", Here)  # type: ignore[arg-type]
