"""The same layer by others, on the same numbers, in turns: torch (oneDNN), TVM's MetaSchedule; and the record of it that decks show."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..bench import equal, timed
from ..machine.host import describe
from ..records import Report
from ..shapes import ConvShape
from .jobs import compiled, operands, swept
from .tuning import Tuned

FILE = Path(__file__).resolve().parents[1] / "data" / "tune_times.json"


def record(what: str, report: Report, file: Path = FILE) -> Path:
    """Keep a table of `python benchmarks/tune.py WHAT --record` with the machine's name, beside those that are kept."""
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    host = describe()
    command = f"python benchmarks/tune.py {what} --record"
    made = {"machine": f"{host.name}, {host.vectors}", "command": command, "title": report.title, "note": report.note}
    kept[what] = made | {"rows": list(report)}
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return file


def recorded(what: str, file: Path = FILE) -> Report:
    """A table that `record` kept, its machine in the title. Raises ValueError where there is none of that name."""
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if what not in kept:
        raise ValueError(f"what: want one of {', '.join(kept) or 'no table yet'}, got {what!r}")
    return Report.of(kept[what]["rows"], f"{kept[what]['title']}: {kept[what]['machine']}", kept[what]["note"])


def against_torch(tuned: Tuned, seconds: float = 0.3) -> dict[str, float | None]:
    """Median seconds of the tuned layer and of torch's conv2d on as many threads; None for torch where it is not installed."""
    task, shape = tuned.task, tuned.task.shape
    a, b, want, length = operands(shape)
    ours = compiled(task, tuned.algorithm, tuned.plan, a, b)
    calls: dict[str, Callable[[], Any]] = {"tuned": ours}
    try:
        import torch
    except ImportError:
        torch = None
    if torch is not None and isinstance(shape, ConvShape):
        before = torch.get_num_threads()
        torch.set_num_threads(task.threads)
        torch_a, torch_b = torch.from_numpy(a), torch.from_numpy(b)
        (top, bottom), (left, right) = shape.pads
        if (top, left) != (bottom, right):
            torch_a = torch.nn.functional.pad(torch_a, (left, right, top, bottom))
            top = left = 0

        def theirs() -> Any:
            with torch.no_grad():
                return torch.nn.functional.conv2d(
                    torch_a, torch_b, stride=shape.strides, padding=(top, left), dilation=shape.dilations, groups=shape.groups
                )

        equal("torch", theirs(), want, length)
        calls["torch"] = theirs
    equal("tuned", ours(), want, length)
    clock = time.thread_time if task.threads == 1 else time.perf_counter
    times = timed({"before": swept, **calls, "after": swept}, seconds, task.threads, clock, turns=(9, 101))
    if "torch" not in calls:
        return {"tuned": times.seconds("tuned"), "torch": None}
    torch.set_num_threads(before)
    # the ratio of the turns counts; torch's seconds are put in proportion
    return {"tuned": times.seconds("tuned"), "torch": times.seconds("tuned") * times.ratio("torch", "tuned")}


def loaded_tvm() -> Any:
    """TVM with all that its search imports, which no search needs to be charged for."""
    import tvm

    from ..interchange.read_by_tvm import quick_stack

    with quick_stack():
        import tvm.s_tir.tensor_intrin
    return tvm


def built_by_tvm(module: Any, target: Any, _: Any) -> Any:
    """What `meta_schedule.builder.default_build` does, without loading tensor instructions that a convolution in floats has no use for."""
    import tvm
    from tvm.s_tir.transform import RemoveWeightLayoutRewriteBlock

    return tvm.compile(RemoveWeightLayoutRewriteBlock(skip_tensor_rewrite=True)(module), target=target).mod


def tuned_by_tvm(shape: ConvShape, trials: int, seed: int = 0, where: str | None = None) -> Callable[[Any, Any], Callable[[], Any]]:
    """One convolution tuned by TVM's MetaSchedule for one thread -> f(ia, wt), which gives a call ready to be timed.

    Its own rules, evolutionary search and cost model: XGBoost where xgboost is installed, else random scores. Two rounds at least, so that
    the model has seen something. It may use all cores to search and to build, as our pool does, and times one candidate at a time.
    Plain NCHW and KCRS arrays. `f.measured` is the number of trials that gave a time; the rest took longer than their limits.

    TVM's own build function first loads its tensor instructions for all devices, in each new worker. In 0.26 that may take longer than its
    limit of half a minute, and then no trial is built; a convolution in floats needs none of them, so `built_by_tvm` leaves them out.
    """
    import os
    import tempfile
    from importlib.util import find_spec

    import numpy as np

    tvm = loaded_tvm()
    from tvm import te
    from tvm.s_tir import meta_schedule

    (top, bottom), (left, right) = shape.pads
    (down, across), (apart_h, apart_w) = shape.strides, shape.dilations
    if shape.groups != 1:
        raise ValueError(f"shape: MetaSchedule is asked for layers with one group, got groups = {shape.groups}")
    ia, wt = te.placeholder(shape.ia_shape, name="ia"), te.placeholder(shape.wt_shape, name="wt")
    H, W = shape.H + top + bottom, shape.W + left + right

    def padded_at(n: Any, c: Any, h: Any, w: Any) -> Any:
        inside = tvm.tirx.all(h >= top, h < shape.H + top, w >= left, w < shape.W + left)
        return tvm.tirx.if_then_else(inside, ia[n, c, h - top, w - left], tvm.tirx.const(0.0, "float32"))

    padded = te.compute((shape.N, shape.C, H, W), padded_at, name="padded")
    c, r, s = (te.reduce_axis((0, size), name=name) for name, size in (("c", shape.C), ("r", shape.R), ("s", shape.S)))
    oa = te.compute(
        shape.oa_shape,
        lambda n, k, p, q: te.sum(padded[n, c, p * down + r * apart_h, q * across + s * apart_w] * wt[k, c, r, s], axis=[c, r, s]),
        name="oa",
    )
    module = tvm.IRModule({"main": te.create_prim_func([ia, wt, oa])})
    cpu, model = tvm.target.codegen.llvm_get_system_cpu(), "xgb" if find_spec("xgboost") else "random"
    target, cores = tvm.target.Target({"kind": "llvm", "mcpu": cpu, "num-cores": 1}), os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        database = meta_schedule.tune_tir(
            module,
            target,
            where or folder,
            trials,
            num_trials_per_iter=min(-(-trials // 2), 64),
            builder=meta_schedule.builder.LocalBuilder(max_workers=cores, f_build=built_by_tvm),
            runner=meta_schedule.runner.LocalRunner(),
            cost_model=model,
            num_tuning_cores=cores,
            seed=seed,
        )
        found = meta_schedule.tir_integration.compile_tir(database, module, target)
        measured = sum(min(map(float, record.run_secs or [1e9])) < 1e9 for record in database.get_all_tuning_records())
    if found is None:
        raise ValueError(f"MetaSchedule found nothing for {shape} in {trials} trials")
    built = tvm.compile(found.mod, target=target)
    os.environ.setdefault("TVM_NUM_THREADS", "1")

    def with_arrays(a: Any, b: Any) -> Callable[[], Any]:
        arrays = [tvm.runtime.tensor(np.ascontiguousarray(x)) for x in (a, b, np.zeros(shape.oa_shape, np.float32))]

        def call() -> Any:
            built(*arrays)
            return arrays[2].numpy()

        call.timed = lambda: built(*arrays)  # type: ignore[attr-defined]
        return call

    with_arrays.measured = measured  # type: ignore[attr-defined]
    return with_arrays
