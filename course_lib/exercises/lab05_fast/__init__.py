"""The exercises of lab 05: Strassen's seven products, Winograd's short filters in one and two dimensions, their count and their error.

c11 c12     m1 + m4 - m5 + m7   m3 + m5            Y = AT [ (G g Gᵀ) * (BT d B) ] A
c21 c22  =  m2 + m4             m1 - m2 + m3 + m6
"""

from __future__ import annotations

from ..exercise import Exercise
from .guess import mults_share
from .seven_products import pad_to_power_of_two, strassen, strassen_mults
from .short_filter import winograd_1d, winograd_matrices
from .tiles import input_transform, kernel_transform, output_transform, winograd_conv2d, winograd_error, winograd_mults

SOURCE = "Strassen, Numerische Mathematik 1969; Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        mults_share,
        pad_to_power_of_two,
        strassen_mults,
        strassen,
        winograd_1d,
        kernel_transform,
        input_transform,
        output_transform,
        winograd_conv2d,
        winograd_mults,
        winograd_matrices,
        winograd_error,
    )
}
