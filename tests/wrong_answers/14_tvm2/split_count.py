"""Splits counted without order, without ones, or as if the levels did not know of each other."""

from itertools import product
from math import prod


def factors(n):
    return [d for d in range(1, n + 1) if n % d == 0]


def unordered(n, parts, least=1):
    if parts == 1:
        return 1 if n >= least else 0
    return sum(unordered(n // d, parts - 1, d) for d in factors(n) if d >= least)


def rising_factors(n, parts):
    return unordered(n, parts)


def without_ones(n, parts):
    if parts == 1:
        return 1 if n > 1 else 0
    return sum(without_ones(n // d, parts - 1) for d in factors(n)[1:])


def number_of_divisors(n, parts):
    return len(factors(n))


def independent(n, parts):
    return len(list(product(factors(n), repeat=parts - 1)))


def each_prime_its_own(n, parts):
    count, d = 1, 2
    while n > 1:
        if n % d:
            d += 1
        else:
            n //= d
            count *= parts
    return count


def an_extra_level(n, parts):
    if parts == 0:
        return 1
    return sum(an_extra_level(n // d, parts - 1) for d in factors(n))


def product_may_be_smaller(n, parts):
    return sum(prod(some) <= n for some in product(factors(n), repeat=min(parts, 2)))


WRONG = [
    (rising_factors, "values", "two different loop nests"),
    (without_ones, "values", "one turn"),
    (number_of_divisors, "values", "two factors only"),
    (independent, "values", "not free of each other"),
    (each_prime_its_own, "values", "are alike"),
    (an_extra_level, "values", "one more than asked"),
    (product_may_be_smaller, "values", "every divisor"),
]
