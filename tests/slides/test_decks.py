"""The course's decks: every frame of the lecture in its order, each with figure, number, question and notes; nothing from outside."""

import html
import re
from pathlib import Path

import pytest

from course_lib.records import text_of
from course_lib.slides import build, read
from course_lib.slides.command import SLIDES, chapters

# The lecture's frames in order, and the frame of ours that covers each.
COVERED = {
    "01_intro": [
        ("Efficient Computing of Deep Neural Networks", "title"),
        ("Computer Vision", "computer-vision"),
        ("Revolution of Depth (errors by year)", "revolution-of-depth"),
        ("Revolution of Depth (AlexNet, 8 layers; VGG, 19 layers)", "revolution-of-depth-8-to-19"),
        ("Revolution of Depth (ResNet, 152 layers)", "revolution-of-depth-152"),
        ("the list of networks", "model-list"),
        ("the list of networks with all sizes", "the-size-list"),
        ("accuracy, operations and size (Canziani et al.)", "accuracy-map"),
        ("When Machine Learning Meets Hardware", "hardware"),
        ("1st Challenge: Model Size", "model-size"),
        ("2nd Challenge: Energy Efficiency", "energy"),
        ("Convolution Is the Bottleneck", "convolution-is-the-bottleneck"),
    ],
    "03_gemm": [
        ("outline: 2 Convolution Basis, 3 GEMM, 4 Direct Convolution, 5 Sparse Convolution", "outline"),
        ("Convolution Basis: A = a·1 + b·2 + ...; H W R S P Q", "convolution-basis"),
        ("stride", "stride"),
        ("stride, moved on", "stride-2"),
        ("P and Q without padding", "output-size"),
        ("padding, P and Q with padding", "padding"),
        ("C: input channels", "channels"),
        ("K: output channels", "filters"),
        ("N: batch size", "batch"),
        ("Direct convolution: no extra memory overhead", "direct-convolution"),
        ("low performance, poor access pattern, short dot product", "direct-properties"),
        ("Background: Memory System", "memory-system"),
        ("spatial locality, temporal locality", "locality"),
        ("GEMM: two C programs", "two-programs"),
        ("Same complexity; same real runtime?", "same-complexity"),
        ("Im2col 2D-Convolution", "im2col-2d"),
        ("large extra memory, good performance, any configuration", "im2col-properties"),
        ("SOTA 1: Memory-efficient Convolution (the lowering)", "mec"),
        ("SOTA 1 (partition A)", "mec-partition-a"),
        ("SOTA 1 (partitions B to E): sgemm'ed in parallel", "mec-partitions"),
        ("Over 2x memory saving", "mec-saving"),
        ("Im2col 3D-Convolution", "im2col-3d"),
        ("unified calculation for both convolution and fully-connected layers", "unified"),
    ],
    "04_dataflow": [
        ("Direct Convolution", "direct-convolution"),
        ("Dataflow: Output Stationary (OS), Weight Stationary (WS)", "dataflow-1d"),
        ("Buffer Access Pattern 1: Output Stationary", "output-stationary"),
        ("Buffer Access Pattern 2: Weight Stationary", "weight-stationary"),
        ("Direct Convolution (the loops)", "seven-loops"),
        ("Direct Convolution: Loop Ordering", "loop-order"),
        ("Direct Convolution: Loop Ordering + Unrolling", "unrolling"),
        ("Direct Convolution: Loop Ordering + Unrolling + Tiling (the listing)", "tiling"),
        ("Direct Convolution: Loop Ordering + Unrolling + Tiling (the array)", "sixteen-by-sixty-four"),
        ("How many configurations we have?", "configurations"),
        ("How to search for the BEST configuration? How to handle different backend devices?", "best-configuration"),
    ],
    "07_pruning": [
        ("Structured Sparse Convolution", "title"),
        ("Exploring the Granularity of Sparsity that is Hardware-friendly", "granularity"),
        ("Sparse DNN: sparsification, compression, potential acceleration", "sparse-dnn"),
    ],
}

