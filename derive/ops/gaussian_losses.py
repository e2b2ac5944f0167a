"""Losses that come from normal distributions: likelihoods, divergences, the variational autoencoder.

Variances are positive numbers, here called v; ``s`` is the logarithm of one, which may be any number, and is
what a network puts out.
"""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import POSITIVE, TARGET, Definition, axes, defines
from derive.ops.losses import logistic_loss
from derive.tensor.nodes import Sum

_VAE = "Kingma and Welling (2014)"


@defines("loss", "Bishop, Pattern Recognition and Machine Learning (2006), equation 1.54")
def gaussian_nll_isotropic(define: Definition) -> None:
    """The negative log-likelihood of independent normal outcomes that share one variance.

    By the mean it is the squared error divided by twice the variance; by the variance it is 0 where the
    variance is the mean squared error: maximum likelihood.
    """
    (i,) = axes("i", "n")
    y = define.input("y", i, meaning="what was observed")
    mu = define.input("mu", i, meaning="the predicted means")
    v = define.input("v", meaning="the variance, one for all", domain=POSITIVE)
    u = define.let("u", y[i] - mu[i], i)
    define.let("L", i.size * sp.log(2 * sp.pi * v()) / 2 + Sum(u[i] ** 2, i) / (2 * v()))


@defines("loss", "Nix and Weigend (1994)")
def gaussian_nll(define: Definition) -> None:
    """The negative log-likelihood of independent normal outcomes, each with a mean and a variance of its own.

    Summed; PyTorch's default takes the mean, leaves log(2 pi) out and keeps the variance above 1e-6.
    """
    (i,) = axes("i", "n")
    y = define.input("y", i, meaning="what was observed")
    mu = define.input("mu", i, meaning="the predicted means")
    v = define.input("v", i, meaning="the predicted variances", domain=POSITIVE)
    u = define.let("u", y[i] - mu[i], i)
    define.let("L", Sum(sp.log(2 * sp.pi * v[i]) / 2 + u[i] ** 2 / (2 * v[i]), i))


@defines("loss", f"{_VAE}, appendix B, for two normal distributions", sign=r"D_{\mathrm{KL}}")
def gaussian_kl(define: Definition) -> None:
    """The Kullback-Leibler divergence of one normal distribution from another, both with diagonal covariance.

    0 if they are the same; not symmetric: it is the first that is taken to be true.
    """
    (i,) = axes("i", "n")
    mu_1 = define.input("mu_1", i, meaning="the means of the true one")
    v_1 = define.input("v_1", i, meaning="the variances of the true one", domain=POSITIVE)
    mu_2 = define.input("mu_2", i, meaning="the means of the assumed one")
    v_2 = define.input("v_2", i, meaning="the variances of the assumed one", domain=POSITIVE)
    u = define.let("u", mu_1[i] - mu_2[i], i)
    define.let("D", Sum(sp.log(v_2[i] / v_1[i]) + (v_1[i] + u[i] ** 2) / v_2[i] - 1, i) / 2)


def _from_standard(mu: sp.Expr, s: sp.Expr) -> sp.Expr:
    """Divergence of the normal distribution with this mean and log-variance from the standard one."""
    return (mu**2 + sp.exp(s) - s - 1) / 2


@defines("loss", f"{_VAE}, appendix B", sign=r"D_{\mathrm{KL}}")
def gaussian_kl_standard(define: Definition) -> None:
    """The Kullback-Leibler divergence of a diagonal normal distribution from the standard one."""
    (i,) = axes("i", "n")
    mu = define.input("mu", i, meaning="the means")
    s = define.input("s", i, meaning="the logarithms of the variances")
    define.let("D", Sum(_from_standard(mu[i], s[i]), i))


@defines("loss", f"{_VAE}, equation 10 and appendix C.1; beta of Higgins et al. (2017)")
def vae_loss(define: Definition) -> None:
    """The negative evidence lower bound of a variational autoencoder, for one point and one sample.

    The binary cross-entropy of what the decoder gives back, plus beta times the divergence of the code from
    the standard normal distribution. beta = 1 is the bound itself.
    """
    (i,), (j,) = axes("i", "n"), axes("j", "d")
    z = define.input("z", i, meaning="the decoder's scores, before the sigmoid")
    x = define.input("x", i, meaning="the point, entries between 0 and 1", domain=TARGET)
    mu = define.input("mu", j, meaning="the means of the code")
    s = define.input("s", j, meaning="the logarithms of the code's variances")
    R = define.let("R", logistic_loss(define, z, x, i))
    D = define.let("D", Sum(_from_standard(mu[j], s[j]), j))
    define.let("L", R() + define.setting("beta", 1) * D())


@defines("sampling", f"{_VAE}, section 2.4")
def reparameterisation(define: Definition) -> None:
    """A sample of a normal distribution as a function of its mean and log-variance: noise is an input.

    So the gradient reaches both, which drawing a number would not let through.
    """
    mu = define.input("mu", meaning="the mean")
    s = define.input("s", meaning="the logarithm of the variance")
    eps = define.input("eps", meaning="noise, drawn from the standard normal distribution")
    define.let("z", mu() + sp.exp(s() / 2) * eps())
