"""course.py: what it decides before and after it installs. (The installing itself is what brought you here.)"""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def launcher():
    spec = importlib.util.spec_from_file_location("launcher", ROOT / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def place(tmp_path, launcher):
    """A root with a space and a letter outside ASCII in its name, and an environment in it that looks set up for labs."""
    root = tmp_path / "mein Kurs für alle"
    venv = root / ".venv"
    python = launcher.venv_python(venv)
    python.parent.mkdir(parents=True)
    python.touch()
    for name in ("pyproject.toml", "constraints.txt"):
        (root / name).write_text(name)
    launcher.stamp_path(venv).write_text(json.dumps({"recipe": launcher.recipe(root), "extras": ["base", "lab"]}))
    return root, venv


def test_a_stamp_of_this_recipe_means_nothing_is_installed_again(launcher, place):
    assert launcher.installed(*place) == {"base", "lab"}


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_recipe_makes_the_stamp_void_and_keeps_the_extras_for_the_update(launcher, place, name):
    root, venv = place
    (root / name).write_text("changed")
    assert launcher.installed(root, venv) == set()
    assert launcher.extras_before(venv) == {"base", "lab"}


def test_a_moved_folder_makes_the_stamp_void(launcher, place, tmp_path):
    root, venv = place
    moved = tmp_path / "elsewhere"
    root.rename(moved)
    assert launcher.installed(moved, moved / ".venv") == set()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"extras": 3}', '{"recipe": "?", "extras": ["lab"]}'])
def test_a_stamp_that_cannot_be_read_means_set_up_again(launcher, place, text):
    root, venv = place
    launcher.stamp_path(venv).write_text(text)
    assert launcher.installed(root, venv) == set()


def test_an_environment_without_its_python_is_not_set_up(launcher, place):
    root, venv = place
    launcher.venv_python(venv).unlink()
    assert launcher.installed(root, venv) == set()


