"""Deck 01 in a real Chromium, from a file, with every outside request blocked and counted: keys, questions, themes, paper."""

import re

import pytest

from course_lib.slides.command import chapters

pytestmark = pytest.mark.browser


@pytest.fixture
def deck(built_decks, new_page_offline):
    """deck("#anchor") -> a page showing deck 01; at the end no request has left and no script has failed."""
    seen = []

    def opened(anchor="", name="01_intro", **words):
        page, outside = new_page_offline(**{"viewport": {"width": 1280, "height": 720}, **words})
        failures = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda message: message.type == "error" and failures.append(message.text))
        page.goto(built_decks[name].as_uri() + anchor)
        seen.append((outside, failures))
        return page

    yield opened
    for outside, failures in seen:
        assert outside == []
        assert failures == []


def shown(page):
    """The anchor of the frame on the screen."""
    return page.eval_on_selector(".slot.now .frame", "frame => frame.id")


def test_a_deck_opens_with_less_than_a_second_of_work_and_asks_nothing_of_any_network(deck, built_decks, artefacts):
    page = deck()
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})  # the processor's time, whatever else the machine does
    worked = lambda: {metric["name"]: metric["value"] for metric in client.send("Performance.getMetrics")["metrics"]}["TaskDuration"]
    before = worked()
    page.goto(built_decks["01_intro"].as_uri(), wait_until="load")
    page.wait_for_selector(".slot.now .scene[data-ready]")
    assert 0 < worked() - before < 1
    page.screenshot(path=artefacts / "deck_01_title.png")


def test_arrows_turn_frames_and_the_address_follows(deck):
    page = deck()
    assert shown(page) == "title"
    second, third = "computer-vision", "revolution-of-depth"
    for key, anchor in [("ArrowRight", second), ("Space", third), ("ArrowLeft", second), ("PageDown", third), ("PageUp", second)]:
        page.keyboard.press(key)
        assert shown(page) == anchor
        assert page.url.endswith(f"#{anchor}")
    page.keyboard.press("End")
    assert shown(page) == "to-the-lab"
    page.keyboard.press("Home")
    assert shown(page) == "title"


def test_a_link_to_a_frame_opens_it_by_any_of_its_anchors(deck):
    assert shown(deck("#channels-and-filters")) == "the-window-and-its-sum"
    assert shown(deck("#im2col", name="03_gemm")) == "im2col-2d"


def test_up_and_down_step_the_animation_without_turning_the_frame(deck, artefacts):
    page = deck("#im2col-2d", name="03_gemm")
    frame = "document.querySelector('.slot.now .scene').dataset.frame"
    assert page.evaluate(frame) == "0"
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(frame) == "4"
    assert shown(page) == "im2col-2d"
    page.screenshot(path=artefacts / "deck_03_im2col.png")


def test_a_picture_that_was_clicked_takes_the_arrows_until_escape(deck):
    page = deck("#stride", name="03_gemm")
    page.focus(".slot.now .scene")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert (shown(page), page.evaluate("document.querySelector('.slot.now .scene').dataset.frame")) == ("stride", "2")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert shown(page) == "stride-2"


def test_p_plays_and_pauses(deck):
    page = deck("#stride", name="03_gemm")
    page.keyboard.press("p")
    page.wait_for_selector('.slot.now .scene[data-frame="1"]')
    page.keyboard.press("p")
    assert page.locator(".slot.now .scene-play").get_attribute("aria-label") == "Play"


def test_a_choice_is_answered_by_key_at_once(deck, artefacts):
    page = deck("#convolution-is-the-bottleneck")
    said = page.locator(".slot.now .said")
    assert said.is_hidden()
    page.keyboard.press("1")
    assert "Not so." in said.inner_text()
    assert page.locator(".slot.now .choice.is-wrong").count() == 1
    assert "memory" in page.locator(".slot.now .choice.is-right").inner_text()
    page.screenshot(path=artefacts / "deck_01_answer.png")
    page.keyboard.press("r")
    assert said.is_hidden()
    page.keyboard.press("2")
    assert "Right." in said.inner_text()


def test_the_three_wrong_rows_are_found_by_clicking(deck, artefacts):
    page = deck("#the-size-list")
    for row in ("ResNet, 215", "Xception, 22"):
        page.locator(".slot.now .choice", has_text=re.compile(rf"^\d?\s*{row}")).click()
    page.keyboard.press("6")  # Inception-ResNet
    page.keyboard.press("Enter")
    assert page.locator(".slot.now .outcome").inner_text() == "Right: all 3."
    page.screenshot(path=artefacts / "deck_01_sizes.png")


GUESSES = {
    "16e9": "Near enough",
    "15,470,264,320": "Exactly",
    "15.5G": "Near enough",
    "100M": "155 times too low",  # 15,470 / 100
    "30000 M": "94 % too high",  # 30 / 15.47
}


@pytest.mark.parametrize("guess, outcome", GUESSES.items())
def test_a_prediction_takes_a_number_as_people_write_it(deck, guess, outcome):
    page = deck()
    page.keyboard.press("q")
    page.keyboard.type(guess)
    page.keyboard.press("Enter")
    assert outcome in page.locator(".slot.now .outcome").inner_text()
    assert shown(page) == "title"


def test_a_word_is_no_prediction(deck):
    page = deck()
    page.keyboard.press("q")
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    assert "a number, please" in page.locator(".toast").inner_text()
    assert page.locator(".slot.now .said").is_hidden()


