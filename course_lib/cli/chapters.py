"""The chapters of the course as a table, and what of each is there: asked of the folders, never declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Chapter:
    """One chapter: its number and name as in every file name, its title, its heart in a line, and what of it is still to come."""

    number: str
    name: str
    title: str
    heart: str
    lacks: str = "planned"

    @property
    def key(self) -> str:
        """`01_intro`: the name of the chapter in slides/, solutions/, labs/ and autograder/manifests/."""
        return f"{self.number}_{self.name}"

    def notebooks(self, labs: Path) -> list[Path]:
        """The lab's notebooks, none where the lab is not there yet."""
        return sorted((labs / self.key).glob("lab*.ipynb"))

    def deck_source(self, root: Path = ROOT) -> Path | None:
        path = root / "slides" / f"{self.key}.md"
        return path if path.exists() else None


CHAPTERS = (
    Chapter("01", "intro", "What a network costs", "sizes, multiply-accumulates, P and Q; convolution is the bottleneck", ""),
    Chapter("02", "training", "Training", "the loop, batch norm and its folding, augmentation, the memory of training"),
    Chapter("03", "gemm", "Convolution as a matrix product", "sliding window, loop order, tiling, packing, im2col, MEC", ""),
    Chapter("04", "dataflow", "Dataflow", "stationary operands, loop nests, traffic, energy", ""),
    Chapter("05", "fast", "Fewer multiplications", "Strassen, Winograd, FFT, and what they cost in error", ""),
    Chapter("06", "sparse", "Sparse convolution", "CSR and CSC, direct sparse convolution, the break-even density", ""),
    Chapter("07", "pruning", "Pruning", "magnitude, granularity, structured sparsity, channels, schedules", ""),
    Chapter("08", "decomposition", "Decomposition", "SVD, Tucker, CP, ReLU-aware, low rank plus sparse", ""),
    Chapter("09", "quantization", "Quantization", "affine numbers, calibration, integer arithmetic, training for it"),
    Chapter("10", "binary", "Binary and ternary networks", "XNOR and popcount"),
    Chapter("11", "distiller", "Compression schedules", "a schedule as data, distillation"),
    Chapter("12", "cuda", "CUDA", "warps, coalescing, bank conflicts, tiled products"),
    Chapter("13", "tvm1", "TVM 1", "schedule primitives and lowering", ""),
    Chapter("14", "tvm2", "TVM 2", "search spaces, cost models, BTED and BAO, transfer", ""),
    Chapter("15", "mnn", "MNN", "graph passes, memory plan, choice of algorithm"),
    Chapter("16", "tensorrt", "TensorRT", "fusion, tactics, calibration, plans"),
    Chapter("17", "fpga", "FPGA", "systolic arrays, HLS, the design space"),
    Chapter("18", "nas", "Architecture search", "supernets, predictors, evolution, the Pareto front"),
    Chapter("19", "ocr", "OCR: the model", "a text recogniser, trained and pruned"),
    Chapter("20", "ocr", "OCR: deployment", "quantised, decomposed, exported under a budget"),
    Chapter("21", "ocr", "OCR: the accelerator", "its layers on the systolic array"),
)


def stale_decks(decks: Path, root: Path = ROOT) -> list[str]:
    """The decks that are not built yet, or whose text is newer than what was built."""
    sources = [(chapter.key, source) for chapter in CHAPTERS if (source := chapter.deck_source(root))]
    built = {key: decks / f"{key}.html" for key, _ in sources}
    return [key for key, source in sources if not built[key].exists() or built[key].stat().st_mtime < source.stat().st_mtime]


def start_page(labs: Path, deck_address: str, decks: Path, building: bool = False) -> str:
    """The page JupyterLab opens on, as markdown: each chapter with its notebook, its deck, and what is still to come.

    `deck_address` is where this server hands out the decks of the folder `decks`; `building` says that those which are
    not there yet are on their way.
    """
    there = [chapter for chapter in CHAPTERS if chapter.notebooks(labs)]
    lines = ["# Efficient computing of deep neural networks", ""]
    if there:
        first = there[0]
        lines += [
            f"**Begin here: [lab {first.number}, {first.title}]({relative(first.notebooks(labs)[0], labs)})**",
            "",
            "A lab is a notebook. Read, fill in the blanks, run the cell below each blank: the picture and the verdict appear at once.",
            "Shift+Enter runs a cell and goes on to the next. Everything runs on this machine; nothing is sent anywhere.",
            "",
        ]
    else:
        lines += [f"No lab was found in `{labs}`. `course release` makes the labs from `solutions/`.", ""]
    lines += ["| | chapter | lab | lecture |", "|---|---|---|---|"]
    later = []
    for chapter in CHAPTERS:
        books = chapter.notebooks(labs)
        built = decks / f"{chapter.key}.html"
        if not books and not chapter.deck_source():
            later.append(chapter)
            continue
        lab = ", ".join(f"[{book.stem}]({relative(book, labs)})" for book in books) or "to come"
        if built.exists() or (building and chapter.deck_source()):
            deck = f"[deck]({deck_address}/{built.name})" + ("" if built.exists() else ", there in a minute")
        else:
            deck = "`python3 course.py slides` builds it" if chapter.deck_source() else "to come"
        note = f"<br>*{chapter.lacks}*" if chapter.lacks else ""
        lines.append(f"| {chapter.number} | **{chapter.title}**: {chapter.heart}{note} | {lab} | {deck} |")
    lines += ["", "## Planned, not there yet", ""]
    lines += [f"- {chapter.number} **{chapter.title}**: {chapter.heart}" for chapter in later]
    lines += [
        "",
        "## When something is odd",
        "",
        "- `python3 course.py doctor`, in a terminal, says what this machine has and lacks.",
        "- A picture does not move, or a slider is dead: run its cell again (the kernel was restarted).",
        "- *Kernel > Restart Kernel and Run All Cells* before handing in: what only works in an odd order does not work.",
        "- Ctrl-C in the terminal where the course was started ends it; what is saved stays saved.",
    ]
    return "\n".join(lines) + "\n"


def relative(path: Path, folder: Path) -> str:
    """A link from the start page, spaces escaped."""
    from urllib.parse import quote

    return quote(path.relative_to(folder).as_posix())
