#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes ONNX files of two published colorizers for `chromafuse colorize --model`.

  eccv16      Zhang, Isola, Efros: "Colorful Image Colorization", ECCV 2016. Lightness in, ab out.
  siggraph17  Zhang, Zhu, Isola, Geng, Lin, Yu, Efros: "Real-Time User-Guided Image Colorization with Learned Deep
              Priors", SIGGRAPH 2017. Lightness, ab of hints and a mask of where they are in, ab out.

The architectures are built here from the papers' layer tables, with the names that the authors' weight files use. The
weights are the authors' and are not part of chromafuse: download them yourself, once, from where the authors' project
https://github.com/richzhang/colorization (BSD 2-Clause) says (colorizers/eccv16.py and colorizers/siggraph17.py name
the addresses). This program never opens a network connection. As published:

  eccv16      colorization_release_v2-9b330a0b.pth   129 MB
  siggraph17  siggraph17-df00044c.pth                137 MB

  seed_networks.py eccv16 --weights colorization_release_v2-9b330a0b.pth -o eccv16.onnx
  seed_networks.py siggraph17 --weights siggraph17-df00044c.pth --half -o siggraph17.onnx
  chromafuse colorize old.jpg --model eccv16.onnx -o new.png

A file is read as plain tensors only (nothing in it is run), and every name and shape is checked. The ONNX file is
checked against PyTorch with ONNX Runtime before it gets its name. `--random SEED` needs no weights: noise instead of
colour, for tests. Needs torch, onnx, onnxruntime (tools/train/requirements.txt).
"""
import argparse
import hashlib
import os
import re
import sys
import warnings
import zipfile

try:
    import numpy as np
    import onnx
    import onnxruntime
    import torch
    from onnx import TensorProto, helper, numpy_helper
    from torch import nn
    from torch.nn import functional as F
except ImportError as missing:
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
    print(f"seed_networks.py: {missing}: install what tools/train/requirements.txt lists", file=sys.stderr)
    sys.exit(1)

OPSET = 17
STEP = 8             # sides must be multiples of this: three halvings on the way in
SIDE_MAX = 1024     # of what `colorize --model` takes
TOLERANCE = 1e-3     # largest difference from ONNX Runtime over the output's standard deviation
HALF_FROM = 1024     # smaller constants stay as they are with --half
FILE_MAX = 1 << 30   # of weights, bytes


class Refused(Exception):
    """One line for the user."""


def layers(planes, stride=1, dilation=1, norm=True, relu_first=False):
    """3x3 convolutions from planes[0] to planes[1] and on, each with ReLU, the last with `stride`; then BatchNorm."""
    made = [nn.ReLU()] if relu_first else []
    for i, (a, b) in enumerate(zip(planes, planes[1:])):
        last = i == len(planes) - 2
        made += [nn.Conv2d(a, b, 3, stride if last else 1, dilation, dilation), nn.ReLU()]
    return made + ([nn.BatchNorm2d(planes[-1])] if norm else [])


def doubled(a, b):
    return nn.ConvTranspose2d(a, b, 4, 2, 1)


class Seed(nn.Module):
    """`width` scales all inner planes (tests); 1 is the published network."""
    L_CENTRE, L_NORM, AB_NORM = 50.0, 100.0, 110.0

    def __init__(self, width):
        super().__init__()
        self.width = width

    def planes(self, *counts):
        return [max(4, round(c * self.width)) for c in counts]


class Eccv16(Seed):
    """Eight blocks; a distribution over 313 colours on a quarter of the grid; its annealed mean, four times larger."""
    KIND, INPUTS, PLANES = "l-ab", ("l",), (1,)
    PUBLISHED = "9b330a0b"

    def __init__(self, width=1.0):
        super().__init__(width)
        a, b, c, d, bins = self.planes(64, 128, 256, 512, 313)
        self.model1 = nn.Sequential(*layers([1, a, a], stride=2))
        self.model2 = nn.Sequential(*layers([a, b, b], stride=2))
        self.model3 = nn.Sequential(*layers([b, c, c, c], stride=2))
        self.model4 = nn.Sequential(*layers([c, d, d, d]))
        self.model5 = nn.Sequential(*layers([d, d, d, d], dilation=2))
        self.model6 = nn.Sequential(*layers([d, d, d, d], dilation=2))
        self.model7 = nn.Sequential(*layers([d, d, d, d]))
        self.model8 = nn.Sequential(doubled(d, c), nn.ReLU(), *layers([c, c, c], norm=False), nn.Conv2d(c, bins, 1))
        self.model_out = nn.Conv2d(bins, 2, 1, bias=False)

    def last(self):
        return self.model_out

    def forward(self, l):
        x = (l - self.L_CENTRE) / self.L_NORM
        for block in (self.model1, self.model2, self.model3, self.model4, self.model5, self.model6, self.model7,
                      self.model8):
            x = block(x)
        ab = self.model_out(torch.softmax(x, 1))
        return F.interpolate(ab, scale_factor=4, mode="bilinear", align_corners=False) * self.AB_NORM


class Siggraph17(Seed):
    """A U-Net whose first layer also sees hints; of its two heads the one that regresses ab is used."""
    KIND, INPUTS, PLANES = "l-hints-ab", ("l", "hint_ab", "mask"), (1, 2, 1)
    PUBLISHED = "df00044c"
    BINS = 529

    def __init__(self, width=1.0):
        super().__init__(width)
        a, b, c, d, bins = self.planes(64, 128, 256, 512, self.BINS)
        self.model1 = nn.Sequential(*layers([4, a, a]))
        self.model2 = nn.Sequential(*layers([a, b, b]))
        self.model3 = nn.Sequential(*layers([b, c, c, c]))
        self.model4 = nn.Sequential(*layers([c, d, d, d]))
        self.model5 = nn.Sequential(*layers([d, d, d, d], dilation=2))
        self.model6 = nn.Sequential(*layers([d, d, d, d], dilation=2))
        self.model7 = nn.Sequential(*layers([d, d, d, d]))
        self.model8up, self.model3short8 = nn.Sequential(doubled(d, c)), nn.Sequential(nn.Conv2d(c, c, 3, 1, 1))
        self.model8 = nn.Sequential(*layers([c, c, c], relu_first=True))
        self.model9up, self.model2short9 = nn.Sequential(doubled(c, b)), nn.Sequential(nn.Conv2d(b, b, 3, 1, 1))
        self.model9 = nn.Sequential(*layers([b, b], relu_first=True))
        self.model10up, self.model1short10 = nn.Sequential(doubled(b, b)), nn.Sequential(nn.Conv2d(a, b, 3, 1, 1))
        self.model10 = nn.Sequential(nn.ReLU(), nn.Conv2d(b, b, 3, 1, 1), nn.LeakyReLU(0.2))
        self.model_class = nn.Sequential(nn.Conv2d(c, bins, 1))
        self.model_out = nn.Sequential(nn.Conv2d(b, 2, 1), nn.Tanh())

    def last(self):
        return self.model_out[0]

    def forward(self, l, hint_ab, mask):
        x = torch.cat([(l - self.L_CENTRE) / self.L_NORM, hint_ab / self.AB_NORM, mask], 1)
        one = self.model1(x)
        two = self.model2(one[:, :, ::2, ::2])
        three = self.model3(two[:, :, ::2, ::2])
        x = self.model7(self.model6(self.model5(self.model4(three[:, :, ::2, ::2]))))
        x = self.model8(self.model8up(x) + self.model3short8(three))
        x = self.model9(self.model9up(x) + self.model2short9(two))
        x = self.model10(self.model10up(x) + self.model1short10(one))
        return self.model_out(x) * self.AB_NORM


class OnePort(nn.Module):
    """All inputs of a network as planes of one."""
    INPUTS = ("input",)

    def __init__(self, network):
        super().__init__()
        self.network, self.KIND, self.PLANES = network, network.KIND, (sum(network.PLANES),)

    def forward(self, x):
        return self.network(*torch.split(x, self.network.PLANES, 1))


NETWORKS = {"eccv16": Eccv16, "siggraph17": Siggraph17}


def read_weights(path):
    """A dictionary of names and float tensors."""
    try:
        if os.path.getsize(path) > FILE_MAX:
            raise Refused(f"{path}: {os.path.getsize(path)} bytes, more than weights of these networks can have")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as why:
        raise Refused(f"{path}: cannot read: {why.strerror or why}") from None
    except Refused:
        raise
    except Exception:   # the many ways in which a file is no pickle of tensors
        whole = zipfile.is_zipfile(path)
        raise Refused(f"{path}: not a file of PyTorch weights" + ("" if whole else ", or cut short")) from None
    if not isinstance(state, dict) or not state or not all(isinstance(k, str) for k in state):
        raise Refused(f"{path}: does not hold named weights")
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor):
            raise Refused(f"{path}: '{name[:80]}' is not a tensor: save the network's state_dict alone")
    return state


def some(names):
    names = sorted(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def load(network, name, path):
    """Puts the file's weights into the network; every name and shape must agree."""
    given = {k: v for k, v in read_weights(path).items() if not k.endswith(".num_batches_tracked")}
    wanted = {k: v for k, v in network.state_dict().items() if not k.endswith(".num_batches_tracked")}
    if set(given) != set(wanted):
        for other, kind in NETWORKS.items():
            with torch.device("meta"):
                names = {k for k in kind().state_dict() if not k.endswith(".num_batches_tracked")}
            if other != name and set(given) == names:
                raise Refused(f"{path}: these are weights of {other}, not of {name}")
        missing, strange = set(wanted) - set(given), set(given) - set(wanted)
        parts = [f"lacks {some(missing)}"] * bool(missing) + [f"has unknown {some(strange)}"] * bool(strange)
        raise Refused(f"{path}: not the weights of {name}: {'; '.join(parts)}")
    for key, tensor in given.items():
        if tensor.shape != wanted[key].shape:
            raise Refused(f"{path}: {key} is {'x'.join(map(str, tensor.shape))}, "
                          f"{'x'.join(map(str, wanted[key].shape))} was expected")
        if not tensor.is_floating_point():
            raise Refused(f"{path}: {key} holds {str(tensor.dtype).removeprefix('torch.')}, no floating point numbers")
        if not torch.isfinite(tensor).all():
            raise Refused(f"{path}: {key} holds values that are not numbers")
    network.load_state_dict({k: v.float() for k, v in given.items()}, strict=False)


