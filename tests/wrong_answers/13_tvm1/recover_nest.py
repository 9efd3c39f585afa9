"""Primitives that make another nest."""


def unmarked(goal):
    a, b, c = [], [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s")], [("tile", "c", 2), ("reorder", "n c_t k p q r s c_s")]
    return {"a": a, "b": b, "c": c}[goal]


def unrolled(goal):
    marked = {"b": [("unroll", "k_s")], "c": [("unroll", "c_s")], "a": [("reorder", "n r s c k p q")]}
    return [*unmarked(goal), *marked[goal]]


def numbers_of_tiles(goal):
    b = [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ("vectorize", "k_s")]
    c = [("tile", "c", 4), ("reorder", "n c_t k p q r s c_s"), ("spatial", "c_s")]
    return {"a": [("reorder", "n r s c k p q")], "b": b, "c": c}[goal]


def unmoved(goal):
    return {"a": [], "b": [("tile", "k", 4), ("vectorize", "k_s")], "c": [("tile", "c", 2), ("spatial", "c_s")]}[goal]


def other_pixels(goal):
    b = [("tile", "k", 4), ("reorder", "n k_t q p c r s k_s"), ("vectorize", "k_s")]
    c = [("tile", "c", 2), ("reorder", "n c_t k q p r s c_s"), ("spatial", "c_s")]
    return {"a": [("reorder", "n r s c k q p")], "b": b, "c": c}[goal]


def empty(goal):
    return []


def too_long(goal):
    return [("tile", "k", 4), ("tile", "c", 2), ("reorder", "n k_t c_t p q r s k_s c_s"), ("vectorize", "c_s")]


WRONG = [
    (unmarked, "values", "missing in the end"),
    (unrolled, "values", "another kind"),
    (numbers_of_tiles, "values", "size of one"),
    (unmoved, "values", "not moved"),
    (other_pixels, "values", "changed places"),
    (empty, "values", "empty"),
    (too_long, "values", "outside in"),
]
