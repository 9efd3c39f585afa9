"""The explorer in a real Chromium, from a file: mouse, keys and sliders change the nest, and all follows. With a kernel: test_jupyter."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "views"))  # the layers those tests draw

from nest_pictures import LECTURE, PICTURES

from course_lib.explorer import explore
from course_lib.views.svg import body

pytestmark = pytest.mark.browser
ASKED = {}  # page -> the explorer that answers it now


@pytest.fixture
def opened(new_page_offline, tmp_path):
    """opened(**context): (window, explorer), the page asking this process; at the end nothing went wrong and nothing went out."""
    seen = []

    def open_(**context):
        e = explore(LECTURE)
        window, outside = new_page_offline(**context)
        errors = []
        window.on("pageerror", lambda error: errors.append(str(error)))
        window.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        if window not in ASKED:
            window.expose_function("askNest", lambda wish: json.dumps(ASKED[window].answer(json.loads(wish))))
        ASKED[window] = e
        path = tmp_path / f"{len(seen)}.html"
        path.write_text(e.html(), encoding="utf-8")
        window.goto(path.as_uri())
        window.wait_for_selector(".nest[data-turn='0']")
        seen.append((errors, outside))
        return window, e

    yield open_
    for errors, outside in seen:
        assert errors == [] and outside == []


def order(window):
    return window.eval_on_selector_all(".nest li", "rows => rows.map(row => row.dataset.loop)")


def turn(window, n):
    window.wait_for_selector(f".nest[data-turn='{n}']:not(.waiting)")


def test_keys_reorder_loops_and_everything_follows(opened, artefacts):
    window, e = opened()
    assert order(window) == list("nkpqcrs")
    window.locator(".nest li").nth(1).focus()
    window.keyboard.press("Alt+ArrowDown")
    turn(window, 1)
    assert order(window) == list("npkqcrs")
    assert window.evaluate("document.activeElement.dataset.loop") == "k"  # the focus goes with the loop
    window.keyboard.press("Alt+ArrowDown")
    turn(window, 2)
    assert order(window) == list("npqkcrs") == e.choice["order"]
    assert window.inner_text(".nest pre").splitlines()[:4] == [f"for ({a}=0; {a}<{a.upper()}; {a}++) {{" for a in "npqk"]
    window.keyboard.press("ArrowUp")  # without Alt the focus moves, and nothing is asked
    assert window.evaluate("document.activeElement.dataset.loop") == "q"
    answer = e.answer(e.choice)
    shown = window.locator(".nest dd").all_inner_texts()
    assert shown == [value for _, value in answer["figures"]]
    factor = next(item["text"] for item in answer["scenes"]["bound"]["items"] if item["id"] == "factor")
    assert factor in window.inner_text(".nest-bound")
    window.screenshot(path=artefacts / "explorer-light.png", full_page=True)


def test_a_slider_tiles_and_untiles(opened):
    window, e = opened()
    window.get_by_label("tile of c").fill("4")
    turn(window, 1)
    size = e.choice["tiles"]["c"]
    assert order(window) == ["n", "k", "p", "q", "c_t", "c_s", "r", "s"] and size == e.dims[4]["sizes"][4]
    assert f"c_s<{size}" in window.inner_text(".nest pre")
    window.get_by_label("tile of c").fill("0")
    turn(window, 2)
    assert order(window) == list("nkpqcrs") and e.choice["tiles"] == {}


def test_a_loop_is_dragged(opened):
    window, e = opened()
    window.locator(".nest li").nth(6).drag_to(window.locator(".nest li").nth(0))
    turn(window, 1)
    assert order(window) == list("snkpqcr") == e.choice["order"]


def test_what_cannot_be_is_said_and_the_page_goes_back(opened, artefacts):
    window, e = opened()
    window.get_by_label("kind of k").select_option("vectorize")
    window.wait_for_selector(".nest-error:not([hidden])")
    assert "vectorize: k has 128 values, more than 64 lanes" in window.inner_text(".nest-error")
    assert window.get_by_label("kind of k").input_value() == "serial"
    window.screenshot(path=artefacts / "explorer-error.png")
    window.get_by_label("kind of k").select_option("unroll")
    turn(window, 1)
    assert window.locator(".nest-error").is_hidden() and "unroll_for (k=0" in window.inner_text(".nest pre")


def test_speed_is_measured_on_demand(opened):
    window, e = opened()
    e.time_it = lambda choice: 7.25
    assert window.locator(".nest dd").last.inner_text() == "not yet"
    window.get_by_role("button", name="Measure").click()
    turn(window, 1)
    assert window.locator(".nest dd").last.inner_text() == "7.25 GFLOP/s"


def test_a_tensor_is_held_by_its_box_and_the_listing_says_so(opened):
    window, e = opened()
    box = window.get_by_label("hold OA")
    box.check()
    turn(window, 1)
    assert e.choice["hold"] == ["OA"] and "curr_oa" in window.inner_text(".nest pre")
    assert window.evaluate("document.activeElement.getAttribute('aria-label')") == "hold OA"
    box.uncheck()
    turn(window, 2)
    assert e.choice["hold"] == [] and "curr_" not in window.inner_text(".nest pre")


def test_narrow_and_dark_nothing_runs_over(opened, artefacts):
    window, _ = opened(viewport={"width": 380, "height": 800}, color_scheme="dark")
    assert window.evaluate("document.documentElement.scrollWidth") <= 380
    window.screenshot(path=artefacts / "explorer-dark-narrow.png", full_page=True)
    wide, _ = opened(color_scheme="dark")
    wide.screenshot(path=artefacts / "explorer-dark.png", full_page=True)


def test_every_control_has_a_name(opened):
    window, _ = opened()
    nameless = "nodes => nodes.filter(n => !(n.getAttribute('aria-label') || n.textContent.trim())).map(n => n.outerHTML)"
    assert window.eval_on_selector_all(".nest button, .nest select, .nest input, .nest li", nameless) == []


@pytest.mark.parametrize("name", PICTURES)
def test_the_player_draws_what_the_still_picture_shows(name, new_page_offline, tmp_path):
    scene, frame = PICTURES[name]()
    window, outside = new_page_offline()
    (tmp_path / "scene.html").write_text(scene.html(), encoding="utf-8")
    window.goto((tmp_path / "scene.html").as_uri())
    window.wait_for_selector("figure.scene[data-ready]")
    drawn = window.evaluate(
        "([data, f]) => { const s = scenePlayer.stateAt(data, f); return Object.keys(s).map(k => scenePlayer.group(k, s)).join(''); }",
        [scene.data(), frame],
    )
    assert drawn == body(scene.at(frame), "page")
    assert outside == []
