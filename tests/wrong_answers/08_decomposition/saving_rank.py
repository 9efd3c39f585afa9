"""Ranks at which two factors do not save, or not the largest at which they do."""


def rounded(K, J):
    return K * J // (K + J)


def full(K, J):
    return min(K, J)


def half(K, J):
    return min(K, J) // 2


def left_only(K, J):
    rank = 0
    while (rank + 1) * max(K, J) < K * J:
        rank += 1
    return rank


def one_step_too_far(K, J):
    rank = 1
    while rank * (K + J) < K * J:
        rank += 1
    return rank


WRONG = [
    (rounded, "values", "means fewer"),
    (full, "values", "largest rank a matrix"),
    (half, "values", "nearly square"),
    (left_only, "values", "two factors"),
    (one_step_too_far, "values", "One too many"),
]
