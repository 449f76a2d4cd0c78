#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the network of stage `denoise_learned` on photos with made-up noise; an hour on two CPU cores
with bfloat16 (others: --float32, and longer).

    denoiser.py samples --photos FOLDER -o SAMPLES.npz --count 12000
    denoiser.py train SAMPLES.npz [MORE.npz] -o RUN.pt --minutes 60      again: goes on from RUN.pt
    denoiser.py export RUN.pt -o isp/models/denoiser.onnx                checked against ONNX Runtime

A sample is a crop of a photo as a mono sensor sees it (9 to 700 photo-electrons at white, 0 to 3 of read noise), made stable,
and what stage `denoise` (isp/denoise.h, here as convolutions with the 64 functions of the DCT) leaves of it.
"""
import argparse
import glob
import math
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from muon import Muon

SIDE = 128
WEIGHTS = (0.33, 0.48, 0.19)        # of a mono sensor's response
HARD, SHARE, LEVELS = 2.7, 0.6, 2   # CF_DENOISE_DEFAULTS
HELD_OUT = 200                      # samples


# ---- what the stages before it do -------------------------------------------------------------------------------

def dct_functions():
    k, n = np.arange(8)[:, None], np.arange(8)[None]
    c = np.cos((2 * n + 1) * k * np.pi / 16) * np.where(k == 0, math.sqrt(1 / 8), 0.5)
    return torch.from_numpy(np.einsum("ky,ux->kuyx", c, c).reshape(64, 1, 8, 8)).float()


FUNCTIONS = dct_functions()


def shrink(noisy, estimate=None):
    """One pass of stage `denoise`; (result, sum of the blocks' weights)."""
    step = (4, 2) if estimate is None else (2, 2)
    h, w = noisy.shape[2:]

    def transform(x):
        return F.conv2d(F.pad(x, (8, 8, 8, 8), mode="reflect"), FUNCTIONS, stride=step)

    value = transform(noisy)
    if estimate is None:
        gain = (value.abs() * 5 / HARD - 4.5).clamp(0, 1)
    else:
        power = transform(estimate) ** 2
        gain = power / (power + 1)
    gain[:, :1] = 1
    weight = 1 / (gain * gain).sum(1, keepdim=True)
    total = F.conv_transpose2d(value * gain * weight, FUNCTIONS, stride=step)[:, :, 8:8 + h, 8:8 + w]
    weights = F.conv_transpose2d(weight, torch.ones(1, 1, 8, 8), stride=step)[:, :, 8:8 + h, 8:8 + w]
    return total / weights, weights


def denoise(noisy, level=0):
    """(clean, sigma) as stage `denoise` makes them; sides are multiples of 4."""
    clean, weights = shrink(noisy, shrink(noisy)[0])
    if level < LEVELS:
        coarse = denoise(F.avg_pool2d(noisy, 2) * 2, level + 1)[0] - F.avg_pool2d(clean, 2) * 2
        clean = clean + F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False) * SHARE / 2
    return clean, (0.75 / (weights + 0.5)).sqrt()


def stable(electrons, read):
    """Generalized Anscombe transform, straight below black (isp/anscombe.h)."""
    q = 0.375 + read * read
    root = 2 * np.sqrt(np.maximum(electrons, 0) + q)
    return np.where(electrons > 0, root, 2 * math.sqrt(q) + electrons / math.sqrt(q))


def expected_stable(electrons, read):
    """Mean of `stable` over Poisson noise of those electrons and read noise: what a perfect denoiser would say."""
    grid = np.concatenate([np.linspace(0, 0.02, 60)[:-1], np.linspace(0.02, 1.01, 300)]) * max(1.0, electrons.max())
    count = np.arange(int(grid[-1] + 8 * math.sqrt(grid[-1]) + 30))
    nodes, share = np.polynomial.hermite_e.hermegauss(15)
    value = (stable(count[:, None] + read * nodes[None], read) * (share / share.sum())).sum(1)
    log_factorial = np.concatenate([[0], np.cumsum(np.log(np.maximum(count[1:], 1)))])
    rate = np.maximum(grid[:, None], 1e-12)
    mean = (np.exp(count * np.log(rate) - rate - log_factorial) * value).sum(1)
    return np.interp(electrons, grid, mean)


# ---- samples ----------------------------------------------------------------------------------------------------