def fill_randomly(network, seed):
    """Weights that keep signals at about unit size, and an output as lively as colour: deviation of ab about 30."""
    g = torch.Generator().manual_seed(seed)
    for m in network.modules():
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
            fan = m.weight.numel() // (m.weight.shape[0] if isinstance(m, nn.Conv2d) else m.weight.shape[1] * 4)
            m.weight.data = torch.randn(m.weight.shape, generator=g) * (2 / fan) ** 0.5
            if m.bias is not None:
                m.bias.data = torch.randn(m.bias.shape, generator=g) * 0.1
        elif isinstance(m, nn.BatchNorm2d):
            for values, low in ((m.weight, 0.7), (m.running_var, 0.7), (m.bias, -0.3), (m.running_mean, 0.1)):
                values.data = torch.rand(values.shape, generator=g) * 0.6 + low
    network.last().weight.data *= 30 / run(network, examples(network, 64, 64, seed)).std()


def examples(network, height, width, seed):
    """Inputs with structure at several scales, and a few hints."""
    g = torch.Generator().manual_seed(seed)

    def noise(planes, spread):
        parts = [F.interpolate(torch.randn(1, planes, max(2, height // s), max(2, width // s), generator=g),
                               (height, width), mode="bilinear", align_corners=False) for s in (1, 4, 16, 64)]
        return sum(parts) * (spread / 2)

    values = [(50 + noise(1, 25)).clamp(0, 100)]
    if network.KIND == "l-hints-ab":
        mask = (torch.rand(1, 1, height, width, generator=g) < 0.02).float()
        values += [noise(2, 30).clamp(-110, 110) * mask, mask]
    return values if len(network.PLANES) == len(values) else [torch.cat(values, 1)]


def run(network, inputs):
    with torch.no_grad():
        return network(*inputs)


def halve_weights(model):
    """Large constants as half floats with a Cast after each: readers fold it."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < HALF_FROM:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def write(network, path, size, half, about):
    """The network as ONNX; size None: any."""
    width, height = size or (256, 256)
    axes = {n: {2: "height", 3: "width"} for n in (*network.INPUTS, "ab")} if size is None else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # that there is a newer exporter
        torch.onnx.export(network, tuple(examples(network, height, width, 0)), path, opset_version=OPSET,
                          input_names=list(network.INPUTS), output_names=["ab"], dynamic_axes=axes, dynamo=False)
    model = onnx.load(path)
    if half:
        halve_weights(model)
    helper.set_model_props(model, {"chromafuse.lightness": "0 100", "chromafuse.ab": "1",
                                   "chromafuse.network": about})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def check(network, path, sizes):
    """Largest difference from ONNX Runtime over the output's standard deviation."""
    session, worst = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]), 0.0
    for seed, (width, height) in enumerate(sizes):
        inputs = examples(network, height, width, 100 + seed)
        want = run(network, inputs).numpy()
        got, = session.run(["ab"], {n: v.numpy() for n, v in zip(network.INPUTS, inputs)})
        worst = max(worst, float(np.abs(got - want).max() / max(want.std(), 1e-6)))
    return worst


