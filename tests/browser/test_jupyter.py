"""JupyterLab in a real Chromium, as a student has it: from the start page into lab 01, live pictures moved by mouse and keys, the explorer
asking its kernel, the board of a search; and the board in Notebook 7.

JupyterLab costs a processor ten seconds to open, so one page of it serves all: a test opens a notebook in it, as a student does.
"""

import re

import pytest

from course_lib.autotune import Log, Outcome, Task
from course_lib.shapes import ConvShape

pytestmark = pytest.mark.browser

EXPLORE = "from course_lib import ConvShape\nfrom course_lib.explorer import explore\nexplore(ConvShape(1, 8, 12, 12, 16, 3, 3, pad=1))"
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
NOTEBOOKS = {"explorer.ipynb": [EXPLORE], "dashboard.ipynb": [FOLLOW, SEARCH], "classic.ipynb": [FOLLOW.replace("elsewhere", "classic")]}


class Lab:
    """JupyterLab in a page of its own: `open(path)` gives a notebook's panel, ready for the keyboard; the others are hidden behind it."""

    def __init__(self, page, outside, failed):
        self.page, self.outside, self.failed = page, outside, failed

    def open(self, path):
        """A notebook of labs/ by the file browser, folder by folder, and then back to where one was."""
        listing = self.page.locator(".jp-DirListing-item")
        for name in path.split("/"):
            listing.filter(has_text=re.compile(rf"^{re.escape(name)}")).dblclick()
        self.page.locator(".jp-BreadCrumbs-home").click()
        return self.ready(path.rpartition("/")[2])

    def ready(self, name):
        """The panel in front once it is the notebook's and its kernel idle (keys pressed before are lost); its first cell is chosen."""
        self.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=name).first.wait_for()
        panel = self.page.locator(".jp-NotebookPanel:visible")
        panel.locator(".jp-Cell").first.wait_for()
        self.page.get_by_text("(ipykernel) | Idle").wait_for()
        first = panel.locator(".jp-Cell").first
        for _ in range(20):  # while the page is still moving a click may fall on another cell
            first.click()
            if "jp-mod-active" in first.get_attribute("class"):
                break
            self.page.wait_for_timeout(250)
        else:
            self.give_up(f"the first cell of {name} cannot be chosen")
        return panel

    def run_until(self, panel, wanted):
        """Runs cell after cell, each when the one before has ended, until `wanted` is there; a key that was lost is pressed again."""
        cells, idle = panel.locator(".jp-Cell"), self.page.get_by_text("(ipykernel) | Idle")
        at = lambda: int(panel.locator(".jp-Cell.jp-mod-active").get_attribute("data-windowed-list-index"))
        for _ in range(3 * cells.count()):
            if wanted.count():
                return
            before = at()
            self.page.keyboard.press("Shift+Enter")
            for _ in range(50):
                if at() > before:
                    break
                self.page.wait_for_timeout(100)
            self.page.wait_for_function("!document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)').innerText.includes('[*]:')")
            idle.wait_for()
        self.give_up(f"cell {at()} is reached and nothing like {wanted} is there")

    def give_up(self, why):
        """Fails with what a dialog in the way says."""
        pytest.fail(f"{why}; dialogs: {self.page.locator('dialog').all_inner_texts()}")


@pytest.fixture(scope="module")
def opened(pages, jupyter_server):
    """JupyterLab on its start page."""
    for name, cells in NOTEBOOKS.items():
        jupyter_server.write(name, *cells)
    page, outside = pages.new({"viewport": {"width": 1280, "height": 800}})
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(jupyter_server.url("start.md"))
    page.wait_for_selector(".jp-RenderedMarkdown h1")
    yield Lab(page, outside, failed)
    page.context.close()


@pytest.fixture
def lab(opened):
    """The same for one test: at its end nothing has left the machine and no script has failed."""
    yield opened
    assert opened.outside == [] and opened.failed == []


@pytest.mark.lab01
def test_from_the_start_page_into_lab_01_where_a_blank_gets_kind_words_and_an_answer_its_verdict(lab, artefacts):
    page = lab.page
    assert page.locator(".jp-RenderedMarkdown h1").inner_text().startswith("Efficient computing of deep neural networks")
    page.screenshot(path=artefacts / "lab_start_page.png")
    page.locator(".jp-RenderedMarkdown a", has_text="lab 01").click()
    panel = lab.ready("lab01_intro.ipynb")
    assert "Lab 01" in panel.locator("h1").first.inner_text()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    blank = panel.locator(".jp-CodeCell").nth(1)
    verdict = panel.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea-output")

    blank.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    verdict.filter(has_text="blank").wait_for()
    page.screenshot(path=artefacts / "lab01_check_blank.png")

    blank.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("def fc_share():\n    return 90.0\n")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    verdict.filter(has_text="✓").wait_for()
    page.screenshot(path=artefacts / "lab01_check_right.png")