def test_an_interrupted_installation_is_swept_package_by_package(launcher, tmp_path):
    for name, files in {
        "done-1.0.dist-info": ["METADATA", "RECORD"],
        "half-2.0.dist-info": ["METADATA"],
        "~alf-2.0.dist-info": ["METADATA"],
    }.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).touch()
    assert launcher.sweep(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["done-1.0.dist-info"]


def test_children_find_this_environment_first_and_no_other_pythons_variables(launcher, tmp_path):
    venv = tmp_path / ".venv"
    env = launcher.environment(venv, {"PATH": "/usr/bin", "HOME": str(tmp_path), "PYTHONPATH": "/ros", "PYTHONHOME": "/x", "PIP_USER": "1"})
    assert env["PATH"].split(os.pathsep)[0] == str(launcher.scripts(venv))
    assert "PYTHONPATH" not in env and "PYTHONHOME" not in env and env["PIP_USER"] == "0"


def test_a_home_one_cannot_write_to_is_replaced_by_folders_in_the_environment(launcher, tmp_path):
    venv = tmp_path / ".venv"
    env = launcher.environment(venv, {"PATH": "/usr/bin", "HOME": str(tmp_path / "not there"), "MPLCONFIGDIR": "/mine"})
    for name in ("PIP_CACHE_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_CACHE_HOME"):
        assert Path(env[name]).is_dir() and venv in Path(env[name]).parents
    assert env["MPLCONFIGDIR"] == "/mine"  # what a user has set is the user's


def test_a_home_one_can_write_to_is_left_alone(launcher, tmp_path):
    env = launcher.environment(tmp_path / ".venv", {"PATH": "/usr/bin", "HOME": str(tmp_path)})
    assert "PIP_CACHE_DIR" not in env and "JUPYTER_CONFIG_DIR" not in env


def test_a_second_setup_waits_for_the_first_and_a_dead_ones_lock_is_taken_over(launcher, tmp_path):
    lock = tmp_path / "lock"
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    lock.write_text(str(process.pid))  # its owner has ended without removing it
    with launcher.Lock(lock):
        entered = threading.Event()

        def second():
            with launcher.Lock(lock):
                entered.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(5)
    thread.join()
    assert not lock.exists()


@pytest.mark.skipif(os.name == "nt", reason="a link to this Python stands for the environment's")
def test_what_a_first_start_loads_is_compiled_and_what_cannot_be_loaded_is_passed_over(launcher, tmp_path, monkeypatch, capsys):
    venv = tmp_path / "a folder" / ".venv"
    python = launcher.venv_python(venv)
    python.parent.mkdir(parents=True)
    python.symlink_to(os.path.realpath(sys.executable))
    (venv / "pyvenv.cfg").write_text(f"home = {os.path.dirname(os.path.realpath(sys.executable))}\n")
    package = launcher.site_packages(venv) / "package"
    package.mkdir(parents=True)
    for name, text in {"__init__": "", "good": "from . import inner\n", "inner": "", "never": "", "other": "print 42\n"}.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(launcher, "FIRST_LOADED", ("absent package.other", "package.good"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    launcher.load_once(venv)
    assert sorted(path.name.partition(".")[0] for path in package.rglob("*.pyc")) == ["__init__", "good", "inner"]
    assert capsys.readouterr().out == "  preparing the packages for a quick start\n"


def test_without_ensurepip_the_sentence_names_the_package_to_install(launcher, tmp_path, monkeypatch):
    monkeypatch.setattr(launcher.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(launcher.Trouble, match=r"apt install python3\.\d+-venv"):
        launcher.make_venv(tmp_path / ".venv")


PIP_LINES = {
    "Collecting torch>=2.4 (from -c constraints.txt (line 40))": "finding torch>=2.4",
    "  Downloading torch-2.13.0-cp311-none-linux_x86_64.whl (190.0 MB)": "downloading torch 2.13.0 (190.0 MB)",
    "  Using cached numpy-2.4.6-cp311-cp311-linux_x86_64.whl (16 MB)": "from pip's cache: numpy 2.4.6 (16 MB)",
    "  Downloading idna-3.20-py3-none-any.whl.metadata (10 kB)": "",
    "Installing collected packages: a, b, c": "installing 3 packages",
    "  Preparing editable metadata (pyproject.toml): started": "",
    "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken": "",
}
UV_LINES = {
    "Using Python 3.11.7 environment at: .venv": "",
    "Resolved 167 packages in 3.73s": "",
    "Downloading numpy (16.1MiB)": "downloading numpy (16.1MiB)",
    " Downloaded numpy": "downloaded numpy",
    "Prepared 167 packages in 16.32s": "installing 167 packages",
    " + numpy==2.4.6": "",
}


@pytest.mark.parametrize(("line", "plain"), [*PIP_LINES.items(), *UV_LINES.items()])
def test_an_installers_lines_become_plain_ones_and_its_noise_is_not_shown(launcher, line, plain):
    assert launcher.what_it_says(line) == plain


def test_uv_is_told_what_pip_was_told_and_not_asked_where_it_would_not_understand(launcher):
    settings = """
        :env:.find-links='/opt/wheels'
        :env:.user='0'
        global.cert="/etc/o'neil.crt"
        global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'
        install.timeout='180'
        list.format='columns'
    """
    words = ["--find-links", "/opt/wheels", "--index", "https://a.example/simple", "--index", "https://b.example/simple"]
    assert launcher.in_uvs_words(settings) == (words, {"SSL_CERT_FILE": "/etc/o'neil.crt", "UV_HTTP_TIMEOUT": "180"})
    assert launcher.in_uvs_words("") == ([], {})
    assert launcher.in_uvs_words("global.trusted-host='mirror.example'") is None
    assert launcher.in_uvs_words("global.cert=[") is None


@pytest.fixture
def pretended(launcher, tmp_path, monkeypatch):
    """A venv whose uv and pip write down that they were called; `uv` and `pip` are their exit codes."""

    def make(uv, pip):
        venv = tmp_path / ".venv"
        launcher.scripts(venv).mkdir(parents=True)
        launcher.site_packages(venv).mkdir(parents=True)
        program = launcher.scripts(venv) / "uv"
        program.write_text(f"#!/bin/sh\necho uv >> '{tmp_path}/called'; echo 'error: nothing reached'; exit {uv}\n")
        python = launcher.venv_python(venv)
        asked = f"case \"$*\" in *' -e '*) echo pip >> '{tmp_path}/called'; echo 'ERROR: No space left on device'; exit {pip};; esac"
        python.write_text(f"#!/bin/sh\n{asked}\n")
        program.chmod(0o755)
        python.chmod(0o755)
        (tmp_path / "constraints.txt").write_text("")
        return venv, lambda: (tmp_path / "called").read_text().split()

    return make


@pytest.mark.skipif(os.name == "nt", reason="shell scripts stand for uv and pip")
@pytest.mark.parametrize(("uv", "pip", "called"), [(0, 0, ["uv"]), (1, 0, ["uv", "pip"]), (1, 1, ["uv", "pip"])])
def test_uv_installs_and_pip_where_uv_does_not_manage(launcher, pretended, tmp_path, capsys, uv, pip, called):
    venv, were_called = pretended(uv, pip)
    if pip:
        with pytest.raises(launcher.Trouble, match="disk is full"):
            launcher.install(venv, tmp_path, ["lab"])
    else:
        launcher.install(venv, tmp_path, ["lab"])
    assert were_called() == called
    assert ("another way: pip" in capsys.readouterr().out) == (len(called) > 1)


LAST_WORDS = {
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": "disk is full",
    "Temporary failure in name resolution')': /simple/setuptools/": "did not reach the package index",
    "ERROR: No matching distribution found for torch": "Are you online",
    "ERROR: something new": "deleting the folder .venv",
}


@pytest.mark.parametrize("said", LAST_WORDS)
def test_what_pip_failed_with_has_a_remedy(launcher, said):
    assert LAST_WORDS[said] in launcher.remedy_for(said)


def test_an_old_python_can_read_the_file_far_enough_to_say_what_it_needs():
    ast.parse((ROOT / "course.py").read_text("utf-8"), feature_version=(3, 6))
    first = (ROOT / "course.py").read_text("utf-8").split("import hashlib")[0].replace("(3, 11)", "(99, 0)")
    done = subprocess.run([sys.executable, "-c", first], capture_output=True, text=True)
    assert done.returncode == 1 and "needs Python 3.11 or newer" in done.stderr


def test_the_launcher_needs_nothing_but_the_standard_library():
    tree = ast.parse((ROOT / "course.py").read_text("utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names} | {
        n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)
    }
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_every_command_the_launcher_sets_up_for_is_a_command_and_every_extra_is_an_extra(launcher):
    import tomllib

    from course_lib.cli import COMMANDS

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(launcher.EXTRAS) <= set(COMMANDS)
    assert {extra for names in launcher.EXTRAS.values() for extra in names} <= set(extras)


def test_whatever_grades_is_set_up_for_grading(launcher):
    """`schedule` reads one file and needs no package; every other command of the grader opens notebooks and the gradebook."""
    from course_lib.cli import COMMANDS

    graders = {name for name, command in COMMANDS.items() if command.module.startswith("autograder.")} - {"schedule"}
    assert graders == {name for name, extras in launcher.EXTRAS.items() if extras == ["grade"]}


def test_deciding_that_nothing_is_to_be_done_takes_less_than_three_tenths_of_a_second(launcher, place):
    root, venv = place
    probe = (
        "import importlib.util, pathlib, sys; spec = importlib.util.spec_from_file_location('l', sys.argv[1]);"
        "l = importlib.util.module_from_spec(spec); spec.loader.exec_module(l); l.installed(*map(pathlib.Path, sys.argv[2:]))"
    )

    def seconds(words):
        before = os.times()
        subprocess.run(words, check=True)
        after = os.times()  # the processor time of what was run: a busy machine is not the launcher's fault
        return after.children_user + after.children_system - before.children_user - before.children_system

    bare = min(seconds([sys.executable, "-c", "pass"]) for _ in range(3))
    asked = min(seconds([sys.executable, "-c", probe, str(ROOT / "course.py"), str(root), str(venv)]) for _ in range(3))
    assert asked - bare < 0.3
