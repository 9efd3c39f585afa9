"""Guesses that are no guess."""


def below_nothing():
    return -3.0


def a_count():
    return 1872


def words():
    return "hardly any"


def nothing():
    return None


def endless():
    return float("inf")


WRONG = [(f, "values", "0 to 100") for f in (below_nothing, a_count, words, nothing, endless)]
