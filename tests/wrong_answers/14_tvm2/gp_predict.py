"""Posteriors with one thing wrong."""

import numpy as np


def kernel(a, b, length):
    distance = np.sqrt(np.maximum(((a[:, None, :] - b[None, :, :]) ** 2).sum(2), 0))
    return np.exp(-0.5 * (distance / length) ** 2)


def process(x, y, around, k, diagonal):
    inverse = np.linalg.inv(k(x, x) + diagonal * np.eye(len(x)))
    c = k(x, around)
    return c.T @ inverse @ y, 1 - np.einsum("im,ij,jm->m", c, inverse, c)


def noise_as_it_is(x, y, around, length, noise):
    mean, variance = process(x, y, around, lambda a, b: kernel(a, b, length), noise)
    return mean, np.sqrt(variance)


def without_noise(x, y, around, length, noise):
    mean, variance = process(x, y, around, lambda a, b: kernel(a, b, length), 1e-10)
    return mean, np.sqrt(np.maximum(variance, 1e-12))


def variance_only(x, y, around, length, noise):
    return process(x, y, around, lambda a, b: kernel(a, b, length), noise**2)


def equally_unsure(x, y, around, length, noise):
    mean, _ = process(x, y, around, lambda a, b: kernel(a, b, length), noise**2)
    return mean, np.ones_like(mean)


def of_a_measurement(x, y, around, length, noise):
    mean, variance = process(x, y, around, lambda a, b: kernel(a, b, length), noise**2)
    return mean, np.sqrt(variance + noise**2)


def length_as_it_is(x, y, around, length, noise):
    mean, variance = process(x, y, around, lambda a, b: kernel(a, b, length**0.5), noise**2)
    return mean, np.sqrt(variance)


def no_half(x, y, around, length, noise):
    mean, variance = process(x, y, around, lambda a, b: kernel(a, b, length / 2**0.5), noise**2)
    return mean, np.sqrt(variance)


def weighted_sum(x, y, around, length, noise):
    _, variance = process(x, y, around, lambda a, b: kernel(a, b, length), noise**2)
    return kernel(around, x, length) @ y, np.sqrt(variance)


WRONG = [
    (noise_as_it_is, "values", "noise²"),
    (without_noise, "values", "exactly through"),
    (variance_only, "values", "take its root"),
    (equally_unsure, "values", "as uncertain at a trial"),
    (of_a_measurement, "values", "without noise"),
    (length_as_it_is, "values", "length is squared"),
    (no_half, "values", "falls too fast"),
    (weighted_sum, "values", "Solve"),
]
