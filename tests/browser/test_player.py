"""The player in a real Chromium: it draws what svg.py draws, and mouse, keyboard, themes and narrow windows work."""

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "views"))  # the layers those tests draw

from shapes_drawn import SHAPES
from test_pictures import PICTURES

from course_lib.shapes import ConvShape
from course_lib.views import im2col_filling, sliding_window, variants
from course_lib.views.page import page
from course_lib.views.svg import body

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(new_page_offline, tmp_path):
    """opened(scene, **context): the scene's own page from a file; at the end nothing has gone wrong and nothing has gone out."""
    seen = []

    def open_(scene, html=None, **context):
        window, outside = new_page_offline(**context)
        errors = []
        window.on("pageerror", lambda error: errors.append(str(error)))
        window.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        path = tmp_path / f"{len(seen)}.html"
        path.write_text(html or page(scene), encoding="utf-8")
        window.goto(path.as_uri())
        window.wait_for_selector("figure.scene[data-ready]")
        seen.append((errors, outside))
        return window

    yield open_
    for errors, outside in seen:
        assert errors == []
        assert outside == []


def caption(window):
    return window.inner_text(".scene-caption")


def at(window):
    return int(window.get_attribute("figure.scene", "data-frame"))


def point(window, scene, grid, row, col):
    """The middle of a cell, in pixels of the window."""
    item = next(i for i in scene.items if i["id"] == grid)
    box = window.locator(".scene-stage svg").bounding_box()
    scale = box["width"] / scene.width
    return box["x"] + (item["x"] + (col + 0.5) * item["w"]) * scale, box["y"] + (item["y"] + (row + 0.5) * item["h"]) * scale


