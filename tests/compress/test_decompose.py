"""Decompositions: what is left out is what theory says, full ranks lose nothing, and every chain is a real layer to torch."""

import numpy as np
import pytest
import torch

from course_lib.compress import LowRank
from course_lib.compress.decompose import (
    Chain,
    Stage,
    channel_decompose,
    cp_als,
    cp_decompose,
    evbmf,
    filter_of,
    saving_rank,
    spatial_svd,
    svd_1x1,
    svd_linear,
    tucker2,
    tucker_ranks,
)
from course_lib.compress.decompose.cp import from_factors


def random_filters(rng, most=7):
    return rng.standard_normal(tuple(rng.integers(1, most, 2)) + tuple(rng.integers(1, 5, 2)))


def test_the_error_of_an_svd_is_the_tail_of_the_singular_values():
    rng = np.random.default_rng(0)
    for _ in range(40):
        w = rng.standard_normal(tuple(rng.integers(1, 12, 2)))
        s = np.linalg.svd(w, compute_uv=False)
        for rank in range(1, len(s) + 1):
            low = svd_linear(w, rank)
            assert isinstance(low, LowRank) and low.rank == rank
            np.testing.assert_allclose(((w - low.dense()) ** 2).sum(), (s[rank:] ** 2).sum(), atol=1e-10)  # Eckart and Young


def test_no_random_matrix_of_that_rank_is_nearer():
    rng = np.random.default_rng(1)
    w = rng.standard_normal((9, 7))
    best = np.linalg.norm(w - svd_linear(w, 3).dense())
    near = svd_linear(w, 3)
    for _ in range(300):
        step = 10.0 ** rng.uniform(-4, 0)
        other = (near.u + step * rng.standard_normal(near.u.shape)) @ (near.v + step * rng.standard_normal(near.v.shape))
        assert np.linalg.norm(w - other) >= best - 1e-12


def test_two_factors_save_up_to_the_saving_rank_and_not_beyond():
    for K in range(1, 30):
        for J in range(1, 30):
            rank = saving_rank(K, J)
            assert rank * (K + J) < K * J <= (rank + 1) * (K + J)


@pytest.mark.parametrize("seed", range(8))
def test_chains_at_full_rank_are_the_layer_itself_and_torch_runs_them(seed):
    rng = np.random.default_rng(seed)
    wt = random_filters(rng)
    K, C, R, S = wt.shape
    stride, pad, dilation = (tuple(int(v) for v in rng.integers(low, high, 2)) for low, high in ((1, 4), (0, 3), (1, 3)))
    ia = rng.standard_normal((2, C, 9 + int(rng.integers(0, 4)), 9))
    want = torch.nn.functional.conv2d(torch.from_numpy(ia), torch.from_numpy(wt), None, stride, pad, dilation).numpy()
    geometry = dict(stride=stride, pad=pad, dilation=dilation)
    chains = {
        "spatial": spatial_svd(wt, min(C * R, K * S), **geometry),
        "Tucker": tucker2(wt, min(C, K * R * S), min(K, C * R * S), **geometry),
    }
    for name, chain in chains.items():
        np.testing.assert_allclose(chain(ia), want, atol=1e-10, err_msg=name)
        with torch.no_grad():
            modules = chain.modules()(torch.from_numpy(ia.astype(np.float32))).numpy()
        np.testing.assert_allclose(modules, want, atol=2e-4, err_msg=name)  # float32 sums of at most 150 products of size 1


def test_the_macs_and_numbers_of_a_chain_are_those_of_the_papers():
    wt = np.ones((64, 32, 3, 3), np.float32)
    chain = spatial_svd(wt, 10, pad=1)
    assert chain.params == 10 * (32 * 3 + 64 * 3) and chain.nbytes == 4 * chain.params
    assert chain.macs(14, 14) == 14 * 14 * 10 * (32 * 3 + 64 * 3)  # P = Q = H = W
    assert tucker2(wt, 4, 8).params == 32 * 4 + 4 * 8 * 9 + 8 * 64
    assert cp_decompose(wt, 5, sweeps=2).params == 5 * (32 + 3 + 3 + 64)


def test_spatial_separation_leaves_the_tail_of_its_own_singular_values():
    rng = np.random.default_rng(2)
    wt = rng.standard_normal((6, 5, 3, 4))
    s = np.linalg.svd(wt.transpose(1, 2, 0, 3).reshape(15, 24), compute_uv=False)
    for rank in (1, 4, 9):
        np.testing.assert_allclose(((filter_of(spatial_svd(wt, rank)) - wt) ** 2).sum(), (s[rank:] ** 2).sum(), rtol=1e-9)


def test_a_filter_bank_with_tucker_structure_is_found_again_with_its_ranks():
    rng = np.random.default_rng(3)
    planted = np.einsum("edrs,ke,cd->kcrs", rng.standard_normal((4, 3, 3, 3)), rng.standard_normal((32, 4)), rng.standard_normal((24, 3)))
    np.testing.assert_allclose(filter_of(tucker2(planted, 3, 4)), planted, atol=1e-9)
    noisy = planted + 0.1 * rng.standard_normal(planted.shape)
    assert tucker_ranks(noisy) == (3, 4)
    assert [stage.wt.shape for stage in tucker2(noisy).stages] == [(3, 24, 1, 1), (4, 3, 3, 3), (32, 4, 1, 1)]


