"""Witnesses that share no line with the package: scipy's correlation in float64, and torch."""

import numpy as np

from course_lib import ConvShape


def conv64(ia, wt, shape):
    """float64 convolution, a correlation a (filter, channel) pair, subsampled for stride, spread out for dilation."""
    from scipy.signal import correlate2d  # loading it takes more than a second

    N, K, P, Q = shape.oa_shape
    C, K_g = shape.C // shape.groups, K // shape.groups
    (u, v), (d, e) = shape.strides, shape.dilations
    padded = np.pad(np.asarray(ia, np.float64), ((0, 0), (0, 0), *shape.pads))
    spread = np.zeros((K, C, d * (shape.R - 1) + 1, e * (shape.S - 1) + 1))
    spread[:, :, ::d, ::e] = wt
    oa = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for c in range(C):
                full = correlate2d(padded[n, k // K_g * C + c], spread[k, c], "valid")
                oa[n, k] += full[::u, ::v][:P, :Q]
    return oa


def torch_conv(ia, wt, shape):
    import torch

    (top, bottom), (left, right) = shape.pads
    x = torch.nn.functional.pad(torch.from_numpy(np.ascontiguousarray(ia)), (left, right, top, bottom))
    return torch.nn.functional.conv2d(x, torch.from_numpy(wt), None, shape.strides, 0, shape.dilations, shape.groups).numpy()


def rounding(ia, wt, shape, unit):
    """An elementwise bound on the rounding error of a sum of n products in any order, and of the float64 witness's own.

    n products, each rounded, in n-1 sums: |computed - exact| <= gamma_n · sum |ia|·|wt|, with gamma_n = n·u / (1 - n·u) and u the
    unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 3.5; any order of summation). The sum of
    absolute products is itself a convolution, of |ia| with |wt|. It underestimates itself by float64's gamma at most, doubled here.
    Products below the smallest normal number add its spacing each.
    """
    n = shape.C // shape.groups * shape.R * shape.S
    gamma = n * unit / (1 - n * unit)
    witness = 2 * n * 2.0**-53
    tiny = {2.0**-24: 2.0**-149, 2.0**-53: 0.0, 2.0**-11: 2.0**-24}[unit]
    return (gamma + witness) * conv64(np.abs(np.asarray(ia, np.float64)), np.abs(np.asarray(wt, np.float64)), shape) + n * tiny


def random_shape(rng, largest=14):
    """A layer that exists: ragged sizes, every kind of stride, pad, dilation and group."""
    while True:
        groups = int(rng.choice([1, 1, 1, 2, 3, 4]))
        if rng.random() < 0.15:  # depthwise, with one or two filters a channel
            groups = C = int(rng.integers(1, 8))
            K = C * int(rng.integers(1, 3))
        else:
            C, K = groups * int(rng.integers(1, 6)), groups * int(rng.integers(1, 6))
        pad = rng.integers(0, 4, 4).tolist() if rng.random() < 0.3 else np.repeat(rng.integers(0, 4, 2), 2).tolist()
        try:
            return ConvShape(
                N=int(rng.choice([0, 1, 1, 1, 2, 3])), C=C, H=int(rng.integers(1, largest)), W=int(rng.integers(1, largest)), K=K,
                R=int(rng.choice([1, 1, 2, 3, 3, 5])), S=int(rng.choice([1, 2, 3, 3, 4, 7])),
                stride=tuple(rng.choice([1, 1, 2, 3, 20], 2, p=[0.4, 0.2, 0.2, 0.15, 0.05]).tolist()),
                pad=((pad[0], pad[1]), (pad[2], pad[3])),
                dilation=tuple(rng.choice([1, 1, 2, 3], 2).tolist()), groups=groups,
            )  # fmt: skip
        except ValueError:
            continue
