"""A tuning run as it goes, live in a notebook: `watch` follows the log of a search, wherever the search runs.

    board = watch("tune.jsonl")
    board                                                    in a cell of its own: the picture follows the log
    tune(layer, trials=200, log="tune.jsonl", watch=board)   the next cell; or `course tune ... --log tune.jsonl` in a terminal

While a search runs in this kernel, it pushes the picture after each round. While it runs elsewhere, the page asks once a second, as long
as it is seen, and only what is new of the log is read. The still picture beside it keeps up, so a saved notebook shows the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course_lib.autotune.standing import Follow, standing
from course_lib.views.page import player_assets
from course_lib.views.scene import Scene
from course_lib.views.search.tuning_board import tuning_board
from course_lib.views.widget import ANSWERING, answering, display_live, keep_still

# One question at a time: a kernel that is busy with the search itself answers when it is done, and pushes its pictures meanwhile.
GLUE = (
    ANSWERING
    + """
export default {
  render({ model, el }) {
    const { stop } = answering(model, el, "figure", globalThis.scenePlayer.mount);
    let asked = model.get("heard");
    const timer = setInterval(() => {
      if (document.hidden || !el.isConnected || model.get("heard") < asked) return;
      model.set("turn", asked = model.get("heard") + 1);
      model.save_changes();
    }, 1000);
    return () => { clearInterval(timer); stop(); };
  },
};
"""
)


class Watch:
    """The board of one log. Call it (as `tune(..., watch=board)` does) to bring the picture up to date; display it to see it."""

    def __init__(self, log: Path | str) -> None:
        self.follow = Follow(log)
        self.live: Any = None
        self.follow.more()
        self.scene = self.draw()

    def draw(self) -> Scene:
        self.standing = standing(self.follow.rows, f"{self.follow.path.name}: no trial yet")
        return tuning_board(self.standing)

    def refresh(self) -> bool:
        """Read what is new, draw it where there is any and send it to the page."""
        if not self.follow.more():
            return False
        self.scene = self.draw()
        if self.live is not None:
            self.live.answer = self.scene.data()
            keep_still(self.live, self.scene, self.scene.title)
        return True

    def __call__(self, *_: object) -> None:
        """After a round of a search in this kernel."""
        self.refresh()

    def _ipython_display_(self) -> None:
        self.refresh()
        self.live = self.live or build()(self)
        display_live(self.live, self.scene, self.scene.title)


def build() -> type:
    """The widget class of a board."""
    import traitlets

    class Board(answering()):  # type: ignore[misc]
        """`turn` is the page's question, `heard` the last one that was answered."""

        _css, _esm = player_assets()[0], player_assets()[1] + GLUE
        turn = traitlets.Int().tag(sync=True)
        heard = traitlets.Int().tag(sync=True)

        def __init__(self, board: Watch) -> None:
            self.board = board
            super().__init__(answer=board.scene.data())

        @traitlets.observe("turn")
        def _asked(self, change: Any) -> None:
            self.board.refresh()
            self.heard = change["new"]

    return Board


def watch(log: Path | str) -> Watch:
    """The live board of a log of trials, JSON lines as `tune` and `course tune` write them; the file need not be there yet."""
    return Watch(log)
