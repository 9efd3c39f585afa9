"""Walks that never climb, always climb, or count their luck the wrong way."""

import math


def walked(costs, now, moves, temperatures, lucks, accept):
    out = []
    for move, heat, luck in zip(moves, temperatures, lucks, strict=True):
        then = now + move
        if 0 <= then <= len(costs) - 1 and accept(costs[now], costs[then], heat, luck):
            now = then
        out.append(now)
    return out


def downhill(costs, start, moves, temperatures, lucks):
    return walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: b < a)


def random_walk(costs, start, moves, temperatures, lucks):
    return walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: True)


def metropolis_of_differences(costs, start, moves, temperatures, lucks):
    return walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: b <= a or luck < math.exp((a - b) / heat))


def hotter_and_hotter(costs, start, moves, temperatures, lucks):
    return walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: b <= a or luck < (a / b) ** heat)


def loves_the_worse(costs, start, moves, temperatures, lucks):
    return walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: luck < min(1, (b / a) ** (1 / heat)))


def above(costs, start, moves, temperatures, lucks):
    return walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: b <= a or luck > (a / b) ** (1 / heat))


def best_seen(costs, start, moves, temperatures, lucks):
    places = walked(costs, start, moves, temperatures, lucks, lambda a, b, heat, luck: luck < (a / b) ** (1 / heat))
    return [min([start, *places[: i + 1]], key=costs.__getitem__) for i in range(len(places))]


def around_the_edge(costs, start, moves, temperatures, lucks):
    out, now = [], start
    for move, heat, luck in zip(moves, temperatures, lucks, strict=True):
        then = (now + move) % len(costs)
        if luck < (costs[now] / costs[then]) ** (1 / heat):
            now = then
        out.append(now)
    return out


WRONG = [
    (downhill, "values", "never goes uphill"),
    (random_walk, "values", "takes every step"),
    (metropolis_of_differences, "values", "ratio of the costs"),
    (hotter_and_hotter, "values", "1 / temperature"),
    (loves_the_worse, "values", "doubt what is better"),
    (above, "values", "below p"),
    (best_seen, "values", "where the walk stands"),
    (around_the_edge, "values", "other side"),
]
