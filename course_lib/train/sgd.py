"""Stochastic gradient descent with momentum, written out: what the loop does to each weight after each batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

SOURCE = "Robbins & Monro 1951; Polyak 1964 (momentum); the order of the roundings is torch.optim.SGD's"


class SGD(torch.optim.Optimizer):
    """grad + weight_decay w   ->   velocity = momentum velocity + grad   ->   w -= lr velocity

    Bit for bit torch.optim.SGD, which loads torch's compiler before its first step; whoever trains a small network has
    learned it by then.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Tensors that are stepped together; what is not said of them is as for all."""
        self.param_groups.append({**self.defaults, **param_group, "params": list(param_group["params"])})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the last batch."""
        for weight in (weight for group in self.param_groups for weight in group["params"]):
            if set_to_none:
                weight.grad = None
            elif weight.grad is not None:
                weight.grad.zero_()

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                grad = weight.grad
                if grad is None:
                    continue
                if group["weight_decay"]:
                    grad = grad.add(weight, alpha=group["weight_decay"])
                if group["momentum"]:
                    velocity = self.state[weight].get("momentum_buffer")
                    if velocity is None:
                        grad = self.state[weight]["momentum_buffer"] = grad.clone()
                    else:
                        grad = velocity.mul_(group["momentum"]).add_(grad)
                weight.add_(grad, alpha=-group["lr"])


__all__ = ["SGD"]
