#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/seed_networks.py and `chromafuse colorize --model` on narrow random networks beside the same in Python:
PyTorch for the network and the resampling, scikit-image for Lab, OpenCV for the files.

usage: compare_seed_networks.py CHROMAFUSE SEED_NETWORKS

Shows that the published architectures come out of the ONNX file and our executor, on our grid, as they come out of
PyTorch; not that their colours are good, which only the authors' weights could show. Needs PyTorch, onnx, onnxruntime,
scikit-image and OpenCV; without them it says so and exits with 77 (fusion/lab_* still compare with stored numbers).
CHROMAFUSE_PYTHON of CMake picks the python.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import warnings

try:
    import cv2
    import numpy as np
    import onnx
    import onnxruntime  # noqa: F401
    import torch
    from skimage.color import lab2xyz, rgb2lab
    from torch.nn import functional as F
except ImportError as missing:
    print(f"SKIPPED: tools/seed_networks needs {missing.name}: NO PUBLISHED ARCHITECTURE WAS COMPARED WITH PYTORCH; "
          "pip install -r tools/train/requirements.txt, then configure with -DCHROMAFUSE_PYTHON=that python")
    sys.exit(77)

PROGRAM, SCRIPT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.dirname(SCRIPT))
sys.dont_write_bytecode = True
import seed_networks  # noqa: E402

torch.set_num_threads(1)
WEIGHTS = np.array([0.2126, 0.7152, 0.0722])
EPS, CONFIDENCE = 0.004, 0.9
WIDTH, HEIGHT = 150, 104
POINTS = [{"x": 40, "y": 30, "size": 9, "rgb": [190, 60, 40]}, {"x": 120, "y": 80, "size": 1, "rgb": [40, 90, 180]}]


def decode(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def encode(v):
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 0.0031308) ** (1 / 2.4) - 0.055)


def photo():
    """Grey codes, 16 bit: smooth shapes with edges and a little grain."""
    rng = np.random.default_rng(3)
    v = cv2.resize(rng.uniform(0.1, 0.9, (5, 6)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    v = np.where((x - 90) ** 2 + (y - 50) ** 2 < 900, 0.85 - 0.4 * v, v) + rng.normal(0, 0.01, v.shape)
    return np.round(np.clip(v, 0.02, 0.98) * 65535).astype(np.uint16)


def lab_of_grey(m):
    return rgb2lab(np.repeat(encode(m)[..., None], 3, 2))[..., 0]


def compose(m, chroma):
    """Linear RGB of mono and chroma, scaled towards grey until it is in gamut."""
    d = np.empty(m.shape + (3,))
    d[..., 0], d[..., 2] = chroma[..., 0] * (m + EPS), chroma[..., 1] * (m + EPS)
    d[..., 1] = -(WEIGHTS[0] * d[..., 0] + WEIGHTS[2] * d[..., 2]) / WEIGHTS[1]
    room = np.where(d > 0, 1 - m[..., None], m[..., None]) / (np.abs(d) + 1e-12)
    return m[..., None] + np.clip(room.min(-1), 0, 1)[..., None] * d


def hints_on_grid(m, width, height):
    """ab of the points where they lie, and the mask."""
    ab, seen = np.zeros((2, height, width)), np.zeros((1, height, width))
    total = np.zeros((height, width))
    for p in POINTS:
        rgb = decode(np.array(p["rgb"]) / 255)
        own = rgb @ WEIGHTS
        c, r = (rgb[[0, 2]] - own) / (own + EPS), p["size"] // 2
        for y in range(p["y"] - r, p["y"] + r + 1):
            for x in range(p["x"] - r, p["x"] + r + 1):
                told = rgb2lab(encode(compose(m[y:y + 1, x:x + 1], np.broadcast_to(c, (1, 1, 2)))))[0, 0, 1:]
                cy, cx = ((y + 1) * height - 1) // HEIGHT, ((x + 1) * width - 1) // WIDTH
                ab[:, cy, cx] += told
                total[cy, cx] += 1
    seen[0] = total > 0
    return ab / np.maximum(total, 1), seen


def upsample(ab, low, full):
    """Bilinear weights of four cells times a Gaussian of the difference in L*."""
    height, width = low.shape
    v, u = [(np.arange(n) + 0.5) * cells / n - 0.5 for n, cells in ((HEIGHT, height), (WIDTH, width))]
    total, out = 0, 0
    for j in (0, 1):
        for i in (0, 1):
            y, x = np.floor(v).astype(int) + j, np.floor(u).astype(int) + i
            wy, wx = 1 - np.abs(v - y), 1 - np.abs(u - x)
            at = np.ix_(np.clip(y, 0, height - 1), np.clip(x, 0, width - 1))
            w = wy[:, None] * wx * (1e-3 + np.exp(-0.5 * ((full - low[at]) / 5) ** 2))
            total, out = total + w, out + w * np.clip(ab[(slice(None), *at)], -128, 128)
    return out / total


def expected(codes, network, size, hints):
    """The whole of `colorize --model` in Python: sRGB 0..1, and where scikit-image knows the colour (Z > 0)."""
    m = decode(codes / 65535)
    full, (width, height) = lab_of_grey(m), size
    low = F.interpolate(torch.tensor(full)[None, None], (height, width), mode="bilinear", antialias=True)
    inputs = [low.float()]
    if len(network.PLANES) == 3 or network.PLANES[0] == 4:
        told, seen = hints_on_grid(m, width, height) if hints else (np.zeros((2, height, width)),
                                                                    np.zeros((1, height, width)))
        inputs += [torch.tensor(told)[None].float(), torch.tensor(seen)[None].float()]
    ab = seed_networks.run(network, inputs if len(inputs) == len(network.PLANES) else [torch.cat(inputs, 1)])
    ab = upsample(ab[0].double().numpy(), low[0, 0].numpy(), full)
    with warnings.catch_warnings(action="ignore"):
        xyz = lab2xyz(np.stack([full, ab[0], ab[1]], -1))
    rgb = xyz @ np.linalg.inv(np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169],
                                        [0.019334, 0.119193, 0.950227]])).T
    return encode(compose(m, (rgb[..., [0, 2]] - m[..., None]) / (m[..., None] + EPS))), xyz[..., 2] > 0


