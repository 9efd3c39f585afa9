"""Fetches of a nest, wrongly counted."""


def size_of_the_tensor(loops, moves):
    product = 1
    for letter, extent in loops:
        if letter in moves:
            product *= extent
    return product


def all_iterations(loops, moves):
    product = 1
    for _, extent in loops:
        product *= extent
    return product


def ones_count(loops, moves):
    needed = product = 1
    for letter, extent in loops:
        product *= extent
        if letter in moves:
            needed = product
    return needed


def stops_at_the_first(loops, moves):
    product = 1
    for letter, extent in loops:
        product *= extent
        if letter in moves and extent > 1:
            return product
    return 1


def from_the_inside(loops, moves):
    needed = product = 1
    for letter, extent in reversed(loops):
        product *= extent
        if letter in moves and extent > 1:
            needed = product
    return needed


def reuse(loops, moves):
    product = 1
    for letter, extent in reversed(loops):
        if letter in moves and extent > 1:
            break
        product *= extent
    return product


def the_others(loops, moves):
    product = 1
    for letter, extent in loops:
        product *= 1 if letter in moves else extent
    return product


def a_sum(loops, moves):
    return sum(extent for letter, extent in loops if letter in moves)


WRONG = [
    (size_of_the_tensor, "values", "different elements"),
    (all_iterations, "values", "every iteration"),
    (ones_count, "values", "single step"),
    (stops_at_the_first, "values", "further in"),
    (from_the_inside, "values", "outermost one"),
    (reuse, "values", "how many iterations"),
    (the_others, "values", "leave the element"),
    (a_sum, "values", "innermost loop"),
]
