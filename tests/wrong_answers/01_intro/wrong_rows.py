"""Rows of the size list, wrongly found wrong."""


def only_mb(slide, params):
    out = []
    for name in slide:
        if all(abs(4 * n / 1e6 - slide[name]) > 1 for n in params[name]):
            out.append(name)
    return out


def only_mib(slide, params):
    return [name for name in slide if min(abs(n * 4 / 1024 / 1024 - slide[name]) for n in params[name]) > 1]


def millions(slide, params):
    return [name for name, mb in slide.items() if all(abs(n / u - mb) > 1 for n in params[name] for u in (1e6, 2**20))]


def the_good_ones(slide, params):
    return [name for name, mb in slide.items() if any(abs(4 * n / u - mb) <= 1 for n in params[name] for u in (1e6, 2**20))]


def looks_at_the_first(slide, params):
    out = []
    for name, mb in slide.items():
        size = 4 * params[name][0]
        if abs(size / 1e6 - mb) > 1 and abs(size / 2**20 - mb) > 1:
            out.append(name)
    return out


def all_must_fit(slide, params):
    out = []
    for name, mb in slide.items():
        for n in params[name]:
            if abs(4 * n / 1e6 - mb) > 1 and abs(4 * n / 2**20 - mb) > 1:
                out.append(name)
                break
    return out


WRONG = [
    (only_mb, "values", "2**20"),
    (only_mib, "values", "10**6"),
    (millions, "values", "how many bytes"),
    (the_good_ones, "values", "the others"),
    (looks_at_the_first, "values", "several members"),
    (all_must_fit, "values", "need not fit all"),
]
