"""Batches joined in the wrong way."""

import numpy as np


def ted(kernel, m, mu):
    k, out = np.array(kernel, float), []
    for _ in range(min(m, len(k))):
        score = (k**2).sum(0) / (np.diag(k) + mu)
        score[out] = -np.inf
        v = int(score.argmax())
        out.append(v)
        k -= np.outer(k[:, v], k[v]) / (k[v, v] + mu)
    return out


def part(kernel, rows):
    return kernel[rows][:, rows]


def first_of_the_pools(kernel, pools, m, mu):
    out = []
    for pool in pools:
        for i in ted(part(kernel, pool), m, mu):
            if pool[i] not in out:
                out.append(pool[i])
    return out[:m]


def no_pools(kernel, pools, m, mu):
    return ted(kernel, m, mu)


def places_in_the_union(kernel, pools, m, mu):
    union = sorted({pool[i] for pool in pools for i in ted(part(kernel, pool), m, mu)})
    return ted(part(kernel, union), m, mu)


def places_in_the_pools(kernel, pools, m, mu):
    union = sorted({i for pool in pools for i in ted(part(kernel, pool), m, mu)})
    return [union[i] for i in ted(part(kernel, union), m, mu)]


def first_pool(kernel, pools, m, mu):
    return [pools[0][i] for i in ted(part(kernel, pools[0]), m, mu)]


def one_large_pool(kernel, pools, m, mu):
    union = sorted(set(sum(pools, [])))
    return [union[i] for i in ted(part(kernel, union), m, mu)]


def doubles(kernel, pools, m, mu):
    union = [pool[i] for pool in pools for i in ted(part(kernel, pool), m, mu)]
    return [union[i] for i in ted(part(kernel, union), m, mu)]


WRONG = [
    (first_of_the_pools, "values", "pool once more"),
    (no_pools, "values", "ignore the pools"),
    (places_in_the_union, "values", "places in the list"),
    (places_in_the_pools, "values", "before you join"),
    (first_pool, "values", "pool once more"),
    (one_large_pool, "values", "First TED in each"),
    (doubles, "values", "weighs double"),
]
