"""A picture that the kernel redraws when a slider moves: an anywidget around the same player.

It is shown as two outputs of its cell: the still picture, then the widget, which hides the still picture while it is on the page.
A page made of the notebook (by nbconvert, by a code host, or opened again without its kernel) cannot run the widget and would show
nothing in its place: there the still picture stays, with a line that says how to move it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from course_lib.views.page import graded, image, player_assets
from course_lib.views.scene import Scene
from course_lib.views.variants import LIMIT, knobs_of

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WITHOUT_KERNEL = "(live: run this cell to move its sliders)"

# `answering` hides the still picture, puts a `tag` in its place, mounts a player there and hands it every answer. It gives the tag's
# element, the player and the way to let go. The style goes with the widget: where it is taken off the page, the still picture is back.
ANSWERING = """
const answering = (model, el, tag, mount) => {
  const style = document.createElement("style"), root = document.createElement(tag), mark = model.get("still");
  if (mark) style.textContent = `#${mark}{display:none} .jp-OutputArea-child:has(#${mark}){display:none}`;
  el.append(style, root);
  const player = mount(root, model.get("answer"));
  const news = () => player.update(model.get("answer"));
  model.on("change:answer", news);
  return { root, player, stop: () => model.off("change:answer", news) };
};
"""

# Waits until the slider rests before it asks; the newest wish wins; a late answer to an old wish is not shown.
# A kernel that was restarted knows nothing of this picture and does not answer: that is said, and the picture stays.
GLUE = (
    ANSWERING
    + """
export default {
  render({ model, el }) {
    let timer = 0, silence = 0;
    const silent = { error: "The kernel does not answer. If it was restarted, run this cell again." };
    const ask = (at) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        root.classList.add("waiting");
        clearTimeout(silence);
        silence = setTimeout(() => player.update(silent), 8000);
        model.set("wish", at);
        model.save_changes();
      }, 120);
    };
    const heard = () => clearTimeout(silence);
    model.on("change:answer", heard);
    const { root, player, stop } = answering(model, el, "figure", (figure, answer) => globalThis.scenePlayer.mount(figure, answer, ask));
    player.setSliders(model.get("knobs"), model.get("wish"));
    return () => { clearTimeout(timer); heard(); model.off("change:answer", heard); stop(); };
  },
};
"""
)


def live(function: Callable[..., Scene], **sliders: Sequence[Any]) -> Any:
    """`function` drawn again, in the kernel, whenever a slider moves: live(draw, stride=[1, 2, 3], pad=range(4)).

    Without a front end, in a page made of the notebook and under a grader the still picture stands in its place; once the kernel is gone
    the widget asks for the cell to be run again (`variants` needs no kernel). An error in `function`, or a picture of more than 2 MB, is
    said in the widget and the picture stays. Raises ValueError for no sliders, and whatever `function` raises for the first positions.
    """
    if not sliders:
        raise ValueError("sliders: want at least one, as in live(draw, stride=[1, 2, 3])")
    values = {name: list(choices) if isinstance(choices, range) else choices for name, choices in sliders.items()}
    knobs = knobs_of(values)

    def draw(at: Sequence[int]) -> Scene:
        return function(**{name: values[name][i] for name, i in zip(values, at, strict=True)})

    first = draw([0] * len(knobs))
    small_enough(first)
    return build()(draw, first, knobs)


def small_enough(scene: Scene) -> dict[str, Any]:
    """The scene's data; ValueError if it is too much to send at every move of a slider."""
    if not isinstance(scene, Scene):
        raise ValueError(f"function: want a Scene back, got {type(scene).__name__}")
    data = scene.data()
    size = len(json.dumps(data))
    if size > LIMIT:
        raise ValueError(
            f"This picture takes {size / 1e6:.1f} MB, more than the {LIMIT / 1e6:.0f} MB a slider can move; draw a smaller one."
        )
    return data


def still_bundle(scene: Scene, title: str, mark: str = "") -> dict[str, str]:
    """The picture as a notebook's output; `mark` is the id by which a widget finds it and hides it."""
    svg = scene.svg(scene.poster)
    out = {"image/svg+xml": svg, "text/plain": f"{title}. {scene.alt}"}
    return {**out, "text/html": f'<div id="{mark}">{image(scene.alt, svg)}</div>'} if mark else out


def display_live(widget: Any, scene: Scene, title: str) -> None:
    """Show a widget of the class `answering`: its still picture, then itself; under a grader the still picture alone."""
    from IPython.display import display

    if graded():
        display(still_bundle(scene, title), raw=True)
        return
    widget.still = f"still-{secrets.token_hex(6)}"
    display(still_bundle(scene, title, widget.still), raw=True, display_id=widget.still)
    display({WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}, "text/plain": WITHOUT_KERNEL}, raw=True)


def keep_still(widget: Any, scene: Scene, title: str) -> None:
    """Put another still picture where `display_live` has put one; what a page without a kernel shows is then the newest."""
    if widget.still:
        from IPython.display import update_display

        update_display(still_bundle(scene, title, widget.still), raw=True, display_id=widget.still)


@cache
def answering() -> type:
    """The class of the widgets that show `answer` in place of the still picture; made here: importing the views needs no anywidget."""
    import anywidget
    import traitlets

    class Answering(anywidget.AnyWidget):
        """`answer` is what the player shows, a scene's data or {"error": words}; `still` is the id of the still picture on the page."""

        still = traitlets.Unicode().tag(sync=True)
        answer = traitlets.Dict().tag(sync=True)

    return Answering


def build() -> type:
    """The widget class of `live`."""
    import traitlets

    class Live(answering()):  # type: ignore[misc]
        """Sliders and a Scene; `wish` are the positions asked for."""

        _css, _esm = player_assets()[0], player_assets()[1] + GLUE
        knobs = traitlets.List().tag(sync=True)
        wish = traitlets.List().tag(sync=True)

        def __init__(self, draw: Callable[[Sequence[int]], Scene], first: Scene, knobs: list[dict[str, Any]]) -> None:
            self.draw, self.scene = draw, first
            super().__init__(knobs=knobs, wish=[0] * len(knobs), answer=first.data())

        @traitlets.validate("wish")
        def _inside(self, proposal: Any) -> list[int]:
            at = list(proposal["value"])
            if len(at) != len(self.knobs) or any(
                not isinstance(i, int) or not 0 <= i < len(k["values"]) for i, k in zip(at, self.knobs, strict=False)
            ):
                raise traitlets.TraitError(f"wish: want a position for each of {len(self.knobs)} sliders, got {at}")
            return at

        @traitlets.observe("wish")
        def _redraw(self, change: Any) -> None:
            try:
                scene = self.draw(change["new"])
                self.answer = small_enough(scene)
                self.scene = scene
            except Exception as error:  # whatever the student's function raises belongs in the widget, not in a log nobody reads
                self.answer = {"error": f"{type(error).__name__}: {error}"}

        def _ipython_display_(self) -> None:
            display_live(self, self.scene, self.scene.title)

    return Live
