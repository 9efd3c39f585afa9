"""Sharing out, wrong."""


def largest(grid, curve, floor):
    return max([s for s, a in zip(grid, curve) if a >= floor], default=grid[0])


def search(grid, curves, weight, budget, reverse=True, pick=largest):
    chosen = None
    for floor in sorted({a for c in curves.values() for a in c}, reverse=reverse):
        chosen = {n: pick(grid, c, floor) for n, c in curves.items()}
        if sum(chosen[n] * weight[n] for n in chosen) >= budget * sum(weight.values()) - 1e-9:
            return chosen
    return chosen


def uniform(grid, curves, params, budget):
    for s in grid:
        if s >= budget:
            return {n: s for n in curves}
    return {n: grid[-1] for n in curves}


def a_layer_is_a_layer(grid, curves, params, budget):
    return search(grid, curves, {n: 1 for n in curves}, budget)


def from_below(grid, curves, params, budget):
    return search(grid, curves, params, budget, reverse=False)


def stops_at_the_dip(grid, curves, params, budget):
    def pick(grid, curve, floor):
        best = grid[0]
        for s, a in zip(grid, curve):
            if a < floor:
                break
            best = s
        return best

    return search(grid, curves, params, budget, pick=pick)


def what_stays(grid, curves, params, budget):
    return search(grid, curves, params, 1 - budget)


def a_list(grid, curves, params, budget):
    return list(search(grid, curves, params, budget).values())


WRONG = [
    (uniform, "values", "can give more"),
    (a_layer_is_a_layer, "values", "share of all weights"),
    (from_below, "values", "more than you must"),
    (stops_at_the_dip, "values", "may dip"),
    (what_stays, "values", "must go, at least"),
    (a_list, "values", "from the highest down"),
]
