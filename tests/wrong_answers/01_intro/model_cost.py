"""The cost of a network, wrong."""


def macs_of(module, x, y):
    if type(module).__name__ == "Linear":
        return y.numel() * module.in_features
    if type(module).__name__ == "Conv2d":
        return y.numel() * module.weight[0].numel()
    return 0


def row(name, module, x, y):
    return {"name": name, "macs": macs_of(module, x, y), "params": sum(p.numel() for p in module.parameters()), "act_bytes": 4 * y.numel()}


def run(model, in_shape):
    import torch

    with torch.no_grad():
        model(torch.zeros(in_shape))


def listen(model, add, leaves=True):
    handles = []
    for name, module in model.named_modules():
        if leaves and len(list(module.children())) > 0:
            continue
        handles.append(module.register_forward_hook(lambda m, i, o, name=name: add(name, m, i[0], o)))
    return handles


def modes(model):
    return [(m, m.training) for m in model.modules()]


def restore(before):
    for m, training in before:
        m.training = training


def never_removes(model, in_shape):
    rows, before = [], modes(model)
    listen(model, lambda *a: rows.append(row(*a)))
    model.eval()
    run(model, in_shape)
    restore(before)
    return rows


def leaves_it_in_eval(model, in_shape):
    rows = []
    handles = listen(model, lambda *a: rows.append(row(*a)))
    model.eval()
    run(model, in_shape)
    for h in handles:
        h.remove()
    return rows


def runs_in_train_mode(model, in_shape):
    rows = []
    handles = listen(model, lambda *a: rows.append(row(*a)))
    run(model, in_shape)
    for h in handles:
        h.remove()
    return rows


def every_module(model, in_shape):
    rows, before = [], modes(model)
    handles = listen(model, lambda *a: rows.append(row(*a)), leaves=False)
    model.eval()
    run(model, in_shape)
    restore(before)
    for h in handles:
        h.remove()
    return rows


def only_what_multiplies(model, in_shape):
    rows, before = [], modes(model)
    handles = listen(model, lambda name, m, x, y: rows.append(row(name, m, x, y)) if macs_of(m, x, y) else None)
    model.eval()
    run(model, in_shape)
    restore(before)
    for h in handles:
        h.remove()
    return rows


def keyed_by_name(model, in_shape):
    rows, before = {}, modes(model)
    handles = listen(model, lambda name, m, x, y: rows.update({name: row(name, m, x, y)}))
    model.eval()
    run(model, in_shape)
    restore(before)
    for h in handles:
        h.remove()
    return list(rows.values())


def listed_before_the_run(model, in_shape):
    calls, before = {}, modes(model)
    handles = listen(model, lambda name, m, x, y: calls.setdefault(name, []).append(row(name, m, x, y)))
    model.eval()
    run(model, in_shape)
    restore(before)
    for h in handles:
        h.remove()
    return [one for name, _ in model.named_modules() for one in calls.get(name, [])]


WRONG = [
    (never_removes, "values", "remove()"),
    (leaves_it_in_eval, "values", "train mode"),
    (runs_in_train_mode, "values", "running mean"),
    (every_module, "values", "leaf"),
    (only_what_multiplies, "values", "row each"),
    (keyed_by_name, "values", "one row for each call"),
    (listed_before_the_run, "values", "when its layer runs"),
]
