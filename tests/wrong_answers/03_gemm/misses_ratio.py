"""Guesses that are no guess."""


def below_nothing():
    return -3.0


def a_count_of_misses():
    return 24_576


def words():
    return "about eight"


def nothing():
    return None


def no_number():
    return float("nan")


WRONG = [(f, "values", "0 to 100") for f in (below_nothing, a_count_of_misses, words, nothing, no_number)]
