"""Break-even, wrong."""


def parts(layer, machine, density, alpha=None, beta=None):
    P, Q = layer["H"] - layer["R"] + 1, layer["W"] - layer["R"] + 1
    weights = layer["K"] * layer["C"] * layer["R"] * layer["R"]
    pixels = layer["C"] * layer["H"] * layer["W"] + layer["K"] * P * Q
    alpha = machine["alpha"] if alpha is None else alpha
    beta = machine["beta"] if beta is None else beta
    flops = 2 * weights * P * Q / machine["flops"]
    return (
        (flops, 4 * (pixels + weights) / machine["bandwidth"]),
        (alpha * density * flops, 4 * (pixels + beta * density * weights) / machine["bandwidth"]),
    )


def search(layer, machine, join, **more):
    best = 0.0
    for i in range(2001):
        dense, sparse = parts(layer, machine, i / 2000, **more)
        if join(sparse) <= join(dense) * (1 + 1e-12):
            best = i / 2000
    return best


def sparsity(layer, machine):
    return 1 - search(layer, machine, max)


def one_over_alpha(layer, machine):
    return 1 / machine["alpha"]


def bytes_only(layer, machine):
    return search(layer, machine, lambda pair: pair[1])


def sum_of_both(layer, machine):
    return search(layer, machine, sum)


def crossed(layer, machine):
    return search(layer, machine, max, alpha=machine["beta"], beta=machine["alpha"])


def no_alpha(layer, machine):
    return search(layer, machine, max, alpha=1.0)


WRONG = [
    (sparsity, "values", "share of zeros"),
    (one_over_alpha, "values", "larger term"),
    (bytes_only, "values", "bytes alone"),
    (sum_of_both, "values", "not their sum"),
    (crossed, "values", "alpha makes"),
    (no_alpha, "values", "Where is alpha"),
]
