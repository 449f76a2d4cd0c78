# SPDX-License-Identifier: Apache-2.0
"""Random uses of each operator that the executor promises, edge cases included, for compare_operators.py.

`make(op, r, rs)` gives one case. r is a random.Random, rs a numpy RandomState of the same seed."""
import numpy as np

OPSETS = (11, 13, 17, 18, 20)
F, I = np.float32, np.int64


class Const:
    """An input that is an initializer."""
    def __init__(self, value, dtype=None):
        self.value = np.asarray(value, dtype)


def floats(rs, *shape, low=-2.0, high=2.0):
    return rs.uniform(low, high, shape).astype(F)


def plane(r, rs, channels=None, **more):
    """A batch of pictures of odd sizes and channel counts around blocks of 16."""
    c = channels or r.choice((1, 3, 15, 16, 17, 33, 40))
    return floats(rs, r.choice((1, 1, 2)), c, r.randint(3, 14), r.randint(3, 17), **more)


def shaped(r, rs, **more):
    """Any rank."""
    return floats(rs, *(r.randint(1, 9) for _ in range(r.randint(1, 5))), **more)


def some(r, rs, **more):
    return plane(r, rs, **more) if r.random() < 0.7 else shaped(r, rs, **more)


def pointwise(low=-2.0, high=2.0, **attributes):
    return lambda r, rs, opset: ([some(r, rs, low=low, high=high)],
                                 {k: round(r.uniform(*v), 3) for k, v in attributes.items()})


def partner(r, rs, x, **more):
    """A second operand: the same shape, a channel's worth, a scalar, a row, another rank; sometimes constant."""
    kind = r.randint(0, 4)
    shape = list(x.shape)
    if kind == 1:
        shape = [1 if i != 1 else d for i, d in enumerate(shape)]
    elif kind == 2:
        shape = []
    elif kind == 3:
        shape = [d if r.random() < 0.5 else 1 for d in shape]
    elif kind == 4:
        shape = shape[r.randint(0, len(shape) - 1):]
    y = floats(rs, *shape, **more)
    return Const(y) if r.random() < 0.4 else y


def binary(low=-2.0, high=2.0):
    def make(r, rs, opset):
        x = some(r, rs, low=low, high=high)
        pair = [x, partner(r, rs, x, low=low, high=high)]
        return (pair if r.random() < 0.7 else pair[::-1]), {}
    return make


def power(r, rs, opset):
    if r.random() < 0.5:
        x = some(r, rs)
        return [x, Const(F(r.choice((2, 3, -1, 0))))], {}
    x = some(r, rs, low=0.2)
    return [x, partner(r, rs, x)], {}


def many(r, rs, opset):
    x = some(r, rs)
    return [x] + [partner(r, rs, x) for _ in range(r.randint(0, 3))], {}


def clip(r, rs, opset):
    low, high = sorted((round(r.uniform(-2, 2), 2), round(r.uniform(-2, 2), 2)))
    inputs = [some(r, rs), Const(F(low)), Const(F(high))]
    return r.choice((inputs, inputs[:2], [inputs[0], None, inputs[2]], inputs[:1])), {}


def prelu(r, rs, opset):
    x = plane(r, rs)
    return [x, Const(floats(rs, *r.choice(((x.shape[1], 1, 1), (1,), (1, x.shape[1], 1, 1), x.shape[1:]))))], {}


def window(r, x, kernel, ceil=False, least=None):
    """strides, dilations and pads that leave an output; kernel by axis."""
    n = len(kernel)
    attributes = {"kernel_shape": kernel}
    if r.random() < 0.6:
        attributes["strides"] = [r.randint(1, 3) for _ in kernel]
    dilations = [1] * n
    if r.random() < 0.3:
        dilations = attributes["dilations"] = [r.randint(1, 2) for _ in kernel]
    mode = r.random()
    if mode < 0.2 and max(dilations) == 1:
        attributes["auto_pad"] = r.choice(("SAME_UPPER", "SAME_LOWER", "VALID"))
    elif mode < 0.8:
        attributes["pads"] = [r.randint(0, k - 1) for k in kernel] + [r.randint(0, k - 1) for k in kernel]
    for i, k in enumerate(kernel):
        if (k - 1) * dilations[i] + 1 > x.shape[2 + i]:
            return None
    return attributes