def photos(folder):
    """Random photos of a folder without end: linear mono, H x W."""
    import PIL.Image
    paths = [p for p in sorted(glob.glob(f"{folder}/**/*", recursive=True)) if p.lower().endswith((".jpg", ".jpeg", ".png"))]
    rng = np.random.default_rng(len(paths))
    refused = 0
    while refused < 1000 and paths:
        refused += 1
        try:
            picture = PIL.Image.open(paths[rng.integers(len(paths))]).convert("RGB")
        except OSError:
            continue
        scale = rng.uniform(0.4, 0.7)   # JPEG's own errors go away
        size = [round(side * scale) for side in picture.size]
        if min(size) < SIDE:
            continue
        picture = np.asarray(picture.resize(size, PIL.Image.Resampling.BOX)) / 255.0
        linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
        refused = 0
        yield linear @ np.array(WEIGHTS)
    raise SystemExit(f"{folder}: no JPEG or PNG pictures, or all of them below {SIDE} pixels once reduced")


def make_samples(a):
    rng = np.random.default_rng(a.seed)
    out = np.zeros((a.count, 4, SIDE, SIDE), np.float16)    # noisy, denoised, truth, sigma
    source = photos(a.photos)
    for i in range(a.count):
        if i % 2 == 0:
            photo = next(source)
        y, x = (int(rng.integers(n - SIDE + 1)) for n in photo.shape)
        full, read = math.exp(rng.uniform(math.log(9), math.log(700))), float(rng.choice([2, 2, 0, 1, 3]))
        electrons = np.minimum(photo[y:y + SIDE, x:x + SIDE] * 2 ** rng.uniform(-1.5, 0.3), 1) * full
        noisy = stable(rng.poisson(electrons) + read * rng.normal(size=electrons.shape), read)
        with torch.no_grad():
            clean, sigma = denoise(torch.from_numpy(noisy).float()[None, None])
        out[i] = np.stack([noisy, clean[0, 0], expected_stable(electrons, read), sigma[0, 0]])
        if sys.stderr.isatty() or i % 1000 == 999:
            print(f"\r{i + 1} of {a.count}", end="" if i + 1 < a.count else "\n", file=sys.stderr, flush=True)
    np.savez(a.output, samples=out)


# ---- the network ------------------------------------------------------------------------------------------------