class SeedNetworks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.at = cls.temporary.name
        cls.codes = photo()
        cv2.imwrite(f"{cls.at}/in.png", cls.codes)
        with open(f"{cls.at}/hints.json", "w") as f:
            json.dump({"points": POINTS}, f)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def make(self, *words, code=0):
        done = subprocess.run([sys.executable, "-B", SCRIPT, *words], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def colorize(self, *words, code=0):
        out = f"{self.at}/out.png"
        done = subprocess.run([PROGRAM, "colorize", f"{self.at}/in.png", "-o", out, "--depth", "16", *words],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr if code else cv2.imread(out, cv2.IMREAD_UNCHANGED)[..., ::-1] / 65535

    def compare(self, name, size, one_port=False, free=()):
        path = f"{self.at}/net.onnx"
        network = seed_networks.NETWORKS[name](0.1).eval()
        seed_networks.fill_randomly(network, 11)
        if one_port:
            network = seed_networks.OnePort(network).eval()
        seed_networks.export(network, path, None if free else size, False, "a test")
        hints = ["--hints", f"{self.at}/hints.json"] if network.KIND == "l-hints-ab" else []
        got = self.colorize("--model", path, *hints, *free)
        want, known = expected(self.codes, network, size, bool(hints))
        away = np.abs(got - want)[known] * 255
        self.assertGreater(known.mean(), 0.9)
        self.assertGreater(np.ptp(want, -1).mean() * 255, 15, "hardly any colour: this shows nothing")
        self.assertLess(away.mean(), 0.02)
        self.assertLess(away.max(), 0.75)

    def test_eccv16(self):
        self.compare("eccv16", (64, 48))

    def test_siggraph17(self):
        self.compare("siggraph17", (64, 64))

    def test_siggraph17_free_size_one_port(self):
        self.compare("siggraph17", (96, 64), one_port=True, free=("--model-grid", "96x64"))

    def test_half_weights(self):
        """From the command line, as a user makes it."""
        path, common = f"{self.at}/half.onnx", ("eccv16", "--random", "11", "--width", "0.1")
        told = self.make(*common, "--size", "64x48", "--half", "-o", path).stdout
        self.assertIn("difference from ONNX Runtime", told)
        network = seed_networks.Eccv16(0.1).eval()
        seed_networks.fill_randomly(network, 11)
        self.assertLess(os.path.getsize(path), 2.4 * sum(p.numel() for p in network.parameters()))
        want, known = expected(self.codes, network, (64, 48), False)
        self.assertLess(np.abs(self.colorize("--model", path) - want)[known].mean() * 255, 0.3)
        notes = {p.key: p.value for p in onnx.load(path).metadata_props}
        self.assertEqual((notes["chromafuse.lightness"], notes["chromafuse.ab"]), ("0 100", "1"))

    def test_wrong_files(self):
        """One line each, and nothing written."""
        os.path.exists(f"{self.at}/out.png") and os.remove(f"{self.at}/out.png")
        network = seed_networks.Eccv16(0.1).eval()
        path = f"{self.at}/wrong.onnx"
        seed_networks.export(network, path, (64, 48), False, "a test")
        for words, code, pattern in ((("--model-grid", "64x64"), 1, "height of 48, not the 64"),
                                     (("--model-grid", "4x4"), 2, "sides are 8 to 1024"),
                                     (("--model-lightness", "5"), 2, "LOW,HIGH"),
                                     (("--model-ab", "x"), 2, "--model-ab")):
            told = self.colorize("--model", path, *words, code=code)
            self.assertRegex(told, pattern)
        self.assertRegex(self.colorize("--model-ab", "1", code=2), "--model, which is missing")
        with open(path, "rb") as f:
            whole = f.read()
        with open(path, "wb") as f:
            f.write(whole[:len(whole) // 2])
        for wrong in (path, f"{self.at}/in.png", f"{self.at}/none.onnx"):
            told = self.colorize("--model", wrong, code=1)
            self.assertEqual(told.count("\n"), 1, told)
            self.assertIn(os.path.basename(wrong), told)
        self.assertFalse(os.path.exists(f"{self.at}/out.png"))

    def test_published_files(self):
        """Weights by name and shape, and what is said of other files. Small ones: the check is the same."""
        network = seed_networks.Eccv16(0.1)
        state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
        for kind, names, weights in ((seed_networks.Eccv16, 82, 32236011), (seed_networks.Siggraph17, 107, 34187027)):
            with torch.device("meta"):
                published = kind()
            self.assertEqual(len(published.state_dict()), names)
            self.assertEqual(sum(p.numel() for p in published.parameters()), weights)
        path = f"{self.at}/w.pth"

        def refuses(content, *patterns, name="eccv16", into=network):
            torch.save(content, path)
            with self.assertRaises(seed_networks.Refused) as caught:
                seed_networks.load(into, name, path)
            for pattern in patterns:
                self.assertIn(pattern, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))

        torch.save(state, path)
        other = seed_networks.Eccv16(0.1)
        seed_networks.load(other, "eccv16", path)
        for key, tensor in other.state_dict().items():
            self.assertTrue(torch.equal(tensor, network.state_dict()[key]), key)
        refuses({**state, "model1.0.weight": torch.zeros(3)}, "w.pth: model1.0.weight is 3, 6x1x3x3 was expected")
        refuses({k: v for k, v in state.items() if k != "model_out.weight"}, "lacks model_out.weight")
        refuses({**state, "extra": torch.zeros(1)}, "has unknown extra")
        refuses({**state, "model1.0.bias": torch.full((6,), float("nan"))}, "not numbers")
        refuses({**state, "model1.0.bias": torch.zeros(6, dtype=torch.int64)}, "int64")
        refuses(seed_networks.Siggraph17(0.1).state_dict(), "weights of siggraph17, not of eccv16")
        refuses({"model": state}, "'model' is not a tensor")
        refuses([1, 2], "does not hold named weights")
        refuses({"model1.0.weight": print}, "not a file of PyTorch weights")
        with open(path, "wb") as f:
            f.write(b"junk")
        self.assertIn("not a file of PyTorch weights",
                      self.make("eccv16", "--weights", path, "-o", f"{self.at}/x.onnx", code=1).stderr)
        self.assertFalse(os.path.exists(f"{self.at}/x.onnx"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
