"""Lab 08's answers against witnesses: torch's layers and gradients, singular values, brute force, and the course's own library."""

import numpy as np
import pytest

from course_lib.compress.decompose import Chain, Stage, exhaustive_ranks
from course_lib.compress.decompose import tucker2 as our_tucker2
from course_lib.compress.decompose.chain import pairs
from course_lib.compress.decompose.ranks import Layer, kept
from course_lib.exercises import EXERCISES, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.makers import made

pytestmark = pytest.mark.lab08


def reference(name):
    return EXERCISES[name].reference


def cases(name, seed=5):
    return [made(case.args) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def through(ia, *layers):
    """torch's answer to one layer after the other, each (wt, groups)."""
    import torch

    out = torch.from_numpy(ia)
    for wt, groups in layers:
        out = torch.nn.functional.conv2d(out, torch.from_numpy(np.ascontiguousarray(wt)), groups=groups)
    return out.numpy()


def test_what_a_cut_loses_is_the_tail_of_the_singular_values():
    """Eckart and Young: error² = sum of the σ² left out; the eigenvalues of w wᵀ are a way to σ² without an SVD."""
    for w, rank in cases("svd_linear"):
        u, v = reference("svd_linear")(w, rank)
        squares = np.linalg.eigvalsh(w @ w.T)[::-1]
        assert ((w - u @ v) ** 2).sum() == pytest.approx(squares[rank:].sum(), abs=1e-8 * squares.sum())
    for wt, rank in cases("svd_1x1"):
        first, last = reference("svd_1x1")(wt, rank)
        w = wt[:, :, 0, 0]
        squares = np.linalg.eigvalsh(w @ w.T)[::-1]
        off = w - last[:, :, 0, 0] @ first[:, :, 0, 0]
        assert (off**2).sum() == pytest.approx(squares[rank:].sum(), abs=1e-8 * squares.sum())


def test_the_factors_are_layers_that_torch_runs_one_after_the_other():
    rng = np.random.default_rng(1)
    for name in ("svd_1x1", "tucker2"):
        for args in cases(name):
            layers = reference(name)(*args)
            ia = rng.standard_normal((2, args[0].shape[1], 5, 6))
            whole = EXERCISES[name].reading(layers)[0]
            np.testing.assert_allclose(through(ia, *((wt, 1) for wt in layers)), through(ia, (whole, 1)), atol=1e-10)
    for wt, start, sweeps in cases("cp_als"):
        k, c, r, s = reference("cp_als")(wt, start, sweeps)
        four = [
            (c.T[:, :, None, None], 1),
            (r.T[:, None, :, None], r.shape[1]),
            (s.T[:, None, None, :], s.shape[1]),
            (k[:, :, None, None], 1),
        ]
        ia = rng.standard_normal((2, wt.shape[1], 5, 6))
        whole = EXERCISES["cp_als"].reading([k, c, r, s])[0]
        np.testing.assert_allclose(through(ia, *four), through(ia, (whole, 1)), atol=1e-10)


def test_tucker_settles_where_the_library_does_and_no_turned_basis_is_nearer():
    rng = np.random.default_rng(2)
    for wt, rank_c, rank_k in cases("tucker2"):
        product = EXERCISES["tucker2"].reading
        mine = product(reference("tucker2")(wt, rank_c, rank_k))[0]
        theirs = product([stage.wt for stage in our_tucker2(wt, rank_c, rank_k).stages])[0]
        np.testing.assert_allclose(mine, theirs, atol=1e-5 * np.abs(wt).max())
        first, _, last = reference("tucker2")(wt, rank_c, rank_k)
        for size in (1e-3, 1e-2, 0.3):
            a, b = (np.linalg.qr(f + size * rng.standard_normal(f.shape))[0] for f in (last[:, :, 0, 0], first[:, :, 0, 0].T))
            other = np.einsum("ke,le,lcrs,cd,bd->kbrs", a, a, wt, b, b, optimize=True)  # the best core for these two planes
            assert ((wt - mine) ** 2).sum() <= ((wt - other) ** 2).sum() + 1e-9


def test_tucker_is_judged_by_the_planes_and_not_by_their_bases():
    def turned(wt, rank_c, rank_k):
        first, core, last = reference("tucker2")(wt, rank_c, rank_k)
        rng = np.random.default_rng(3)
        x, y = (rng.standard_normal((n, n)) + 2 * np.eye(n) for n in (rank_c, rank_k))
        core = np.einsum("ef,fdrs,dg->egrs", np.linalg.inv(y), core, np.linalg.inv(x))
        return np.einsum("dg,gcrs->dcrs", x, first), core, np.einsum("kers,ef->kfrs", last, y)

    assert judge(EXERCISES["tucker2"], in_process(turned)).passed
    assert judge(EXERCISES["tucker2"], in_process(lambda *a: [s.wt for s in our_tucker2(*a).stages]), 9).passed
    assert not judge(EXERCISES["tucker2"], in_process(lambda wt, c, k: reference("tucker2")(wt, c, min(k + 1, len(wt))))).passed


def test_after_its_turn_a_factor_of_cp_has_no_gradient_and_the_error_never_rises():
    import torch

    for wt, start, _ in cases("cp_als"):
        errors, factors = [], start
        for _ in range(6):
            factors = reference("cp_als")(wt, factors, 1)
            tensors = [torch.tensor(f, requires_grad=True) for f in factors]
            error = ((torch.from_numpy(wt) - torch.einsum("kj,cj,rj,sj->kcrs", *tensors)) ** 2).sum()
            error.backward()
            assert tensors[3].grad.abs().max() < 1e-8  # the last that moved
            errors.append(error.item())
        assert all(later <= earlier * (1 + 1e-9) + 1e-12 for earlier, later in zip(errors, errors[1:], strict=False))
        steps = reference("cp_als")(wt, reference("cp_als")(wt, start, 2), 1)
        np.testing.assert_allclose(*(EXERCISES["cp_als"].reading(f)[0] for f in (steps, reference("cp_als")(wt, start, 3))), atol=1e-7)


def test_cp_is_judged_by_the_sum_and_not_by_the_sizes_or_the_order_of_its_components():
    def otherwise(wt, start, sweeps):
        k, c, r, s = (f[:, ::-1] for f in reference("cp_als")(wt, start, sweeps))
        return 2 * k, -c, r / 4, -2 * s

    assert judge(EXERCISES["cp_als"], in_process(otherwise)).passed


def test_the_price_of_a_chain_is_that_of_its_layers_and_the_saving_rank_is_found_by_counting():
    for shape, rank in cases("chain_macs"):
        (by_h, by_w), (top, left) = pairs(shape.stride), pairs(shape.pad)
        down, along = np.zeros((rank, shape.C, shape.R, 1)), np.zeros((shape.K, rank, 1, shape.S))
        chain = Chain((Stage(down, (by_h, 1), (top, 0)), Stage(along, (1, by_w), (0, left))))
        assert reference("chain_macs")(shape, rank) == chain.macs(shape.H, shape.W, shape.N)
    for K, J in cases("saving_rank"):
        assert reference("saving_rank")(K, J) == max(r for r in range(K * J) if r * (K + J) < K * J)


def test_the_z_step_is_not_beaten_on_a_fine_grid_and_the_relaxed_objective_never_rises():
    grid = np.linspace(-8, 8, 3201)
    for y, t, penalty in cases("z_step"):
        z = reference("z_step")(y, t, penalty)

        def price(z, y=y, t=t, penalty=penalty):
            return (np.maximum(y, 0) - np.maximum(z, 0)) ** 2 + penalty * (z - t) ** 2

        least = np.min([price(np.full_like(y, g)) for g in grid], axis=0)
        assert (price(z) <= least + 1e-12).all()
    for y, m, b, rank, penalty in cases("relu_turn"):
        went = []
        for _ in range(5):
            t = m @ y + b[:, None]
            z = reference("z_step")(y, t, penalty)
            went.append(float(((np.maximum(y, 0) - np.maximum(z, 0)) ** 2 + penalty * (z - t) ** 2).sum()))
            m, b = reference("relu_turn")(y, m, b, rank, penalty)
        assert all(later <= earlier * (1 + 1e-9) + 1e-12 for earlier, later in zip(went, went[1:], strict=False))


def test_planted_entries_are_found_and_ranks_hold_the_budget_near_the_best():
    rng = np.random.default_rng(4)
    low, spikes = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 50)), np.zeros(2000)
    spikes[rng.permutation(2000)[:40]] = rng.choice([-12.0, 12.0], 40)
    _, sparse = reference("lowrank_plus_sparse")(low + spikes.reshape(low.shape), 2, 40)
    assert (sparse.ravel() != 0).tolist() == (spikes != 0).tolist()
    for energies, costs, budget in cases("select_ranks"):
        ranks = reference("select_ranks")(energies, costs, budget)
        assert sum(r * c for r, c in zip(ranks, costs, strict=True)) <= budget and min(ranks) >= 1
    layers = [Layer(str(i), np.sort(rng.random(16) ** 3)[::-1], macs) for i, macs in enumerate((5.0, 8.0, 13.0))]
    for times in (1.5, 2.0, 3.0):
        budget = 16 * 26 / times
        greedy = reference("select_ranks")([list(layer.energies) for layer in layers], [layer.macs_a_rank for layer in layers], budget)
        shares = [np.exp(kept(layers, ranks) - kept(layers, [16] * 3)) for ranks in (greedy, exhaustive_ranks(layers, budget))]
        assert 0.95 * shares[1] <= shares[0] <= shares[1] + 1e-12  # of the product of the layers' energies
