"""Guesses that are no guess."""


def below_nothing():
    return -5


def more_than_all():
    return 9_600


def words():
    return "most of them"


def nothing():
    pass


def not_a_number():
    return float("nan")


def a_range():
    return (80, 90)


WRONG = [(f, "values", "0 to 100") for f in (below_nothing, more_than_all, words, nothing, not_a_number, a_range)]
