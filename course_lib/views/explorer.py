"""The nest explorer as a widget: loops to drag, tiles to slide, kinds to choose; all pictures answer together.

It is given functions and calls no verb of its own: `ask(choice) -> records` and `time_it(choice) -> GFLOP/s`
(course_lib.explorer puts them together). A choice is plain data: order, tiles, kinds, hold. What cannot be is said in words
and the last picture stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from course_lib.views.chart import count
from course_lib.views.machine.bound_meter import bound_meter
from course_lib.views.machine.memory_traffic import memory_traffic
from course_lib.views.nest.loop_table import loop_table
from course_lib.views.nest.visits import visits
from course_lib.views.page import embedded, player_assets
from course_lib.views.scene import Scene
from course_lib.views.svg import escape
from course_lib.views.widget import ANSWERING, answering, display_live

GLUE = (
    ANSWERING
    + """
export default {
  render({ model, el }) {
    const ask = (wish) => { model.set("wish", wish); model.save_changes(); };
    return answering(model, el, "div", (root, answer) => globalThis.nestExplorer(root, answer, ask)).stop;
  },
};
"""
)


def explorer_assets() -> tuple[str, str]:
    """(css, js) of the explorer, the player's included."""
    css, js = player_assets()
    static = files("course_lib.views") / "static"
    return css + (static / "explorer.css").read_text(encoding="utf-8"), js + (static / "explorer.js").read_text(encoding="utf-8")


class Explorer:
    """The state of one explorer: `answer(wish)` is what the page shows; displays itself as a widget or as a still picture."""

    def __init__(
        self,
        ask: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        time_it: Callable[[Mapping[str, Any]], float] | None,
        dims: Sequence[Mapping[str, Any]],
        start: Mapping[str, Any],
        title: str = "Nest explorer",
    ) -> None:
        self.ask, self.time_it, self.dims, self.title = ask, time_it, list(dims), title
        self.choice = dict(start)
        self.measured: dict[str, float] = {}
        self.first = self.answer(start)
        if "error" in self.first:
            raise ValueError(self.first["error"])

    def scenes(self, records: Mapping[str, Any]) -> dict[str, Scene]:
        """The pictures of one choice's records."""
        out = {"loops": loop_table(records["nest"])}
        out["traffic"] = memory_traffic(records["traffic"], title="Traffic, by level and tensor")
        if records.get("bound") is not None:
            out["bound"] = bound_meter(records["bound"])
        if "trace" in records:
            out["visits"] = visits(records["trace"], title="The order, on a small stand-in of the layer")
        return out

    def answer(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """What the page shows of a choice, or {"error": words}; with `wish["measure"]` the nest is timed first."""
        choice = {key: wish[key] for key in ("order", "tiles", "kinds", "hold") if key in wish}
        try:
            if wish.get("measure") and self.time_it:
                self.ask(choice)  # what cannot be is said before anything is compiled
                self.measured[repr(choice)] = self.time_it(choice)
            records = self.ask(choice)
            scenes = self.scenes(records)
        except Exception as error:  # what cannot be belongs in the widget, in words
            return {"error": str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}", "wish": dict(wish)}
        nest = records["nest"]
        figures = [[f"{row['tensor']} fetches", count(row["fetches"])] for row in records["count"]]
        if "roof" in records:
            figures.append(["roof: at most", f"{records['roof']:.3g} GFLOP/s"])
        if "forecast" in records:
            *_, row = records["forecast"]
            figures.append([f"predicted, limit {row['limit'].removeprefix('forecast: ')}", f"{row['GFLOP/s']:.3g} GFLOP/s"])
        took = self.measured.get(repr(choice))
        figures.append(["measured", f"{took:.3g} GFLOP/s" if took else "not yet"])
        self.choice = choice
        return {
            "title": self.title,
            "dims": self.dims,
            "tensors": [tensor.name for tensor in nest.problem.tensors],
            "choice": choice,
            "listing": str(nest),
            "figures": figures,
            "timed": self.time_it is not None,
            "turn": wish.get("turn", 0),
            "loops": [{"name": loop.name, "dim": loop.dim, "extent": loop.extent, "kind": loop.kind} for loop in nest.loops],
            "scenes": {name: scene.data() for name, scene in scenes.items()},
        }

    @property
    def scene(self) -> Scene:
        """The picture of the current choice, for where nothing moves: the loop table."""
        return self.scenes(self.ask(self.choice))["loops"]

    def html(self) -> str:
        """A page of its own. Without `window.askNest` (a function from choice to answer) it shows the first choice."""
        css, js = explorer_assets()
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{css}\nbody{{margin:0 12px}}"
            "@media (prefers-color-scheme:dark){body{background:#161b22}}</style></head>\n"
            f'<body><div id="explorer"></div><script type="application/json" id="first">{embedded(self.first)}</script><script>{js}\n'
            'const player = nestExplorer(document.getElementById("explorer"), JSON.parse(document.getElementById("first").textContent),'
            " async (wish) => { if (globalThis.askNest) player.update(JSON.parse(await askNest(JSON.stringify(wish)))); });"
            "</script></body></html>\n"
        )

    def widget(self) -> Any:
        """The live widget (anywidget)."""
        import traitlets

        explorer = self

        class Live(answering()):  # type: ignore[misc]
            _css, _esm = explorer_assets()[0], explorer_assets()[1] + GLUE
            wish = traitlets.Dict().tag(sync=True)

            @traitlets.observe("wish")
            def _asked(self, change: Any) -> None:
                self.answer = explorer.answer(change["new"])

        return Live(wish=dict(self.choice), answer=self.answer(self.choice))

    def _ipython_display_(self) -> None:
        display_live(self.widget(), self.scene, self.title)