def test_alternating_tucker_is_never_worse_than_the_two_svds_it_starts_from():
    rng = np.random.default_rng(4)
    for _ in range(20):
        wt = rng.standard_normal((6, 5, 3, 3))
        a = np.linalg.svd(wt.reshape(6, -1))[0][:, :2]
        b = np.linalg.svd(wt.transpose(1, 0, 2, 3).reshape(5, -1))[0][:, :2]
        start = np.einsum("kcrs,ke,le,cd,md->lmrs", wt, a, a, b, b)
        assert np.linalg.norm(wt - filter_of(tucker2(wt, 2, 2))) <= np.linalg.norm(wt - start) + 1e-12


def test_cp_finds_a_planted_sum_of_products_and_its_error_never_rises():
    rng = np.random.default_rng(5)
    planted = from_factors([rng.standard_normal((n, 3)) for n in (8, 6, 3, 3)])
    np.testing.assert_allclose(filter_of(cp_decompose(planted, 3, sweeps=500)), planted, atol=1e-4)
    _, errors = cp_als(rng.standard_normal((6, 5, 3, 3)), 8, sweeps=60)
    assert (np.diff(errors) <= 1e-7).all()  # the damping of 1e-8 of the Gram matrix
    factors, errors = cp_als(np.zeros((3, 4, 3, 3)), 2)  # a layer that was pruned away
    assert errors[-1] == 0 and not from_factors(factors).any()


def test_cp_error_falls_with_the_rank():
    wt = np.random.default_rng(6).standard_normal((5, 4, 3, 3))
    ends = [cp_als(wt, rank, sweeps=150)[1][-1] for rank in (1, 4, 12, 36)]
    assert (np.diff(ends) < 0).all() and ends[-1] < 0.05


@pytest.mark.parametrize("rank", [0, 3, 5, 10])
def test_the_bayesian_rank_is_the_planted_one_and_the_noise_is_found(rank):
    rng = np.random.default_rng(rank)
    for shape in ((40, 100), (100, 40)):
        y = rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1])) + 0.5 * rng.standard_normal(shape)
        found, variance = evbmf(y)
        assert found == rank and variance == pytest.approx(0.25, rel=0.1)  # the spread of the estimate of a variance from 4,000 numbers


def test_the_threshold_is_the_root_it_is_said_to_be_and_noise_alone_has_no_rank():
    from course_lib.compress.decompose.evbmf import THRESHOLD

    assert np.log1p(THRESHOLD) / THRESHOLD == pytest.approx(0.5, abs=1e-5)
    assert [evbmf(np.random.default_rng(seed).standard_normal((30, 50)))[0] for seed in range(20)] == [0] * 20


def test_an_svd_of_a_pointwise_layer_is_two_pointwise_layers():
    rng = np.random.default_rng(7)
    wt = rng.standard_normal((9, 6, 1, 1))
    chain = svd_1x1(wt, 4)
    assert [stage.wt.shape for stage in chain.stages] == [(4, 6, 1, 1), (9, 4, 1, 1)]
    np.testing.assert_allclose(filter_of(chain)[:, :, 0, 0], svd_linear(wt, 4).dense(), atol=1e-12)


def test_channel_decomposition_keeps_the_principal_components_of_the_responses():
    rng = np.random.default_rng(8)
    wt, bias = rng.standard_normal((8, 3, 3, 3)), rng.standard_normal(8)
    cols = np.maximum(rng.standard_normal((27, 500)) + 0.3, 0)
    y = wt.reshape(8, -1) @ cols + bias[:, None]
    variances = np.linalg.eigvalsh(np.cov(y, bias=True))[::-1]
    for rank in (1, 3, 7, 8):
        chain = channel_decompose(wt, cols, rank, bias)
        got = chain.stages[1].wt[:, :, 0, 0] @ (chain.stages[0].wt.reshape(rank, -1) @ cols) + chain.bias[:, None]
        np.testing.assert_allclose(((got - y) ** 2).sum() / 500, variances[rank:].sum(), atol=1e-8)


def test_a_chain_adds_its_bias_once():
    chain = Chain((Stage(np.ones((1, 1, 1, 1))), Stage(np.ones((2, 1, 1, 1)))), np.array([1.0, -1.0]))
    np.testing.assert_array_equal(chain(np.full((1, 1, 2, 2), 3.0))[0, :, 0, 0], [4, 2])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: svd_linear(np.ones((3, 4)), 4), "rank: want a whole number from 1 to 3, got 4"),
        (lambda: svd_linear(np.ones((3, 4)), 1.5), "rank"),
        (lambda: svd_1x1(np.ones((3, 4, 3, 3)), 1), "want 1x1 filters, got 3x3"),
        (lambda: spatial_svd(np.ones((3, 4)), 1), "wt: want filters"),
        (lambda: tucker2(np.ones((3, 4, 3, 3)), 5, 1), "rank_c: want a whole number from 1 to 4"),
        (lambda: cp_als(np.ones((3, 4, 3, 3)), 0), "rank"),
        (lambda: svd_linear(np.full((3, 4), np.nan), 1), "w: want finite numbers, got 12 of 12"),
        (lambda: tucker2(np.full((2, 2, 1, 1), np.inf), 1, 1), "wt: want finite numbers"),
        (lambda: evbmf(np.ones((0, 4))), "y: want a matrix with rows"),
        (lambda: channel_decompose(np.ones((3, 4, 3, 3)), np.ones((30, 5)), 1), "cols: want 36 rows"),
        (lambda: channel_decompose(np.ones((3, 4, 3, 3)), np.ones((36, 5)), 1, np.ones(4)), "bias: want shape"),
        (lambda: channel_decompose(np.ones((3, 4, 3, 3)), np.ones((36, 5)), 1, target=np.ones((3, 6))), "target"),
    ],
)
def test_bad_input_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()
