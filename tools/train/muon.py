# SPDX-License-Identifier: Apache-2.0
"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al., "Muon", 2024), with the scale of
Liu et al., "Muon is Scalable for LLM Training" (2025), so that rates are those of AdamW; all else gets AdamW."""
import torch


def orthogonal(matrix, steps=5):
    """The nearest orthogonal matrix, roughly: singular values come out in 0.7..1.2 (quintic Newton-Schulz)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.t() if tall else matrix).float()
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        s = x @ x.t()
        x = a * x + (b * s + c * s @ s) @ x
    return x.t() if tall else x


def is_matrix(p):
    return p.ndim == 4 and min(p.shape[0], p[0].numel()) >= 16


class Muon(torch.optim.AdamW):
    """AdamW, but for kernels of convolutions."""

    def __init__(self, parameters, lr, weight_decay, momentum=0.95):
        parameters = list(parameters)
        rest = [p for p in parameters if not is_matrix(p)]
        super().__init__([{"params": rest}, {"params": [p for p in parameters if is_matrix(p)]}], lr=lr,
                         weight_decay=weight_decay)
        self.momentum = momentum

    @torch.no_grad()
    def step(self):
        group = self.param_groups[1]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(p)
                state["step"] = torch.tensor(0.0)   # AdamW expects one
            state["momentum"].lerp_(p.grad, 1 - self.momentum)
            move = p.grad.lerp(state["momentum"], self.momentum).reshape(p.shape[0], -1)
            move = orthogonal(move) * (0.2 * max(move.shape) ** 0.5)
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(move.reshape(p.shape), alpha=-group["lr"])
            p.grad = None   # AdamW passes it over
        super().step()