def test_the_player_draws_character_for_character_what_svg_py_draws(opened):
    scenes = [make()[0] for make in PICTURES.values()] + [sliding_window(shape) for shape in SHAPES.values()]
    window = opened(scenes[0])
    for scene in scenes:
        frames = sorted({0, len(scene) // 2, len(scene) - 1})
        drawn = window.evaluate(
            """([data, frames]) => frames.map((frame) => {
                 const state = scenePlayer.stateAt(data, frame);
                 return Object.keys(state).map((name) => scenePlayer.group(name, state)).join("");
               })""",
            [json.loads(json.dumps(scene.data())), frames],
        )
        assert drawn == [body(scene.at(frame), "page") for frame in frames], scene.title


def test_keys_step_and_the_caption_follows(opened, artefacts):
    scene = sliding_window(SHAPES["the slide"], names="letters")
    window = opened(scene)
    assert at(window) == 0 and caption(window) == scene.frames[0].caption
    window.focus("figure.scene")
    assert window.get_attribute("figure.scene", "data-lm-suppress-shortcuts") == "true"
    for key, frame in [
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", 8),
        ("ArrowRight", 8),
        ("Home", 0),
        ("ArrowLeft", 0),
    ]:
        window.keyboard.press(key)
        assert at(window) == frame
        assert caption(window) == scene.frames[frame].caption
        assert window.inner_text("[aria-live]") == scene.frames[frame].caption
    for _ in range(4):
        window.keyboard.press("ArrowRight")
    window.screenshot(path=artefacts / "player-letters-light.png", full_page=True)


def test_every_control_can_be_reached_by_tab_and_keeps_its_keys_from_the_notebook(opened):
    window = opened(sliding_window(SHAPES["the slide"]))
    reached = []
    for _ in range(5):
        window.keyboard.press("Tab")
        reached.append(window.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert window.evaluate("document.activeElement.dataset.lmSuppressShortcuts") == "true"
    # first and back are disabled at the first frame
    assert reached[1:] == ["Play", "One step on", "Frame", "Speed"]


def test_buttons_and_the_scrub_bar_step(opened):
    scene = sliding_window(SHAPES["the slide"])
    window = opened(scene)
    window.click("button.scene-next")
    assert at(window) == 1
    window.click("button.scene-back")
    assert at(window) == 0
    assert window.is_disabled("button.scene-back")
    window.fill("input.scene-scrub", "6")
    assert at(window) == 6
    assert window.inner_text(".scene-count") == "7 / 9"


def test_it_plays_only_when_asked_and_stops_at_the_end(opened):
    window = opened(sliding_window(SHAPES["the slide"]))
    window.wait_for_timeout(1200)
    assert at(window) == 0  # no autoplay
    window.select_option("select.scene-speed", "8")
    window.focus("figure.scene")
    window.keyboard.press(" ")
    assert window.get_attribute("button.scene-play", "aria-label") == "Pause"
    window.wait_for_function("document.querySelector('figure.scene').dataset.frame === '8'")
    window.wait_for_function("document.querySelector('button.scene-play').getAttribute('aria-label') === 'Play'")
    window.keyboard.press(" ")  # and begins anew
    window.wait_for_function("['1', '2', '3'].includes(document.querySelector('figure.scene').dataset.frame)")
    window.keyboard.press(" ")
    assert window.get_attribute("button.scene-play", "aria-label") == "Play"


def test_hovering_an_output_lights_its_receptive_field_and_shows_its_formula(opened, artefacts):
    shape = SHAPES["dilated, oblong"]
    scene = sliding_window(shape)
    window = opened(scene)
    window.mouse.move(*point(window, scene, "oa0", 3, 5))
    want = scene.lit("oa0", 3, 5)
    assert [(m["grid"], m["at"], m["size"], m["step"]) for m in want] == [("ia0", [3, 5], [3, 2], [2, 2])]
    # six taps, their hull, and the output itself
    assert window.locator(".scene-hover rect").count() == 1 + 1 + 6
    frame = 3 * shape.Q + 5
    assert caption(window) == scene.frames[frame].caption
    words = window.evaluate("document.querySelector('[data-id=sum]').textContent").replace("\u00a0", " ")
    assert words == "".join(span[0] for line in scene.at(frame)["sum"]["lines"] for span in line)
    assert at(window) == 0  # looking is not going
    window.screenshot(path=artefacts / "player-hover-output.png", full_page=True)
    window.mouse.click(*point(window, scene, "oa0", 3, 5))
    assert at(window) == frame  # clicking is
    window.mouse.move(2, 2)
    assert window.locator(".scene-hover").count() == 0
    assert caption(window) == scene.frames[frame].caption


def test_hovering_a_pixel_lights_the_outputs_it_feeds(opened, artefacts):
    scene = sliding_window(SHAPES["three channels, two filters"])
    window = opened(scene)
    window.mouse.move(*point(window, scene, "ia1", 2, 2))
    want = scene.lit("ia1", 2, 2)
    assert len(want) == 18  # nine windows, two filters
    assert window.locator(".scene-hover rect").count() == 19
    assert caption(window) == f"IA[0,1,2,2] = {scene.at(0)['ia1']['text'][2 * 5 + 2]}"
    window.screenshot(path=artefacts / "player-hover-pixel.png", full_page=True)


@pytest.mark.parametrize("name", ["dilated, oblong", "stride 2, pad 1", "two groups"])
def test_what_lights_up_is_what_scene_lit_says(opened, name):
    scene = sliding_window(SHAPES[name])
    window = opened(scene, viewport={"width": 1280, "height": 1600})
    sources = [(i["id"], i["rows"], i["cols"]) for i in scene.items if i["kind"] == "grid" and i["role"] in ("ia", "oa")]
    for grid, rows, cols in sources:
        for row, col in {(0, 0), (rows // 2, cols // 2), (rows - 1, cols - 1)}:
            window.mouse.move(2, 2)
            window.mouse.move(*point(window, scene, grid, row, col))
            want = scene.lit(grid, row, col)
            # a window with gaps is a hull and its taps; the cell itself is lit when anything else is
            each = [1 if m["step"] == [1, 1] or m["size"] == [1, 1] else 1 + m["size"][0] * m["size"][1] for m in want]
            assert window.locator(".scene-hover rect").count() == sum(each) + bool(want), (grid, row, col)


def test_padding_says_that_it_is_zero(opened):
    scene = sliding_window(SHAPES["stride 2, pad 1"])
    window = opened(scene)
    window.mouse.move(*point(window, scene, "ia0", 0, 0))
    assert caption(window) == "zero padding: counts as 0"
    window.mouse.move(*point(window, scene, "ia0", 1, 1))
    assert caption(window).startswith("IA[0,0,0,0] = ")


def test_a_pixel_lights_its_copies_in_the_lowered_matrix(opened, artefacts):
    scene = im2col_filling(ConvShape(1, 1, 5, 5, 2, 3, 3))
    window = opened(scene)
    window.keyboard.press("Tab")
    window.keyboard.press("End")
    window.mouse.move(*point(window, scene, "ia0", 2, 2))
    assert window.locator(".scene-hover rect").count() == 10
    window.screenshot(path=artefacts / "player-im2col.png", full_page=True)


def colour(window, selector, what):
    return window.evaluate("([s, w]) => getComputedStyle(document.querySelector(s))[w]", [selector, what])


def test_it_follows_the_system_s_theme_and_the_page_s_own(opened, artefacts):
    scene = sliding_window(SHAPES["stride 2, pad 1"])
    light, dark = "rgb(255, 255, 255)", "rgb(22, 27, 34)"
    window = opened(scene)
    assert colour(window, ".scene", "backgroundColor") == light
    window.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert colour(window, ".scene", "backgroundColor") == dark
    window = opened(scene, color_scheme="dark")
    assert colour(window, ".scene", "backgroundColor") == dark
    window.screenshot(path=artefacts / "player-dark.png", full_page=True)
    window.evaluate("document.body.dataset.jpThemeLight = 'true'")  # JupyterLab's word counts more than the system's
    assert colour(window, ".scene", "backgroundColor") == light
    window.evaluate("document.body.dataset.jpThemeLight = 'false'")
    assert colour(window, ".scene", "backgroundColor") == dark


@pytest.mark.parametrize("name", ["the slide", "window of the lecture", "three channels, two filters"])
def test_a_window_320_pixels_wide_shows_all_without_scrolling_sideways(opened, artefacts, name):
    window = opened(sliding_window(SHAPES[name]), viewport={"width": 320, "height": 640})
    assert window.evaluate("document.documentElement.scrollWidth") <= 320
    for part in ("button.scene-play", "input.scene-scrub", "select.scene-speed", ".scene-stage svg"):
        box = window.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320, part
    window.screenshot(path=artefacts / f"player-narrow-{name.split()[0]}.png", full_page=True)


def test_text_stays_inside_its_picture_in_a_real_browser(opened):
    for name in ("sliding_window_groups", "network_bars", "accuracy_map", "time_share", "im2col_filling_channels", "array_grid"):
        scene, frame = PICTURES[name]()
        window = opened(scene)
        over = window.evaluate(
            """() => { const svg = document.querySelector(".scene-stage svg"), all = svg.viewBox.baseVal;
                const out = (b) => b.x < -16 || b.y < -6 || b.x + b.width > all.width + 16 || b.y + b.height > all.height + 8;
                return [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBBox()]).filter(([, b]) => b.width && out(b)) }"""
        )
        assert over == [], name


def test_two_copies_on_one_page_play_apart(opened):
    scene = sliding_window(SHAPES["the slide"])
    html = page(scene).replace("</figure>", "</figure>" + scene.fragment(), 1)
    window = opened(scene, html=html)
    assert window.locator("figure.scene[data-ready]").count() == 2
    window.locator("figure.scene").nth(1).focus()
    window.keyboard.press("ArrowRight")
    assert [window.locator("figure.scene").nth(i).get_attribute("data-frame") for i in (0, 1)] == ["0", "1"]


def test_a_notebook_s_output_plays_after_its_still_picture(opened):
    scene = sliding_window(SHAPES["the slide"])
    output = scene._repr_mimebundle_()["text/html"]
    window = opened(scene, html=f"<!doctype html><meta charset='utf-8'><body data-jp-theme-light='true'>{output}{output}</body>")
    assert window.locator("figure.scene[data-ready] .scene-stage > svg").count() == 2
    assert window.locator("figure.scene img").count() == 0


def test_without_scripts_the_still_picture_stays(opened, artefacts, new_page_offline, tmp_path):
    scene = sliding_window(SHAPES["the slide"])
    output = re.sub(r"<script.*?</script>", "", scene._repr_mimebundle_()["text/html"], flags=re.S)
    window, _ = new_page_offline(java_script_enabled=False)
    (tmp_path / "still.html").write_text(f"<!doctype html><meta charset='utf-8'>{output}", encoding="utf-8")
    window.goto((tmp_path / "still.html").as_uri())
    box = window.locator("figure img").bounding_box()
    assert box["width"] > 300 and box["height"] > 200
    window.screenshot(path=artefacts / "player-no-scripts.png")


def test_sliders_choose_among_precomputed_pictures(opened, artefacts):
    def draw(stride, pad):
        return sliding_window(ConvShape(1, 1, 6, 6, 1, 3, 3, stride=stride, pad=pad))

    made = variants(draw, stride=[1, 2, 3], pad=[0, 1])
    window = opened(made)
    window.locator(".scene-sliders input").nth(0).fill("1")
    window.locator(".scene-sliders input").nth(1).fill("1")
    assert window.inner_text(".scene-title") == draw(2, 1).title
    assert window.locator(".scene-sliders output").all_inner_texts() == ["2", "1"]
    window.screenshot(path=artefacts / "player-variants.png", full_page=True)
