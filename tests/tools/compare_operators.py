#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operator that the executor promises beside ONNX Runtime: random uses of it with edge cases, by
`chromafuse model run` and by ONNX Runtime on the same file.

Usage: compare_operators.py CHROMAFUSE [--seed N] [--cases N] [--only OP] [--keep FOLDER]
Exit 0: all agree; 1: not; 77: onnx, onnxruntime or numpy is missing (the line says which). Half of the cases on
pictures follow a convolution, so that they run on the channel-blocked layout; behind many there are pointwise nodes,
so that they are taken into the operator's epilogue."""
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
    print(f'compare_operators: {missing}: NO OPERATOR WAS COMPARED WITH ONNX RUNTIME')
    sys.exit(77)

from operator_cases import Const, OPERATORS, OPSETS, make

PER_MODEL = 24
TOLERANCE = 3e-5 # of 1 + |value|: sums of up to a few thousand terms in float32, in any order
# jumps, where a rounding difference may be seen
FOLLOWS = {"ArgMax", "Cast", "Equal", "Less", "Greater", "Sign", "Floor", "Ceil", "Round", "ThresholdedRelu", "Mod"}
# with numbers as results
EPILOGUES = FOLLOWS - {"ArgMax", "Cast", "Equal", "Less", "Greater"}