def export(network, path, size, half, about):
    """Writes, checks, renames, tells."""
    temporary, sizes = path + ".tmp", [size or (256, 256)] + ([] if size else [(64, 96)])
    if half:
        before = run(network, examples(network, *sizes[0][::-1], 1))
        for p in network.parameters():
            p.data = p.data.half().float() if p.numel() >= HALF_FROM else p.data
        moved = (run(network, examples(network, *sizes[0][::-1], 1)) - before).abs()
        print(f"half weights move ab by {moved.mean():.3f} on average, {moved.max():.2f} at most")
    try:
        write(network, temporary, size, half, about)
        worst = check(network, temporary, sizes)
        if not worst < TOLERANCE:
            raise Refused(f"{path}: differs from ONNX Runtime by {worst:.1e} of the output's deviation: not written")
        os.replace(temporary, path)
    except OSError as why:
        raise Refused(f"{path}: cannot write: {why.strerror or why}") from None
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    print(f"{path}: {sum(p.numel() for p in network.parameters()) / 1e6:.2f} M weights, "
          f"{os.path.getsize(path) / 1e6:.1f} MB, difference from ONNX Runtime {worst:.1e} of the output's deviation")


def sides(text):
    """WIDTHxHEIGHT, or None for "free"."""
    if text == "free":
        return None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    size = tuple(map(int, found.groups())) if found else (0, 0)
    if not all(STEP <= s <= SIDE_MAX and s % STEP == 0 for s in size):
        raise argparse.ArgumentTypeError(f"'{text}' is not WxH with sides of {STEP} to {SIDE_MAX} that are multiples "
                                         f"of {STEP}, nor \"free\"")
    return size


