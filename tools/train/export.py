#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a checkpoint's averaged weights as ONNX (opset 17) and checks the file against ONNX Runtime.

    export.py RUN/checkpoint.pt -o network.onnx [--inventor OTHER/checkpoint.pt]

Correcting and inventing want different data: scenes in any colours, and many photos in natural ones. With --inventor the
colours where nothing is known are another run's, and both networks lie in the file, the other one's weights as float16.
Who asks for vivid 0 does not compute it.
"""
import argparse
import os
import sys

import numpy as np
import torch

from network import INPUTS, PLANES, Network, count_flops, count_weights

OPSET = 17
OPERATORS = {"Conv", "Relu", "Add", "Sub", "Mul", "Div", "Abs", "Exp", "Sigmoid", "Softmax", "Concat", "Resize",
             "ReduceMean", "GlobalAveragePool", "AveragePool", "Split", "Constant", "Identity", "Cast"}
TOLERANCE = 1e-3    # largest difference from ONNX Runtime over the output's standard deviation


def load(path):
    """The network with averaged weights of a checkpoint."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = Network(**state["config"])
    network.load_state_dict(state["ema"])
    return network.eval()


def invent_by(network, other):
    """`other` invents in the place of `network`; its weights are rounded as the file's will be."""
    if not torch.equal(other.bin_chroma, network.bin_chroma):
        raise SystemExit("--inventor: trained with other bins")
    for p in other.parameters():
        p.data = p.data.half().float()
    network.inventor = other


def store_inventor_as_halves(path):
    import onnx
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name.startswith("inventor.") and tensor.data_type == onnx.TensorProto.FLOAT:
            half = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float16), tensor.name + ".half")
            casts.append(onnx.helper.make_node("Cast", [half.name], [tensor.name], to=onnx.TensorProto.FLOAT))
            tensor.CopyFrom(half)
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def write(network, path):
    example = tuple(torch.rand(1, p, 64, 96) for p in PLANES) + (torch.zeros(1, 1, 1, 1),)
    names = list(INPUTS) + ["vivid"]
    axes = {n: {0: "batch", 2: "height", 3: "width"} for n in list(INPUTS) + ["chroma", "error"]}
    torch.onnx.export(network, example, path + ".tmp", opset_version=OPSET, input_names=names,
                      output_names=["chroma", "error"], dynamic_axes=axes, dynamo=False)
    if network.inventor is not None:
        store_inventor_as_halves(path + ".tmp")
    os.replace(path + ".tmp", path)


def check(network, path, height=96, width=160, seed=0):
    """Largest difference of both outputs from ONNX Runtime's, over the output's standard deviation."""
    import onnx
    import onnxruntime
    model = onnx.load(path)
    onnx.checker.check_model(model)
    strange = {n.op_type for n in model.graph.node} - OPERATORS
    if strange:
        raise SystemExit(f"{path}: operators that the executor may lack: {', '.join(sorted(strange))}")
    generator = torch.Generator().manual_seed(seed)
    values = {n: torch.rand(1, p, height, width, generator=generator) for n, p in zip(INPUTS, PLANES)}
    values["doubt"] = values["doubt"] * 40
    values["hint"] = values["hint"] * 4 - 1
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for vivid in (0.0, 1.0):
        values["vivid"] = torch.full((1, 1, 1, 1), vivid)
        with torch.no_grad():
            expected = network(*values.values())
        got = session.run(["chroma", "error"], {k: v.numpy() for k, v in values.items()})
        for a, b in zip(expected, got):
            worst = max(worst, float(np.abs(a.numpy() - b).max() / (a.numpy().std() + 1e-6)))
    return worst


def export(network, path):
    """Writes, checks, tells; exit status through SystemExit when the check fails."""
    write(network, path)
    worst = check(network, path)
    print(f"{path}: {count_weights(network) / 1e6:.2f} M weights, {os.path.getsize(path) / 1e6:.1f} MB, "
          f"{count_flops(network, 368, 640) / 1e9:.1f} GFLOP for a 1280x720 picture, "
          f"difference from ONNX Runtime {worst:.1e} of the output's deviation", flush=True)
    if not worst < TOLERANCE:
        raise SystemExit(f"{path}: differs from ONNX Runtime by more than {TOLERANCE}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("checkpoint")
    ap.add_argument("-o", "--output", required=True, metavar="ONNX")
    ap.add_argument("--inventor", metavar="CHECKPOINT", help="of the network that invents colours")
    a = ap.parse_args()
    network = load(a.checkpoint)
    if a.inventor:
        invent_by(network, load(a.inventor))
    export(network, a.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