def convolution(inputs, outputs, size=3, stride=1):
    layer = nn.Conv2d(inputs, outputs, size, stride, (size - stride) // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class Denoiser(nn.Module):
    """planes (N, 3, H, W): noisy - clean, clean, sigma; sides multiples of 8. Out (N, 4, H/2, W/2): what to add to clean."""

    def __init__(self, widths=(16, 48, 96)):
        super().__init__()
        w = widths
        self.enter = convolution(3, w[0], 6, 2)
        self.down = nn.ModuleList([convolution(w[0], w[1], 2, 2), convolution(w[1], w[2], 2, 2)])
        self.left = convolution(w[1], w[1])
        self.bottom = nn.ModuleList([convolution(w[2], w[2]), convolution(w[2], w[2])])
        self.narrow = nn.ModuleList([nn.Conv2d(w[1], w[0], 1), nn.Conv2d(w[2], w[1], 1)])
        self.up = nn.ModuleList([convolution(w[0], w[0]), convolution(w[1], w[1])])
        self.last = nn.Conv2d(w[0], 4, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        with torch.no_grad():   # inputs of about 1: brightness reaches 64
            self.enter.weight *= torch.tensor([0.33, 0.06, 0.5])[None, :, None, None]

    def forward(self, planes):
        half = F.relu(self.enter(planes))
        quarter = F.relu(self.left(F.relu(self.down[0](half))))
        x = F.relu(self.down[1](quarter))
        for layer in self.bottom:
            x = F.relu(layer(x))
        for i, skip in ((1, quarter), (0, half)):
            x = F.interpolate(self.narrow[i](x), scale_factor=2, mode="bilinear", align_corners=False)
            x = F.relu(self.up[i](x + skip))
        return self.last(x)


def denoised(network, planes, bfloat16=False):
    noisy, clean, _, sigma = planes.split(1, 1)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        correction = network(torch.cat([noisy - clean, clean, sigma], 1).contiguous(memory_format=torch.channels_last))
    return clean + F.pixel_shuffle(correction.float(), 2)


def gains(state, samples):
    """Decibels over stage `denoise`, mean over the held-out samples."""
    network = Denoiser()
    network.load_state_dict(state)
    both = []
    with torch.no_grad():
        for i in range(0, HELD_OUT, 20):
            planes = torch.from_numpy(samples[i:i + 20].astype(np.float32))
            before = ((planes[:, 1:2] - planes[:, 2:3]) ** 2).mean((1, 2, 3))
            after = ((denoised(network, planes) - planes[:, 2:3]) ** 2).mean((1, 2, 3))
            both.append(10 * torch.log10(before / after))
    return float(torch.cat(both).mean())


def train(a):
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    samples = np.concatenate([np.load(path)["samples"] for path in a.samples])
    network = Denoiser()
    if os.path.exists(a.output):
        network.load_state_dict(torch.load(a.output, weights_only=True))
    network = network.to(memory_format=torch.channels_last)
    optimizer = Muon(network.parameters(), a.rate, 1e-4)
    average = {k: v.clone() for k, v in network.state_dict().items()}
    start = shown = time.time()
    step, losses = 0, []
    while (progress := (time.time() - start) / (60 * a.minutes)) < 1:
        optimizer.set_rate(a.rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))))
        y, x = rng.integers(0, (SIDE - a.crop) // 2 + 1, 2) * 2
        batch = samples[rng.integers(HELD_OUT, len(samples), a.batch)][:, :, y:y + a.crop, x:x + a.crop]
        batch = batch[:, :, ::-1 if rng.random() < 0.5 else 1, ::-1 if rng.random() < 0.5 else 1]
        batch = batch.transpose(0, 1, 3, 2) if rng.random() < 0.5 else batch
        planes = torch.from_numpy(np.ascontiguousarray(batch, np.float32))
        before = ((planes[:, 1:2] - planes[:, 2:3]) ** 2).mean((1, 2, 3))
        after = ((denoised(network, planes, not a.float32) - planes[:, 2:3]) ** 2).mean((1, 2, 3))
        loss = (after / (before + 0.01)).mean()     # figures are means of decibels
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        losses.append(float(loss.detach()))
        keep = min(0.999, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            average[name].lerp_(value, 1 - keep)
        if time.time() - shown > 20:
            shown = time.time()
            print(f"step {step}  {100 * progress:.0f} %  loss {np.mean(losses):.4f}  held out {gains(average, samples):+.3f} dB",
                  flush=True)
            losses.clear()
            torch.save(average, a.output + ".tmp")
            os.replace(a.output + ".tmp", a.output)
    torch.save(average, a.output)
    print(f"step {step}, held out {gains(average, samples):+.3f} dB")


def export(a):
    import onnxruntime
    network = Denoiser()
    network.load_state_dict(torch.load(a.run, weights_only=True))
    network.eval()
    torch.onnx.export(network, torch.rand(1, 3, 64, 96), a.output, opset_version=17, input_names=["planes"],
                      output_names=["correction"], dynamo=False,
                      dynamic_axes={"planes": {2: "height", 3: "width"}, "correction": {2: "rows", 3: "columns"}})
    planes = torch.rand(1, 3, 88, 120) * torch.tensor([6.0, 40.0, 1.0])[None, :, None, None]
    with torch.no_grad():
        expected = network(planes).numpy()
    got = onnxruntime.InferenceSession(a.output).run(None, {"planes": planes.numpy()})[0]
    worst = float(np.abs(got - expected).max() / expected.std())
    print(f"{a.output}: {sum(p.numel() for p in network.parameters())} weights, {os.path.getsize(a.output)} bytes, "
          f"difference from ONNX Runtime {worst:.1e} of the output's deviation")
    return worst > 1e-3


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = ap.add_subparsers(required=True)
    p = commands.add_parser("samples", help="photos to samples")
    p.add_argument("--photos", required=True, metavar="FOLDER")
    p.add_argument("--count", type=int, default=12000, help="131 kB each (default: 12000)")
    p.set_defaults(run_command=make_samples)
    p = commands.add_parser("train", help="samples to weights")
    p.add_argument("samples", nargs="+")
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--float32", action="store_true", help="no bfloat16: on processors without it, which are slow at it")
    p.add_argument("--rate", type=float, default=3e-3, help="highest learning rate (default: 3e-3)")
    p.add_argument("--batch", type=int, default=12)
    p.add_argument("--crop", type=int, default=96)
    p.set_defaults(run_command=train)
    p = commands.add_parser("export", help="weights to ONNX")
    p.add_argument("run")
    p.set_defaults(run_command=export)
    for p in commands.choices.values():
        p.add_argument("-o", "--output", required=True, metavar="FILE")
        p.add_argument("--seed", type=int, default=1)
        p.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of PyTorch")
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    return int(bool(a.run_command(a)))


if __name__ == "__main__":
    sys.exit(main())
