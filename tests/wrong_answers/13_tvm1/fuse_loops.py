"""Fused loops of the wrong length, name or number."""


def fused(nest, outer, inner, loop, keep=False):
    out = []
    for name, extent in nest:
        if name == outer:
            out.append(loop)
        elif name != inner or keep:
            out.append((name, extent))
    return out


def added(nest, outer, inner):
    d = dict(nest)
    return fused(nest, outer, inner, (outer + "_" + inner, d[outer] + d[inner]))


def larger(nest, outer, inner):
    d = dict(nest)
    return fused(nest, outer, inner, (outer + "_" + inner, max(d[outer], d[inner])))


def inner_kept(nest, outer, inner):
    d = dict(nest)
    return fused(nest, outer, inner, (outer + "_" + inner, d[outer] * d[inner]), keep=True)


def outer_name(nest, outer, inner):
    d = dict(nest)
    return fused(nest, outer, inner, (outer, d[outer] * d[inner]))


def inner_first(nest, outer, inner):
    d = dict(nest)
    return fused(nest, outer, inner, (inner + "_" + outer, d[outer] * d[inner]))


WRONG = [
    (added, "values", "multiply"),
    (larger, "values", "larger extent"),
    (inner_kept, "values", "still there"),
    (outer_name, "values", "both indices"),
    (inner_first, "values", "outer name comes first"),
]
