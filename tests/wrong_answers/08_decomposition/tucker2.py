"""Three layers whose middle is not what the outer two leave of the filters."""

import numpy as np


def first_of(flat, rank):
    u, _, _ = np.linalg.svd(flat, full_matrices=False)
    return u[:, :rank]


def settled(wt, rank_c, rank_k, turns=10, front=lambda wt: np.concatenate(list(wt), axis=1)):
    K, C, R, S = wt.shape
    flat = wt.reshape(K, C, R * S)
    b = first_of(front(flat), rank_c)
    a = first_of(flat.reshape(K, -1), rank_k)
    for _ in range(turns):
        a = first_of((flat.transpose(0, 2, 1) @ b).reshape(K, -1), rank_k)
        b = first_of(front(np.tensordot(a, flat, (0, 0))), rank_c)
    core = np.tensordot(np.tensordot(wt, a, (0, 0)), b, (0, 0)).transpose(2, 3, 0, 1)
    return b.T.reshape(rank_c, C, 1, 1), core, a.reshape(K, rank_k, 1, 1)


def start_only(wt, rank_c, rank_k):
    return settled(wt, rank_c, rank_k, turns=0)


def straight_reshape(wt, rank_c, rank_k):
    return settled(wt, rank_c, rank_k, front=lambda part: part.reshape(part.shape[1], -1))


def swapped_ranks(wt, rank_c, rank_k):
    return settled(wt, rank_k, rank_c)


def last_columns(wt, rank_c, rank_k):
    K, C, R, S = wt.shape
    a = np.linalg.eigh(wt.reshape(K, -1) @ wt.reshape(K, -1).T)[1][:, :rank_k]
    moved = wt.transpose(1, 0, 2, 3).reshape(C, -1)
    b = np.linalg.eigh(moved @ moved.T)[1][:, :rank_c]
    return b.T[..., None, None], np.einsum("kcrs,ke,cd->edrs", wt, a, b), a[..., None, None]


def columns_for_rows(wt, rank_c, rank_k):
    first, core, last = settled(wt, rank_c, rank_k)
    return first.transpose(1, 0, 2, 3), core, last


def backwards(wt, rank_c, rank_k):
    first, core, last = settled(wt, rank_c, rank_k)
    return last, core, first


def corner(wt, rank_c, rank_k):
    first, _, last = settled(wt, rank_c, rank_k)
    return first, wt[:rank_k, :rank_c], last


WRONG = [
    (start_only, "values", "That is the start"),
    (straight_reshape, "values", "never moves a number"),
    (swapped_ranks, "values", "changed places"),
    (last_columns, "values", "smallest singular values"),
    (columns_for_rows, "values", "transpose it"),
    (backwards, "values", "runs first"),
    (corner, "values", "not a piece of wt"),
]
