#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`chromafuse bench --model` and `model run` beside ONNX Runtime on the same ONNX files and processor.

usage: compare_onnxruntime.py --chromafuse BIN [--rounds N] [--threads N] [--json] FILE...

For each file: largest and mean difference of the outputs over the standard deviation of ONNX Runtime's; median
milliseconds of a run, the two alternating; peak resident memory of each process, ONNX Runtime's less what Python,
NumPy and the import take; time to load and plan, ours on a warm program cache. Open dimensions of inputs count
as 1 (batch) and 256. Needs numpy and onnxruntime. Exit status 1 when an output differs by more than 1e-3.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

PEER = r"""
import sys, time
import numpy as np, onnxruntime as ort
def memory(key):
    return next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith(key)) * 1024
base = memory('VmRSS')
options = ort.SessionOptions(); options.intra_op_num_threads = int(sys.argv[2])
start = time.perf_counter()
session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
load = time.perf_counter() - start
inputs = dict(np.load(sys.argv[3]))
for _ in range(3): session.run(None, inputs)
print(load * 1e3, memory('VmHWM') - base)
"""


def picture(random, shape):
    """Noise at several scales, as pictures have it: white noise is further from what networks were made for."""
    total = np.zeros(shape)
    for step in (4, 8, 16, 32, 64):
        coarse = random.standard_normal(shape[:2] + [max(2, d // step) for d in shape[2:]])
        for axis in (2, 3):
            places = np.linspace(0, coarse.shape[axis] - 1, shape[axis])
            low = np.minimum(places.astype(int), coarse.shape[axis] - 2)
            part = np.expand_dims(places - low, 1) if axis == 2 else places - low
            coarse = np.take(coarse, low, axis) * (1 - part) + np.take(coarse, low + 1, axis) * part
        total += coarse
    return total


def make_inputs(session, seed):
    random = np.random.default_rng(seed)
    inputs = {}
    for port in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else (256 if i >= 2 else 1) for i, d in enumerate(port.shape)]
        values = picture(random, shape) if len(shape) == 4 else random.standard_normal(shape)
        inputs[port.name] = values.astype(np.float32)
    return inputs


def run_ours(binary, path, inputs, outputs, folder):
    """Our outputs as arrays."""
    command = [binary, "model", "run", path]
    for name, value in inputs.items():
        np.save(f"{folder}/in-{name}.npy", value)
        command += ["--input", f"{name}=" + f"{folder}/in-{name}.npy"]
    for i, name in enumerate(outputs):
        command += ["--output", f"{name}={folder}/out-{i}.npy"]
    subprocess.run(command, check=True)
    return [np.load(f"{folder}/out-{i}.npy") for i in range(len(outputs))]


def bench(binary, path, inputs, frames):
    command = [binary, "bench", "--model", path, "--frames", str(frames), "--json"]
    for name, value in inputs.items():
        command += ["--shape", f"{name}=" + "x".join(map(str, value.shape))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(path, arguments, folder):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    worst = mean = 0.0
    for seed in (1, 2):
        inputs = make_inputs(session, seed)
        expected = session.run(None, inputs)
        got = run_ours(arguments.chromafuse, path, inputs, names, folder)
        for a, b in zip(got, expected):
            difference = np.abs(a.astype(np.float64) - b) / max(float(np.std(b)), 1e-30)
            worst, mean = max(worst, float(difference.max())), max(mean, float(difference.mean()))
    ours, theirs, row = [], [], {}
    for _ in range(arguments.rounds):
        row = bench(arguments.chromafuse, path, inputs, 5)
        ours.append(row["median_ms"])
        session.run(None, inputs)
        for _ in range(4):
            start = time.perf_counter()
            session.run(None, inputs)
            theirs.append((time.perf_counter() - start) * 1e3)
    np.savez(f"{folder}/inputs.npz", **inputs)
    peer = subprocess.run([sys.executable, "-c", PEER, path, str(arguments.threads), f"{folder}/inputs.npz"],
                          check=True, capture_output=True, text=True).stdout.split()
    return {"file": os.path.basename(path), "max_error": worst, "mean_error": mean,
            "ms": float(np.median(ours)), "peer_ms": float(np.median(theirs)),
            "ratio": float(np.median(theirs) / np.median(ours)), "gflops": row["gflops"],
            "load_and_plan_ms": row["load_ms"] + row["plan_ms"], "peer_load_ms": float(peer[0]),
            "peak_mb": row["peak_bytes"] / 1e6, "peer_peak_mb": float(peer[1]) / 1e6}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromafuse", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.files:
            row = compare(path, arguments, folder)
            failed |= not row["max_error"] < 1e-3
            if arguments.json:
                print(json.dumps(row))
                continue
            print(f"{row['file']}: {row['ms']:.1f} ms ({row['gflops']:.0f} GFLOPS), ONNX Runtime {row['peer_ms']:.1f} ms,"
                  f" {row['ratio']:.2f}x; error max {row['max_error']:.1e} mean {row['mean_error']:.1e};"
                  f" peak {row['peak_mb']:.0f} against {row['peer_peak_mb']:.0f} MB;"
                  f" load and plan {row['load_and_plan_ms']:.0f} against {row['peer_load_ms']:.0f} ms", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
