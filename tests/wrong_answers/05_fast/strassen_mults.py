"""Numbers of multiplications, wrong."""


def by_the_book(n, leaf):
    return n * n * n


def down_to_one(n, leaf):
    return 1 if n == 1 else 7 * down_to_one(n // 2, leaf)


def counts_leaves(n, leaf):
    return 1 if n <= leaf else 7 * counts_leaves(n // 2, leaf)


def leaf_squared(n, leaf):
    return n**2 if n <= leaf else 7 * leaf_squared(n // 2, leaf)


def a_single_level(n, leaf):
    return n**3 if n <= leaf else 7 * (n // 2) ** 3


def leaf_even_if_larger(n, leaf):
    return leaf**3 if n <= leaf else 7 * leaf_even_if_larger(n // 2, leaf)


def with_additions(n, leaf):
    return n**3 if n <= leaf else 7 * with_additions(n // 2, leaf) + 18 * (n // 2) ** 2


WRONG = [
    (by_the_book, "values", "seven"),
    (down_to_one, "values", "does not change with leaf"),
    (counts_leaves, "values", "count the leaves"),
    (leaf_squared, "values", "leaf³"),
    (a_single_level, "values", "one level"),
    (leaf_even_if_larger, "values", "smaller than the leaf"),
    (with_additions, "values", "counted the additions"),
]
