"""The tree as a visitor finds it: a licence, no path of anybody's machine, first lines that say the idea, ruff and types clean."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.cli import COMMANDS
from course_lib.cli.chapters import CHAPTERS

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {
    ".git",
    ".venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".artefacts",
    ".ipynb_checkpoints",
    "built",
    "build",
}


def tracked():
    """The files of the project: what git tracks or would track, or in a copy without git all but what is made by running."""
    done = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0 and done.stdout and (ROOT / ".git").exists():
        return sorted({ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()})
    paths = (path for path in ROOT.rglob("*") if not NOT_OURS & set(path.relative_to(ROOT).parts))
    return sorted(p for p in paths if p.is_file() and not any(part.endswith(".egg-info") for part in p.parts))


FILES = tracked()
TEXTS = [
    p
    for p in FILES
    if p.suffix in (".py", ".md", ".toml", ".txt", ".js", ".css", ".html", ".svg", ".ipynb", ".json", ".csv", "")
    and p.name != "test_repo.py"
]
LEAKS = {
    "a folder of somebody's machine": r"(?<![\w.])/(?:work|root|home/(?!student/)\w+|Users/\w+)/",
    "a package index's own folder": r"/opt/pypi",
    "a conflict mark": r"^(?:<{7}|>{7}) ",
}


def test_the_project_has_files():
    assert len(FILES) > 20


@pytest.mark.parametrize("kind", LEAKS)
def test_no_file_holds(kind):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in TEXTS
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if re.search(LEAKS[kind], line)
    ]
    assert not found, "\n".join(found)


def test_the_licence_is_mit_and_the_authors_are_named():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("MIT License") and "The course authors" in text


def test_every_python_file_says_its_idea_in_its_first_line():
    silent = []
    for path in FILES:
        inside = path.relative_to(ROOT)
        if (
            path.suffix != ".py"
            or inside.parts[0] in ("solutions", "labs")
            or "wrong_answers" in inside.parts
            or not path.read_text("utf-8").strip()
        ):
            continue
        said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        if not said or not said.splitlines()[0].strip():
            silent.append(str(inside))
    assert not silent, silent


def test_no_file_is_too_large_for_a_clone():
    large = {str(p.relative_to(ROOT)): p.stat().st_size for p in FILES if p.stat().st_size > 1_500_000}
    assert not large


PAGES = ["README.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_a_page_names_is_there(page):
    text = (ROOT / page).read_text("utf-8")
    words = set(re.findall(r"(?:course\.py|`course) ([a-z]+)", text))
    assert words and words <= set(COMMANDS), words - set(COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", (ROOT / page).read_text("utf-8"))
    local = [a or b for a, b in targets if not (a or b).startswith("http")]
    gone = [target for target in local if not (ROOT / target).exists()]
    assert not gone, gone


def test_the_readme_gives_every_chapter_its_status():
    rows = {m[1]: m[0] for m in re.finditer(r"^\| (\d\d) .*$", (ROOT / "README.md").read_text("utf-8"), re.M)}
    for chapter in CHAPTERS:
        assert chapter.title in rows[chapter.number], chapter
        assert rows[chapter.number].count("planned") == (chapter.lacks == "planned"), rows[chapter.number]


def test_ruff_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.slow  # so that it begins early: without its cache mypy takes half a minute, and nothing waits for it
def test_the_types_hold():
    done = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_the_readmes_picture_is_what_the_view_draws_today():
    import runpy

    for name, svg in runpy.run_path(str(ROOT / "docs" / "picture.py"))["pictures"]().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == svg, f"python docs/picture.py renews docs/{name}"
