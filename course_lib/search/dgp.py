"""A deep Gaussian process: a GP on the outputs of GPs, learnt by doubly stochastic variational inference, in torch.

    f1 = GP(x) in D dims (mean: x through a fixed linear map),   f2 = GP(f1),   y = f2 + noise

Each layer knows its function at M inducing inputs Z only: q(v) = N(mu, S), v whitened, so f(Z) = m(Z) + L v with L L' = K_ZZ. Then at x,
with A = L^-1 k_Z(x):
    mean = m(x) + A' mu        variance = k(x, x) - A'A + A' S A
One normal draw a layer, point and sample carries x through; the bound is
    ELBO = sum_i E[log p(y_i | f(x_i))] - sum_layers KL(q(v) || N(0, 1))
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

SOURCE = "Salimbeni & Deisenroth, Doubly Stochastic Variational Inference for Deep Gaussian Processes, NeurIPS 2017 (as implemented here)"

JITTER = 1e-6

Parameters = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class DGP:
    """What does not change in learning: the linear mean of each inner layer. What does is in `parameters`, by name and layer.

    Z[M, D_in] inducing inputs; mu[M, D_out], low[D_out, M, M] with S = low low'; lengths[D_in], scale: logarithms; noise: of its deviation.
    """

    linear: tuple[torch.Tensor, ...]  # [D_in, D_out] of each inner layer; the last layer's mean is 0
    parameters: Parameters

    @property
    def layers(self) -> int:
        return len(self.linear) + 1

    def kernel(self, layer: int, one: torch.Tensor, other: torch.Tensor, p: Parameters) -> torch.Tensor:
        lengths = p[f"lengths {layer}"].exp()
        square = torch.cdist(one / lengths, other / lengths, compute_mode="donot_use_mm_for_euclid_dist") ** 2
        return (2 * p[f"scale {layer}"]).exp() * torch.exp(-0.5 * square)

    def layer(self, number: int, x: torch.Tensor, p: Parameters) -> tuple[torch.Tensor, torch.Tensor]:
        """x[n, D_in] -> (mean[n, D_out], variance[n, D_out]) of one layer's function."""
        z = p[f"Z {number}"]
        own = self.kernel(number, z, z, p)
        lower = torch.linalg.cholesky(own + JITTER * torch.eye(len(z), dtype=x.dtype) * own.diagonal().mean())
        a = torch.linalg.solve_triangular(lower, self.kernel(number, z, x, p), upper=False)  # [M, n]
        mean = a.T @ p[f"mu {number}"]
        if number < self.layers - 1:
            mean = mean + x @ self.linear[number]
        spread = torch.einsum("dmk,mn->dkn", p[f"low {number}"].tril(), a)  # low' A
        variance = (2 * p[f"scale {number}"]).exp() - (a**2).sum(0) + (spread**2).sum(1)  # [D_out, n]
        return mean, variance.T.clamp_min(1e-10)

    def propagate(self, x: torch.Tensor, p: Parameters, samples: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """x[n, D] -> (mean[samples, n], variance[samples, n]) of the last layer, one path of draws a sample."""
        here, n = x.repeat(samples, 1), len(x)
        for number in range(self.layers - 1):
            mean, variance = self.layer(number, here, p)
            here = mean + torch.randn(mean.shape, generator=generator, dtype=x.dtype) * variance.sqrt()
        mean, variance = self.layer(self.layers - 1, here, p)
        return mean[:, 0].reshape(samples, n), variance[:, 0].reshape(samples, n)

    def elbo(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        p: Parameters,
        samples: int,
        generator: torch.Generator,
        total: int | None = None,
    ) -> torch.Tensor:
        """The bound on log p(y), from a minibatch of `total` rows (all of them by default)."""
        mean, variance = self.propagate(x, p, samples, generator)
        noise = (2 * p["noise"]).exp()
        fit = -0.5 * ((y - mean) ** 2 + variance) / noise - 0.5 * torch.log(2 * math.pi * noise)
        return fit.mean(0).sum() * ((total or len(x)) / len(x)) - sum(self.divergence(number, p) for number in range(self.layers))

    def divergence(self, number: int, p: Parameters) -> torch.Tensor:
        """KL(q(v) || N(0, 1)) of a layer: 1/2 (tr S + mu'mu - M - log|S|), summed over its outputs."""
        mu, low = p[f"mu {number}"], p[f"low {number}"].tril()
        log_det = 2 * torch.log(low.diagonal(dim1=1, dim2=2).abs()).sum()
        return 0.5 * ((low**2).sum() + (mu**2).sum() - mu.numel() - log_det)

    def predict(self, x: np.ndarray, samples: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """x[n, D] -> (mean[n], standard deviation[n]) of f: of a mixture of `samples` normals."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            mean, variance = self.propagate(torch.as_tensor(x, dtype=torch.float64), self.parameters, samples, generator)
        middle = mean.mean(0)
        return middle.numpy(), ((variance + mean**2).mean(0) - middle**2).clamp_min(1e-12).sqrt().numpy()

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """x[n, D] -> the mean of the last inner layer [n, D']: where the model thinks points are alike."""
        here = torch.as_tensor(x, dtype=torch.float64)
        with torch.no_grad():
            for number in range(self.layers - 1):
                here, _ = self.layer(number, here, self.parameters)
        return here.numpy()


def new_dgp(x: np.ndarray, layers: int = 2, width: int = 4, inducing: int = 32, seed: int = 0) -> DGP:
    """A DGP for x[n, D], not learnt yet. Inner means are the first `width` principal directions, so that no layer begins constant."""
    rng = np.random.default_rng(seed)
    here, linear, p = np.asarray(x, float), [], {}
    for number in range(layers):
        last = number == layers - 1
        z = here[rng.permutation(len(here))[:inducing]]
        z = z + 1e-3 * rng.standard_normal(z.shape)  # two configurations may be one to the features
        outputs = 1 if last else min(width, here.shape[1])
        p[f"Z {number}"] = z
        p[f"mu {number}"] = np.zeros((len(z), outputs))
        p[f"low {number}"] = np.repeat(np.eye(len(z))[None], outputs, 0) * (1.0 if last else 1e-2)
        p[f"lengths {number}"] = np.full(here.shape[1], math.log(max(here.shape[1] ** 0.5, 1.0) * (1.0 if last else 2.0)))
        p[f"scale {number}"] = np.array(0.0 if last else -1.5)
        if not last:
            _, _, directions = np.linalg.svd(here - here.mean(0), full_matrices=False)
            to = np.zeros((here.shape[1], outputs))
            to[:, : len(directions[:outputs])] = directions[:outputs].T
            linear.append(to)
            here = here @ to
    p["noise"] = np.array(-1.5)
    return DGP(tuple(map(torch.as_tensor, linear)), {name: torch.as_tensor(value, dtype=torch.float64) for name, value in p.items()})


def learn(
    dgp: DGP,
    x: np.ndarray,
    y: np.ndarray,
    steps: int = 400,
    rate: float = 0.02,
    samples: int = 2,
    minibatch: int = 128,
    pull: float = 0.0,
    seed: int = 0,
) -> DGP:
    """The DGP after `steps` of Adam on -ELBO(x[n, D], y[n]) + |theta - theta_0|² / (2 pull²), theta_0 being what it began with.

    With `pull` (a standard deviation) this is the MAP estimate under a normal prior around what was learnt before.
    """
    start = dgp.parameters
    p = {name: value.clone().requires_grad_(True) for name, value in start.items()}
    rows, targets = torch.as_tensor(x, dtype=torch.float64), torch.as_tensor(y, dtype=torch.float64)
    adam = torch.optim.Adam(p.values(), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        adam.zero_grad()
        some = torch.randperm(len(rows), generator=generator)[:minibatch]
        loss = -dgp.elbo(rows[some], targets[some], p, samples, generator, total=len(rows))
        if pull:
            loss = loss + sum(((p[name] - start[name]) ** 2).sum() for name in p) / (2 * pull**2)
        loss.backward()
        adam.step()
    return DGP(dgp.linear, {name: value.detach() for name, value in p.items()})