# Chapter 5 is in the course's schedule ("Accurate speed-up") and has no frames in the lecture of 30 September.
COVERED["05_fast"] = [("L04 Accurate Speed-up", "title")]
COVERED["06_sparse"] = [
    ("Sparse Convolution", "sparse-convolution"),
    ("Sparse Convolution: Naive Implementation 1", "naive-1"),
    ("BAD implementation for Pipeline!", "pipeline"),
    ("Sparse Convolution: Naive Implementation 1 (the second of that title)", "naive-2"),
    ("Sparse Matrix Representation", "formats"),
    ("CSR: feature maps, CSC: filters", "csr-csc"),
    ("BAD implementation for Spatial Locality!", "spatial-locality"),
    ("SOTA 2: Sparse Convolution (figure 1)", "direct-sparse"),
    ("SOTA 2: Sparse Convolution (figure 2)", "layout"),
]
COVERED["08_decomposition"] = [
    ("Low-rank DNN: approximation, less storage, fewer operations", "title"),
    ("matrix decomposition", "svd"),
    ("tensor decomposition", "tucker"),
    ("ReLU: error more sensitive to positive response; the enlarged solution space", "relu"),
    ("structured sparsity, low rank and their sum, side by side", "one-problem"),
]

COVERED["13_tvm1"] = [("L09 TVM-1, of the course's schedule", "title")]
COVERED["14_tvm2"] = [
    ("Questions: how many configurations, how to search for the best, how to handle different backend devices", "questions"),
    ("Deep Learning Compiler Example: TVM", "tvm"),
    ("Layer-wise Optimization: Autotuning", "autotuning"),
    ("Tuning algorithms: active learning, transfer learning, reinforcement learning", "tuning-algorithms"),
    ("Active Learning driven TVM [DATE'21]", "active-learning"),
    ("batch transductive experimental design", "bted"),
    ("bootstrap-guided adaptive optimization", "bao"),
    ("Deep Gaussian Transfer Learning [ICCV'21]", "deep-gaussian"),
]

# What the lab of chapter 4 points to.
DATAFLOW_ANCHORS = (
    "dataflow-1d output-stationary weight-stationary input-stationary loop-order unrolling tiling spatial configurations traffic "
    "lower-bound energy"
)


@pytest.fixture(scope="module")
def pages(built_decks):
    """All decks, built once: {"01_intro": html, ...}."""
    return {name: path.read_text("utf-8") for name, path in built_decks.items()}


def anchors(name: str) -> list[str]:
    return [anchor for frame in read(SLIDES / f"{name}.md").frames for anchor in (frame.anchor, *frame.also)]


@pytest.mark.parametrize("name", COVERED)
def test_every_frame_of_the_lecture_is_covered_in_its_order(name):
    ours = anchors(name)
    places = [ours.index(anchor) for _, anchor in COVERED[name]]
    assert places == sorted(places)


@pytest.mark.parametrize("name", COVERED)
def test_every_frame_has_a_figure_a_computed_number_a_question_and_notes(name, pages):
    sections = re.findall(r'<section class="frame.*?</section>', pages[name], re.S)
    for frame, section in zip(read(SLIDES / f"{name}.md").frames, sections, strict=False):
        assert 'class="fig' in section, f"{frame.title}: no figure"
        assert 'class="quiz"' in section, f"{frame.title}: no question"
        written = "".join(part.text for part in frame.parts if part.kind in ("text", "quiz"))
        assert "{=" in written or "\n= " in written, f"{frame.title}: no computed number"
        assert frame.minutes > 0 and len(frame.notes) > 40, f"{frame.title}: no notes"


@pytest.mark.parametrize("name", COVERED)
def test_the_same_source_gives_the_same_bytes(name, pages):
    assert build(chapters()[name], measure=False) == pages[name]


