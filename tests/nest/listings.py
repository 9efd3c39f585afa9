"""The nests whose listings the lecture prints, and a few that only this package can; each is a golden file."""

from course_lib.nest import conv1d_problem, conv_problem, gemm_problem, schedule, sum_problem
from course_lib.shapes import ConvShape, GemmShape

LAYER = ConvShape(N=1, C=64, H=56, W=56, K=128, R=3, S=3, pad=1)
conv = conv_problem(LAYER)
tiled = schedule(conv, "n r s c k p q").tile(c=16, k=64).reorder("n r s c_t k_t c_s k_s p q").spatial("c_s k_s").hold("W")

LISTINGS = {
    "1d_output_stationary": schedule(conv1d_problem(Q=9, S=4), "q s"),
    "1d_weight_stationary": schedule(conv1d_problem(Q=9, S=4), "s q"),
    "direct": schedule(conv, "n k p q c r s"),
    "ordering": schedule(conv, "n r s c k p q").hold("W"),
    "ordering_unrolling": schedule(conv, "n r s c k p q").spatial("c k").hold("W"),
    "ordering_unrolling_tiling": tiled,
    "output_held": schedule(conv, "n k p q c r s").hold("OA"),
    "ragged": schedule(conv_problem(ConvShape(N=1, C=3, H=9, W=9, K=10, R=3, S=3, stride=2)), "n k p q c r s").tile(k=4, c=2),
    "grouped_blocked": schedule(conv_problem(ConvShape(1, 32, 8, 8, 32, 3, 3, groups=2, dilation=(1, 2)), ia="NCHW8c", wt="KCRS8k")),
    "depthwise": schedule(conv_problem(ConvShape(1, 8, 6, 6, 8, 3, 3, pad=1, groups=8))),
    "gemm_tiled": schedule(gemm_problem(GemmShape(64, 64, 64))).tile(i=8, j=16).reorder("i_t j_t k i_s j_s").unroll("i_s").vectorize("j_s"),
    "sum_by_rows": schedule(sum_problem(1024, 1024), "i j").hold("SUM"),
    "sum_by_columns": schedule(sum_problem(1024, 1024), "j i").hold("SUM"),
}
