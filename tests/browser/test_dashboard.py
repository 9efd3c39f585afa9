"""The live board in JupyterLab: it moves while the kernel is busy with the search, and it follows a search that runs elsewhere."""

import pytest

from course_lib.autotune import Log, Outcome, Task
from course_lib.shapes import ConvShape

pytestmark = pytest.mark.browser

FOLLOW = "from course_lib.dashboard import watch\nboard = watch('elsewhere.jsonl')\nboard"
# after its first round the search waits until the page has been seen: so the picture came while the kernel was busy
SEARCH = """
import pathlib, time
from course_lib import ConvShape
from course_lib.autotune import Limits, Pool, Task, tune
own = watch('own.jsonl')
display(own)
def after_a_round(history):
    own(history)
    while not pathlib.Path('seen').exists():
        time.sleep(0.05)
with Pool(1, Limits(start=900, compile=900, run=900)) as pool:
    layer = Task(ConvShape(N=1, C=16, H=12, W=12, K=16, R=3, S=3, pad=1), kind='simulated')
    tuned = tune(layer, 20, 'random', 'own.jsonl', pool=pool, watch=after_a_round)
"""


def follows(page, log_file):
    """The first board on the page moves with a log that somebody else writes; the page asks once a second."""
    board = page.locator("figure.scene[data-ready]").first
    board.get_by_text("No trial yet.").first.wait_for()
    assert page.locator("[id^=still-]").first.is_hidden()  # the picture for pages without a kernel
    task = Task(ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1))
    with Log(log_file, "a terminal") as log:
        log.add(task, ("winograd", 6), Outcome(0.01), 0, 0, 2)
        log.add(task, ("windows", 8), Outcome(None, "incorrect: oa is off"), 0, 1, 2)
        board.get_by_text(f"The best so far: {2e-9 * task.macs / 0.01:.2f} GFLOP/s, trial 1.").first.wait_for()
        assert board.get_by_text("wrong result").is_visible()
        log.add(task, ("winograd", 7), Outcome(0.005), 1, 0, 1)
        board.get_by_text(f"The best so far: {2e-9 * task.macs / 0.005:.2f} GFLOP/s, trial 3.").first.wait_for()


def test_in_jupyterlab_the_board_moves_with_a_search_here_and_one_elsewhere(page_offline, jupyter_server, artefacts):
    jupyter_server.write("dashboard.ipynb", FOLLOW, SEARCH)
    page, outside = page_offline
    jupyter_server.open(page, "dashboard.ipynb")
    page.keyboard.press("Shift+Enter")
    follows(page, jupyter_server.labs / "elsewhere.jsonl")

    page.keyboard.press("Shift+Enter")
    own = page.locator("figure.scene[data-ready]").nth(1)
    own.get_by_text("8 / 20").wait_for()
    assert page.locator(".jp-Notebook .jp-Cell .jp-InputPrompt").nth(1).inner_text() == "[*]:"  # still in its first round
    (jupyter_server.labs / "seen").touch()
    own.get_by_text("20 / 20").wait_for()
    page.get_by_text("(ipykernel) | Idle").wait_for()
    still = page.locator("[id^=still-] img").nth(1).get_attribute("src")
    assert "20%20%2F%2020" in still or "20 / 20" in still  # what a page without a kernel shows is the end
    page.screenshot(path=artefacts / "dashboard-lab.png", full_page=True)
    assert outside == []


def test_in_notebook_7_the_board_moves_with_a_search_elsewhere(page_offline, jupyter_server, artefacts):
    jupyter_server.write("classic.ipynb", FOLLOW.replace("elsewhere", "classic"))
    page, outside = page_offline
    base, _, token = jupyter_server.address.partition("/lab")
    page.goto(f"{base}/notebooks/classic.ipynb?{token.partition('?')[2]}")
    cell = page.locator(".jp-Notebook .jp-Cell").first
    while cell.locator(".jp-InputPrompt").inner_text() in ("", "[ ]:"):  # until there is a kernel to take it: this page does not say when
        cell.click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1000)
    follows(page, jupyter_server.labs / "classic.jsonl")
    page.screenshot(path=artefacts / "dashboard-notebook.png", full_page=True)
    assert outside == []
