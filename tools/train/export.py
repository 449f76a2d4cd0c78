#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a checkpoint's averaged weights as ONNX (opset 17) and checks the file against ONNX Runtime.

    export.py RUN/checkpoint.pt -o network.onnx [--inventor OTHER/checkpoint.pt|OTHER.onnx]

Correcting and inventing want different data: scenes in any colours, and many photos in natural ones. With --inventor the
colours where nothing is known are another run's, and both networks lie in the file, the other one's weights as float16.
Who asks for vivid 0 does not compute it.
"""
import argparse
import os
import pickle
import sys
import zipfile

import numpy as np
import torch

from network import INPUTS, PLANES, Network, count_flops, count_weights

OPSET = 17
OPERATORS = {"Conv", "Relu", "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Exp", "Sigmoid", "Softmax", "Concat", "Resize",
             "ReduceMean", "GlobalAveragePool", "AveragePool", "Split", "Constant", "Identity", "Cast"}
TOLERANCE = 1e-3    # largest difference from ONNX Runtime over the output's standard deviation


def initializers(path):
    """Tensors of an ONNX file, by name; in one line what is wrong with a file that has none."""
    import onnx
    from google.protobuf.message import DecodeError
    try:
        return {t.name: t for t in onnx.load(path).graph.initializer}
    except OSError as e:
        raise SystemExit(f"{path}: {e.strerror}") from e
    except DecodeError as e:
        raise SystemExit(f"{path}: no ONNX file, or a damaged one") from e


def read_checkpoint(path, device="cpu"):
    """What train.py saved, or one line of what is wrong."""
    try:
        with open(path, "rb") as f:
            if zipfile.is_zipfile(f):   # anything else would be unpickled, which fails in many ways
                return torch.load(path, map_location=device, weights_only=True)
    except OSError as e:
        raise SystemExit(f"{path}: {e.strerror}") from e
    except (pickle.UnpicklingError, RuntimeError) as e:
        raise SystemExit(f"{path}: a damaged checkpoint ({str(e).splitlines()[0]})") from e
    raise SystemExit(f"{path}: no checkpoint of train.py")


def read_weights(path, prefix=""):
    """The state of a network in an ONNX file of `write`; the one in its second place with the prefix "inventor.".
    Names that are not in the file (a network that does not invent has no bins) are not in the state."""
    import onnx
    state, centres = {}, []
    for full_name, tensor in initializers(path).items():
        values = torch.from_numpy(onnx.numpy_helper.to_array(tensor).astype(np.float32))
        name = full_name.removesuffix(".half")
        if name.startswith("onnx::"):
            centres += [values[:, :, 0, 0].t().contiguous()] if values.shape[:1] == (2,) else []
        elif name.startswith(prefix):
            state[name[len(prefix):]] = values
    if len(centres) != 1 or "enter.conv.weight" not in state:
        raise SystemExit(f"{path}: no {'inventor' if prefix else 'network'} that export.py wrote")
    state["bin_chroma"] = centres[0]
    return state


def load(path, prefix=""):
    """The network with averaged weights of a checkpoint, or with those of an ONNX file of `write`."""
    if path.endswith(".onnx"):
        weights = read_weights(path, prefix)
        widths = [weights["enter.conv.weight"]] + [weights[f"down.{i}.conv.weight"] for i in range(4)]
        config = {"widths": [len(w) for w in widths], "bins": len(weights["bin_chroma"]),
                  "deep": sum(name.startswith("bottom.") for name in weights) // 2}
    else:
        state = read_checkpoint(path)
        config, weights = state["config"], state["ema"]
    network = Network(**config)
    network.load_state_dict(weights, strict=not path.endswith(".onnx"))
    return network.eval()


def load_inventor(path):
    """The network that invents: of a checkpoint, or the second one of an ONNX file, or its only one."""
    has_second = path.endswith(".onnx") and any(name.startswith("inventor.") for name in initializers(path))
    return load(path, "inventor." if has_second else "")


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
    for vivid in (0.0, 0.5, 1.0):
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
    ap.add_argument("checkpoint", help="of train.py, or an ONNX file from here, of which the first network is taken")
    ap.add_argument("-o", "--output", required=True, metavar="ONNX")
    ap.add_argument("--inventor", metavar="CHECKPOINT", help="of the network that invents colours; or an ONNX file "
                    "from here, whose inventor is taken over")
    a = ap.parse_args()
    network = load(a.checkpoint)
    if a.inventor:
        invent_by(network, load_inventor(a.inventor))
    export(network, a.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
