"""Taking out, wrong."""


def lead(layers, i):
    return i if layers[i]["adds"] is None else lead(layers, layers[i]["adds"])


def general(layers, keep, who=lead, rows=True, cols=True, bias=True, reads=None):
    out = []
    for i, layer in enumerate(layers):
        w, b = layer["w"], layer["b"]
        mine = keep[who(layers, i)]
        if rows and mine is not None:
            w = w[mine]
            b = b[mine] if bias else b
        j = layer["reads"] if reads is None else reads(i)
        if cols and j >= 0 and keep[who(layers, j)] is not None:
            w = w[:, keep[who(layers, j)]]
        out.append(dict(w=w, b=b))
    return out


def rows_only(layers, keep):
    return general(layers, keep, cols=False)


def columns_only(layers, keep):
    return general(layers, keep, rows=False)


def bias_stays(layers, keep):
    return general(layers, keep, bias=False)


def no_followers(layers, keep):
    return general(layers, keep, who=lambda layers, i: i)


def one_link(layers, keep):
    return general(layers, keep, who=lambda layers, i: i if layers[i]["adds"] is None else layers[i]["adds"])


def the_one_before(layers, keep):
    return general(layers, keep, reads=lambda i: i - 1)


def set_to_zero(layers, keep):
    out = []
    for i, layer in enumerate(layers):
        w, b, mine = layer["w"].copy(), layer["b"].copy(), keep[lead(layers, i)]
        for k in range(len(w)):
            if mine is not None and k not in mine:
                w[k] = 0
                b[k] = 0
        out.append({"w": w, "b": b})
    return out


def rows_and_columns_in_one_index(layers, keep):
    out = []
    for i, layer in enumerate(layers):
        mine = keep[lead(layers, i)]
        j = layer["reads"]
        theirs = keep[lead(layers, j)] if j >= 0 else None
        if mine is not None and theirs is not None:
            out.append({"w": layer["w"][mine, theirs], "b": layer["b"][mine]})
        elif mine is not None:
            out.append({"w": layer["w"][mine], "b": layer["b"][mine]})
        else:
            out.append({"w": layer["w"] if theirs is None else layer["w"][:, theirs], "b": layer["b"]})
    return out


WRONG = [
    (rows_only, "values", "columns w[:, c]"),
    (columns_only, "values", "rows w[k]"),
    (bias_stays, "values", "takes its bias"),
    (no_followers, "values", "must have the same channels"),
    (one_link, "values", "follow the chain"),
    (the_one_before, "values", "layer['reads']"),
    (set_to_zero, "values", "must get smaller"),
    (rows_and_columns_in_one_index, "values", "Rows by the keep"),
]
