"""CSR, wrong."""


def lines(a):
    for line in a:
        yield [(n, v) for n, v in enumerate(line) if v != 0]


def right(a):
    ptr, idx, val = [0], [], []
    for line in lines(a):
        for n, v in line:
            idx.append(n)
            val.append(v)
        ptr.append(len(val))
    return ptr, idx, val


def counts(a):
    _, idx, val = right(a)
    return [0] + [len(line) for line in lines(a)], idx, val


def no_end(a):
    ptr, idx, val = right(a)
    return ptr[:-1], idx, val


def no_beginning(a):
    ptr, idx, val = right(a)
    return ptr[1:], idx, val


def no_empty_ones(a):
    ptr, idx, val = [0], [], []
    for line in lines(a):
        if not line:
            continue
        for n, v in line:
            idx.append(n)
            val.append(v)
        ptr.append(len(val))
    return ptr, idx, val


def own_number(a):
    ptr, idx, val = right(a)
    return ptr, [m for m, line in enumerate(lines(a)) for _ in line], val


def the_other_one(a):
    return right(a.T)


def everything(a):
    ptr, idx, val = [0], [], []
    for line in a:
        for n, v in enumerate(line):
            idx.append(n)
            val.append(v)
        ptr.append(len(val))
    return ptr, idx, val


WRONG = [
    (counts, "values", "added up"),
    (no_end, "values", "One pointer is missing"),
    (no_beginning, "values", "begins at 0"),
    (no_empty_ones, "values", "An empty row"),
    (own_number, "values", "store its column"),
    (the_other_one, "values", "other format"),
    (everything, "values", "Only what is not zero"),
]
