"""The colours of the course, once: IA, W and OA look the same in every lecture, lab and printed page.

A role has four paints: the plain colour (outlines, bars), `-soft` (the ground of a cell), `-text` (words on paper or on the
soft ground, contrast at least 4.5 : 1) and a dash, the second channel for eyes or printers that do not tell colours apart.
"""

from __future__ import annotations

SOURCE = "Okabe & Ito, Color Universal Design, 2008: a palette that colour-blind readers tell apart"

ROLES = {
    "ia": "input activations: sky blue",
    "w": "weights, and the window they slide over the input: orange",
    "oa": "output activations: bluish green",
    "cols": "the lowered matrix and partial sums: reddish purple",
    "alert": "a value that differs: vermillion",
    "blue": "a further category: blue",
    "plain": "no tensor of its own: grey",
}

# The second channel: how a role's outline is dashed, in pixels ("" is solid).
DASH = {"ia": "", "w": "5 2", "oa": "", "cols": "2 2", "alert": "", "blue": "7 2 2 2", "plain": ""}

# The second channel of a filled bar: degrees of its hatching (None is unhatched).
HATCH = {"ia": None, "w": 45, "oa": -45, "cols": 0, "alert": 90, "blue": 45, "plain": None}

THEMES = {
    "light": {
        "paper": "#ffffff",
        "ink": "#1c2430",
        "muted": "#566170",
        "line": "#c5cdd6",
        "faint": "#eef1f4",
        "ia": "#56b4e9",
        "ia-soft": "#dcf0fb",
        "ia-text": "#155c88",
        "w": "#e69f00",
        "w-soft": "#fdeecb",
        "w-text": "#855000",
        "oa": "#009e73",
        "oa-soft": "#cdeee2",
        "oa-text": "#005c45",
        "cols": "#cc79a7",
        "cols-soft": "#f7e2ed",
        "cols-text": "#8d3265",
        "alert": "#d55e00",
        "alert-soft": "#fbdfcd",
        "alert-text": "#9c3f00",
        "blue": "#0072b2",
        "blue-soft": "#d3e6f3",
        "blue-text": "#00588a",
        "plain": "#8b96a3",
        "plain-soft": "#eef1f4",
        "plain-text": "#48525f",
        "ch0-soft": "#e3f3fc",
        "ch1-soft": "#b9def5",
        "ch2-soft": "#8ccaf0",
    },
    "dark": {
        "paper": "#161b22",
        "ink": "#e9edf2",
        "muted": "#a9b3bf",
        "line": "#414b58",
        "faint": "#232a33",
        "ia": "#56b4e9",
        "ia-soft": "#1d3d52",
        "ia-text": "#9ad6f7",
        "w": "#e69f00",
        "w-soft": "#4b3811",
        "w-text": "#f6c35c",
        "oa": "#12b385",
        "oa-soft": "#0f4337",
        "oa-text": "#63dcb5",
        "cols": "#cc79a7",
        "cols-soft": "#4a2b3e",
        "cols-text": "#eab0cf",
        "alert": "#e8711a",
        "alert-soft": "#552c12",
        "alert-text": "#ffae7a",
        "blue": "#3d9bd6",
        "blue-soft": "#143750",
        "blue-text": "#8cc8f0",
        "plain": "#7d8896",
        "plain-soft": "#2a323c",
        "plain-text": "#c3cbd5",
        "ch0-soft": "#173345",
        "ch1-soft": "#1f4b67",
        "ch2-soft": "#2a6488",
    },
}

SANS = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif'
MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace'


def paint(name: str, theme: str) -> str:
    """A paint's colour: `#rrggbb` in the themes "light" and "dark", a CSS variable that follows the page in "page"."""
    if name not in THEMES["light"]:
        raise ValueError(f"paint: {name!r} is not in the palette; there are {', '.join(THEMES['light'])}")
    if theme == "page":
        return f"var(--scene-{name})"
    if theme not in THEMES:
        raise ValueError(f"theme: want 'light', 'dark' or 'page', got {theme!r}")
    return THEMES[theme][name]


def css_variables() -> str:
    """The paints as CSS variables on `.scene`: by the page's own theme where it states one, by the reader's system otherwise."""

    def block(theme: str) -> str:
        return "".join(f"--scene-{name}:{value};" for name, value in THEMES[theme].items()) + f"color-scheme:{theme}"

    dark = '[data-jp-theme-light="false"] .scene,[data-theme="dark"] .scene,.vscode-dark .scene,.scene[data-theme="dark"]'
    light = '[data-jp-theme-light="true"] .scene,[data-theme="light"] .scene,.vscode-light .scene,.scene[data-theme="light"]'
    return (
        f".scene{{{block('light')}}}\n"
        f"@media (prefers-color-scheme:dark){{.scene{{{block('dark')}}}}}\n"
        f"{light}{{{block('light')}}}\n{dark}{{{block('dark')}}}\n@media print{{.scene.scene{{{block('light')}}}}}\n"
    )
