"""Plain arrays in, plain arrays out, at the speed of this machine: what the nest's machine code is for.

compile_conv2d    one convolution layer: packed now, then f(ia) -> oa
compile_gemm      one matrix product: f(a, b) -> c
ALGORITHMS        the compiled convolutions by name, each with its default plan: ALGORITHMS["windows"].plan(shape, threads)
explain           what each of them would cost, in cycles, by a model one can read
"""

from typing import Any

__all__ = ["ALGORITHMS", "compile_conv2d", "compile_gemm", "explain"]


def __getattr__(name: str) -> Any:
    """The public names bring llvmlite with them, so they are fetched when asked for."""
    if name in __all__:
        from course_lib.kernels import compile

        return getattr(compile, name)
    raise AttributeError(f"course_lib.kernels has no {name!r}; the public names are {', '.join(__all__)}")
