# SPDX-License-Identifier: Apache-2.0
"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al., "Muon", 2024), with the scale of
Liu et al., "Muon is Scalable for LLM Training" (2025), so that rates are those of AdamW; all else gets AdamW.

A step is a few large operations: all parameters lie in one vector, matrices are made orthogonal in batches, and whether
a gradient is finite is decided on the device, so that the step can be recorded there (graph.py)."""
import torch

ALIGN = 64      # parameters begin at multiples of this many numbers


def orthogonal(matrices, steps=5, kind=torch.float32):
    """The nearest orthogonal matrices (N, rows, columns), roughly: singular values come out in 0.7..1.2 (quintic
    Newton-Schulz). Rows and columns of zeros change nothing. Cheaper with rows <= columns. `kind`: of the products."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices / (matrices.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    x = x.to(kind)
    for _ in range(steps):
        s = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return x


def is_matrix(p):
    return p.ndim == 4 and min(p.shape[0], p[0].numel()) >= 16


class Layout:
    """Places of tensors in one vector, each with its own order of dimensions in memory."""

    def __init__(self, tensors):
        self.places, self.size = [], 0
        for t in tensors:
            self.places.append((self.size, t.shape, t.stride()))
            self.size += -(-t.numel() // ALIGN) * ALIGN

    def views(self, vector):
        return [vector[first:first + shape.numel()].as_strided(shape, stride) for first, shape, stride in self.places]


class Muon:
    """AdamW, but for kernels of convolutions. The parameters become parts of the vector `values`, their gradients of
    `gradient`, which adds up until `zero_grad`; so the network must not be moved or converted after."""

    def __init__(self, parameters, rate, decay, momentum=0.95, betas=(0.9, 0.999), epsilon=1e-8):
        parameters = list(parameters)
        self.rest = [p for p in parameters if not is_matrix(p)]
        self.matrices = [p for p in parameters if is_matrix(p)]
        self.parameters = self.rest + self.matrices
        self.decay, self.momentum, self.betas, self.epsilon = decay, momentum, betas, epsilon
        device = parameters[0].device
        self.layout = Layout(self.parameters)
        self.split = Layout(self.rest).size     # the rest, then the matrices
        self.values, self.gradient, self.first = (torch.zeros(self.layout.size, device=device) for _ in range(3))
        self.second = torch.zeros(self.split, device=device)
        self.count = torch.zeros((), device=device)
        self.rate = torch.tensor(float(rate), device=device)
        for p, value, gradient in zip(self.parameters, self.layout.views(self.values),
                                      self.layout.views(self.gradient)):
            value.copy_(p.data)
            p.data, p.grad = value, gradient
        self.on_gpu = device.type == "cuda"
        self.groups = self._group()

    def _group(self):
        """Batches of matrices: [(numbers, rows, columns, their scales)]. On a GPU, where a launch costs more than
        work, unlike shapes share a batch and are padded."""
        groups = {}
        for i, p in enumerate(self.matrices):
            rows, columns = sorted((p.shape[0], p[0].numel()))
            key = next(n for n in (64, 128, 1 << 30) if rows <= n) if self.on_gpu else (rows, columns)
            groups.setdefault(key, []).append((i, rows, columns))
        out = []
        for members in groups.values():
            scale = torch.tensor([0.2 * columns ** 0.5 for _, _, columns in members], device=self.values.device)
            out.append(([i for i, _, _ in members], max(m[1] for m in members), max(m[2] for m in members),
                        scale[:, None, None]))
        return out

    def _slot(self, batch, k, p):
        """Where matrix p lies in entry k of a batch, in p's shape."""
        rows, columns = p.shape[0], p[0].numel()
        slot = batch[k, :columns, :rows].t() if rows > columns else batch[k, :rows, :columns]
        return slot.unflatten(1, p.shape[1:])

    def _make_orthogonal(self, moves):
        """In place, with the scale."""
        kind = torch.bfloat16 if self.on_gpu else torch.float32
        for numbers, rows, columns, scale in self.groups:
            batch = torch.zeros(len(numbers), rows, columns, device=self.values.device)
            for k, i in enumerate(numbers):
                self._slot(batch, k, self.matrices[i]).copy_(moves[i])
            batch = orthogonal(batch, kind=kind) * scale
            for k, i in enumerate(numbers):
                moves[i].copy_(self._slot(batch, k, self.matrices[i]))

    def set_rate(self, rate):
        self.rate.fill_(rate)

    def zero_grad(self):
        self.gradient.zero_()

    @torch.no_grad()
    def clip(self, largest):
        """Scales the gradient down to that norm; the norm before."""
        norm = self.gradient.norm()
        self.gradient.mul_((largest / (norm + 1e-6)).clamp(max=1))
        return norm

    @torch.no_grad()
    def step(self, good=None):
        """`good`: a bool tensor of no dimensions; where it is false everything stays as it was."""
        if good is None:
            good = torch.ones((), dtype=torch.bool, device=self.values.device)
        n, gradient, (beta1, beta2) = self.split, self.gradient, self.betas
        count = self.count + 1
        first = torch.cat([self.first[:n].lerp(gradient[:n], 1 - beta1),
                           self.first[n:].lerp(gradient[n:], 1 - self.momentum)])
        second = (self.second * beta2).addcmul_(gradient[:n], gradient[:n], value=1 - beta2)
        size = (second / (1 - torch.pow(beta2, count))).sqrt_().add_(self.epsilon)
        move = torch.cat([first[:n] / (1 - torch.pow(beta1, count)) / size, gradient[n:].lerp(first[n:], self.momentum)])
        self._make_orthogonal(self.layout.views(move)[len(self.rest):])
        values = self.values * (1 - self.rate * self.decay) - move.mul_(self.rate)
        for old, new in ((self.values, values), (self.first, first), (self.second, second), (self.count, count)):
            torch.where(good, new, old, out=old)

    def state_dict(self):
        """As torch.optim has it: by number of the parameter, the rest first."""
        first, n = self.layout.views(self.first), len(self.rest)
        second = Layout(self.rest).views(self.second)
        state = {i: {"step": self.count, "exp_avg": first[i], "exp_avg_sq": second[i]} for i in range(n)}
        state.update({i: {"momentum": first[i]} for i in range(n, len(first))})
        return {"state": {i: {k: v.detach().cpu().clone() for k, v in s.items()} for i, s in state.items()}}

    @torch.no_grad()
    def load_state_dict(self, saved):
        """Raises ValueError for the state of another optimizer or network, and changes nothing then."""
        state, n = saved["state"], len(self.rest)
        if not state:   # saved before the first step
            return
        expected = [("exp_avg", "exp_avg_sq", "step")] * n + [("momentum",)] * len(self.matrices)
        for i, p in enumerate(self.parameters):
            of_shape = [k for k in expected[i] if k != "step"]
            if i not in state or any(k not in state[i] for k in expected[i]) or \
                    any(state[i][k].shape != p.shape for k in of_shape):
                raise ValueError("the state of another optimizer")
        second = Layout(self.rest).views(self.second)
        for i, view in enumerate(self.layout.views(self.first)):
            view.copy_(state[i]["exp_avg" if i < n else "momentum"])
            if i < n:
                second[i].copy_(state[i]["exp_avg_sq"])
        if n:
            self.count.copy_(torch.as_tensor(state[0]["step"]))
