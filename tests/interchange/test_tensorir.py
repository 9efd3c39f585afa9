"""The real TVM reads our text, compiles it, and agrees with `run` to the last bit: small whole numbers have exact sums."""

import inspect

import numpy as np
import pytest

from course_lib.interchange import tensorir
from course_lib.interchange.read_by_tvm import quick_stack, read_by_tvm
from course_lib.nest import conv_problem, gemm_problem, run, schedule
from course_lib.shapes import ConvShape, GemmShape
from tests.nest.random_nests import random_inputs, random_schedule

tvm = None


@pytest.fixture(scope="module", autouse=True)
def loaded_tvm():
    """Loading it takes seconds, which a worker that has other files need not spend."""
    global tvm
    tvm = pytest.importorskip("tvm", reason="pip install 'efficient-dnn-course[tvm]'")


def compiled(nest, a, b):
    """What TVM's code makes of a and b; the output is full of sevens before, so that an element it forgets is seen."""
    out = nest.problem.out
    memory = tvm.runtime.tensor(np.full(out.memory_shape, 7, np.float32))
    inputs = [tvm.runtime.tensor(tensor.pack(array)) for tensor, array in zip(nest.problem.ins, (a, b), strict=True)]
    tvm.compile(read_by_tvm(nest), target="llvm")["main"](*inputs, memory)
    return out.unpack(memory.numpy())


def conv(order="", **words):
    return schedule(conv_problem(ConvShape(**dict(N=1, C=4, H=7, W=6, K=5, R=3, S=3) | words)), order)


GEMM = schedule(gemm_problem(GemmShape(9, 10, 7)))
NESTS = {
    "plain": conv("n r s c k p q"),
    "tiled": conv().tile(c=2, p=5).reorder("n k p_t q c_t r s c_s p_s"),
    "ragged, tiles of tiles": conv().tile(k=2, p=3).tile(k_t=2, p_s=2),
    "small steps outside": conv().tile(q=3).reorder("n q_s k p q_t c r s"),
    "stride and padding": conv(stride=2, pad=((1, 0), (2, 1))),
    "dilation": conv(dilation=2),
    "groups": conv(C=4, K=6, groups=2),
    "depthwise": conv(C=4, K=4, groups=4, pad=1),
    "every mark": conv().tile(k=4).reorder("p n q c r s k_t k_s").parallel("p").unroll("r s").spatial("c").vectorize("k_s"),
    "ragged lanes, held": GEMM.tile(j=4).reorder("i k j_t j_s").vectorize("j_s").hold("A C"),
    "blocked layouts": schedule(conv_problem(ConvShape(1, 5, 6, 6, 7, 3, 3), ia="NCHW4c", wt="KCRS4c8k", oa="NKPQ8k")),
    "a product, transposed": schedule(gemm_problem(GemmShape(5, 6, 7), a="KI"), "k j i"),
}


@pytest.mark.parametrize("case", NESTS)
def test_tvm_computes_what_the_nest_computes(case):
    nest = NESTS[case]
    a, b = random_inputs(np.random.default_rng(1), nest.problem)
    assert np.array_equal(compiled(nest, a, b), run(nest, a, b))


@pytest.mark.parametrize("seed", range(16))
def test_tvm_computes_what_a_random_nest_computes(seed):
    rng = np.random.default_rng(seed)
    nest = random_schedule(rng)
    if nest.loops[-1].kind == "vectorize" and nest.loops[-1].dim in nest.problem.reduction:
        with pytest.raises(ValueError, match="cannot share a sum"):
            tensorir(nest)
        return
    a, b = random_inputs(rng, nest.problem)
    assert np.array_equal(compiled(nest, a, b), run(nest, a, b))


def test_the_quick_reader_reads_what_tvms_own_does_and_leaves_python_as_it_was():
    before = inspect.stack
    for nest in (NESTS["every mark"], NESTS["blocked layouts"]):
        tvm.ir.assert_structural_equal(read_by_tvm(nest), tvm.script.from_source(tensorir(nest)))
    with pytest.raises(KeyError), quick_stack():
        here, caller = inspect.stack()[0], before()[0]
        assert (here.frame, here.filename, here.function) == (caller.frame, caller.filename, caller.function)
        raise KeyError
    assert inspect.stack is before


KINDS = {"serial": 0, "parallel": 1, "vectorize": 2, "unroll": 3, "spatial": 0}  # TVM's ForKind


@pytest.mark.parametrize("case", NESTS)
def test_tvm_sees_the_loops_of_the_nest_in_its_order_with_its_marks(case):
    nest, seen, blocks = NESTS[case], [], []

    def visit(node):
        if isinstance(node, tvm.tirx.For):
            seen.append((node.loop_var.name, int(node.extent), int(node.kind), "spatial" in node.annotations))
        if isinstance(node, tvm.tirx.SBlock) and node.name_hint != "root":
            blocks.append(list(node.annotations.get("hold", [])))

    tvm.tirx.stmt_functor.post_order_visit(read_by_tvm(nest)["main"].body, visit)
    assert seen[::-1] == [(l.name, l.extent, KINDS[l.kind], l.kind == "spatial") for l in nest.loops]
    assert blocks == [list(nest.held)]


CANNOT = {
    "lanes on a sum": (lambda: tensorir(GEMM.vectorize("k")), "k is summed over"),
    "an empty loop": (lambda: tensorir(schedule(gemm_problem(GemmShape(2, 3, 0)))), "k has none"),
    "not a schedule": (lambda: tensorir("i j k"), "want a Schedule"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_what_tensorir_cannot_say_is_an_error_that_says_so(case):
    call, said = CANNOT[case]
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)
