#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built-in network beside ONNX Runtime, on made-up pictures with hints, with few, and with none.

Usage: compare_colorizer.py CHROMAFUSE MODEL
Exit 0: they agree; 1: not; 77: onnxruntime or numpy is missing (conformance/network compares with our own reference)."""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnxruntime
except ImportError as missing:
    print(f"compare_colorizer: {missing}: THE BUILT-IN NETWORK WAS NOT COMPARED WITH ONNX RUNTIME")
    sys.exit(77)

TOLERANCE = 1e-3    # of the output's standard deviation, as tools/train/export.py asks for
HEIGHT, WIDTH = 48, 80


def smooth(rng, planes):
    """Noise of several scales, about -1..1."""
    out = np.zeros((1, planes, HEIGHT, WIDTH), np.float32)
    for step in (16, 4, 1):
        coarse = rng.uniform(-1, 1, (1, planes, HEIGHT // step, WIDTH // step)).astype(np.float32)
        out += coarse.repeat(step, 2).repeat(step, 3) / 2
    return out


def inputs(seed, known, vivid):
    rng = np.random.default_rng(seed)
    confidence = (rng.random((1, 1, HEIGHT, WIDTH)) < known) * rng.random((1, 1, HEIGHT, WIDTH))
    transferred = smooth(rng, 2) * (known > 0)
    hint = (transferred + rng.normal(0, 0.5, transferred.shape)) * (confidence > 0)
    values = {"mono": np.abs(smooth(rng, 1)), "hint": hint, "confidence": confidence,
              "sigma": np.full((1, 1, HEIGHT, WIDTH), 0.02), "transferred": transferred,
              "doubt": 36 - 30 * np.clip(smooth(rng, 1) + known, 0, 1), "vivid": np.full((1, 1, 1, 1), vivid)}
    return {name: np.ascontiguousarray(value, np.float32) for name, value in values.items()}


def by_chromafuse(program, model, values, folder):
    words = [program, "model", "run", model]
    for name, value in values.items():
        np.save(f"{folder}/{name}.npy", value)
        words += ["--input", f"{name}={folder}/{name}.npy"]
    names = ("chroma", "error")
    for name in names:
        words += ["--output", f"{name}={folder}/out-{name}.npy"]
    subprocess.run(words, check=True)
    return [np.load(f"{folder}/out-{name}.npy") for name in names]


def main():
    program, model = sys.argv[1:]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed, (known, vivid) in enumerate(((1, 0), (0.05, 0.5), (0, 1), (0, 0))):
            values = inputs(seed, known, vivid)
            expected = session.run(["chroma", "error"], values)
            for name, a, b in zip(("chroma", "error"), expected, by_chromafuse(program, model, values, folder)):
                worst = float(np.abs(a - b).max() / (a.std() + 1e-6))
                print(f"hints on {100 * known:g} %, vivid {vivid:g}: {name} differs by {worst:.1e} of its deviation")
                failed += a.shape != b.shape or not worst < TOLERANCE
    return failed != 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    sys.exit(main())