def test_overview_jumps_where_one_clicks(deck, artefacts):
    page = deck()
    page.keyboard.press("o")
    assert page.locator(".slot:not(.answers):visible").count() == page.locator(".slot:not(.answers)").count()
    page.screenshot(path=artefacts / "deck_01_overview.png")
    page.locator(".slot").nth(3).click()
    assert shown(page) == "revolution-of-depth-8-to-19"
    assert page.locator(".frame:visible").count() == 1


def test_g_and_a_number_jump_there(deck):
    page = deck()
    for key in ("g", "1", "2", "Enter"):
        page.keyboard.press(key)
    assert shown(page) == "convolution-is-the-bottleneck"


def test_dark_turns_deck_and_pictures_dark(deck, artefacts):
    page = deck("#convolution-basis", name="03_gemm")
    paper = "getComputedStyle(document.querySelector('.slot.now .frame')).backgroundColor"
    ink = "getComputedStyle(document.querySelector('.slot.now .scene-caption')).color"
    light = page.evaluate(paper), page.evaluate(ink)
    page.keyboard.press("d")
    dark = page.evaluate(paper), page.evaluate(ink)
    assert light[0] == "rgb(255, 255, 255)" and dark[0] == "rgb(22, 27, 34)" and light[1] != dark[1]
    page.screenshot(path=artefacts / "deck_03_dark.png")


def test_notes_help_and_escape(deck, artefacts):
    page = deck("#energy")
    page.keyboard.press("n")
    assert "logarithmic" in page.locator(".slot.now .notes").inner_text()
    assert re.search(r"11/\d+ · 00:0\d gone", page.locator(".clock").inner_text())
    page.screenshot(path=artefacts / "deck_01_notes.png")
    page.keyboard.press("?")
    assert "speaker's own window" in page.locator(".help").inner_text()
    page.screenshot(path=artefacts / "deck_01_keys.png")
    page.keyboard.press("Escape")
    assert page.locator(".help").count() == 0


def test_the_speakers_window_follows_and_leads(deck, artefacts):
    page = deck("#energy")
    with page.context.expect_page() as waiting:
        page.keyboard.press("s")
    speaker = waiting.value
    speaker.wait_for_selector(".slot.now")
    assert shown(speaker) == "energy" and speaker.locator(".slot.next").is_visible()
    page.bring_to_front()
    page.keyboard.press("ArrowRight")
    speaker.wait_for_selector(".slot.now #convolution-is-the-bottleneck")
    speaker.screenshot(path=artefacts / "deck_01_speaker.png")
    speaker.bring_to_front()
    speaker.keyboard.press("ArrowLeft")
    page.wait_for_selector(".slot.now #energy")


# every frame in turn, by the key that turns them, laid out without being painted: [anchor, how many pixels its fullest part lacks]
TOO_FULL = """() => [...document.querySelectorAll('.slot:not(.answers)')].map(() => {
    const parts = [...document.querySelectorAll('.slot.now .body, .slot.now .column, .slot.now .listing')];
    const over = parts.map(e => Math.max(e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth));
    const found = [document.querySelector('.slot.now .frame').id, Math.max(0, ...over)];
    dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));
    return found;
})"""


def test_no_frame_is_too_full(deck, built_decks):
    page = deck()
    for name in chapters():
        page.goto(built_decks[name].as_uri())
        found = page.evaluate(TOO_FULL)
        assert len({anchor for anchor, _ in found}) == len(found) > 5
        for anchor, over in found:
            assert over <= 1, f"{name}#{anchor} is {over} pixels too full"


def test_a_narrow_window_flows_and_does_not_scroll_sideways(deck, artefacts):
    page = deck("#the-size-list", viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.slot.now .prose')).fontSize)") >= 16
    picture = page.locator(".slot.now .scene-stage").bounding_box()
    assert picture["width"] > 300 and picture["height"] > 150
    page.screenshot(path=artefacts / "deck_01_narrow.png", full_page=True)


def test_a_swipe_turns_the_frame(deck):
    page = deck(viewport={"width": 390, "height": 800}, has_touch=True)
    page.evaluate(
        """() => { const at = (x) => [new Touch({ identifier: 1, target: document.body, clientX: x, clientY: 100 })];
        document.body.dispatchEvent(new TouchEvent("touchstart", { touches: at(300), changedTouches: at(300), bubbles: true }));
        document.body.dispatchEvent(new TouchEvent("touchend", { touches: [], changedTouches: at(80), bubbles: true })); }"""
    )
    assert shown(page) == "computer-vision"


def test_paper_has_a_frame_a_page_and_the_answers_last(deck, artefacts):
    page = deck()
    frames = page.locator(".slot:not(.answers)").count()
    pdf = page.pdf(path=artefacts / "deck_01.pdf", prefer_css_page_size=True, print_background=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert frames + 1 <= pages <= frames + 3
    page.keyboard.press("n")
    noted = page.pdf(path=artefacts / "deck_01_notes.pdf", prefer_css_page_size=True, print_background=True)
    assert set(re.findall(rb"/MediaBox \[0 0 (\d+)", pdf)) == {b"960"} and len(re.findall(rb"/Type\s*/Page\b", noted)) == pages


def test_a_screen_reader_hears_where_it_is(deck):
    page = deck()
    page.keyboard.press("ArrowRight")
    total = page.locator(".slot:not(.answers)").count()
    assert page.locator(".reader").inner_text() == f"2 of {total}: Computer vision"
    assert page.evaluate("document.activeElement.id") == "computer-vision"
