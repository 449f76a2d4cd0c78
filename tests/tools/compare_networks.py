#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random networks of many nodes beside ONNX Runtime: what single operators cannot show, such as parts that lie inside
each other (Concat of Split of Reshape), tensors with several readers, fusing, shared memory, both layouts.

Usage: compare_networks.py CHROMAFUSE [--seed N] [--networks N] [--nodes N] [--keep FOLDER]
Exit 0: all agree; 1: not; 77: onnx, onnxruntime or numpy is missing (the line says which)."""
import argparse
import os
import random
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper
except ImportError as missing:
    print(f'compare_networks: {missing}: NO NETWORK WAS COMPARED WITH ONNX RUNTIME')
    sys.exit(77)

TOLERANCE = 1e-4 # of 1 + |value|: a few dozen layers, each with a few hundred terms


class Network:
    """Grows node by node; every tensor is n x c x h x w with the n, h and w of the network."""

    def __init__(self, seed, nodes):
        self.r, self.rs = random.Random(seed), np.random.RandomState(seed)
        self.n, self.h, self.w = self.r.choice((1, 1, 1, 2)), 2 * self.r.randint(2, 8), 2 * self.r.randint(2, 9)
        self.nodes, self.weights, self.channels, self.count = [], [], {}, 0
        self.feeds = {}
        for i in range(self.r.randint(1, 3)):
            c = self.r.choice((1, 3, 4, 16, 17, 32))
            self.feeds[f"in{i}"] = self.rs.uniform(-1, 1, (self.n, c, self.h, self.w)).astype(np.float32)
            self.channels[f"in{i}"] = c
        steps = [self.conv, self.conv, self.activation, self.activation, self.add, self.add, self.concat, self.concat,
                 self.split, self.slice, self.identity, self.reshape, self.transpose, self.gate, self.space, self.halve,
                 self.pad, self.norm, self.constant, self.softmax]
        for _ in range(nodes):
            self.r.choice(steps)()
        read = {i for n in self.nodes for i in n.input}
        last = [t for t in self.channels if t not in read and t not in self.feeds]
        others = [t for t in self.channels if t in read and t not in self.feeds]
        self.outputs = last + self.r.sample(others, min(len(others), self.r.randint(0, 2)))

    def name(self):
        self.count += 1
        return f"t{self.count}"

    def weight(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op, inputs, outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names if outputs > 1 else names[0]

    def keep(self, name, channels):
        self.channels[name] = channels

    def any(self, channels=None):
        """A tensor, rather a late one; of that many channels where one is asked for and there is one."""
        names = [t for t, c in self.channels.items() if channels in (None, c)]
        return self.r.choice(names[-6:] if self.r.random() < 0.7 else names)

    def ints(self, *values):
        return self.weight(np.array(values, np.int64))

    def convolution(self, x, c, out, kernel):
        w = self.rs.uniform(-1, 1, (out, c, kernel, kernel)) / np.sqrt(c * kernel * kernel)
        return self.node("Conv", [x, self.weight(w.astype(np.float32)),
                                  self.weight(self.rs.uniform(-1, 1, out).astype(np.float32))], pads=[kernel // 2] * 4)

    def conv(self):
        x = self.any()
        out = self.r.choice((1, 2, 5, 16, 16, 17, 32, 48))
        self.keep(self.convolution(x, self.channels[x], out, self.r.choice((1, 3))), out)

    def activation(self):
        x = self.any()
        self.keep(self.node(self.r.choice(("Relu", "Sigmoid", "Tanh", "Neg", "Abs", "LeakyRelu")), [x]),
                  self.channels[x])

    def add(self):
        x = self.any()
        y = self.any(self.channels[x])
        self.keep(self.node(self.r.choice(("Add", "Sub", "Mul", "Max", "Min")), [x, y]), self.channels[x])

    def concat(self):
        parts = [self.any() for _ in range(self.r.randint(2, 4))]
        total = sum(self.channels[p] for p in parts)
        if total <= 160:
            self.keep(self.node("Concat", parts, axis=1), total)

    def split(self):
        x = self.any()
        c = self.channels[x]
        if c > 1:
            cut = self.r.choice([k for k in (1, 3, 16, 17, 32, c // 2) if 0 < k < c])
            for name, size in zip(self.node("Split", [x, self.ints(cut, c - cut)], 2, axis=1), (cut, c - cut)):
                self.keep(name, size)

    def slice(self):
        x = self.any()
        c = self.channels[x]
        first = self.r.choice([k for k in (0, 1, 16, 32) if k < c])
        last = self.r.randint(first + 1, c)
        self.keep(self.node("Slice", [x, self.ints(first), self.ints(last), self.ints(1)]), last - first)

    def identity(self):
        x = self.any()
        self.keep(self.node(self.r.choice(("Identity", "Dropout")), [x]), self.channels[x])

    def reshape(self):
        x = self.any()
        c = self.channels[x]
        flat = self.node("Reshape", [x, self.ints(0, c, -1)])
        if self.r.random() < 0.5:
            flat = self.node(self.r.choice(("Relu", "Identity", "Exp")), [self.node("Tanh", [flat])])
        self.keep(self.node("Reshape", [flat, self.ints(self.n, c, self.h, self.w)]), c)

    def transpose(self):
        x = self.any()
        last = self.node("Transpose", [x], perm=[0, 2, 3, 1])
        if self.r.random() < 0.5:
            last = self.node("Mul", [last, self.weight(self.rs.uniform(-1, 1, self.channels[x]).astype(np.float32))])
        self.keep(self.node("Transpose", [last], perm=[0, 3, 1, 2]), self.channels[x])

    def gate(self):
        """Squeeze and excitation."""
        x = self.any()
        c = self.channels[x]
        mean = self.node(*self.r.choice((("GlobalAveragePool", [x]), ("GlobalMaxPool", [x]))))
        gate = self.node("Sigmoid", [self.convolution(mean, c, c, 1)])
        self.keep(self.node("Mul", [x, gate]), c)

    def space(self):
        x = self.any()
        c = self.channels[x]
        deep = self.node("SpaceToDepth", [x], blocksize=2)
        if self.r.random() < 0.3:
            deep = self.node("Relu", [deep])
        self.keep(self.node("DepthToSpace", [deep], blocksize=2, mode=self.r.choice(("DCR", "CRD"))), c)

    def halve(self):
        x = self.any()
        kind = self.r.randint(0, 2)
        if kind == 0:
            x2 = self.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        elif kind == 1:
            x2 = self.node("AveragePool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        else:
            x2 = self.node("Slice", [x, self.ints(0, 0), self.ints(999, 999), self.ints(2, 3), self.ints(2, 2)])
        scales = self.weight(np.array([1, 1, 2, 2], np.float32))
        mode = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} \
            if self.r.random() < 0.5 else {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        self.keep(self.node("Resize", [x2, "", scales], **mode), self.channels[x])

    def pad(self):
        x = self.any()
        wide = self.node("Pad", [x, self.ints(0, 0, 1, 2, 0, 0, 2, 1)], mode=self.r.choice(("constant", "reflect", "edge")))
        self.keep(self.node("Slice", [wide, self.ints(1, 2), self.ints(1 + self.h, 2 + self.w), self.ints(2, 3)]),
                  self.channels[x])

    def norm(self):
        x = self.any()
        c = self.channels[x]
        parts = [self.weight(self.rs.uniform(0.5, 1, c).astype(np.float32)) for _ in range(4)]
        if self.r.random() < 0.5:
            self.keep(self.node("BatchNormalization", [x] + parts), c)
        else:
            self.keep(self.node("InstanceNormalization", [self.node("Tanh", [x])] + parts[:2], epsilon=1e-2), c)

    def constant(self):
        """A tensor that is known before the run, used as any other."""
        c = self.r.choice((1, 3, 16))
        self.keep(self.node("Identity", [self.weight(
            self.rs.uniform(-1, 1, (self.n, c, self.h, self.w)).astype(np.float32))]), c)

    def softmax(self):
        x = self.any()
        self.keep(self.node("Softmax", [x], axis=self.r.choice((1, -1))), self.channels[x])

    def model(self):
        ports = [helper.make_tensor_value_info(k, 1, v.shape) for k, v in self.feeds.items()]
        outputs = [helper.make_tensor_value_info(o, 1, (self.n, self.channels[o], self.h, self.w)) for o in self.outputs]
        graph = helper.make_graph(self.nodes, "random", ports, outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def by_chromafuse(program, model, network, folder):
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as f:
        f.write(model)
    arguments = [program, "model", "run", path]
    for k, v in network.feeds.items():
        np.save(os.path.join(folder, k + ".npy"), v)
        arguments += ["--input", f"{k}={folder}/{k}.npy"]
    for o in network.outputs:
        arguments += ["--output", f"{o}={folder}/{o}.npy"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    if done.returncode:
        return done.stderr.strip() or f"exit status {done.returncode}"
    return [np.load(f"{folder}/{o}.npy") for o in network.outputs]


def compare(program, seed, nodes, keep):
    """None, or what is wrong."""
    network = Network(seed, nodes)
    if not network.outputs:
        return None
    model = network.model()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 4
    wanted = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run(
        network.outputs, network.feeds)
    with tempfile.TemporaryDirectory() as folder:
        got = by_chromafuse(program, model, network, folder)
    wrong = got if isinstance(got, str) else None
    if wrong is None:
        for name, a, b in zip(network.outputs, got, wanted):
            off = np.abs(a.astype(np.float64) - b) / (1 + np.abs(b))
            if a.shape != b.shape or not off.max() <= TOLERANCE:
                wrong = f"output {name} of {b.shape} is off by {off.max():.3g}"
                break
    if wrong and keep:
        with open(os.path.join(keep, f"network-{seed}.onnx"), "wb") as f:
            f.write(model)
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--nodes", type=int, default=25)
    parser.add_argument("--keep", help="folder for models that differ")
    args = parser.parse_args()
    bad = 0
    for i in range(args.networks):
        wrong = compare(args.program, args.seed * 1000 + i, args.nodes, args.keep)
        if wrong:
            print(f"network {args.seed * 1000 + i}: {wrong}")
            bad += 1
    print(f"compare_networks: {args.networks} networks of {args.nodes} steps beside ONNX Runtime "
          f"{onnxruntime.__version__}, {bad} differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
