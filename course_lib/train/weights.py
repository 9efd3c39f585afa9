"""The weights that come with the course, made again: both networks trained on digits(16), their accuracy over several seeds.

python -m course_lib.train.weights               writes course_lib/data/digits_*.npz, about a minute a network
python -m course_lib.train.weights --seeds 5     the accuracy of five trainings, writes nothing
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from course_lib.records import Report
from course_lib.train.data import digits
from course_lib.train.loop import accuracy, train
from course_lib.train.nets import NETS, WEIGHTS, save, trained

EPOCHS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=0, help="train with so many seeds and print the accuracies instead")
    parser.add_argument("--only", choices=NETS, help="one network")
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums in the same order on every machine, and no waiting for a core that others use
    data, rows = digits(16), []
    for name in [options.only] if options.only else NETS:
        for seed in range(options.seeds or 1):
            net, begun = NETS[name](seed=seed), time.monotonic()
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                train(net, data, EPOCHS, seed=seed)
            seconds = time.monotonic() - begun
            if not options.seeds:
                save(net, WEIGHTS / f"digits_{name}.npz")
                net = trained(name)  # what is reported is what is shipped, rounded to half precision
            row = {"network": name, "seed": seed, "seconds": seconds, "valid %": 100 * accuracy(net, *data.valid)}
            rows.append(row | {"test %": 100 * accuracy(net, *data.test)})
            print(rows[-1], flush=True)
    least = {name: min(row["test %"] for row in rows if row["network"] == name) for name in {row["network"] for row in rows}}
    print(Report.of(rows, title=repr(data), note=f"least on the test set: {least}; spread {np.ptp([r['test %'] for r in rows]):.2f}"))


if __name__ == "__main__":
    main()