def fraction(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.05 <= value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0.05 to 1")
    return value


def build(a):
    network = NETWORKS[a.network](a.width).eval()
    if a.weights is None:
        fill_randomly(network, a.random)
        return network, f"{a.network}, random weights {a.random}, width {a.width:g}"
    load(network, a.network, a.weights)
    with open(a.weights, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not digest.startswith(network.PUBLISHED):
        print(f"{a.weights}: not the published file, whose SHA-256 begins with {network.PUBLISHED}; taken all the same",
              file=sys.stderr)
    return network, f"{a.network}, weights {digest[:16]}"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("network", choices=sorted(NETWORKS))
    source = ap.add_mutually_exclusive_group(required=True)
    source.add_argument("--weights", metavar="FILE.pth", help="the authors' weights, downloaded by you")
    source.add_argument("--random", metavar="SEED", type=int, help="random weights instead, for tests")
    ap.add_argument("-o", "--output", required=True, metavar="FILE.onnx")
    ap.add_argument("--size", type=sides, default=(256, 256), metavar="WxH",
                    help="the grid it runs on, multiples of 8, or \"free\": any (default: 256x256, as published)")
    ap.add_argument("--half", action="store_true", help="weights as half floats: half the file, the same speed")
    ap.add_argument("--one-port", action="store_true", help="siggraph17: one input of 4 planes, not three inputs")
    ap.add_argument("--width", type=fraction, default=1.0, metavar="X",
                    help="with --random: inner planes times X, a small network for tests (default: 1)")
    a = ap.parse_args()
    if a.weights and a.width != 1:
        ap.error("--width is for --random: the published weights have width 1")
    if a.one_port and a.network != "siggraph17":
        ap.error("--one-port is for siggraph17: eccv16 has one port")
    try:
        network, about = build(a)
        export(OnePort(network).eval() if a.one_port else network, a.output, a.size, a.half, about)
    except Refused as why:
        print(f"seed_networks.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