@pytest.mark.parametrize("name", COVERED)
def test_nothing_in_a_deck_asks_for_anything_outside(name, pages):
    page = pages[name]
    assert not re.findall(r"""(?:src|href|action|poster|data)\s*=\s*["']?\s*(?:https?:)?//""", page)
    assert not re.findall(r"url\(\s*[\"']?(?!#|data:)|@import|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon", page)
    assert set(re.findall(r"https?://[^\s\"'<>)\\]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", COVERED)
def test_a_deck_is_below_a_megabyte(name, pages):
    assert len(pages[name].encode()) < 1_000_000


@pytest.mark.parametrize("name", COVERED)
def test_no_id_is_used_twice_in_a_page(name, pages):
    ids = re.findall(r'<[^>]* id="([^"]+)"', pages[name])
    assert len(ids) == len(set(ids))


def test_the_numbers_of_the_courses_own_layer_stand_on_the_slides(pages):
    # 54·54·64·27 MACs; 27·54·54 lowered elements; 27·2916 / (3·56·56); 9 rows by 25 columns of the slide's 7x7 example
    for number in (64 * 27 * 54 * 54, 27 * 54 * 54, 9 * 25, 54 * 56 * 3 * 3):
        assert f">{number:,}</span>" in pages["03_gemm"]
    assert f">{27 * 54 * 54 / (3 * 56 * 56):.2f}×</span>" in pages["03_gemm"]


def test_a_constant_changed_in_a_deck_changes_what_is_built(tmp_path, pages):
    text, cut, _ = (SLIDES / "03_gemm.md").read_text(encoding="utf-8").partition("\n---\n\n# Background: memory system")
    assert cut  # what comes behind has layers of its own
    path = tmp_path / "03_gemm.md"
    path.write_text(text.replace("H=56, W=56, K=64, R=3, S=3)\n", "H=56, W=56, K=32, R=3, S=3)\n"), encoding="utf-8")
    changed = build(path, measure=False)
    assert ">5,038,848</span>" in pages["03_gemm"]
    assert ">2,519,424</span>" in changed  # half the filters, half the work


def test_the_three_wrong_rows_are_the_right_choices_of_the_size_question(pages):
    quiz = re.search(r'<div class="quiz"[^>]*data-kind="many".*?class="said"', pages["01_intro"], re.S)[0]
    right = re.findall(r'data-right="1".*?<span class="words">(.*?)</span>', quiz)
    assert right == ["ResNet, 215", "Inception-ResNet, 23", "Xception, 22"]


def test_every_slide_a_lab_points_to_is_there():
    exercises = Path(__file__).resolve().parents[2] / "course_lib" / "exercises"
    for path in (*exercises.glob("lab*.py"), *exercises.glob("lab*/*.py")):
        for name, anchor in re.findall(r'"(\d\d_\w+)#([\w-]+)"', path.read_text(encoding="utf-8")):
            if name not in chapters():  # a deck that is still to come
                continue
            assert anchor in anchors(name), f"{path.name} points to {name}#{anchor}"


def test_times_on_slides_name_their_machine_and_command(pages):
    assert "recorded by python -m course_lib.slides.timing alexnet" in pages["01_intro"]
    for name in ("03_gemm", "04_dataflow"):
        assert "CPUs, one thread; recorded by python -m course_lib.slides.nest_times" in pages[name]


def test_the_dataflow_deck_has_the_anchors_of_its_lab():
    assert set(DATAFLOW_ANCHORS.split()) <= set(anchors("04_dataflow"))


GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "nest"
LISTINGS = {
    "dataflow-1d": ["1d_output_stationary", "1d_weight_stationary"],
    "seven-loops": ["direct"],
    "loop-order": ["ordering"],
    "unrolling": ["ordering_unrolling"],
    "tiling": ["ordering_unrolling_tiling"],
}


@pytest.mark.parametrize("anchor", LISTINGS)
def test_the_listings_on_the_slides_are_the_golden_ones_line_for_line(anchor, pages):
    section = re.search(rf'<section class="frame[^"]*" id="{anchor}".*?</section>', pages["04_dataflow"], re.S)[0]
    shown = [html.unescape(re.sub(r"<[^>]+>", "", code)) for code in re.findall(r"<pre class=\"listing\".*?</pre>", section, re.S)]
    assert shown == [(GOLDEN / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n") for name in LISTINGS[anchor]]


def test_the_numbers_of_chapter_four_stand_on_its_slides(pages):
    # 28 = C(6+2, 2) splits of 2^6 into three; 30 = C(3+2, 2) * C(1+2, 2) of 2^3 * 7; 3 of 3; squared each: k c, p q, r s
    numbers = (28**2 * 30**2 * 3**2, 64 * 64 * 9 * 56 * 56, 16 * 64, 9 * 16 * 4 * 14 * 14)
    # the least traffic of the layer: 64·56·56 inputs, 64·64·9 weights, 64·56·56 outputs, each once
    for number in (*numbers, 64 * 56 * 56 + 64 * 64 * 9 + 64 * 56 * 56):
        told = text_of(number)
        assert f">{told}</span>" in pages["04_dataflow"] or f"<mn>{told}</mn>" in pages["04_dataflow"], told
    assert ">18.75</span>" in pages["04_dataflow"]  # 3 of 16 rows


def test_the_misses_of_the_two_programs_follow_from_lines_and_sets(pages):
    # two matrices of 1024·1024 doubles, eight to a line, and the line of the sum; by columns every access misses
    for number in (2 * 1024 * 1024 // 8 + 1, 2 * 1024 * 1024 + 1):
        assert f">{number:,}</span>" in pages["03_gemm"]
