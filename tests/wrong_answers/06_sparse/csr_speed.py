"""A guess that is none."""


def word():
    return "twice"


def nothing():
    return None


def zero():
    return 0


def negative():
    return -2.0


def huge():
    return 1000


WRONG = [
    (word, "values", "Put down a number"),
    (nothing, "values", ""),
    (zero, "values", "number"),
    (negative, "values", "number"),
    (huge, "values", "number"),
]
