"""GPyTorch as a witness: with the same kernel, inducing inputs and q(v), every layer's posterior and every term of the bound agree."""

import numpy as np
import pytest
import torch

from course_lib.search.dgp import JITTER, learn, new_dgp
from course_lib.search.gaussian import GP

gpytorch = pytest.importorskip("gpytorch", reason="GPyTorch comes with the test extra")

RNG = np.random.default_rng(4)
X = RNG.standard_normal((23, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]


class Linear(gpytorch.means.Mean):
    """x[out, n, D] through the fixed map[D, out]; zero where there is none."""

    def __init__(self, through):
        super().__init__()
        self.through = through

    def forward(self, x):
        return torch.zeros(x.shape[:-1], dtype=x.dtype) if self.through is None else torch.einsum("ond,do->on", x, self.through)


class Layer(gpytorch.models.ApproximateGP):
    """One layer of our process as GPyTorch would write it: whitened, an output a batch."""

    def __init__(self, dgp, number):
        p = dgp.parameters
        z, mu, low = (p[f"{name} {number}"] for name in ("Z", "mu", "low"))
        outputs = torch.Size([mu.shape[1]])
        q = gpytorch.variational.CholeskyVariationalDistribution(len(z), batch_shape=outputs)
        q.variational_mean.data, q.chol_variational_covar.data = mu.T.clone(), low.tril().clone()
        strategy = gpytorch.variational.VariationalStrategy(self, z.expand(*outputs, *z.shape).clone(), q)
        strategy.variational_params_initialized.fill_(1)
        super().__init__(strategy)
        self.mean = Linear(dgp.linear[number] if number < dgp.layers - 1 else None)
        self.kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel(ard_num_dims=z.shape[1]))
        self.double()
        self.kernel.outputscale = (2 * p[f"scale {number}"]).exp()
        self.kernel.base_kernel.lengthscale = p[f"lengths {number}"].exp()
        self.eval()

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))

    def posterior(self, x):
        """(mean[n, out], variance[n, out]); its jitter stands on the diagonal as ours does."""
        scale = self.kernel.outputscale.item()
        with torch.no_grad(), gpytorch.settings.variational_cholesky_jitter(double_value=JITTER * scale):
            found = self(x)
            return found.mean.T, found.variance.T

    def divergence(self):
        return self.variational_strategy.kl_divergence().sum().item()


@pytest.fixture(scope="module", params=(1, 2), ids=("one layer", "two layers"))
def dgp(request):
    return learn(new_dgp(X, layers=request.param, width=2, inducing=7, seed=1), X, Y, steps=25, seed=2)


def test_every_layer_has_its_posterior(dgp):
    generator = torch.Generator().manual_seed(0)
    for number in range(dgp.layers):
        x = torch.randn(11, dgp.parameters[f"Z {number}"].shape[1], generator=generator, dtype=torch.float64)
        mean, variance = dgp.layer(number, x, dgp.parameters)
        theirs = Layer(dgp, number).posterior(x)
        assert torch.allclose(mean, theirs[0], rtol=0, atol=1e-8)
        assert torch.allclose(variance, theirs[1], rtol=0, atol=1e-5)  # its jitter is on the new points too
        assert variance.std() > 1e-3 and mean.std() > 1e-3  # there is something to compare


def test_every_divergence_is_its_divergence(dgp):
    for number in range(dgp.layers):
        assert float(dgp.divergence(number, dgp.parameters)) == pytest.approx(Layer(dgp, number).divergence(), rel=1e-8)


def test_the_bound_is_its_bound_on_the_same_draws(dgp):
    samples, x, y = 2, torch.as_tensor(X), torch.as_tensor(Y)
    ours = dgp.elbo(x, y, dgp.parameters, samples, torch.Generator().manual_seed(9))
    layers, generator = [Layer(dgp, number) for number in range(dgp.layers)], torch.Generator().manual_seed(9)
    here = x.repeat(samples, 1)
    for layer in layers[:-1]:
        mean, variance = layer.posterior(here)
        here = mean + torch.randn(mean.shape, generator=generator, dtype=x.dtype) * variance.sqrt()
    mean, variance = layers[-1].posterior(here)
    likelihood = gpytorch.likelihoods.GaussianLikelihood().double()
    likelihood.noise = (2 * dgp.parameters["noise"]).exp()
    with torch.no_grad():
        normal = gpytorch.distributions.MultivariateNormal(mean[:, 0], torch.diag(variance[:, 0]))
        fit = likelihood.expected_log_prob(y.repeat(samples), normal).reshape(samples, -1).mean(0).sum()
    theirs = float(fit) - sum(layer.divergence() for layer in layers)
    assert float(ours) == pytest.approx(theirs, rel=1e-5)


def test_the_exact_process_is_its_exact_process():
    theta = np.log([0.7, 1.3, 0.9, 1.1, 0.2])
    ours = GP(X, Y, theta)

    class Exact(gpytorch.models.ExactGP):
        def __init__(self):
            super().__init__(torch.as_tensor(X), torch.as_tensor(Y), gpytorch.likelihoods.GaussianLikelihood().double())
            self.mean = gpytorch.means.ZeroMean()
            self.kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel(ard_num_dims=3)).double()

        def forward(self, x):
            return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))

    theirs = Exact()
    theirs.kernel.base_kernel.lengthscale = torch.as_tensor(np.exp(theta[:3]))
    theirs.kernel.outputscale, theirs.likelihood.noise = float(np.exp(2 * theta[3])), float(np.exp(2 * theta[4]))
    theirs.train(), theirs.likelihood.train()
    with gpytorch.settings.fast_computations(False, False, False), torch.no_grad():
        value = gpytorch.mlls.ExactMarginalLogLikelihood(theirs.likelihood, theirs)(theirs(*theirs.train_inputs), theirs.train_targets)
        assert ours.log_likelihood[0] == pytest.approx(len(X) * float(value), rel=1e-8)
        theirs.eval()
        points = np.random.default_rng(5).standard_normal((9, 3))
        found = theirs(torch.as_tensor(points))
        mean, deviation = ours.predict(points)
        np.testing.assert_allclose(mean, found.mean.numpy(), atol=1e-7)
        np.testing.assert_allclose(deviation, found.variance.sqrt().numpy(), atol=1e-6)
