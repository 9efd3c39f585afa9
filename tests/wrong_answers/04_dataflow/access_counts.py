"""Access counts, wrong."""


def table(w, ia, writes, reads):
    return {"W reads": w, "IA reads": ia, "OA writes": writes, "OA reads": reads}


def reads_the_zero(dataflow, Q, S):
    n = Q * S
    return {"OS": table(n, n, Q, 0), "WS": table(S, n, n, n), "IS": table(n, Q + S - 1, n, n)}[dataflow]


def as_recorded_without_a_variable(dataflow, Q, S):
    n = Q * S
    return table(S if dataflow == "WS" else n, Q + S - 1 if dataflow == "IS" else n, n, n - Q)


def names_mixed_up(dataflow, Q, S):
    n = Q * S
    if dataflow == "WS":
        return table(n, n, Q, 0)
    if dataflow == "OS":
        return table(S, n, n, n - Q)
    return table(n, Q + S - 1, n, n - Q)


def once_for_all(dataflow, Q, S):
    n = Q * S
    return {"OS": table(n, n, Q, 0), "WS": table(1, n, n, n - Q), "IS": table(n, 1, n, n - Q)}[dataflow]


def no_halo(dataflow, Q, S):
    n = Q * S
    return {"OS": table(n, n, Q, 0), "WS": table(S, n, n, n - Q), "IS": table(n, Q, n, n - Q)}[dataflow]


def fence_post(dataflow, Q, S):
    n = Q * S
    return {"OS": table(n, n, Q, 0), "WS": table(S, n, n, n - Q), "IS": table(n, Q + S, n, n - Q)}[dataflow]


def no_ends(dataflow, Q, S):
    n, H = Q * S, Q + S - 1
    return {"OS": table(n, n, Q, 0), "WS": table(S, n, n, n - Q), "IS": table(H * S, H, n, n - Q)}[dataflow]


def one_key_short(dataflow, Q, S):
    return {"W reads": Q * S, "IA reads": Q * S, "OA writes": Q}


WRONG = [
    (reads_the_zero, "values", "first partial sum is zero"),
    (as_recorded_without_a_variable, "values", "grows in a register"),
    (names_mixed_up, "values", "What is stationary"),
    (once_for_all, "values", "filled again"),
    (no_halo, "values", "how many inputs"),
    (fence_post, "values", "12 of them"),
    (no_ends, "values", "At the ends"),
    (one_key_short, "values", "play it through"),
]
