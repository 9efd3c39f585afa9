"""Designs that do not fit, and designs that fit and cost too much."""


def in_a_hurry():
    return {"tiles": {"c": 16, "k": 16}, "order": "n r s c_t k_t c_s k_s p q"}


def forgets_n():
    return {"tiles": {"c": 16, "k": 16}, "order": "r s c_t k_t | c_s k_s | p q"}


def more_channels_than_there_are():
    return {"tiles": {"c": 256, "k": 16}, "order": "n r s c_t k_t | c_s k_s | p q"}


def tiles_the_rows_of_the_input():
    return {"tiles": {"h": 7, "c": 16}, "order": "n r s c_t k | c_s | p q"}


def as_on_the_slide():
    return {"tiles": {"c": 16, "k": 64}, "order": "n r s c_t k_t | c_s k_s | p q"}


def one_pe():
    return {"tiles": {}, "order": "n k p q c r s | |"}


def the_order_alone():
    return "n k p q | c | r s"


def the_lectures():
    return {"tiles": {"c": 16, "k": 16}, "order": "n r s c_t k_t | c_s k_s | p q"}


def idle_pes():
    return {"tiles": {"c": 4, "k": 4, "p": 4}, "order": "n p_t k_t c_t r s | c_s k_s | p_s q"}


def half_way():
    return {"tiles": {"c": 16, "k": 16, "p": 4}, "order": "n p_t k_t c_t r s | c_s k_s | p_s q"}


WRONG = [
    (in_a_hurry, "values", "Two bars"),
    (forgets_n, "values", "n too"),
    (more_channels_than_there_are, "values", "part of its loop"),
    (tiles_the_rows_of_the_input, "values", "not looped over"),
    (as_on_the_slide, "values", "as many PEs"),
    (one_pe, "values", "255 wait"),
    (the_order_alone, "values", "dict of two things"),
    (the_lectures, "EDP, half marks", "energy by level"),
    (idle_pes, "EDP, half marks", "energy by level"),
    (half_way, "EDP, full marks", "Half way"),
]
