"""What a student meets: JupyterLab in a real Chromium, from the start page into lab 01, the window moved by mouse and keyboard."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.lab01]


def frame_of(scrub):
    """The frame the player says it is at, 1 for the first, and how many there are."""
    found = re.match(r"frame (\d+) of (\d+)", scrub.get_attribute("aria-valuetext"))
    return int(found[1]), int(found[2])


def test_from_the_start_page_into_lab_01_where_a_blank_gets_kind_words_and_an_answer_its_verdict(page_offline, jupyter_server, artefacts):
    page, outside = page_offline
    page.goto(jupyter_server.url("start.md"))
    page.wait_for_selector(".jp-RenderedMarkdown h1")
    assert page.locator(".jp-RenderedMarkdown h1").inner_text().startswith("Efficient computing of deep neural networks")
    page.screenshot(path=artefacts / "lab_start_page.png")
    page.locator(".jp-RenderedMarkdown a", has_text="lab 01").click()
    jupyter_server.ready(page)
    assert "Lab 01" in page.locator(".jp-Notebook h1").first.inner_text()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    blank = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    verdict = page.locator(".jp-Notebook .jp-CodeCell").nth(2).locator(".jp-OutputArea-output")

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
    assert outside == []


def test_the_sliding_window_of_lab_01_moves_by_mouse_and_by_keyboard(page_offline, jupyter_server, artefacts):
    page, outside = page_offline
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(jupyter_server.url("01_intro/lab01_intro.ipynb"))
    jupyter_server.ready(page)
    player = page.locator(".jp-Notebook .jp-OutputArea figure:has(.scene-scrub)").first
    for _ in range(10):  # run cell after cell, the empty blank and its check among them, until the first picture is there
        page.keyboard.press("Shift+Enter")
    player.wait_for()
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
    assert failed == []
    assert outside == []
