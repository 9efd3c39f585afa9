"""Guesses that are no guess."""


def below_nothing():
    return -1.0


def a_count():
    return 847


def words():
    return "some"


def nothing():
    return None


def endless():
    return float("inf")


WRONG = [(f, "values", "0 to 100") for f in (below_nothing, a_count, words, nothing, endless)]
