"""The house as a table: who may import whom. Imports go down only; heavy libraries stay in the rooms that need them."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

GROUND = {"shapes", "records", "bench", "caches", "data"}
ROOMS = {"gemm", "conv", "machine", "compress", "sparse", "search", "train", "deploy", "zoo"}
# room -> the rooms of course_lib it may import (itself always). "page" is `from course_lib import ...`, the public page.
MAY_IMPORT = {
    "shapes": set(),
    "records": {"shapes"},
    "bench": set(),
    "caches": set(),
    "data": set(),
    "recorded": GROUND,
    "nest": GROUND | {"recorded"},
    "interchange": GROUND | {"nest"},
    "kernels": GROUND | {"nest"},
    **{room: GROUND | {"recorded", "nest", "kernels"} | ROOMS for room in ROOMS},
    "search": {"records"},
    "views": GROUND,
    "page": GROUND | ROOMS | {"recorded", "nest", "kernels", "explorer"},
    "autotune": GROUND | ROOMS | {"recorded", "nest", "kernels", "page", "interchange"},  # TVM as a peer
    "nas": GROUND | ROOMS | {"recorded", "nest", "kernels", "page"},
    "explorer": GROUND | ROOMS | {"recorded", "nest", "kernels", "views"},  # the one place where nest, machine and views meet
    "dashboard": GROUND | {"autotune", "views"},  # the one place where a search's log meets its picture
    "wire": GROUND | {"exercises"},  # it carries an exercise's cases and answers between two processes
    "exercises": GROUND | ROOMS | {"recorded", "nest", "kernels", "page", "explorer", "autotune", "nas", "views", "check", "wire", "cli"},
    "check": GROUND | {"recorded", "page", "views", "exercises", "wire"},
    "slides": GROUND | ROOMS | {"recorded", "nest", "kernels", "page", "explorer", "autotune", "nas", "views", "cli"},
    "cli": GROUND | {"page", "machine", "views", "exercises", "slides", "cli", "autotune", "search", "kernels", "zoo"},
}

# what the ground floor and the public page may import from outside: numpy and the standard library
LIGHT = {"shapes", "records", "bench", "caches", "data", "recorded", "views", "page", "wire"}
HEAVY = {
    "torch",
    "numba",
    "llvmlite",
    "anywidget",
    "ipywidgets",
    "matplotlib",
    "sklearn",
    "scipy",
    "pandas",
    "onnx",
    "tvm",
    "nbgrader",
    "IPython",
    "jupyterlab",
}

FILES = sorted((ROOT / "course_lib").rglob("*.py"))


def room_of(path):
    inside = path.relative_to(ROOT / "course_lib").parts
    return "page" if inside == ("__init__.py",) else inside[0].removesuffix(".py")


@cache
def imports(path):
    """(module imported, as absolute dotted name; is it at the top of the file) of each import statement."""
    tree, found = ast.parse(path.read_text("utf-8")), []
    package = ["course_lib", *path.relative_to(ROOT / "course_lib").parts[:-1]]
    at_top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in at_top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [module]
            if module == "course_lib":
                inner = [ROOT / "course_lib" / alias.name for alias in node.names]
                names = [f"course_lib.{i.name}" if i.is_dir() or i.with_suffix(".py").exists() else "course_lib" for i in inner]
            found += [(name, id(node) in at_top) for name in names]
    return found


def target(module):
    """The room a course_lib module belongs to, None for another library."""
    parts = module.split(".")
    if parts[0] != "course_lib":
        return None
    return parts[1] if len(parts) > 1 else "page"


def test_every_room_is_in_the_table():
    assert {room_of(path) for path in FILES} <= set(MAY_IMPORT)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_go_down_only(room):
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in FILES
        if room_of(path) == room
        for module, _ in imports(path)
        if (to := target(module)) and to != room and to not in MAY_IMPORT[room]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_itself_has_no_upward_step_from_the_ground_floor():
    assert all(MAY_IMPORT[room] <= GROUND for room in ("shapes", "records", "recorded", "views"))


def test_nobody_below_imports_the_autograder():
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in FILES
        for module, _ in imports(path)
        if module.split(".")[0] == "autograder"
    ]
    assert not wrong, "\n".join(wrong)


def test_the_light_rooms_import_no_heavy_library_at_the_top_of_a_file():
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in FILES
        if room_of(path) in LIGHT
        for module, top in imports(path)
        if top and module.split(".")[0] in HEAVY
    ]
    assert not wrong, "\n".join(wrong)


def fresh(code, **environment):
    """What `code` prints in a new process that knows the course and nothing else."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_public_page_loads_numpy_and_no_heavy_library():
    loaded = set(fresh("import sys, course_lib; print(*{name.partition('.')[0] for name in sys.modules})").split())
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_importing_the_public_page_takes_less_than_three_tenths_of_a_second(tmp_path):
    code = "import time; t = time.process_time(); import course_lib; print(time.process_time() - t)"
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}  # by the first start, as on anybody's machine
    # processor time, of any of a dozen starts: a busy machine, whose caches are others', is not the page's fault
    assert any(float(fresh(code, **compiled)) < 0.3 for _ in range(12))


def test_every_public_name_of_the_page_is_there():
    fresh("import course_lib; [getattr(course_lib, name) for name in course_lib.__all__]")
