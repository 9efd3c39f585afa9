"""Orders that move what should stay."""


def to_the_front(nest, order):
    return [(o, dict(nest)[o]) for o in order] + [loop for loop in nest if loop[0] not in order]


def to_the_inside(nest, order):
    return [loop for loop in nest if loop[0] not in order] + [(o, dict(nest)[o]) for o in order]


def only_named(nest, order):
    return [(o, dict(nest)[o]) for o in order]


def backwards(nest, order):
    rest = list(order)
    return [(lambda n: (n, dict(nest)[n]))(rest.pop()) if name in order else (name, extent) for name, extent in nest]


def renamed(nest, order):
    rest = list(order)
    return [(rest.pop(0), extent) if name in order else (name, extent) for name, extent in nest]


def untouched(nest, order):
    return list(nest)


WRONG = [
    (to_the_front, "values", "to the front"),
    (to_the_inside, "values", "to the inside"),
    (only_named, "values", "are gone"),
    (backwards, "values", "first name is the outermost"),
    (renamed, "values", "extent along"),
    (untouched, "values", "as it was"),
]