def frame_of(scrub):
    """The frame the player says it is at, 1 for the first, and how many there are."""
    found = re.match(r"frame (\d+) of (\d+)", scrub.get_attribute("aria-valuetext"))
    return int(found[1]), int(found[2])


@pytest.mark.lab01
def test_the_sliding_window_of_lab_01_moves_by_mouse_and_by_keyboard(lab, artefacts):
    page, panel = lab.page, lab.open("01_intro/lab01_intro.ipynb")
    player = panel.locator(".jp-OutputArea figure:has(.scene-scrub)").first
    lab.run_until(panel, player)
    player.scroll_into_view_if_needed()
    scrub = player.locator(".scene-scrub")
    first, frames = frame_of(scrub)
    assert (first, frames) == (1, 12)  # a 5x6 input under a 3x3 filter: 3x4 outputs
    page.screenshot(path=artefacts / "lab01_window_first.png")

    box = scrub.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    middle, _ = frame_of(scrub)
    assert 4 <= middle <= 9

    player.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert frame_of(scrub)[0] == middle + 1
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    assert frame_of(scrub)[0] == frames
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert frame_of(scrub)[0] == 2
    page.screenshot(path=artefacts / "lab01_window_second.png")


def test_the_explorers_kernel_answers(lab, artefacts):
    page, panel = lab.page, lab.open("explorer.ipynb")
    turn = lambda n: page.wait_for_selector(f".nest[data-turn='{n}']:not(.waiting)")
    page.keyboard.press("Shift+Enter")
    turn(0)
    assert (
        panel.locator("[id^=still-]").count() == 1 and panel.locator("[id^=still-]").is_hidden()
    )  # the picture for pages without a kernel
    page.locator(".nest li").nth(1).focus()
    page.keyboard.press("Alt+ArrowDown")
    turn(1)
    assert page.eval_on_selector_all(".nest li", "rows => rows.map(row => row.dataset.loop)") == list("npkqcrs")
    page.get_by_role("button", name="Measure").click()
    turn(2)
    assert page.locator(".nest dd").last.inner_text().endswith(" GFLOP/s")
    assert "roof: at most" in page.inner_text(".nest dl") and "predicted, limit" in page.inner_text(".nest dl")
    page.screenshot(path=artefacts / "explorer-lab.png")


def follows(place, log_file):
    """The first board there moves with a log that somebody else writes; the page asks once a second."""
    board = place.locator("figure.scene[data-ready]").first
    board.get_by_text("No trial yet.").first.wait_for()
    assert place.locator("[id^=still-]").first.is_hidden()  # the picture for pages without a kernel
    task = Task(ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1))
    with Log(log_file, "a terminal") as log:
        log.add(task, ("winograd", 6), Outcome(0.01), 0, 0, 2)
        log.add(task, ("windows", 8), Outcome(None, "incorrect: oa is off"), 0, 1, 2)
        board.get_by_text(f"The best so far: {2e-9 * task.macs / 0.01:.2f} GFLOP/s, trial 1.").first.wait_for()
        assert board.get_by_text("wrong result").is_visible()
        log.add(task, ("winograd", 7), Outcome(0.005), 1, 0, 1)
        board.get_by_text(f"The best so far: {2e-9 * task.macs / 0.005:.2f} GFLOP/s, trial 3.").first.wait_for()


def test_the_board_moves_with_a_search_here_and_one_elsewhere(lab, jupyter_server, artefacts):
    page, panel = lab.page, lab.open("dashboard.ipynb")
    page.keyboard.press("Shift+Enter")
    follows(panel, jupyter_server.labs / "elsewhere.jsonl")

    page.keyboard.press("Shift+Enter")
    own = panel.locator("figure.scene[data-ready]").nth(1)
    own.get_by_text("8 / 20").wait_for()
    assert panel.locator(".jp-Cell .jp-InputPrompt").nth(1).inner_text() == "[*]:"  # still in its first round
    (jupyter_server.labs / "seen").touch()
    own.get_by_text("20 / 20").wait_for()
    page.get_by_text("(ipykernel) | Idle").wait_for()
    still = panel.locator("[id^=still-] img").nth(1).get_attribute("src")
    assert "20%20%2F%2020" in still or "20 / 20" in still  # what a page without a kernel shows is the end
    page.screenshot(path=artefacts / "dashboard-lab.png", full_page=True)


def test_in_notebook_7_the_board_moves_with_a_search_elsewhere(opened, page_offline, jupyter_server, artefacts):
    page, outside = page_offline
    base, _, token = jupyter_server.address.partition("/lab")
    page.goto(f"{base}/notebooks/classic.ipynb?{token.partition('?')[2]}")
    page.locator(".jp-KernelName", has_text="ipykernel").wait_for()  # before, a cell that is run asks which kernel it may have
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Shift+Enter")
    follows(page, jupyter_server.labs / "classic.jsonl")
    page.screenshot(path=artefacts / "dashboard-notebook.png", full_page=True)
    assert outside == []
