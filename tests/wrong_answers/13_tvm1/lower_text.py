"""Texts that are another program, or none."""


def text(nest, body, step=4, form="for {} in range({}):", deeper=0):
    lines = [" " * (step * i) + form.format(*loop) for i, loop in enumerate(nest)]
    return "\n".join([*lines, " " * (step * (len(nest) + deeper)) + body])


def flat(nest, body):
    return text(nest, body, step=0)


def by_two(nest, body):
    return text(nest, body, step=2)


def body_beside(nest, body):
    return text(nest, body, deeper=-1)


def turned(nest, body):
    return text(nest[::-1], body)


def from_one(nest, body):
    return text(nest, body, form="for {} in range(1, {}):")


def plus_one(nest, body):
    return text(nest, body, form="for {} in range({} + 1):")


WRONG = [
    (flat, "values", "Nothing is indented"),
    (by_two, "values", "two spaces"),
    (body_beside, "values", "one level deeper"),
    (turned, "values", "from the outside in"),
    (from_one, "values", "miss the index 0"),
    (plus_one, "values", "nothing to add"),
]
