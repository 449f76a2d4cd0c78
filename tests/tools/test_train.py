#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training from end to end at toy size: renders scenes, trains three steps in two goes, exports, checks shapes.

usage: test_train.py RENDERER TRAIN_FOLDER

Shows that the tools work together, that training can be resumed exactly, that an untrained network changes nothing and
that the ONNX file agrees with ONNX Runtime; not that training helps (docs/benchmarks.md). Needs PyTorch, Pillow, onnx
and onnxruntime; without them it says so and exits with 77. CHROMAFUSE_PYTHON of CMake picks the python.
"""
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
    import PIL.Image
    import torch
except ImportError as missing:
    print(f"SKIPPED: tools/train needs {missing.name}: pip install -r tools/train/requirements.txt, then configure with "
          "-DCHROMAFUSE_PYTHON=that python")
    sys.exit(77)

RENDERER, TRAIN = sys.argv[1], sys.argv[2]
sys.path.insert(0, TRAIN)
torch.set_num_threads(1)


def run(*command, fails=False):
    r = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if (r.returncode != 0) != fails:
        raise AssertionError(f"{command}: exit {r.returncode}\n{r.stdout}\n{r.stderr}")
    return r.stdout + r.stderr


def script(name, *arguments, fails=False):
    return run(sys.executable, "-B", f"{TRAIN}/{name}", *arguments, fails=fails)


def make_photos(folder, count=40):
    """Smooth colours with a little texture; held-out names among them."""
    os.makedirs(folder)
    rng = np.random.default_rng(5)
    for i in range(count):
        coarse = PIL.Image.fromarray(rng.integers(0, 256, (6, 7, 3), np.uint8))
        a = np.asarray(coarse.resize((224, 208), PIL.Image.Resampling.BICUBIC)).astype(float)
        a += rng.normal(0, 12, a.shape[:2])[..., None]
        PIL.Image.fromarray(np.clip(a, 0, 255).astype(np.uint8)).save(f"{folder}/{i:03d}.jpg", quality=92)


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = cls.temporary.name
        make_photos(f"{cls.folder}/photos")
        cls.render = [RENDERER, "--photos", f"{cls.folder}/photos", "-o", f"{cls.folder}/cache", "--size", "128x96",
                      "--shard", 20, "--levels", 2, "--scenes"]
        run(*cls.render, 20)
        script("pack_photos.py", f"{cls.folder}/photos", "-o", f"{cls.folder}/packed", "--size", "96x64")
        cls.common = ["--pairs", f"{cls.folder}/cache", "--photos", f"{cls.folder}/packed", "--pair-batch", 2,
                      "--photo-batch", 2, "--crop", 64, "--steps", 3, "--threads", 1, "--float32", "--warm-up", 1,
                      "--evaluate-samples", 4]

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_rendering_resumes_and_refuses(self):
        before = os.stat(f"{self.folder}/cache/shard-00000.bin").st_mtime_ns
        run(*self.render, 40)
        self.assertEqual(before, os.stat(f"{self.folder}/cache/shard-00000.bin").st_mtime_ns)
        self.assertTrue(os.path.exists(f"{self.folder}/cache/shard-00001.json"))
        self.assertIn("other options", run(*self.render, 20, "--seed", 9, fails=True))
        self.assertIn("no photos", run(RENDERER, "--photos", f"{self.folder}/cache", "-o", f"{self.folder}/x",
                                       fails=True))

    def test_train_resume_export(self):
        script("train.py", *self.common, "--run", f"{self.folder}/a")
        script("train.py", *self.common, "--run", f"{self.folder}/b", "--stop-after", 2)
        self.assertFalse(os.path.exists(f"{self.folder}/b/network.onnx"))
        said = script("train.py", *self.common, "--run", f"{self.folder}/b")
        self.assertIn("going on at step 2", said)
        a, b = (torch.load(f"{self.folder}/{r}/checkpoint.pt", weights_only=True) for r in "ab")
        self.assertEqual(a["step"], 3)
        for name, value in a["ema"].items():
            self.assertTrue(torch.allclose(value, b["ema"][name], atol=1e-6), name)
        for name in ("network.onnx", "log.csv", "evaluation.csv"):
            self.assertGreater(os.path.getsize(f"{self.folder}/a/{name}"), 0)
        script("export.py", f"{self.folder}/a/checkpoint.pt", "-o", f"{self.folder}/again.onnx")
        self.assertIn("another network", script("train.py", *self.common, "--run", f"{self.folder}/a", "--deep", 1,
                                                fails=True))

    def test_samples_hold_together(self):
        import color
        from dataset import Pairs, mean_cells
        from evaluate import fused
        pairs = Pairs([f"{self.folder}/cache"], "train")
        indices = [i for i in range(len(pairs)) if pairs.facts(i)[1]["electrons"] > 500 and
                   pairs.facts(i)[1]["measured"]][:4]
        batch = pairs.get(indices)
        truth = color.encode(batch["picture_truth"])
        grey = fused(batch, torch.zeros_like(batch["picture_transferred"]))
        gain = color.psnr(fused(batch, batch["picture_transferred"]), truth) - color.psnr(grey, truth)
        self.assertGreater(float(gain.mean()), 3)
        exact = color.chroma_of(batch["picture_truth"], color.response(batch["picture_truth"], batch["spectral"]))
        back = color.compose(color.response(batch["picture_truth"], batch["spectral"]), exact, batch["spectral"])
        self.assertTrue(torch.allclose(back, batch["picture_truth"], atol=1e-4))
        self.assertEqual(batch["hint"].shape, mean_cells(batch["picture_transferred"]).shape)
        crop = pairs.get(indices, (64, 64), np.random.default_rng(3))
        self.assertTrue(torch.allclose(crop["truth"], mean_cells(crop["picture_truth"])))

    def test_untrained_network_changes_nothing(self):
        from network import PLANES, Network, count_flops, count_weights, restore
        network = Network().eval()
        inputs = [torch.rand(1, p, 48, 64) for p in PLANES]
        with torch.no_grad():
            chroma, error = network(*inputs, torch.zeros(1, 1, 1, 1))
        self.assertTrue(torch.equal(chroma, inputs[4]))
        self.assertTrue(torch.equal(error, inputs[5]))
        self.assertLess(count_weights(network), 3e6)
        self.assertLess(count_flops(network, 368, 640), 10e9)
        low = torch.rand(1, 2, 5, 6)
        bilinear = torch.nn.functional.interpolate(low, scale_factor=2, mode="bilinear", align_corners=False)
        flat = restore(low, torch.zeros(1, 1, 5, 6), torch.zeros(1, 1, 10, 12))
        self.assertTrue(torch.allclose(flat, bilinear, atol=1e-5))

    def test_denoiser(self):
        samples, weights, file = (f"{self.folder}/{name}" for name in ("samples.npz", "denoiser.pt", "denoiser.onnx"))
        script("denoiser.py", "samples", "--photos", f"{self.folder}/photos", "-o", samples, "--count", 210,
               "--threads", 1)
        planes = np.load(samples)["samples"].astype(float)
        noisy, clean = (((planes[:, i] - planes[:, 2]) ** 2).mean() for i in range(2))
        self.assertAlmostEqual(noisy, 1, delta=0.05)        # stabilised: the noise has sigma 1
        self.assertLess(clean, 0.5)
        self.assertIn("held out", script("denoiser.py", "train", samples, "-o", weights, "--minutes", 0.1, "--threads", 1))
        self.assertIn("ONNX Runtime", script("denoiser.py", "export", weights, "-o", file))
        self.assertLess(os.path.getsize(file), 5e5)
        self.assertIn("no JPEG or PNG", script("denoiser.py", "samples", "--photos", f"{self.folder}/none", "-o", samples,
                                               fails=True))

    def test_lab_agrees_with_known_values(self):
        import color
        red = torch.tensor([[1.0, 0, 0]]).reshape(1, 3, 1, 1)      # CIE Lab of sRGB red: 53.24, 80.09, 67.20
        self.assertTrue(torch.allclose(color.lab_ab(red).flatten(), torch.tensor([80.09, 67.20]), atol=0.05))
        self.assertAlmostEqual(float(color.encode(torch.tensor([[[[0.5]]]]))), 0.7354, places=3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
