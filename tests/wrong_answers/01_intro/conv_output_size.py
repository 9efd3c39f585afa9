"""Output sizes, wrong."""

import math


def one_side_of_padding(h, r, stride=1, pad=0, dilation=1):
    span = dilation * (r - 1) + 1
    return int((h - span + pad) / stride) + 1


def straight_from_the_slide(h, r, stride=1, pad=0, dilation=1):
    kernel = (r - 1) * dilation + 1
    return (h - kernel + 2 * pad) / stride + 1


def off_by_one(h, r, stride=1, pad=0, dilation=1):
    h = h + 2 * pad
    r = r + (r - 1) * (dilation - 1)
    return (h - r) // stride


def rounds_up(h, r, stride=1, pad=0, dilation=1):
    span = dilation * (r - 1) + 1
    return math.ceil((h + 2 * pad - span) / stride) + 1


def counts_starts_one_by_one_without_dilation(h, r, stride=1, pad=0, dilation=1):
    count = 0
    start = -pad
    while start + r <= h + pad:
        count += 1
        start += stride
    return count


def divides_everything(h, r, stride=1, pad=0, dilation=1):
    return (h + 2 * pad - dilation * (r - 1) - 1 + 1) // stride


def forgets_pad(h, r, stride=1, pad=0, dilation=1):
    return len(range(0, h - dilation * (r - 1), stride))


WRONG = [
    (one_side_of_padding, "values", "above and below"),
    (straight_from_the_slide, "values", "half an output row"),
    (off_by_one, "values", "first move"),
    (rounds_up, "values", "hang over"),
    (counts_starts_one_by_one_without_dilation, "values", "taps"),
    (divides_everything, "values", "first position"),
    (forgets_pad, "values", "pad"),
]
