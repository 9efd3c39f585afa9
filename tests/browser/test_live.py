"""The front-end side of a live picture: what it says when no kernel answers, and that an answer takes the words away."""

import json

import pytest

from course_lib.shapes import ConvShape
from course_lib.views import player_assets, sliding_window
from course_lib.views.variants import knobs_of
from course_lib.views.widget import GLUE

pytestmark = pytest.mark.browser

# the model as a front end holds it when the kernel behind it is gone: it keeps values, and nobody answers
LONELY = """
const listeners = [], values = {knobs: %s, wish: [0], answer: %s};
const model = {get: name => values[name], set: (name, value) => { values[name] = value; }, save_changes: () => {},
               on: (_, heard) => listeners.push(heard), off: () => {}};
window.answer = () => listeners.forEach(heard => heard());
"""


def test_a_restarted_kernel_is_said_and_the_picture_stays(page_offline):
    page, _ = page_offline
    scene = sliding_window(ConvShape(N=1, C=1, H=5, W=5, K=1, R=3, S=3))
    style, script = player_assets()
    lonely = LONELY % (json.dumps(knobs_of({"stride": [1, 2]})), json.dumps(scene.data()))
    page.clock.install()
    page.goto("about:blank")
    page.set_content(f"<style>{style}</style><div id=here></div>")
    page.add_script_tag(content=script + lonely + GLUE.replace("export default", "const widget =") + "widget.render({model, el: here});")
    said = page.locator(".scene-error")
    assert said.is_hidden()
    page.locator("#here input[type=range]:not(.scene-scrub)").first.focus()
    page.keyboard.press("ArrowRight")
    page.clock.run_for(4000)
    assert said.is_hidden()  # a slow function is not a silent kernel
    page.clock.run_for(6000)
    assert "run this cell again" in said.inner_text()
    assert page.locator("#here svg").first.is_visible()
    page.evaluate("window.answer()")
    assert said.is_hidden()
