"""The slide's nest, wrongly told."""


def how_many(c_s=16, k_s=64):
    return {"tiles": {"c": (64 + c_s - 1) // c_s, "k": (128 + k_s - 1) // k_s}, "order": "n r s c_t k_t | c_s k_s | p q"}


def one_size(c_s=16, k_s=64):
    return {"tiles": {"c": 16, "k": 64}, "order": "n r s c_t k_t | c_s k_s | p q"}


def pixels_first(c_s=16, k_s=64):
    return {"tiles": {"c": c_s, "k": k_s}, "order": "n p q r s c_t k_t | c_s k_s | "}


def spreads_the_tiles(c_s=16, k_s=64):
    return {"tiles": {"k": k_s, "c": c_s}, "order": "n r s | c_t k_t | c_s k_s p q"}


def filters_outside(c_s=16, k_s=64):
    return {"tiles": {"c": c_s, "k": k_s}, "order": "n r s k_t c_t | c_s k_s | p q"}


def no_bars(c_s=16, k_s=64):
    return {"tiles": {"c": c_s, "k": k_s}, "order": "n r s c_t k_t c_s k_s p q"}


def before_tiling(c_s=16, k_s=64):
    return {"tiles": {"c": c_s, "k": k_s}, "order": "n r s c k | c_s k_s | p q"}


def inside_out(c_s=16, k_s=64):
    return {"tiles": {"c": c_s, "k": k_s}, "order": "q p | k_s c_s | k_t c_t s r n"}


def a_text(c_s=16, k_s=64):
    return "n r s c_t k_t | c_s k_s | p q"


WRONG = [
    (how_many, "values", "How many there are"),
    (one_size, "values", "sizes are arguments"),
    (pixels_first, "values", "innermost loops"),
    (spreads_the_tiles, "values", "where in the tile"),
    (filters_outside, "values", "over channels is the outer"),
    (no_bars, "values", "two bars"),
    (before_tiling, "values", "no c any more"),
    (inside_out, "values", "outermost loop"),
    (a_text, "values", "from the top"),
]