class Case:
    """One node, perhaps behind a convolution, with everything named after its number."""

    def __init__(self, number, op, opset, seed):
        r, rs = random.Random(seed), np.random.RandomState(seed & 0x7fffffff)
        self.op, self.seed, self.opset = op, seed, opset
        inputs, self.attributes, outputs = make(op, r, rs, opset)
        self.nodes, self.initializers, self.feeds, names = [], [], {}, []
        for i, x in enumerate(inputs):
            name = f"c{number}_i{i}"
            if x is None:
                names.append("")
                continue
            names.append(name)
            if isinstance(x, Const):
                self.initializers.append(numpy_helper.from_array(x.value, name))
            else:
                self.feeds[name] = np.asarray(x)
        first = inputs[0]
        self.blocked = isinstance(first, np.ndarray) and first.ndim == 4 and first.dtype == np.float32 and \
            op not in FOLLOWS and r.random() < 0.5
        if self.blocked: # channels stay as they are: an identity of 1 x 1
            c = first.shape[1]
            w = np.eye(c, dtype=np.float32).reshape(c, c, 1, 1)
            self.initializers.append(numpy_helper.from_array(w, f"c{number}_w"))
            self.nodes.append(helper.make_node("Conv", [names[0], f"c{number}_w"], [f"c{number}_x"]))
            names[0] = f"c{number}_x"
        self.outputs = [f"c{number}_o{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, names, self.outputs, **self.attributes))
        if outputs == 1 and (op not in FOLLOWS or op in EPILOGUES) and r.random() < 0.35 and \
                not self.attributes.get("ceil_mode"): # whose sizes onnx and ONNX Runtime see differently
            self.add_epilogue(number, r, rs)
        self.shapes = [None if x is None else (x.value if isinstance(x, Const) else x).shape for x in inputs]

    def add_epilogue(self, number, r, rs):
        """Pointwise nodes on the output: a factor per channel, another tensor, an activation."""
        model = onnx.shape_inference.infer_shapes(onnx.load_from_string(build([self], self.opset)), data_prop=True)
        last = self.outputs[0]
        dims = model.graph.output[0].type.tensor_type.shape.dim
        shape = [d.dim_value for d in dims]
        if not all(shape):
            return
        channel = [d if i == min(1, len(shape) - 1) else 1 for i, d in enumerate(shape)]
        steps = [("Mul", rs.uniform(0.5, 1.5, channel), True), ("Add", rs.uniform(-1, 1, shape), False),
                 ("Sub", rs.uniform(-1, 1, channel), True), (r.choice(("Relu", "Sigmoid", "Tanh", "HardSwish")), None, 0)]
        for i, (op, value, constant) in enumerate(r.sample(steps, r.randint(1, 4))):
            if op == "HardSwish" and self.opset < 14:
                op = "Relu"
            inputs, name = [last], f"c{number}_e{i}"
            if value is not None:
                inputs = r.choice(([last, name], [name, last]))
                value = value.astype(np.float32)
                if constant:
                    self.initializers.append(numpy_helper.from_array(value, name))
                else:
                    self.feeds[name] = value
            last = f"c{number}_p{i}"
            self.nodes.append(helper.make_node(op, inputs, [last]))
        self.outputs = [last]

    def __str__(self):
        behind = " -> ".join(n.op_type for n in self.nodes)
        return f"{behind} (opset {self.opset}, seed {self.seed}{', blocked' if self.blocked else ''}) of " \
               f"{' '.join(str(s) for s in self.shapes)} {self.attributes}"


def build(cases, opset):
    graph = helper.make_graph(
        [n for c in cases for n in c.nodes], "cases",
        [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
         for c in cases for k, v in c.feeds.items()],
        [helper.make_empty_tensor_value_info(o) for c in cases for o in c.outputs],
        [t for c in cases for t in c.initializers])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(model)
    types = {v.name: v for v in inferred.graph.value_info}
    types.update({v.name: v for v in inferred.graph.output})
    for v in model.graph.output: # ONNX Runtime wants their element types
        v.CopyFrom(types[v.name])
        if not v.type.tensor_type.elem_type: # GroupNormalization of opset 18
            v.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return model.SerializeToString()


def by_onnx_runtime(model, cases):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [o for c in cases for o in c.outputs]
    return dict(zip(names, session.run(names, {k: v for c in cases for k, v in c.feeds.items()})))


def by_chromafuse(program, model, cases, folder):
    """The outputs, or a message."""
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as f:
        f.write(model)
    arguments = [program, "model", "run", path]
    for c in cases:
        for k, v in c.feeds.items():
            file = os.path.join(folder, k + ".npy")
            np.save(file, v.astype(np.int64) if v.dtype == bool else v)
            arguments += ["--input", f"{k}={file}"]
        for o in c.outputs:
            arguments += ["--output", f"{o}={os.path.join(folder, o)}.npy"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    if done.returncode:
        return done.stderr.strip() or f"exit status {done.returncode}"
    return {o: np.load(os.path.join(folder, o + ".npy")) for c in cases for o in c.outputs}


def difference(got, wanted):
    """None, or what is wrong."""
    if got.shape != wanted.shape:
        return f"{got.shape} instead of {wanted.shape}"
    got, wanted = np.atleast_1d(got).astype(np.float64), np.atleast_1d(wanted).astype(np.float64)
    with np.errstate(invalid="ignore"):
        off = np.abs(got - wanted) / (1 + np.abs(wanted))
    off[(got == wanted) | (np.isnan(got) & np.isnan(wanted))] = 0
    if not off.size or not (off > TOLERANCE).any() and not np.isnan(off).any():
        return None
    at = np.unravel_index(np.nanargmax(np.where(np.isnan(off), np.inf, off)), off.shape)
    return f"{got[at]:.9g} instead of {wanted[at]:.9g} at {tuple(int(i) for i in at)}"


def run(program, cases, opset, keep):
    """Complaints about these cases, each a line."""
    if not cases:
        return []
    model = build(cases, opset)
    try:
        wanted = by_onnx_runtime(model, cases)
    except Exception as error: # one of them is not for ONNX Runtime: which?
        if len(cases) > 1:
            return [line for c in cases for line in run(program, [c], opset, keep)]
        return [f"{cases[0]}: ONNX Runtime: {str(error).splitlines()[0][:200]}"]
    with tempfile.TemporaryDirectory() as folder:
        got = by_chromafuse(program, model, cases, folder)
    if isinstance(got, str):
        if len(cases) > 1:
            return [line for c in cases for line in run(program, [c], opset, keep)]
        return [f"{cases[0]}: {got}"]
    lines = []
    for c in cases:
        for o in c.outputs:
            wrong = difference(got[o], wanted[o])
            if wrong:
                lines.append(f"{c}: {wrong}")
                if keep:
                    with open(os.path.join(keep, f"{c.op}-{c.seed}.onnx"), "wb") as f:
                        f.write(build([c], opset))
                break
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=3, help="of each operator")
    parser.add_argument("--only")
    parser.add_argument("--keep", help="folder for models of cases that differ")
    args = parser.parse_args()
    jobs = {opset: [] for opset in OPSETS}
    count = 0
    for op, (_, first) in OPERATORS.items():
        for k in range(args.cases):
            allowed = [o for o in OPSETS if o >= first]
            if not args.only or args.only == op:
                count += 1
                jobs[allowed[k % len(allowed)]].append((count, op, args.seed * 100003 + count * 101 + k))
    complaints = []
    for opset, listed in jobs.items():
        made = [Case(number, op, opset, seed) for number, op, seed in listed]
        for i in range(0, len(made), PER_MODEL):
            complaints += run(args.program, made[i:i + PER_MODEL], opset, args.keep)
    for line in complaints:
        print(line)
    print(f"compare_operators: {count} cases of {len(OPERATORS) if not args.only else 1} operators beside ONNX Runtime "
          f"{onnxruntime.__version__}, {len(complaints)} differ")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
