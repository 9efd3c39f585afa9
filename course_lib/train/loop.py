"""The training loop: stochastic gradient descent with momentum, a cosine for the step size, images shifted by a pixel or two.

Every compression method of the course trains through this one loop; what it adds is a function called after each step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.records import Report
from course_lib.shapes import whole
from course_lib.train.data import Data
from course_lib.train.progress import Bar

SOURCE = "Robbins & Monro 1951; Loshchilov & Hutter, SGDR, ICLR 2017 (the cosine)"

AfterStep = Callable[[int, nn.Module, torch.optim.Optimizer], None]


def cosine(step: int, total: int, lr: float, warmup: int) -> float:
    """The step size: up in a line over `warmup` steps, then down along half a cosine to zero."""
    if step < warmup:
        return lr * (step + 1) / warmup
    return lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def shifted(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """The batch moved by up to `most` pixels each way, zeros coming in at the edge; one move a batch."""
    if not most:
        return images
    down, right = (int(n) for n in torch.randint(-most, most + 1, (2,), generator=generator))
    edges = (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0))
    wide = nn.functional.pad(images, edges)
    H, W = images.shape[-2:]
    return wide[..., max(-down, 0) : max(-down, 0) + H, max(-right, 0) : max(-right, 0) + W]


def train(
    net: nn.Module,
    data: Data,
    epochs: int = 12,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    batch: int = 64,
    shift: int | None = None,
    seed: int = 0,
    each_step: AfterStep | None = None,
    show: bool | None = None,
) -> Report:
    """Fit `net` to data.train in place; a row an epoch: mean loss, accuracy on data.valid in per cent.

    `each_step(step, net, optimiser)` is called after every optimiser step: masks are put back there, groups are shrunk there.
    Images are moved by up to `shift` pixels, an eighth of their size where none is given. `seed` fixes their order and the moves.
    The network is left in eval mode.
    """
    epochs, batch, shift = whole("epochs", epochs, 0), whole("batch", batch, 1), data.size // 8 if shift is None else shift
    images, labels = (torch.from_numpy(np.array(part)) for part in data.train)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(net.parameters(), lr, momentum=momentum, weight_decay=weight_decay)
    turns = len(labels) // batch  # the last, smaller batch is left out: its batch statistics would be noise
    total, step = epochs * turns, 0
    rows: list[dict[str, Any]] = []
    bar = Bar(range(epochs), "training", show)
    for epoch in bar:
        net.train()
        order, losses = torch.randperm(len(labels), generator=generator), []
        for turn in range(turns):
            pick = order[turn * batch : (turn + 1) * batch]
            for group in optimiser.param_groups:
                group["lr"] = cosine(step, total, lr, turns // 2)
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(net(shifted(images[pick], shift, generator)), labels[pick], label_smoothing=0.05)
            loss.backward()
            optimiser.step()
            if each_step is not None:
                each_step(step, net, optimiser)
            losses.append(loss.item())
            step += 1
        seen = 100 * accuracy(net, *data.valid)
        rows.append({"epoch": epoch + 1, "loss": float(np.mean(losses)), "valid %": seen})
        bar.note(f"loss {rows[-1]['loss']:.3f}, valid {seen:.1f} %")
    net.eval()
    return Report.of(rows, title=f"Training on {data.name}") if rows else Report({"epoch": [], "loss": [], "valid %": []})


@torch.no_grad()
def accuracy(net: Callable[[Tensor], Tensor], images: np.ndarray, labels: np.ndarray, batch: int = 256) -> float:
    """The share of images[n, ...] that `net` gives their label, from 0 to 1; a module is asked in eval mode and left as it was."""
    before = [(m, m.training) for m in net.modules()] if isinstance(net, nn.Module) else []
    if isinstance(net, nn.Module):
        net.eval()
    right = 0
    for i in range(0, len(labels), batch):
        logits = net(torch.from_numpy(np.array(images[i : i + batch])))
        right += int((logits.argmax(1).numpy() == labels[i : i + batch]).sum())
    for module, training in before:
        module.training = training
    return right / max(1, len(labels))
