"""The right answers are right: each reference against a witness that nobody here wrote, and against numbers counted by hand."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_lib import ConvShape
from course_lib.exercises import EXERCISES, LABS, Made
from course_lib.exercises.exercise import in_process, judge
from course_lib.exercises.makers import MAKERS, fingerprint, made
from course_lib.exercises.notebook import first_layer_filters, once_filled, photograph, show

ROOT = Path(__file__).parents[2]


def reference(name):
    return EXERCISES[name].reference


def cases(name, seed=5):
    return [(case, made(case.args), dict(case.kwargs)) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def test_the_catalogue_is_read_a_chapter_at_a_time_and_imports_no_torch():
    code = (
        "import sys, course_lib.exercises as e, course_lib.exercises.makers\n"
        "assert not {'torch', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "assert 'course_lib.exercises.lab03_gemm' not in sys.modules\n"
        "assert e.EXERCISES['im2col'].name == 'im2col' and len(e.EXERCISES) == len(set(e.EXERCISES))\n"
        "assert not {'torch', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "assert 'nothing' not in e.EXERCISES\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    assert [name for names in LABS.values() for name in names] == list(EXERCISES)
    assert all(EXERCISES[name].name == name for name in EXERCISES)


@pytest.mark.parametrize("name", ["conv2d_direct", "conv2d_im2col"])
def test_convolutions_are_torchs(name):
    import torch

    count = 0
    for case, (x, w), options in cases(name):
        bias = options.pop("bias", None)
        options = {"padding" if key == "pad" else key: value for key, value in options.items()}
        tensor = torch.from_numpy(bias) if bias is not None else None
        want = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(w), tensor, **options)
        np.testing.assert_array_equal(reference(name)(x, w, **case.kwargs), want.numpy())  # small whole numbers: sums are exact
        count += 1
    assert count >= 40


def test_the_cases_of_the_seven_loops_cover_the_odd_shapes():
    seen = set()
    for case, (x, w), options in cases("conv2d_direct"):
        (N, _, H, W), (R, S) = x.shape, w.shape[2:]
        pad, stride = options.get("pad", 0), options.get("stride", 1)
        seen |= {"N > 1"} if N > 1 else set()
        seen |= {"H != W"} if H != W else set()
        seen |= {"R != S"} if R != S else set()
        seen |= {f"stride {stride}"}
        seen |= {"pad > R/2"} if pad > R / 2 else set()
        seen |= {"size 1"} if H == 1 or W == 1 else set()
        seen |= {"bias"} if "bias" in options else set()
        seen |= {"ragged"} if (H + 2 * pad - R) % stride else set()
        assert case.label
    assert seen >= {"N > 1", "H != W", "R != S", "stride 2", "stride 3", "pad > R/2", "size 1", "bias", "ragged"}


def test_output_sizes_are_torchs():
    import torch

    for _, (h, r), options in cases("conv_output_size"):
        out = torch.nn.functional.conv1d(
            torch.zeros(1, 1, h), torch.zeros(1, 1, r), None, options.get("stride", 1), options.get("pad", 0), options.get("dilation", 1)
        )
        assert reference("conv_output_size")(h, r, **options) == out.shape[-1]


def test_strides_and_offsets_are_numpys():
    for _, (shape, layout), _ in cases("strides_of"):
        if int(np.prod(shape)) > 1e6:
            continue
        N, C, H, W = shape
        a = np.arange(N * C * H * W)
        a = a.reshape(shape) if layout == "NCHW" else a.reshape(N, H, W, C).transpose(0, 3, 1, 2)
        steps = reference("strides_of")(shape, layout)
        for index in np.ndindex(*(min(n, 3) for n in shape)):
            assert reference("offset")(index, steps) == a[index]  # the elements are numbered as they lie


def test_lowering_and_its_way_back_are_torchs_unfold_and_fold():
    import torch

    for _, (x, r, s), options in cases("im2col"):
        words = {"kernel_size": (r, s), "stride": options.get("stride", 1), "padding": options.get("pad", 0)}
        unfolded = torch.nn.functional.unfold(torch.from_numpy(x), **words)  # N × CRS × PQ
        cols = reference("im2col")(x, r, s, **options)
        np.testing.assert_array_equal(cols, unfolded.transpose(1, 2).reshape(cols.shape).numpy())
        again = torch.nn.functional.fold(unfolded, x.shape[2:], **words)
        np.testing.assert_array_equal(reference("col2im")(cols, x.shape, r, s, **options), again.numpy())


def test_the_course_library_lowers_the_same_lying_on_its_side():
    from course_lib.conv import im2col as ours

    for _, (x, r, s), options in cases("im2col"):
        shape = ConvShape(*x.shape, K=1, R=r, S=s, **options)
        want = np.concatenate([one.T for one in ours.im2col(x, shape)])
        np.testing.assert_array_equal(reference("im2col")(x, r, s, **options), want)


def test_closed_forms_of_the_courses_own_layer():
    layer = ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3)
    assert layer.macs == 5_038_848  # 64 · 54 · 54 · 27
    assert reference("im2col_workspace")(layer) == 4 * 78_732  # 54 · 54 · 27 numbers, 8.37 times the image's 9,408
    slide = ConvShape(N=1, C=1, H=7, W=7, K=1, R=3, S=3)
    assert reference("im2col_workspace")(slide) == 4 * 225  # 25 windows of 9


def test_costs_are_those_of_torchs_own_counter():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    for _, (layer, shape), _ in cases("layer_cost"):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            out = layer(torch.zeros(shape))
        cost = reference("layer_cost")(layer, shape)
        assert cost["macs"] == counter.get_total_flops() // 2
        assert cost["params"] == sum(p.numel() for p in layer.parameters()) and cost["act_bytes"] == 4 * out.numel()


def test_a_networks_rows_add_up_to_the_zoos_table():
    from course_lib.zoo import NETWORKS

    net = made(Made("torch_module", {"kind": "zoo", "name": "mobilenet_v2", "training": False}))
    rows = reference("model_cost")(net, (1, 3, 224, 224))
    assert sum(row["macs"] for row in rows) == NETWORKS["mobilenet_v2"].macs == 300_774_272
    assert sum(row["params"] for row in rows) == NETWORKS["mobilenet_v2"].params == 3_504_872


def test_the_lectures_three_wrong_rows_are_found():
    from course_lib.zoo import NETWORKS
    from course_lib.zoo.sizes import SLIDE

    slide = {name: said for name, (said, _) in SLIDE.items()}
    params = {name: [NETWORKS[m].params for m in members] for name, (_, members) in SLIDE.items()}
    assert reference("wrong_rows")(slide, params) == ["ResNet", "Inception-ResNet", "Xception"]


def test_latency_is_exact_on_a_clock_of_its_own():
    work = Made("work", {"durations": [64.0, 2.0, 1.0, 6.0]})
    fn, clock = made((work, Made("clock_of", {"work": work})))
    assert reference("measure_latency")(fn, 1, 3, clock) == {"median": 2.0, "iqr": 2.5}  # sorted 1 2 6: quartiles 1.5 and 4
    with pytest.raises(RuntimeError, match="more than 4 times"):
        fn()


def test_made_objects_are_only_those_on_the_list():
    assert made([Made("conv_shape", dict(N=1, C=1, H=3, W=3, K=1, R=2, S=2)), {"a": (1, "b")}, None])[1:] == [{"a": (1, "b")}, None]
    with pytest.raises(ValueError, match="maker: want one of .*torch_module"):
        made(Made("os.system", {"command": "true"}))
    with pytest.raises(ValueError, match="kind: want one of conv2d"):
        made(Made("torch_module", {"kind": "Upsample"}))
    with pytest.raises(ValueError, match="maker 'work'"):
        made(Made("work", {"length": 3}))
    with pytest.raises(ValueError, match="work: want a Work"):
        made(Made("clock_of", {"work": 3}))
    assert set(MAKERS) == {"torch_module", "conv_shape", "work", "clock_of", "agreement"}


def test_the_same_description_makes_the_same_weights_and_draws_nothing_from_the_global_numbers():
    import torch

    torch.manual_seed(1)
    want = torch.rand(3)
    torch.manual_seed(1)
    one, other = (made(Made("torch_module", {"kind": "conv2d", "args": [2, 3, 3], "seed": 4})) for _ in range(2))
    assert torch.equal(torch.rand(3), want)
    assert torch.equal(one.weight, other.weight) and fingerprint(one) == fingerprint(other)


def test_a_fingerprint_sees_hooks_modes_statistics_and_stores():
    import torch

    layers = [{"kind": "conv2d", "args": [1, 2, 1]}, {"kind": "batchnorm2d", "args": [2]}]
    net = made(Made("torch_module", {"kind": "sequential", "layers": layers}))
    before = fingerprint(net)
    handle = net[0].register_forward_hook(lambda *_: None)
    assert fingerprint(net) != before
    handle.remove()
    assert fingerprint(net) == before
    assert fingerprint(net.eval()) != before
    assert fingerprint(net.train()) == before
    net(torch.ones(1, 1, 2, 2))  # in train mode: the running mean moves
    assert fingerprint(net) != before
    a = np.array([1.0, np.nan])
    assert fingerprint(a) == fingerprint(a.copy()) != fingerprint(np.array([1.0, 2.0])) and fingerprint("text") is None


def test_a_cell_waits_for_its_blank_and_shows_real_errors(capsys):
    def blank():
        raise NotImplementedError

    def typo():
        return no_such_name  # noqa: F821

    with once_filled:
        value = blank()
    with once_filled:
        print(value)
    assert capsys.readouterr().out.count("A blank above is still empty") == 2
    with pytest.raises(NameError), once_filled:
        typo()
    with pytest.raises(TypeError), once_filled:
        len(3)


def test_the_photograph_and_the_filters_are_what_the_text_says():
    photo, filters = photograph("china"), first_layer_filters(64, 11)
    assert photo.shape == (1, 3, 427, 640) and photo.dtype == np.float32 and 0 <= photo.min() < photo.max() <= 1
    assert filters.shape == (64, 3, 11, 11) and len(np.unique(filters.reshape(64, -1).round(5), axis=0)) == 64
    np.testing.assert_allclose(filters.mean((2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose((filters.astype(float) ** 2).sum((1, 2, 3)), 1, atol=1e-5)
    with pytest.raises(ValueError, match="name: want 'china' or 'flower'"):
        photograph("cat")


def test_pictures_side_by_side_keep_their_colours_and_have_their_titles_above_them():
    red, rising = np.zeros((3, 4, 8)), np.linspace(-1, 1, 32).reshape(4, 8)
    red[0] = 1
    figure = show([red, rising, np.ones((4, 8))], ["one", "two"], columns=2, width=2.08)
    assert figure.alt == "one; two"
    sheet = np.asarray(Image.open(BytesIO(figure.data)))
    assert sheet.shape == (2 * (22 + 100 + 8), 2 * 208, 3)
    assert (sheet[72, 104] == (255, 0, 0)).all() and (sheet[202, 104] == 255).all()
    grey = sheet[34:122:25, 224:412:25]  # the middle of each enlarged pixel
    assert (np.diff(grey[..., 0].ravel().astype(int)) > 0).all() and abs(int(grey[1, 7, 0]) - 127) < 6 and grey[-1, -1, 0] == 255
    assert all((sheet[:20, at : at + 208] < 128).any() for at in (0, 208)) and not (sheet[130:150] < 255).any()


@pytest.mark.parametrize("name", ["china", "flower"])
def test_a_photograph_is_the_one_that_scikit_learn_itself_loads(name):
    from sklearn.datasets import load_sample_image

    np.testing.assert_array_equal(np.rint(photograph(name)[0] * 255).transpose(1, 2, 0), load_sample_image(f"{name}.jpg"))


def test_data_of_a_package_that_is_not_there_names_the_package(monkeypatch):
    from course_lib import data

    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="images/china.jpg comes with scikit-learn, which is not here"):
        photograph("china")


def test_a_picture_of_the_smallest_failing_case_marks_what_differs():
    for name in ("conv2d_direct", "im2col", "filters_to_matrix", "conv2d_im2col", "col2im"):
        exercise = EXERCISES[name]
        for idea in exercise.misconceptions:
            verdict = judge(exercise, in_process(idea.function))
            scene = exercise.picture(verdict.case, verdict.got, verdict.want)
            assert scene is None or scene.svg().startswith("<svg")
        assert exercise.picture(verdict.case, None, verdict.want) is None
