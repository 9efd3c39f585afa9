"""The deep Gaussian process against closed forms: the exact marginal likelihood, the exact posterior, the divergence of two normals."""

import math

import numpy as np
import pytest
import torch

from course_lib.search.dgp import DGP, JITTER, learn, new_dgp
from course_lib.search.gaussian import GP


def one_layer_at_its_optimum(x, y, lengths, scale, noise):
    """One layer with its inducing inputs at the data and q(v) at the posterior: nothing is approximated any more."""
    dgp = new_dgp(x, layers=1, inducing=len(x))
    p = {name: value.clone() for name, value in dgp.parameters.items()}
    p["Z 0"] = torch.as_tensor(x)
    p["lengths 0"], p["scale 0"], p["noise"] = (torch.log(torch.as_tensor(v, dtype=torch.float64)) for v in (lengths, scale, noise))
    own = dgp.kernel(0, p["Z 0"], p["Z 0"], p)
    lower = torch.linalg.cholesky(own + JITTER * scale**2 * torch.eye(len(x), dtype=torch.float64))
    # f = L v and y = f + noise: the posterior of v is normal with precision 1 + L'L / noise²
    precision = torch.eye(len(x), dtype=torch.float64) + lower.T @ lower / noise**2
    covariance = torch.linalg.inv(precision)
    p["mu 0"] = (covariance @ lower.T @ torch.as_tensor(y) / noise**2)[:, None]
    p["low 0"] = torch.linalg.cholesky(covariance)[None]
    return DGP((), p)


def data(seed=0, n=14, d=2):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    return x, np.sin(2 * x[:, 0]) + 0.1 * rng.standard_normal(n)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_of_one_layer_with_as_many_inducing_points_is_the_marginal_likelihood(seed):
    x, y = data(seed)
    dgp = one_layer_at_its_optimum(x, y, [0.9, 1.4], 1.1, 0.2)
    exact = GP(x, y, np.log([0.9, 1.4, 1.1, 0.2])).log_likelihood[0]
    bound = dgp.elbo(torch.as_tensor(x), torch.as_tensor(y), dgp.parameters, 1, torch.Generator()).item()
    # the jitter of 1e-6 on the kernel is worth less than 1e-3 here (noise variance 0.04, 14 points)
    assert bound == pytest.approx(exact, abs=1e-3)


def test_away_from_its_optimum_the_bound_is_lower():
    x, y = data()
    dgp = one_layer_at_its_optimum(x, y, [0.9, 1.4], 1.1, 0.2)
    rows, targets = torch.as_tensor(x), torch.as_tensor(y)
    best = dgp.elbo(rows, targets, dgp.parameters, 1, torch.Generator())
    for seed in range(10):
        rng = torch.Generator().manual_seed(seed)
        moved = {**dgp.parameters, "mu 0": dgp.parameters["mu 0"] + 0.1 * torch.randn(14, 1, generator=rng, dtype=torch.float64)}
        assert dgp.elbo(rows, targets, moved, 1, torch.Generator()) < best


def test_its_prediction_is_the_exact_posterior():
    x, y = data(1)
    dgp = one_layer_at_its_optimum(x, y, [0.9, 1.4], 1.1, 0.2)
    new = np.random.default_rng(9).standard_normal((6, 2))
    mean, deviation = dgp.predict(new, samples=1)
    want = GP(x, y, np.log([0.9, 1.4, 1.1, 0.2])).predict(new)
    assert mean == pytest.approx(want[0], abs=1e-3)
    assert deviation == pytest.approx(want[1], abs=1e-3)


def test_the_divergence_is_that_of_torch():
    dgp = new_dgp(np.random.default_rng(0).standard_normal((20, 3)), inducing=6)
    p = {name: value + 0.3 * torch.rand(value.shape, generator=torch.Generator().manual_seed(1)) for name, value in dgp.parameters.items()}
    for layer in range(2):
        mu, low = p[f"mu {layer}"], p[f"low {layer}"].tril()
        normal = torch.distributions.MultivariateNormal
        # the sign of a factor's diagonal does not matter to S = low low'
        want = sum(
            torch.distributions.kl_divergence(
                normal(mu[:, d], low[d] @ low[d].T), normal(torch.zeros(6, dtype=torch.float64), torch.eye(6, dtype=torch.float64))
            )
            for d in range(mu.shape[1])
        )
        assert dgp.divergence(layer, p).item() == pytest.approx(want.item(), rel=1e-8)


def test_two_layers_are_a_mixture_of_what_the_first_may_say():
    x, _ = data(2, 20, 3)
    dgp = new_dgp(x, inducing=8)
    mean, deviation = dgp.predict(x[:5], samples=4000, seed=1)
    # by hand: draw the inner layer, ask the last, put the mixture together
    rows = torch.as_tensor(x[:5])
    middle, variance = dgp.layer(0, rows, dgp.parameters)
    generator = torch.Generator().manual_seed(2)
    draws = [middle + torch.randn(middle.shape, generator=generator, dtype=torch.float64) * variance.sqrt() for _ in range(4000)]
    outs = [dgp.layer(1, draw, dgp.parameters) for draw in draws]
    means = torch.stack([m[:, 0] for m, _ in outs])
    spread = (torch.stack([v[:, 0] for _, v in outs]) + means**2).mean(0) - means.mean(0) ** 2
    # 4,000 draws: the mean is known to about deviation/63
    assert mean == pytest.approx(means.mean(0).numpy(), abs=0.08)
    assert deviation**2 == pytest.approx(spread.numpy(), rel=0.1)


def test_learning_raises_the_bound_and_predicts_what_it_has_not_seen():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((120, 2))
    y = np.tanh(2 * x[:, 0]) - 0.5 * x[:, 1] ** 2
    y = (y - y.mean()) / y.std()
    start = new_dgp(x[:80], inducing=20)
    after = learn(start, x[:80], y[:80], steps=150)

    def bound(dgp):
        return dgp.elbo(torch.as_tensor(x[:80]), torch.as_tensor(y[:80]), dgp.parameters, 20, torch.Generator().manual_seed(0)).item()

    assert bound(after) > bound(start) + 20
    mean, _ = after.predict(x[80:])
    assert ((mean - y[80:]) ** 2).mean() < 0.25  # a constant would be off by about 1


def test_the_pull_keeps_what_was_learnt_before():
    x, y = data(4, 30)
    before = new_dgp(x, inducing=10)

    def away(pull):
        after = learn(before, x, y, steps=40, pull=pull)
        return math.sqrt(sum(((after.parameters[n] - before.parameters[n]) ** 2).sum().item() for n in before.parameters))

    free, held = away(0.0), away(0.01)
    assert held < 0.25 * free


def test_the_same_seed_learns_the_same():
    x, y = data(5, 30)
    one, two = (learn(new_dgp(x, inducing=10), x, y, steps=5, seed=7).parameters for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
