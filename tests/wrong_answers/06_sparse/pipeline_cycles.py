"""Cycles of the pipeline, wrong."""


def walk(zeros, penalty, start=5, guess=False, behind=False, all_three=False, always=False):
    cycle, last = 0, 0
    for i, zero in enumerate(zeros):
        cycle += 2
        taken = bool(zero)
        if not taken or all_three:
            cycle += 1
        wrong = always or taken != guess
        if wrong and (behind or i + 1 < len(zeros) or not taken):
            cycle += penalty
    return cycle + start - 1 if len(zeros) else 0


def one_a_cycle(zeros, branch_penalty=2):
    return walk(zeros, branch_penalty, start=1)


def six_stages(zeros, branch_penalty=2):
    return walk(zeros, branch_penalty, start=6)


def guesses_taken(zeros, branch_penalty=2):
    return 4 + sum(2 if z else 3 + branch_penalty for z in zeros) if len(zeros) else 0


def no_bubbles(zeros, branch_penalty=2):
    return walk(zeros, 0)


def a_bubble_after_all(zeros, branch_penalty=2):
    return walk(zeros, branch_penalty, behind=True)


def multiplies_all(zeros, branch_penalty=2):
    return walk(zeros, branch_penalty, all_three=True)


def stalls_always(zeros, branch_penalty=2):
    total = 4
    for i, z in enumerate(zeros):
        total += 2 if z else 3
        if not (z and i == len(zeros) - 1):
            total += branch_penalty
    return total if len(zeros) else 0


WRONG = [
    (one_a_cycle, "values", "five cycles"),
    (six_stages, "values", "One too many"),
    (guesses_taken, "values", "guesses 'go on'"),
    (no_bubbles, "values", "throws away"),
    (a_bubble_after_all, "values", "no bubble is counted"),
    (multiplies_all, "values", "two instructions"),
    (stalls_always, "values", "not taken costs nothing"),
]