def kernel_of(r, x, largest=5):
    side = r.choice((1, 2, 3, 3, 3, largest))
    return [min(side if r.random() < 0.8 else r.randint(1, 3), d) for d in x.shape[2:]]


def conv(r, rs, opset):
    attributes = None
    while attributes is None:
        x = plane(r, rs) if r.random() < 0.9 else floats(rs, 2, 5, r.randint(5, 20))
        kernel = kernel_of(r, x, 7)
        attributes = window(r, x, kernel)
    c = x.shape[1]
    groups = r.choice([g for g in (1, 1, 2, 4, c) if c % g == 0])
    out = groups * r.randint(1, max(1, 40 // groups))
    if groups > 1:
        attributes["group"] = groups
    w = floats(rs, out, c // groups, *kernel) / F(np.sqrt(c // groups * np.prod(kernel)))
    return [x, Const(w)] + ([Const(floats(rs, out))] if r.random() < 0.7 else []), attributes


def conv_transpose(r, rs, opset):
    x = plane(r, rs)
    kernel = kernel_of(r, x)
    attributes = {"kernel_shape": kernel, "strides": [r.randint(1, 3) for _ in kernel]}
    c = x.shape[1]
    groups = r.choice([g for g in (1, 1, 1, 3, c) if c % g == 0])
    mode = r.random()
    if mode < 0.15:
        attributes["auto_pad"] = r.choice(("SAME_UPPER", "SAME_LOWER"))
        attributes["strides"] = [min(s, k) for s, k in zip(attributes["strides"], kernel)]
    elif mode < 0.7:
        attributes["pads"] = [r.randint(0, (k - 1) // 2) for k in kernel] * 2
        if r.random() < 0.5:
            attributes["output_padding"] = [r.randint(0, s - 1) for s in attributes["strides"]]
    if groups > 1:
        attributes["group"] = groups
    out = r.randint(1, 20 if groups < 16 else 2)
    w = floats(rs, c, out, *kernel) / F(np.sqrt(c // groups * np.prod(kernel)))
    return [x, Const(w)] + ([Const(floats(rs, out * groups))] if r.random() < 0.7 else []), attributes


def gemm(r, rs, opset):
    m, k, n = r.randint(1, 40), r.randint(1, 70), r.randint(1, 70)
    ta, tb = r.randint(0, 1), r.randint(0, 1)
    a = floats(rs, *((k, m) if ta else (m, k)))
    b = floats(rs, *((n, k) if tb else (k, n)))
    c = floats(rs, *r.choice(((n,), (m, n), (1, n), (m, 1), (1,))))
    return [a, Const(b) if r.random() < 0.7 else b] + ([Const(c) if r.random() < 0.7 else c] * r.randint(0, 1)), \
        {"transA": ta, "transB": tb, "alpha": round(r.uniform(0.5, 2), 2), "beta": round(r.uniform(0.5, 2), 2)}


def matmul(r, rs, opset):
    m, k, n = r.randint(1, 40), r.randint(1, 70), r.randint(1, 70)
    a, b = r.choice((((m, k), (k, n)), ((3, m, k), (k, n)), ((2, 3, m, k), (2, 3, k, n)), ((2, 1, m, k), (3, k, n)),
                     ((k,), (k, n)), ((m, k), (k,)), ((2, m, k), (2, k, n))))
    b = floats(rs, *b)
    return [floats(rs, *a), Const(b) if r.random() < 0.5 else b], {}


def batch_norm(r, rs, opset):
    x = plane(r, rs) if r.random() < 0.8 else floats(rs, 3, 17)
    c = x.shape[1]
    return [x] + [Const(floats(rs, c)) for _ in range(3)] + [Const(floats(rs, c, low=0.3))], \
        {"epsilon": r.choice((1e-5, 1e-3))}


def instance_norm(r, rs, opset):
    x = plane(r, rs)
    return [x] + [Const(floats(rs, x.shape[1])) for _ in range(2)], {"epsilon": r.choice((1e-5, 1e-3))}


def layer_norm(r, rs, opset):
    x = floats(rs, *(r.randint(2, 20) for _ in range(r.randint(2, 4))))
    axis = r.choice((-1, -1, -1, x.ndim - 1, -2))
    tail = x.shape[axis:]
    return [x, Const(floats(rs, *tail))] + [Const(floats(rs, *tail))] * r.randint(0, 1), {"axis": axis, "epsilon": 1e-5}


def softmax(r, rs, opset):
    x = some(r, rs, low=-20, high=20)
    return [x], ({"axis": r.randint(-x.ndim, x.ndim - 1)} if r.random() < 0.8 else {})


def concat(r, rs, opset):
    x = some(r, rs)
    axis = 1 if x.ndim == 4 and r.random() < 0.7 else r.randint(0, x.ndim - 1)
    parts = []
    for _ in range(r.randint(1, 4)):
        shape = list(x.shape)
        shape[axis] = r.choice((1, 3, 16, 17, 32))
        part = floats(rs, *shape)
        parts.append(Const(part) if r.random() < 0.15 else part)
    return [x] + parts, {"axis": axis - (x.ndim if r.random() < 0.3 else 0)}


def slice_(r, rs, opset):
    x = some(r, rs)
    axes = sorted(r.sample(range(x.ndim), r.randint(1, x.ndim)))
    starts, ends, steps = [], [], []
    for a in axes:
        step = r.choice((1, 1, 2, 3, -1, -2))
        first = r.randint(0, x.shape[a] - 1)
        last = r.choice((x.shape[a], 2 ** 31 - 1, r.randint(first + 1, x.shape[a]))) if step > 0 else \
            r.choice((-2 ** 31, -x.shape[a] - 1))
        starts.append(first - x.shape[a] if r.random() < 0.3 else first)
        ends.append(last)
        steps.append(step)
    axes = [a - x.ndim if r.random() < 0.3 else a for a in axes]
    return [x, Const(starts, I), Const(ends, I), Const(axes, I), Const(steps, I)], {}


def split(r, rs, opset):
    x = some(r, rs)
    axis = r.choice([a for a in range(x.ndim)])
    size = x.shape[axis]
    if size < 2:
        sizes = [size]
    else:
        cut = r.randint(1, size - 1)
        sizes = [cut, size - cut]
    if opset < 13:
        return [x], {"axis": axis, "split": sizes}, len(sizes)
    if opset >= 18 and r.random() < 0.5:
        parts = r.randint(1, min(3, size))
        while -(-size // parts) * (parts - 1) >= size:
            parts -= 1
        return [x], {"axis": axis, "num_outputs": parts}, parts
    return [x, Const(sizes, I)], {"axis": axis}, len(sizes)


def pad(r, rs, opset):
    x = some(r, rs)
    mode = r.choice(("constant", "reflect", "edge") + (("wrap",) if opset >= 19 else ()))
    least = -1 if mode == "constant" else 0
    pads = []
    for _ in range(2):
        for d in x.shape:
            pads.append(r.randint(least if d > 2 else 0, max(0, min(3, d - 1))) if r.random() < 0.6 else 0)
    inputs = [x, Const(pads, I)]
    if mode == "constant" and r.random() < 0.7:
        inputs.append(Const(F(r.uniform(-2, 2))))
    return inputs, {"mode": mode}


def resize(r, rs, opset):
    x = plane(r, rs)
    mode = r.choice(("nearest", "linear", "cubic"))
    attributes = {"mode": mode, "coordinate_transformation_mode": r.choice(
        ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"))}
    if mode == "nearest":
        attributes["nearest_mode"] = r.choice(("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"))
    if r.random() < 0.5: # powers of two: no two roundings of a coordinate differ
        scales = Const([1, 1, r.choice((2, 4, 0.5)), r.choice((2, 4, 0.5))], F)
        return [x, Const(np.zeros(0), F) if opset < 13 else None, scales], attributes
    if mode == "nearest":
        attributes["coordinate_transformation_mode"] = "asymmetric"
        attributes["nearest_mode"] = "floor"
    sizes = Const([x.shape[0], x.shape[1], x.shape[2] * r.randint(1, 3), r.randint(1, 30) if mode != "nearest" else
                   x.shape[3] * 2], I)
    empty = Const(np.zeros(0), F) if opset < 13 else None
    return [x, empty, empty, sizes], attributes


def pool(average):
    def make(r, rs, opset):
        attributes = None
        while attributes is None:
            x = plane(r, rs)
            kernel = kernel_of(r, x)
            attributes = window(r, x, kernel)
            if attributes and average and opset < 19:
                attributes.pop("dilations", None)
        if r.random() < 0.3 and "auto_pad" not in attributes:
            attributes["ceil_mode"] = 1
        if average:
            attributes["count_include_pad"] = r.randint(0, 1)
        return [x], attributes
    return make


def reduce(axes_input):
    def make(r, rs, opset):
        x = some(r, rs)
        axes = sorted(r.sample(range(x.ndim), r.randint(1, x.ndim)))
        if x.ndim == 4 and r.random() < 0.5:
            axes = r.choice(([2, 3], [1], [-1]))
        attributes = {"keepdims": r.randint(0, 1)}
        if r.random() < 0.15:
            return [x], attributes
        if opset >= axes_input:
            return [x, Const(axes, I)], attributes
        return [x], dict(attributes, axes=axes)
    return make


def arg_max(r, rs, opset):
    x = some(r, rs)
    attributes = {"axis": r.randint(-x.ndim, x.ndim - 1), "keepdims": r.randint(0, 1)}
    if opset >= 12:
        attributes["select_last_index"] = r.randint(0, 1)
    return [np.round(x * 4).astype(F)], attributes


def transpose(r, rs, opset):
    x = some(r, rs)
    perm = r.sample(range(x.ndim), x.ndim)
    if x.ndim == 4:
        perm = r.choice((perm, [0, 2, 3, 1], [0, 3, 1, 2]))
    return [x], ({"perm": perm} if r.random() < 0.8 else {})


def reshape(r, rs, opset):
    x = plane(r, rs)
    n, c, h, w = x.shape
    return [x, Const(r.choice(([0, -1], [0, 0, -1], [-1], [n, h, c, w], [1, -1, w], [0, c, w, h], [n * c, 1, h, -1])),
                     I)], {}


def flatten(r, rs, opset):
    x = shaped(r, rs)
    return [x], {"axis": r.randint(-x.ndim, x.ndim)}


def squeeze(r, rs, opset):
    x = floats(rs, 1, r.randint(1, 40), 1, 1)
    axes = r.choice(([0], [2, 3], [-1], [0, 2]))
    return ([x], {"axes": axes}) if opset < 13 else ([x, Const(axes, I)], {})


def unsqueeze(r, rs, opset):
    x = floats(rs, r.randint(1, 5), r.randint(1, 40))
    axes = r.choice(([0], [2, 3], [-1], [0, 2], [1, 3]))
    return ([x], {"axes": axes}) if opset < 13 else ([x, Const(axes, I)], {})


def expand(r, rs, opset):
    x = some(r, rs)
    low = np.array([d if r.random() < 0.5 else 1 for d in x.shape])
    return [floats(rs, *low), Const(([2] if r.random() < 0.3 and x.ndim < 5 else []) + list(x.shape), I)], {}


def depth_to_space(r, rs, opset):
    s = r.choice((2, 2, 3))
    return [plane(r, rs, channels=s * s * r.choice((1, 3, 4, 16, 17)))], {"blocksize": s,
                                                                          "mode": r.choice(("DCR", "CRD"))}


def space_to_depth(r, rs, opset):
    s = r.choice((2, 2, 3))
    return [floats(rs, r.randint(1, 2), r.choice((1, 3, 4, 16, 17)), s * r.randint(1, 5), s * r.randint(1, 5))], \
        {"blocksize": s}


def gather(r, rs, opset):
    x = some(r, rs)
    axis = r.randint(0, x.ndim - 1)
    shape = r.choice(((), (1,), (3,), (2, 2)))
    index = rs.randint(-x.shape[axis], x.shape[axis], shape).astype(I)
    return [x, Const(index) if r.random() < 0.6 else index], {"axis": axis}


def compare(r, rs, opset):
    x = np.round(some(r, rs)).astype(F)
    return [x, np.round(floats(rs, *[d if r.random() < 0.5 else 1 for d in x.shape])).astype(F)], {}


def where(r, rs, opset):
    x = some(r, rs)
    return [rs.randint(0, 2, [d if r.random() < 0.7 else 1 for d in x.shape]).astype(bool), x, partner(r, rs, x)], {}


def cast(r, rs, opset):
    return [some(r, rs, low=-100, high=100)], {"to": r.choice((1, 6, 7, 9))}


def identity(r, rs, opset):
    return [some(r, rs)], {}


def tile(r, rs, opset):
    x = shaped(r, rs)[:3]
    return [x, Const([r.randint(1, 3) for _ in x.shape], I)], {}


def group_norm(r, rs, opset):
    g = r.choice((1, 2, 3, 5))
    x = plane(r, rs, channels=g * r.choice((1, 3, 8)))
    return [x] + [Const(floats(rs, g)) for _ in range(2)], {"num_groups": g}


def remainder(r, rs, opset):
    x = some(r, rs, low=-9, high=9)
    return [x, partner(r, rs, x, low=0.5, high=3)], {"fmod": 1}


# name: (maker, first opset it is tried at)
OPERATORS = {
    "Conv": (conv, 11), "ConvTranspose": (conv_transpose, 11), "Gemm": (gemm, 11), "MatMul": (matmul, 11),
    "BatchNormalization": (batch_norm, 11), "InstanceNormalization": (instance_norm, 11),
    "LayerNormalization": (layer_norm, 17),
    "Relu": (pointwise(), 11), "LeakyRelu": (pointwise(alpha=(0, 1)), 11), "PRelu": (prelu, 11), "Clip": (clip, 11),
    "Sigmoid": (pointwise(-20, 20), 11), "Tanh": (pointwise(-10, 10), 11), "HardSwish": (pointwise(-6, 6), 17),
    "Erf": (pointwise(-4, 4), 11), "Softmax": (softmax, 11), "Add": (binary(), 11), "Sub": (binary(), 11),
    "Mul": (binary(), 11), "Div": (binary(0.3, 2), 11), "Pow": (power, 13), "Sqrt": (pointwise(0, 4), 11),
    "Exp": (pointwise(), 11), "Log": (pointwise(0.01, 4), 11), "Neg": (pointwise(), 11), "Abs": (pointwise(), 11),
    "Min": (many, 11), "Max": (many, 11), "Concat": (concat, 11), "Slice": (slice_, 11), "Split": (split, 11),
    "Pad": (pad, 11), "Resize": (resize, 11), "MaxPool": (pool(False), 11), "AveragePool": (pool(True), 11),
    "GlobalAveragePool": (lambda r, rs, o: ([plane(r, rs)], {}), 11), "ReduceMean": (reduce(18), 11),
    "ReduceSum": (reduce(13), 11), "ReduceMax": (reduce(18), 11), "ArgMax": (arg_max, 11),
    "Transpose": (transpose, 11), "Reshape": (reshape, 11), "Flatten": (flatten, 11), "Squeeze": (squeeze, 11),
    "Unsqueeze": (unsqueeze, 11), "Expand": (expand, 11), "Identity": (identity, 11), "Dropout": (identity, 11),
    "DepthToSpace": (depth_to_space, 11), "SpaceToDepth": (space_to_depth, 11), "Gather": (gather, 11),
    "Equal": (compare, 11), "Less": (compare, 11), "Greater": (compare, 11), "Where": (where, 11), "Cast": (cast, 11),
    "Tile": (tile, 11), "Elu": (pointwise(alpha=(0.5, 2)), 11), "Selu": (pointwise(), 11), "Celu": (pointwise(), 12),
    "HardSigmoid": (pointwise(-6, 6, alpha=(0.1, 0.3), beta=(0.3, 0.6)), 11), "Softplus": (pointwise(-20, 20), 11),
    "Softsign": (pointwise(), 11), "ThresholdedRelu": (pointwise(alpha=(0, 1)), 11), "Mish": (pointwise(), 18),
    "Gelu": (pointwise(), 20), "Sin": (pointwise(-50, 50), 11), "Cos": (pointwise(-50, 50), 11),
    "Sign": (pointwise(), 11), "Floor": (pointwise(), 11), "Ceil": (pointwise(), 11), "Round": (pointwise(), 11),
    "Reciprocal": (pointwise(0.2, 2), 11), "Sum": (many, 11), "Mod": (remainder, 11),
    "LogSoftmax": (softmax, 11), "GroupNormalization": (group_norm, 18), "ReduceMin": (reduce(18), 11),
    "ReduceL1": (reduce(18), 11), "ReduceL2": (reduce(18), 11), "ReduceSumSquare": (reduce(18), 11),
    "GlobalMaxPool": (lambda r, rs, o: ([plane(r, rs)], {}), 11),
}


def make(op, r, rs, opset):
    """(inputs, attributes, outputs): inputs are arrays, given at run time, or Const, or None."""
    made = OPERATORS[op][0](r, rs, opset)
    return made if len(made) == 3 else (*made, 1)
