"""ONNX's own convolution cases: those its node tests build, and those a PyTorch of 2017 stored."""

from pathlib import Path

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d
from course_lib.conv import conv1d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d

from .bounds import FRACTIONS, bound

onnx = pytest.importorskip("onnx", reason="onnx is in the test extra")


def built_cases():
    """name -> test case of the three files whose operators are two-dimensional convolutions.

    (`collect_testcases(None)` builds all 1,884 node cases and finds the same ones; it takes many times longer.)
    """
    import importlib

    import onnx.backend.test.case.node as node

    for module in ("conv", "convinteger", "qlinearconv", "convtranspose"):
        importlib.import_module(f"onnx.backend.test.case.node.{module}")
    return {case.name: case for case in node._NodeTestCases}


def arguments(node, ia, wt):
    """The attributes of a Conv node in our spelling; pads come as (top, left, bottom, right)."""
    have = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    strides, dilations = tuple(have.get("strides", (1, 1))), tuple(have.get("dilations", (1, 1)))
    top, left, bottom, right = have.get("pads", (0, 0, 0, 0))
    auto = have.get("auto_pad", b"NOTSET").decode()
    if auto.startswith("SAME"):  # P = ceil(H / stride); the odd row goes to the top for LOWER
        sizes = zip(ia.shape[2:], strides, dilations, wt.shape[2:], strict=True)
        need = [max(0, (-(-n // u) - 1) * u + d * (r - 1) + 1 - n) for n, u, d, r in sizes]
        small = [n // 2 for n in need]
        (top, bottom), (left, right) = (((n - s, s) if auto == "SAME_LOWER" else (s, n - s)) for n, s in zip(need, small, strict=True))
    return {"stride": strides, "pad": ((top, bottom), (left, right)), "dilation": dilations, "groups": have.get("group", 1)}


def shape_of(ia, wt, more):
    return ConvShape(*ia.shape, wt.shape[0], *wt.shape[2:], **more)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_all_six_built_conv_cases(name):
    cases = {n: c for n, c in built_cases().items() if c.model.graph.node[0].op_type == "Conv"}
    assert len(cases) == 6, list(cases)
    for case in cases.values():
        for (ia, wt), (want,) in case.data_sets:
            more = arguments(case.model.graph.node[0], ia, wt)
            shape = shape_of(ia, wt, more)
            if ALGORITHMS[name].cannot(shape):
                continue
            oa = conv2d(ia, wt, algorithm=name, **more)
            assert oa.dtype == want.dtype, case.name
            if name in FRACTIONS:
                assert (np.abs(oa - want) <= bound(name, ia, wt, shape)).all(), case.name
            else:
                assert (oa == want).all(), case.name  # small whole numbers: exact


@pytest.mark.parametrize("name", ALGORITHMS)
def test_both_whole_number_cases_and_the_quantised_one(name):
    cases = {n: c for n, c in built_cases().items() if c.model.graph.node[0].op_type in ("ConvInteger", "QLinearConv")}
    assert len(cases) == 3, list(cases)
    for case in cases.values():
        node = case.model.graph.node[0]
        for inputs, (want,) in case.data_sets:
            if node.op_type == "ConvInteger":
                ia, wt, zero, *more = inputs
                wt_zero = more[0].reshape(-1, 1, 1, 1) if more else np.uint8(0)
            else:
                ia, scale, zero, wt, wt_scale, wt_zero, out_scale, out_zero = inputs
            # the zero points are taken off first, so that padding is a true zero
            x, w = ia.astype(np.int32) - np.int32(zero), wt.astype(np.int32) - wt_zero.astype(np.int32)
            more = arguments(node, ia, wt)
            if name == "tiled" or ALGORITHMS[name].cannot(shape_of(ia, wt, more)):
                continue
            oa = conv2d(x, w, algorithm=name, **more)
            if node.op_type == "QLinearConv":
                real = oa * (np.float64(scale) * np.float64(wt_scale).item() / np.float64(out_scale))
                oa = np.clip(np.rint(real) + np.int32(out_zero), 0, 255).astype(np.uint8)
            assert oa.dtype == want.dtype and (oa == want).all(), case.name


def transposed_arguments(node, ia, wt):
    """The attributes of a ConvTranspose node in our spelling; ONNX also lets one name the output's size, and works out the pads."""
    have = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    axes = ia.ndim - 2
    stride, dilation = have.get("strides", [1] * axes), have.get("dilations", [1] * axes)
    more = list(have.get("output_padding", [0] * axes))
    pads = list(have.get("pads", [0] * 2 * axes))
    auto = have.get("auto_pad", b"NOTSET").decode()
    sizes = have.get("output_shape") or ([n * u for n, u in zip(ia.shape[2:], stride, strict=True)] if auto.startswith("SAME") else None)
    if sizes:
        for i in range(axes):
            full = stride[i] * (ia.shape[2 + i] - 1) + more[i] + dilation[i] * (wt.shape[2 + i] - 1) + 1
            total = full - sizes[i]
            if total < 0:  # more rows than the windows reach: they are output padding
                more[i], total = more[i] - total, 0
            small = total // 2
            pads[i], pads[axes + i] = (total - small, small) if auto == "SAME_LOWER" else (small, total - small)
    pad = tuple(zip(pads[:axes], pads[axes:], strict=True))
    return {"stride": tuple(stride), "pad": pad, "output_pad": tuple(more), "dilation": tuple(dilation), "groups": have.get("group", 1)}


def test_all_eleven_built_transposed_cases():
    cases = {n: c for n, c in built_cases().items() if c.model.graph.node[0].op_type == "ConvTranspose"}
    assert len(cases) == 11, list(cases)
    for case in cases.values():
        for (ia, wt), (want,) in case.data_sets:
            more = transposed_arguments(case.model.graph.node[0], ia, wt)
            if ia.ndim == 3:
                more = {key: value if key == "groups" else value[0] for key, value in more.items()}
            call = {3: conv_transpose1d, 4: conv_transpose2d, 5: conv_transpose3d}[ia.ndim]
            oa = call(ia, wt, **more)
            assert oa.dtype == want.dtype and oa.shape == want.shape and (oa == want).all(), case.name  # small whole numbers: exact


def stored_cases():
    """name -> (node, inputs, wanted output) of the single-node Conv models in the wheel."""
    from onnx import numpy_helper

    def tensor(path):
        proto = onnx.TensorProto()
        proto.ParseFromString(path.read_bytes())
        return numpy_helper.to_array(proto)

    data = Path(onnx.__file__).parent / "backend" / "test" / "data"
    found = {}
    for folder in sorted([*(data / "pytorch-converted").iterdir(), *(data / "pytorch-operator").iterdir()]):
        model = onnx.load(folder / "model.onnx")
        if [node.op_type for node in model.graph.node] != ["Conv"]:
            continue
        sets = folder / "test_data_set_0"
        given = {tensor_.name: numpy_helper.to_array(tensor_) for tensor_ in model.graph.initializer}
        files = sorted(sets.glob("input_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
        names = [i.name for i in model.graph.input]
        if len(files) < len(names):  # the weights are in the model
            names = [name for name in names if name not in given]
        given.update(zip(names, map(tensor, files), strict=True))
        found[folder.name] = model.graph.node[0], [given[n] for n in model.graph.node[0].input], tensor(sets / "output_0.pb")
    return found


def test_all_27_stored_conv_cases_with_one_two_and_three_axes():
    """8 Conv1d, 11 Conv2d, 7 Conv3d and operator_conv, by every algorithm that can; direct gets those of at most 100,000 MACs."""
    ran = dict.fromkeys(ALGORITHMS, 0)
    cases = stored_cases()
    for case, (node, (ia, wt, *bias), want) in cases.items():
        axes = ia.ndim - 2
        have = {a.name: list(onnx.helper.get_attribute_value(a)) if a.ints else onnx.helper.get_attribute_value(a) for a in node.attribute}
        have = {"strides": [1] * axes, "dilations": [1] * axes, "pads": [0] * 2 * axes, "group": 1, **have}
        before, after = have["pads"][:axes], have["pads"][axes:]
        stride, dilation, pad = tuple(have["strides"]), tuple(have["dilations"]), tuple(zip(before, after, strict=True))
        if axes == 1:
            stride, dilation, pad = stride[0], dilation[0], pad[0]
        call = {1: conv1d, 2: conv2d, 3: conv3d}[axes]
        # |error| <= gamma_n sum|ia||wt| for us and for them, u = 2^-24: n terms and the bias
        n = wt[0].size + 1
        limit = 2 * n * 2.0**-24 / (1 - n * 2.0**-24)
        spread = call(np.abs(ia), np.abs(wt), stride, pad, dilation, have["group"], bias=np.abs(bias[0]) if bias else None)
        for name in ALGORITHMS:
            if name == "direct" and want.size * wt[0].size > 100_000:
                continue
            try:
                oa = call(ia, wt, stride, pad, dilation, have["group"], name, bias[0] if bias else None)
            except ValueError as error:
                assert str(error).startswith(f"{name}: ") and name in ("winograd", "fft", "mec", "pointwise", "depthwise"), error
                continue
            # winograd's tiles of 6 and the waves lose two digits more at the most on these sums of at most 3,000 terms
            more = 100 if name in FRACTIONS else 1
            room = spread.max() if name in FRACTIONS else spread
            assert oa.shape == want.shape and (np.abs(oa - want) <= more * limit * room * (1 + 1e-6)).all(), (case, name)
            ran[name] += 1
    kinds = {kind: sum(kind in case for case in cases) for kind in ("Conv1d", "Conv2d", "Conv3d", "operator_conv")}
    assert kinds == {"Conv1d": 8, "Conv2d": 11, "Conv3d": 7, "operator_conv": 1} and len(cases) == 27
    assert all(ran[name] == 27 for name in ("im2col", "implicit_gemm", "indirect", "kn2row", "tiled")), ran
    assert ran["direct"] >= 19 and min(ran["winograd"], ran["fft"], ran["mec"]) >= 15 and ran["depthwise"] >= 2, ran
