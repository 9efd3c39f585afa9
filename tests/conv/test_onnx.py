"""ONNX's own convolution cases: those its node tests build, and those a PyTorch of 2017 stored."""

from pathlib import Path

import numpy as np
import pytest

from course_lib import ALGORITHMS, conv2d

onnx = pytest.importorskip("onnx", reason="onnx is in the test extra")


def built_cases():
    """name -> test case of the three files whose operators are two-dimensional convolutions.

    (`collect_testcases(None)` builds all 1,884 node cases and finds the same ones; it takes many times longer.)
    """
    import importlib

    import onnx.backend.test.case.node as node

    for module in ("conv", "convinteger", "qlinearconv"):
        importlib.import_module(f"onnx.backend.test.case.node.{module}")
    return {case.name: case for case in node._NodeTestCases if case.model.graph.node[0].op_type in ("Conv", "ConvInteger", "QLinearConv")}


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


@pytest.mark.parametrize("name", ALGORITHMS)
def test_all_six_built_conv_cases(name):
    cases = {n: c for n, c in built_cases().items() if c.model.graph.node[0].op_type == "Conv"}
    assert len(cases) == 6, list(cases)
    for case in cases.values():
        for (ia, wt), (want,) in case.data_sets:
            oa = conv2d(ia, wt, algorithm=name, **arguments(case.model.graph.node[0], ia, wt))
            assert oa.dtype == want.dtype and (oa == want).all(), case.name  # small whole numbers: exact


@pytest.mark.parametrize("name", ALGORITHMS)
def test_both_whole_number_cases_and_the_quantised_one(name):
    cases = {n: c for n, c in built_cases().items() if c.model.graph.node[0].op_type != "Conv"}
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
            oa = conv2d(x, w, algorithm=name, **arguments(node, ia, wt))
            if node.op_type == "QLinearConv":
                real = oa * (np.float64(scale) * np.float64(wt_scale).item() / np.float64(out_scale))
                oa = np.clip(np.rint(real) + np.int32(out_zero), 0, 255).astype(np.uint8)
            assert oa.dtype == want.dtype and (oa == want).all(), case.name


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


def test_all_stored_conv_cases_with_one_or_two_axes():
    """8 Conv1d (as images of one row), 11 Conv2d and operator_conv. The 7 Conv3d have three axes and do not apply.

    direct is plain Python and gets all but operator_conv, of 68 million MACs.
    """
    ran, by_direct = [], 0
    for name, (node, (ia, wt, *bias), want) in stored_cases().items():
        axes = ia.ndim - 2
        if axes == 3:
            continue
        have = {a.name: list(onnx.helper.get_attribute_value(a)) if a.ints else onnx.helper.get_attribute_value(a) for a in node.attribute}
        have = {"strides": [1] * axes, "dilations": [1] * axes, "pads": [0] * 2 * axes, "group": 1, **have}
        before, after = have["pads"][:axes], have["pads"][axes:]
        stride, dilation, pad = tuple(have["strides"]), tuple(have["dilations"]), tuple(zip(before, after, strict=True))
        if axes == 1:
            ia, wt, stride, dilation, pad = ia[:, :, None], wt[:, :, None], (1, *stride), (1, *dilation), ((0, 0), *pad)
        # |error| <= gamma_n sum|ia||wt| for us and for them, u = 2^-24: n terms and the bias
        n = wt[0].size + 1
        limit = 2 * n * 2.0**-24 / (1 - n * 2.0**-24)
        spread = conv2d(np.abs(ia), np.abs(wt), stride, pad, dilation, have["group"], bias=np.abs(bias[0]) if bias else None)
        for algorithm in ALGORITHMS:
            if algorithm == "direct":
                if want.size * wt[0].size > 100_000:  # MACs
                    continue
                by_direct += 1
            oa = conv2d(ia, wt, stride, pad, dilation, have["group"], algorithm, bias[0] if bias else None)
            oa, room = (oa[:, :, 0], spread[:, :, 0]) if axes == 1 else (oa, spread)
            assert oa.shape == want.shape and (np.abs(oa - want) <= limit * room * (1 + 1e-6)).all(), (name, algorithm)
        ran.append(name)
    kinds = {kind: sum(kind in name for name in ran) for kind in ("Conv1d", "Conv2d", "operator_conv")}
    assert kinds == {"Conv1d": 8, "Conv2d": 11, "operator_conv": 1} and len(ran) == 20 and by_direct == 19
    assert len(stored_cases()) == 27
