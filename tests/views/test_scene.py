"""A Scene is frozen data: frames are changes, links are arithmetic, and what is drawn of it is always the same bytes."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from shapes_drawn import SHAPES

from course_lib.shapes import ConvShape
from course_lib.views import Frame, Scene, Variants, array_grid, im2col_filling, player_assets, sliding_window, variants
from course_lib.views.palette import THEMES
from course_lib.views.scene import digits
from course_lib.views.svg import n


def dot(x=10.0):
    return {"kind": "circle", "id": "dot", "x": x, "y": 10.0, "r": 4.0, "fill": "ia"}


def small(**changes):
    words = {"title": "A dot", "alt": "a dot moves", "width": 80, "height": 20, "items": [dot()]}
    return Scene(
        **{
            **words,
            "frames": [Frame("left"), Frame("right", {"dot": {"x": 30.0, "tip": "here"}}), Frame("bare", {"dot": {"tip": None}})],
            **changes,
        }
    )


def test_a_frame_is_the_changes_up_to_it():
    scene = small()
    assert len(scene) == 3
    assert [scene.at(i)["dot"]["x"] for i in range(3)] == [10.0, 30.0, 30.0]
    assert ["tip" in scene.at(i)["dot"] for i in range(3)] == [False, True, False]
    assert scene.at(-1) == scene.at(2)
    assert scene.items[0]["x"] == 10.0  # and the items are not touched by playing


@pytest.mark.parametrize(
    "changes, words",
    {
        "unknown kind": ({"items": [{"kind": "blob", "id": "b"}], "frames": [Frame("")]}, "unknown kind 'blob'"),
        "id twice": ({"items": [dot(), dot()]}, "'dot' is used twice"),
        "frame names nobody": ({"frames": [Frame("", {"dots": {"x": 1}})]}, "frame 0 changes 'dots'"),
        "no frames": ({"frames": []}, "at least one"),
        "no alt text": ({"alt": ""}, "alt"),
        "poster outside": ({"poster": 3}, "poster: want a frame from 0 to 2, got 3"),
        "link to nobody": ({"links": [{"from": "dot", "to": ["x"]}]}, "'x' is not there"),
        "mark on nobody": ({"items": [dot(), {"kind": "mark", "id": "m", "grid": "g"}]}, "'g', which is not there"),
    }.values(),
)
def test_a_scene_that_cannot_be_drawn_is_refused_in_words(changes, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        small(**changes)


def test_a_frame_outside_is_refused():
    with pytest.raises(ValueError, match="frame: want 0 to 2, got 3"):
        small().svg(3)


def test_an_unknown_theme_or_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match="theme: want 'light', 'dark' or 'page', got 'sepia'"):
        small().svg(0, "sepia")
    with pytest.raises(ValueError, match=r"path: want a name ending in .svg, .png, .gif or .html, got .*x.bmp"):
        small().save(tmp_path / "x.bmp")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_sound_xml_with_a_title_and_words_for_those_who_cannot_see_it(name, theme):
    scene = sliding_window(SHAPES[name])
    for frame in {0, len(scene) // 2, len(scene) - 1}:
        root = ElementTree.fromstring(scene.svg(frame, theme))
        assert root.attrib["role"] == "img"
        title, desc = root[0], root[1]
        assert (title.tag.split("}")[1], title.text) == ("title", scene.title)
        assert (desc.tag.split("}")[1], desc.text) == ("desc", scene.alt)
        text = scene.svg(frame, theme)
        assert " id=" not in text and "url(" not in text and "<style" not in text and "nan" not in text
        assert set(re.findall(r"#[0-9a-f]{6}", text)) <= set(THEMES[theme].values())


def test_the_same_scene_gives_the_same_bytes():
    for shape in (SHAPES["two groups"], SHAPES["window of the lecture"]):
        one, two = sliding_window(shape), sliding_window(shape)
        assert one.svg(3) == two.svg(3)
        assert json.dumps(one.data()) == json.dumps(two.data())
        assert one.html() == two.html()


@pytest.mark.parametrize("name", SHAPES)
def test_data_is_json_and_plays_back_to_the_same_items(name):
    scene = sliding_window(SHAPES[name])
    data = json.loads(json.dumps(scene.data(), allow_nan=False))
    state = {item["id"]: dict(item) for item in data["items"]}
    for frame, step in enumerate(data["frames"]):
        for key, changes in step["set"].items():
            state[key] = {k: v for k, v in {**state[key], **changes}.items() if v is not None or (k not in changes)}
        if frame in (0, len(scene) // 2, len(scene) - 1):
            want = json.loads(json.dumps(scene.at(frame)))
            assert {k: {a: b for a, b in v.items() if b is not None} for k, v in state.items()} == {
                k: {a: b for a, b in v.items() if b is not None} for k, v in want.items()
            }


def test_a_lecture_size_animation_stays_under_300_kb():
    for view in (sliding_window, im2col_filling):
        for name in ("window of the lecture", "AlexNet's first layer"):
            scene = view(SHAPES[name])
            assert len(json.dumps(scene.data(), ensure_ascii=False).encode()) < 300_000, (view.__name__, name)
            assert max(len(scene.svg(f).encode()) for f in (0, len(scene) // 2, len(scene) - 1)) < 300_000, (view.__name__, name)


def test_the_player_stays_under_25_kb():
    css, js = player_assets()
    assert len(js.encode()) < 25_600
    assert "http" not in re.sub(r"http://www\.w3\.org/2000/svg", "", css + js)  # the name of SVG is a name, not an address


def test_coordinates_round_as_javascript_does():
    # Math.floor(v * 100 + 0.5) / 100: halves go up, also below zero
    assert [n(v) for v in (0.125, -0.125, 1.005, 2.0, -0.001, 12.3456)] == ["0.13", "-0.12", "1", "2", "0", "12.35"]


def test_digits_are_a_mixed_radix():
    assert digits(5, [2, 3]) == [1, 2]
    assert [digits(i, [2, 1, 2]) for i in range(4)] == [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]


def test_a_notebook_gets_the_still_picture_words_and_the_player():
    bundle = sliding_window(SHAPES["the slide"])._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain", "text/html"}
    assert bundle["image/svg+xml"].startswith("<svg")
    assert '<img alt="' in bundle["text/html"]  # what stays where scripts are taken out
    assert 'src="data:image/svg+xml,' in bundle["text/html"]


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "COURSE_GRADER_SOCKET"])
def test_under_a_grader_only_the_still_picture_is_made(monkeypatch, variable):
    monkeypatch.setenv(variable, "autograde")
    assert set(array_grid(np.eye(2))._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}


def test_data_in_a_page_cannot_end_its_script():
    scene = small(title="</script><b>", alt="a < b & c > d")
    assert "</script><b>" not in scene.html().replace("<title>", "")
    assert scene.fragment().count("</script>") == 1


def test_a_scene_is_saved_in_four_kinds(tmp_path):
    from PIL import Image

    scene = small()
    assert scene.save(tmp_path / "x.svg").read_text().startswith("<svg")
    assert "scenePlayer" in scene.save(tmp_path / "x.html").read_text()
    with Image.open(scene.save(tmp_path / "x.png", frame=1, theme="dark")) as picture:
        assert picture.size == (2 * 112, 2 * 116)
        assert picture.getpixel((0, 0)) == tuple(int(THEMES["dark"]["paper"][i : i + 2], 16) for i in (1, 3, 5))
    with Image.open(scene.save(tmp_path / "x.gif")) as picture:
        assert picture.n_frames == 3


def draw(stride, pad):
    return sliding_window(ConvShape(1, 1, 5, 5, 1, 3, 3, stride=stride, pad=pad))


def test_variants_draw_every_combination_and_keep_equal_pictures_once():
    made = variants(draw, stride=[1, 2, 1], pad=[0, 1])
    assert isinstance(made, Variants)
    assert made.which == (0, 1, 2, 3, 0, 1)
    assert len(made.scenes) == 4
    assert made.title == draw(1, 0).title
    json.dumps(made.data(), allow_nan=False)
    assert set(made._repr_mimebundle_()) == {"image/svg+xml", "text/plain", "text/html"}


def test_too_many_variants_are_refused_with_a_number():
    with pytest.raises(ValueError, match="65 combinations, at most 64"):
        variants(draw, stride=[1] * 65)
    with pytest.raises(ValueError, match="at least one slider"):
        variants(draw)
    with pytest.raises(ValueError, match="stride: want a list of values"):
        variants(draw, stride="12")
    with pytest.raises(ValueError, match="function: want a Scene back, got int"):
        variants(lambda stride: 3, stride=[1])


def test_a_frame_of_the_data_says_only_what_is_new_and_plays_the_same():
    items = [{"kind": "text", "id": "a", "x": 0, "y": 0, "text": "one", "paint": "ink"}]
    frames = [
        Frame("1", {"a": {"text": "one", "paint": "ink"}}),
        Frame("2", {"a": {"text": "two", "paint": "ink"}}),
        Frame("3", {"a": {"text": "two", "hide": True}}),
        Frame("4", {"a": {"hide": None}}),
        Frame("5", {"a": {"hide": None, "text": "one"}}),
    ]
    scene = Scene("t", "alt", 10, 10, items, frames)
    data = scene.data()
    assert [frame["set"] for frame in data["frames"]] == [
        {},
        {"a": {"text": "two"}},
        {"a": {"hide": True}},
        {"a": {"hide": None}},
        {"a": {"text": "one"}},
    ]
    state = dict(items[0])
    for number, frame in enumerate(data["frames"]):  # as the player puts them on
        state = {key: value for key, value in {**state, **frame["set"].get("a", {})}.items() if value is not None}
        assert state == scene.at(number)["a"]
