"""The schedule, wrong."""


def formula(t, s0, sf, t0, n, dt, power=3):
    return sf + (s0 - sf) * (1 - (t - t0) / (n * dt)) ** power


def on_a_step(step, t0, n, dt):
    return t0 + dt * min((step - t0) // dt, n)


def never_ends(step, s0, sf, t0, n, dt):
    return formula(t0 + dt * ((step - t0) // dt), s0, sf, t0, n, dt) if step >= t0 else 0.0


def begins_at_s0(step, s0, sf, t0, n, dt):
    return formula(on_a_step(step, t0, n, dt), s0, sf, t0, n, dt) if step >= t0 else s0


def no_beginning(step, s0, sf, t0, n, dt):
    return formula(on_a_step(step, t0, n, dt), s0, sf, t0, n, dt)


def every_step(step, s0, sf, t0, n, dt):
    return 0.0 if step < t0 else formula(min(step, t0 + n * dt), s0, sf, t0, n, dt)


def linear(step, s0, sf, t0, n, dt):
    return 0.0 if step < t0 else formula(on_a_step(step, t0, n, dt), s0, sf, t0, n, dt, power=1)


def backwards(step, s0, sf, t0, n, dt):
    return 0.0 if step < t0 else formula(on_a_step(step, t0, n, dt), sf, s0, t0, n, dt)


def in_per_cent(step, s0, sf, t0, n, dt):
    return 0.0 if step < t0 else 100 * formula(on_a_step(step, t0, n, dt), s0, sf, t0, n, dt)


WRONG = [
    (never_ends, "values", "stays at sf"),
    (begins_at_s0, "values", "not s0"),
    (no_beginning, "values", "not meant"),
    (every_step, "values", "every dt steps"),
    (linear, "values", "rises evenly"),
    (backwards, "values", "the other way"),
    (in_per_cent, "values", "updates so far"),
]
