"""torch's own samples of conv2d, and the inputs that torch says must fail."""

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d
from course_lib.conv import conv1d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d

from .bounds import bound
from .oracle import conv64, rounding


@pytest.fixture(scope="module")
def op_db():
    import warnings

    pytest.importorskip("expecttest", reason="torch's sample inputs need expecttest, which is in the test extra")
    with warnings.catch_warnings():  # torch's test module, not ours
        warnings.simplefilter("ignore")
        found = pytest.importorskip("torch.testing._internal.common_methods_invocations", reason="this torch has no sample inputs").op_db
    return {info.name.removeprefix("nn.functional."): info for info in found if info.name.startswith("nn.functional.conv")}


@pytest.fixture(scope="module")
def conv2d_info(op_db):
    return op_db["conv2d"]


def ours(sample):
    """A torch sample as the arguments of conv2d."""
    wt, bias = (*sample.args, None)[:2]
    spelled = {"stride": "stride", "padding": "pad", "dilation": "dilation", "groups": "groups"}
    more = {spelled[key]: value for key, value in sample.kwargs.items()}
    return sample.input.detach().numpy(), wt.detach().numpy(), {**more, "bias": None if bias is None else bias.detach().numpy()}


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch says how it does it
def test_all_30_samples_agree_with_torch(conv2d_info):
    import torch

    seen = unbatched = 0
    for sample in conv2d_info.sample_inputs("cpu", torch.float32):
        ia, wt, more = ours(sample)
        want = torch.nn.functional.conv2d(sample.input, *sample.args, **sample.kwargs).detach().numpy()
        batch = ia if ia.ndim == 4 else ia[None]
        shape = ConvShape(*batch.shape, wt.shape[0], *wt.shape[2:], **{k: v for k, v in more.items() if k != "bias"})
        bias = np.zeros(shape.K) if more["bias"] is None else more["bias"].astype(np.float64)
        exact = conv64(batch, wt, shape) + bias[:, None, None]
        for name in ALGORITHMS:
            if ALGORITHMS[name].cannot(shape):
                continue
            limit = bound(name, batch, wt, shape)
            limit = limit + 2.0**-24 * (np.abs(exact) + limit)  # the addition of the bias rounds once more
            oa = conv2d(ia, wt, algorithm=name, **more)
            assert oa.shape == want.shape and oa.dtype == want.dtype
            assert (np.abs(oa - exact) <= limit).all(), (name, shape)
            assert (np.abs(oa - want) <= limit + 2 * rounding(batch, wt, shape, 2.0**-24)).all(), (name, shape)
        seen, unbatched = seen + 1, unbatched + (ia.ndim == 3)
    assert (seen, unbatched) == (30, 15)


def test_all_10_error_inputs_fail_but_the_one_that_we_promote(conv2d_info):
    refused, promoted = [], 0
    for case in conv2d_info.error_inputs("cpu"):
        ia, wt, more = ours(case.sample_input)
        if ia.dtype == np.int64 and more["bias"].dtype == np.float64:
            # torch refuses a float bias on whole numbers; here mixed dtypes are promoted by numpy's rules
            assert conv2d(ia, wt, **more).dtype == np.float64
            promoted += 1
            continue
        for name in ALGORITHMS:
            with pytest.raises(ValueError) as error:
                conv2d(ia, wt, algorithm=name, **more)
        refused.append(str(error.value))
    assert (len(refused), promoted) == (9, 1)
    told = ["bias: want whole or floating", "stride: want", "pad: want", "dilation: want", "wt: want 4 axes"]
    told += ["groups: 3 does", "groups: 3 does", "groups: want", "groups: want"]
    assert all(sentence.startswith(start) for sentence, start in zip(refused, told, strict=True)), refused


# (our call, how many samples torch 2.13 has)
OTHERS = {
    "conv1d": (conv1d, 10),
    "conv3d": (conv3d, 20),
    "conv_transpose1d": (conv_transpose1d, 10),
    "conv_transpose2d": (conv_transpose2d, 12),
    "conv_transpose3d": (conv_transpose3d, 10),
}


def spelled(name, kwargs):
    """torch's keywords as ours, single numbers where the call wants them."""
    names = {"stride": "stride", "padding": "pad", "dilation": "dilation", "groups": "groups", "output_padding": "output_pad"}
    out = {}
    for key, value in kwargs.items():
        if name.endswith("1d") and isinstance(value, tuple):
            (value,) = value
        if name.endswith("3d") and key == "padding" and isinstance(value, tuple):
            value = tuple((p, p) for p in value)
        out[names[key]] = value
    return out


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("name", OTHERS)
def test_the_samples_of_the_other_convolutions_agree_with_torch(name, op_db):
    import torch

    call, samples = OTHERS[name]
    seen = 0
    for sample in op_db[name].sample_inputs("cpu", torch.float32):
        want = op_db[name].op(sample.input, *sample.args, **sample.kwargs).detach().numpy()
        wt, bias = (*sample.args, None)[:2]
        bias = None if bias is None else bias.detach().numpy()
        oa = call(sample.input.detach().numpy(), wt.detach().numpy(), bias=bias, **spelled(name, sample.kwargs))
        # sums of at most 500 products of numbers up to 9: 500 · 81 · 500 · 2^-24 at the very worst; both sides round
        assert (
            oa.shape == want.shape
            and oa.dtype == want.dtype
            and np.abs(oa - want).max(initial=0) <= 1e-4 * max(1, np.abs(want).max(initial=0))
        ), sample
        seen += 1
    assert seen == samples
