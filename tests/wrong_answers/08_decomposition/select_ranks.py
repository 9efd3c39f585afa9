"""Ranks chosen by half of the rule."""


def dropping(energies, costs, budget, price, least=1):
    ranks = [len(e) for e in energies]
    while sum(r * c for r, c in zip(ranks, costs)) > budget:
        best = None
        for i, r in enumerate(ranks):
            if r > least and (best is None or price(energies[i], r, costs[i]) < price(energies[best], ranks[best], costs[best])):
                best = i
        if best is None:
            break
        ranks[best] -= 1
    return ranks


def raw_energy(energies, costs, budget):
    return dropping(energies, costs, budget, lambda e, r, c: e[r - 1] / c)


def cost_blind(energies, costs, budget):
    return dropping(energies, costs, budget, lambda e, r, c: e[r - 1] / sum(e[:r]))


def dear_first(energies, costs, budget):
    return dropping(energies, costs, budget, lambda e, r, c: -c)


def down_to_nothing(energies, costs, budget):
    return dropping(energies, costs, budget, lambda e, r, c: e[r - 1] / sum(e[:r]) / c, least=0)


def untouched(energies, costs, budget):
    return [len(e) for e in energies]


WRONG = [
    (raw_energy, "values", "energy"),
    (cost_blind, "values", "dear layer saves more"),
    (dear_first, "values", "Weigh what is lost"),
    (down_to_nothing, "values", "One rank always stays"),
    (untouched, "values", "full ranks"),
]
