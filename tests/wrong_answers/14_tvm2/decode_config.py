"""Numbers read in another radix than they were written in."""


def last_fastest(number, sizes):
    out = []
    for size in reversed(sizes):
        number, rest = divmod(number, size)
        out.insert(0, rest)
    return out


def never_divided(number, sizes):
    return [number % s for s in sizes]


def from_one(number, sizes):
    out = []
    for s in sizes:
        out.append(1 + number % s)
        number = number // s
    return out


def next_size(number, sizes):
    out = []
    for k, s in enumerate(sizes):
        out.append(number % s)
        number //= sizes[k + 1] if k + 1 < len(sizes) else 1
    return out


def backwards(number, sizes):
    out = []
    for s in sizes:
        out.insert(0, number % s)
        number //= s
    return out


def quotients(number, sizes):
    out = []
    for s in sizes:
        out.append(number)
        number //= s
    return out


WRONG = [
    (last_fastest, "values", "last knob runs fastest"),
    (never_divided, "values", "divided out"),
    (from_one, "values", "begin at 1"),
    (next_size, "values", "not by the next"),
    (backwards, "values", "in reverse"),
    (quotients, "values", "remainder"),
]
