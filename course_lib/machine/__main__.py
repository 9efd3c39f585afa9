"""`python -m course_lib.machine dataflows`: the energy of AlexNet's layers by dataflow; `scale-sim`: systolic cycles beside SCALE-Sim's."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from ..shapes import ConvShape
from ..zoo import NETWORKS
from .dataflows import energy_by_dataflow, over_all
from .pe_array import PEArray
from .scale_sim import comparison

HONESTY = """\
Computed here: every count, from the loop nests (closed form, tested against a walk over every iteration).
As reported, quoted from memory: the energies of one access (RF 1, PE 2, buffer 6, DRAM 200 MACs) and the words of a PE's registers
and of the buffer, which default to those of the chip. The Eyeriss paper's headline, also from memory, is that row stationary takes
1.4 to 2.5 times less energy than the others on AlexNet's convolutions. The mappings of the others are ours and have the same
registers and buffer; each has the best order of its outer loops, but for the slide's nest (NVDLA), which is taken as it stands.
The paper gives all dataflows the same area instead."""


def dataflows(options: argparse.Namespace) -> int:
    array = PEArray(options.rows, options.cols, options.registers, options.buffer)
    network = NETWORKS["alexnet_grouped"]
    layers = {conv.name: conv.shape for conv in network.convs}
    table = energy_by_dataflow(layers, array)
    print(table, over_all(table, layers), sep="\n\n")
    # fc6 reads a 6 x 6 map of 256 channels: a filter as large as its input
    print("", energy_by_dataflow({"fc6": ConvShape(N=1, C=256, H=6, W=6, K=4096, R=6, S=6)}, array), sep="\n")
    print("", HONESTY, sep="\n")
    return 0


def scale_sim(options: argparse.Namespace) -> int:
    # SCALE-Sim's file has AlexNet's two towers as one
    layers = {f"alexnet {conv.name}": replace(conv.shape, groups=1) for conv in NETWORKS["alexnet_grouped"].convs}
    layers |= {f"resnet50 {conv.name}": conv.shape for conv in NETWORKS["resnet50"].convs[:5]}
    print(comparison(layers, options.rows, options.cols))
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_lib.machine", description="Dataflows and arrays as tables.")
    words = parser.add_subparsers(required=True)
    for name, verb, rows, cols, what in (
        ("dataflows", dataflows, 12, 14, "energy of AlexNet's layers by dataflow"),
        ("scale-sim", scale_sim, 32, 32, "cycles of a systolic array beside SCALE-Sim's"),
    ):
        word = words.add_parser(name, help=what, description=what)
        word.add_argument("--rows", type=int, default=rows, help=f"rows of the array ({rows})")
        word.add_argument("--cols", type=int, default=cols, help=f"columns of the array ({cols})")
        word.set_defaults(verb=verb)
        if verb is dataflows:
            word.add_argument("--registers", type=int, default=260, help="words in each PE (260 = 12 + 224 + 24)")
            word.add_argument("--buffer", type=int, default=54 * 1024, help="words in the buffer (55296 = 108 KB of 16 bits)")
    options = parser.parse_args(argv)
    try:
        return options.verb(options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
