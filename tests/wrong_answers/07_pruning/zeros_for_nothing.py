"""Guesses that are no guess."""


def below_nothing():
    return -5


def a_number_of_words():
    return 14_249_984


def in_words():
    return "most of them"


def nothing():
    return None


def two_guesses():
    return [30, 90]


WRONG = [(f, "values", "0 to 100") for f in (below_nothing, a_number_of_words, in_words, nothing, two_guesses)]
