"""The front-end side of a live picture: what it says when no kernel answers, and what is left of it in a page made of the notebook."""

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
    page.close()  # its clock is ours, nobody else's


CELLS = {
    "a picture": "from course_lib import ConvShape\nfrom course_lib.views import live, sliding_window\n"
    "layer = ConvShape(1, 1, 5, 5, 1, 3, 3)\nsliding_window(layer)",
    "sliders": "live(lambda pad: sliding_window(ConvShape(1, 1, 5, 5, 1, 3, 3, pad=pad)), pad=[0, 1])",
    "the explorer": "from course_lib.explorer import explore\nexplore(layer)",
}


@pytest.fixture(scope="module")
def web_page(tmp_path_factory):
    """A notebook run and made into a page by nbconvert, the state of its widgets stored in it."""
    import nbclient
    import nbconvert
    from nbformat import v4

    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in CELLS.values()], metadata=kernel)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    assert "widgets" in notebook.metadata  # so that nbconvert prefers the widget, which needs a script from elsewhere
    path = tmp_path_factory.mktemp("made of a notebook") / "page.html"
    path.write_text(nbconvert.HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    return path


@pytest.mark.parametrize("scripts", [True, False], ids=["offline", "without scripts"])
def test_in_a_page_made_of_the_notebook_every_picture_stands_still(scripts, new_page_offline, web_page, artefacts):
    page, _ = new_page_offline(java_script_enabled=scripts)  # nbconvert's own page asks for MathJax and the widgets' scripts: blocked
    page.goto(web_page.as_uri())
    page.screenshot(path=artefacts / f"nbconvert-{'offline' if scripts else 'without-scripts'}.png", full_page=True)
    cells = page.locator(".jp-CodeCell")
    assert cells.count() == len(CELLS)
    for number in range(len(CELLS)):
        picture = cells.nth(number).locator("img, svg").first
        assert picture.is_visible() and picture.bounding_box()["width"] > 300 and picture.bounding_box()["height"] > 200
