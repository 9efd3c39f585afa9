"""Convolutions by tiles, wrong."""

import numpy as np

AT = {
    2: np.array([[1, 1, 1, 0], [0, 1, -1, -1.0]]),
    4: np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1.0]]),
}
G = {
    2: np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]),
    4: np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24,
}
BT = {
    2: np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1.0]]),
    4: np.array(
        [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1.0]]
    ),
}


def tiled(x, w, m, pad, step=None, sum_over="kcij,nctuij->nktuij", move=True, cut=True, ceil=True, turn=False):
    N, C, H, W = x.shape
    P, Q, n, step = H + 2 * pad - 2, W + 2 * pad - 2, m + 2, step or m
    tp, tq = (-(-P // m), -(-Q // m)) if ceil else (P // m, Q // m)
    image = np.zeros((N, C, max((tp - 1) * step + n, H + 2 * pad), max((tq - 1) * step + n, W + 2 * pad)))
    image[:, :, pad : pad + H, pad : pad + W] = x
    d = np.zeros((N, C, tp, tq, n, n))
    for t in range(tp):
        for u in range(tq):
            d[:, :, t, u] = image[:, :, t * step : t * step + n, u * step : u * step + n]
    v, u = BT[m] @ d @ BT[m].T, G[m] @ (w[:, :, ::-1, ::-1] if turn else w) @ G[m].T
    y = AT[m] @ np.einsum(sum_over, u, v) @ AT[m].T
    y = (y.transpose(0, 1, 2, 4, 3, 5) if move else y).reshape(N, len(w), tp * m, tq * m)
    if not ceil:
        out = np.zeros((N, len(w), P, Q))
        out[:, :, : tp * m, : tq * m] = y
        return out
    return y[:, :, :P, :Q] if cut else y


def whole_tiles_only(x, w, m=2, pad=0):
    return tiled(x, w, m, pad, ceil=False)


def not_cut(x, w, m=2, pad=0):
    return tiled(x, w, m, pad, cut=False)


def side_by_side(x, w, m=2, pad=0):
    return tiled(x, w, m, pad, step=m + 2)


def reshaped_only(x, w, m=2, pad=0):
    return tiled(x, w, m, pad, move=False)


def flipped(x, w, m=2, pad=0):
    return tiled(x, w, m, pad, turn=True)


def pad_forgotten(x, w, m=2, pad=0):
    return tiled(x, w, m, 0)


def transposed(x, w, m=2, pad=0):
    return tiled(x, w, m, pad).swapaxes(2, 3)


def last_channel(x, w, m=2, pad=0):
    return tiled(x[:, -1:], w[:, -1:], m, pad)


WRONG = [
    (whole_tiles_only, "values", "Round the number of tiles up"),
    (not_cut, "values", "Cut the rest off"),
    (side_by_side, "values", "begin m + 2 apart"),
    (reshaped_only, "values", "an axis must move"),
    (flipped, "values", "180"),
    (pad_forgotten, "values", "does not change with pad"),
    (transposed, "values", "P comes from the height"),
    (last_channel, "values", "added up over c"),
]
