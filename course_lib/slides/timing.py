"""Where a network's time goes, for a slide: recorded once with the machine's name, or measured now.

Decks are built from the recorded times, so that a deck is the same wherever it is built; `course slides --measure` times the
networks here instead. The records are course_lib/data/time_share_<network>.json, renewed by

    python -m course_lib.slides.timing alexnet
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from ..records import Report

DATA = Path(__file__).resolve().parents[1] / "data"
COMMAND = "python -m course_lib.slides.timing"


def machine() -> str:
    """This machine in a few words: its processor and how many of them the operating system shows."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # no such file outside Linux; the short name stands
    return f"{name}, {os.cpu_count()} CPUs"


def whole_runs(network: str, count: int = 16) -> list[float]:
    """Milliseconds of `count` runs of the whole network, one after another from the very first, on one thread."""
    import time

    import torch

    from ..zoo import NETWORKS, module

    net, image = module(network), torch.zeros(1, *NETWORKS[network].input_shape)
    before, out = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for _ in range(count):
                began = time.perf_counter()
                net(image)
                out.append(round(1e3 * (time.perf_counter() - began), 2))
    finally:
        torch.set_num_threads(before)
    return out


def measured(network: str, repeat: int = 9) -> dict[str, Any]:
    """The network run here, layer by layer on one thread, as plain data with the machine's name."""
    from ..zoo import time_share

    runs = whole_runs(network)
    report = time_share(network, repeat=repeat, threads=1)
    return {"network": network, "machine": machine(), "command": f"{COMMAND} {network}", "title": report.title, "note": report.note,
            "runs": runs, "columns": report.columns}  # fmt: skip


def told(network: str, measure: bool) -> tuple[dict[str, Any], str]:
    """The record, or with `measure` a run now; and a sentence saying which machine and which of the two."""
    path = DATA / f"time_share_{network}.json"
    if not measure and not path.is_file():
        raise ValueError(f"network: no times of {network!r} are recorded; `{COMMAND} {network}` records them")
    data = measured(network) if measure else json.loads(path.read_text(encoding="utf-8"))
    said = "measured while this deck was built" if measure else f"recorded by {data['command']}"
    return data, f"{data['machine']}; {said}."


def timed(network: str, measure: bool = False) -> Report:
    """Milliseconds and MACs a layer: from the record, or with `measure` from a run now. `note` says on which machine.

    Raises ValueError where nothing is recorded for the network.
    """
    data, said = told(network, measure)
    return Report(data["columns"], title=data["title"], note=said)


def runs(network: str, measure: bool = False) -> Report:
    """Milliseconds of whole runs in the order they were made, the first included; otherwise as `timed`."""
    data, said = told(network, measure)
    return Report({"run": list(range(1, len(data["runs"]) + 1)), "ms": data["runs"]}, title=f"{network}, run after run", note=said)


def main(names: list[str]) -> int:
    """Record the networks named."""
    for name in names:
        data = measured(name)
        (DATA / f"time_share_{name}.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(Report(data["columns"], title=data["title"], note=data["machine"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
