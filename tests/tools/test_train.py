#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training from end to end at toy size: renders scenes, trains three steps in two goes, exports, checks shapes.

usage: test_train.py RENDERER TRAIN_FOLDER

Shows that the tools work together, that training can be resumed exactly, that an untrained network changes nothing and
that the ONNX file agrees with ONNX Runtime; not that training helps (docs/benchmarks.md). Needs PyTorch, Pillow, onnx
and onnxruntime; without them it says so and exits with 77. CHROMAFUSE_PYTHON of CMake picks the python.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
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
        script("train.py", *self.common, "--run", f"{self.folder}/only", "--start", f"{self.folder}/a/checkpoint.pt",
               "--only", "bin_")
        only = torch.load(f"{self.folder}/only/checkpoint.pt", weights_only=True)["network"]
        for name, value in a["ema"].items():
            still = torch.equal(value, only[name])
            self.assertTrue(still or name.startswith("bin_"), name)
        self.assertFalse(torch.equal(a["ema"]["bin_logits.bias"], only["bin_logits.bias"]))
        self.export_with_inventor(f"{self.folder}/a/checkpoint.pt", f"{self.folder}/only/checkpoint.pt")
        self.assertIn("no weight's name", script("train.py", *self.common, "--run", f"{self.folder}/none", "--only", "x",
                                                 fails=True))
        self.assertIn("another network", script("train.py", *self.common, "--run", f"{self.folder}/a", "--deep", 1,
                                                fails=True))

    def export_with_inventor(self, run, other):
        both, sizes = f"{self.folder}/both.onnx", []
        script("export.py", run, "-o", f"{self.folder}/one.onnx")
        script("export.py", run, "--inventor", other, "-o", both)
        for name in ("one", "both"):
            sizes.append(os.path.getsize(f"{self.folder}/{name}.onnx"))
        self.assertTrue(1.4 * sizes[0] < sizes[1] < 1.6 * sizes[0], sizes)    # halves
        shapes = {"mono": 1, "hint": 2, "confidence": 1, "sigma": 1, "transferred": 2, "doubt": 1}
        rng = np.random.default_rng(3)
        inputs = {n: rng.random((1, p, 32, 48)).astype(np.float32) for n, p in shapes.items()}
        inputs["doubt"] *= 40
        got = []
        for name in ("one", "both"):
            session = onnxruntime.InferenceSession(f"{self.folder}/{name}.onnx")
            for vivid in (0, 0.5, 1):
                inputs["vivid"] = np.full((1, 1, 1, 1), vivid, np.float32)
                got.append(session.run(None, inputs))
        self.assertTrue(all(np.array_equal(x, y) for x, y in zip(got[0], got[3])))    # vivid 0: the other is not asked
        for i in (1, 2):    # the nearest guess, and a bold one
            self.assertFalse(np.array_equal(got[i][0], got[3 + i][0]))
        self.begin_with_exported(run, both)
        state = torch.load(other, weights_only=True)
        for kind in ("network", "ema"):
            state[kind]["bin_chroma"] += 1
        torch.save(state, f"{self.folder}/bins.pt")
        self.assertIn("other bins", script("export.py", run, "--inventor", f"{self.folder}/bins.pt", "-o", both, fails=True))

    def begin_with_exported(self, run, both):
        """A file is as good as the checkpoints that it was made of, but for rounded halves."""
        script("export.py", run, "--inventor", both, "-o", f"{self.folder}/taken.onnx")
        a, b = (onnxruntime.InferenceSession(path) for path in (both, f"{self.folder}/taken.onnx"))
        rng = np.random.default_rng(4)
        inputs = {i.name: rng.random([1, i.shape[1], 32, 48] if i.name != "vivid" else [1] * 4).astype(np.float32)
                  for i in a.get_inputs()}
        self.assertTrue(all(np.array_equal(x, y) for x, y in zip(a.run(None, inputs), b.run(None, inputs))))
        said = script("train.py", *self.common, "--run", f"{self.folder}/from", "--start", both, "--rate", 1e-9)
        self.assertIn("begins with its weights, but for bin_hidden", said)
        started = torch.load(f"{self.folder}/from/checkpoint.pt", weights_only=True)["ema"]
        for name, value in torch.load(run, weights_only=True)["ema"].items():
            if not name.startswith("bin_"):
                self.assertTrue(torch.allclose(value, started[name], atol=1e-6), name)
        self.assertIn("another network", script("train.py", *self.common, "--run", f"{self.folder}/deep", "--start", both,
                                                "--deep", 1, fails=True))
        other = os.path.join(os.path.dirname(TRAIN), "..", "isp", "models")
        other = next(os.path.join(other, name) for name in sorted(os.listdir(other)) if name.endswith(".onnx"))
        self.assertIn("no network", script("export.py", other, "-o", f"{self.folder}/x.onnx", fails=True))
        for name, said in (("none.onnx", "No such file"), ("junk.onnx", "no ONNX file"), ("none.pt", "No such file"),
                           ("junk.pt", "no checkpoint")):
            path = f"{self.folder}/{name}"
            if name.startswith("junk"):
                with open(path, "wb") as f:
                    f.write(b"junk")
            for command in (("export.py", path, "-o", f"{self.folder}/x.onnx"),
                            ("export.py", run, "--inventor", path, "-o", f"{self.folder}/x.onnx")):
                lines = script(*command, fails=True)
                self.assertIn(said, lines)
                self.assertNotIn("Traceback", lines)

    def test_train_in_memory_of_the_device(self):
        script("train.py", *self.common, "--run", f"{self.folder}/mapped")
        script("train.py", *self.common, "--run", f"{self.folder}/resident", "--resident", 1)
        a, b = (torch.load(f"{self.folder}/{r}/checkpoint.pt", weights_only=True) for r in ("mapped", "resident"))
        for name, value in a["ema"].items():
            self.assertTrue(torch.allclose(value, b["ema"][name], atol=1e-6), name)
        self.assertIn("needs --resident", script("train.py", *self.common, "--run", f"{self.folder}/c", "--watch", 1,
                                                 "--device", "cpu", fails=True))
        a["optimizer"]["state"][0].pop("step")
        torch.save(a, f"{self.folder}/other.pt")
        said = script("train.py", *self.common, "--run", f"{self.folder}/c", "--start", f"{self.folder}/other.pt",
                      "--stop-after", 1)
        self.assertIn("another optimizer is left out", said)
        c = torch.load(f"{self.folder}/c/checkpoint.pt", weights_only=True)
        self.assertEqual((c["step"], c["ema_count"]), (1, 1))
        self.assertTrue(torch.equal(c["network"]["bin_chroma"], a["network"]["bin_chroma"]))

    def test_terminated_while_watching(self):
        command = [sys.executable, "-B", f"{TRAIN}/train.py", *(str(c) for c in self.common), "--steps", "100000",
                   "--minutes", "5", "--resident", "1", "--watch", "0.1", "--start-samples", "10",
                   "--run", f"{self.folder}/watching"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("step 3 "):
                    process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 0, said)
        self.assertIn("ONNX Runtime", said[-1])
        self.assertTrue(any("samples" in line for line in said if line.startswith("step")), said)
        self.assertGreater(os.path.getsize(f"{self.folder}/watching/network.onnx"), 0)

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
        crop = pairs.batch(pairs.draw(np.random.default_rng(3), 4, 64, 0), 64, 64, 0)
        self.assertTrue(torch.allclose(crop["truth"], mean_cells(crop["picture_truth"]),
                                       atol=1e-6))  # paled rows are rounded twice, at values up to 2

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

    def batches(self, pairs, photos):
        from dataset import Batches
        return Batches(pairs, photos, 3, 2, 64, 1, 36.8, 0.4)

    def test_memory_of_the_device_gives_the_same_batches(self):
        from dataset import Pairs, Photos
        from resident import ResidentPairs, ResidentPhotos
        cache, packed = f"{self.folder}/cache", f"{self.folder}/packed"
        resident = ResidentPairs([cache], "cpu", 1e9)
        while not resident.finished:
            resident.take(0.1)
        one = self.batches(Pairs([cache], "train"), Photos(packed, "train"))
        other = self.batches(resident, ResidentPhotos(packed, "train", "cpu"))
        self.assertTrue(other.resident and not one.resident)
        self.assertEqual(len(one.sources["pairs"]), len(resident))
        for number in range(6):
            for (kind, a), (_, b) in zip(one.get(number), other.finish(other.prepare(number))):
                self.assertEqual(a.keys(), b.keys())
                for name, value in a.items():
                    self.assertTrue(torch.equal(value, b[name]), (kind, name))

    def test_shards_are_taken_up_when_complete(self):
        from resident import ResidentPairs
        source, folder = f"{self.folder}/cache", f"{self.folder}/watched/part-1"
        os.makedirs(folder)
        per_scene, record = 2, os.path.getsize(f"{source}/shard-00000.bin") // 20
        resident = ResidentPairs([f"{self.folder}/watched"], "cpu", 25.5 * record, watch=0.02)

        def wait(count, seconds=10):
            end = time.time() + seconds
            while len(resident) != count and time.time() < end:
                resident.take(0.05)
            return len(resident)

        shutil.copy(f"{source}/shard-00000.json", folder)       # no index, no records
        self.assertEqual(wait(1, 0.3), 0)
        shutil.copy(f"{source}/index.json", folder)
        with open(f"{source}/shard-00000.bin", "rb") as f:
            whole = f.read()
        with open(f"{folder}/shard-00000.bin", "wb") as f:
            f.write(whole[:-record])                            # not all of them
        self.assertEqual(wait(1, 0.3), 0)
        with open(f"{folder}/shard-00000.bin", "wb") as f:
            f.write(whole)
        with open(f"{source}/shard-00000.json", encoding="utf-8") as f:
            scenes = json.load(f)["scenes"]
        train = [i for i, scene in enumerate(scenes) if scene["split"] == "train"]
        spectral = [scenes[i]["spectral"] for i in train]
        self.assertEqual(wait(len(train) * per_scene), len(train) * per_scene)
        os.makedirs(f"{self.folder}/watched/part-2")
        for name in ("index.json", "shard-00000.bin", "shard-00000.json"):
            shutil.copy(f"{source}/{name}", f"{self.folder}/watched/part-2")
        self.assertEqual(wait(25 * per_scene), 25 * per_scene)  # the ring is full
        while resident.taken < 2 * len(train):
            resident.take(0.05)
        resident.stop()
        for number in range(2 * len(train)):                    # the newest 25 are there, each in its place
            expected = whole[train[number % len(train)] * record:][:record]
            if number >= 2 * len(train) - 25:
                self.assertEqual(resident.ring[number % 25].numpy().tobytes(), expected, number)
                self.assertTrue(np.allclose(resident.weights[number % 25], spectral[number % len(train)]), number)
        with self.assertRaises(SystemExit):                     # an error of the thread gets here
            bad = ResidentPairs([folder], "cpu", 1e9, watch=0.02)
            with open(f"{folder}/index.json", encoding="utf-8") as f:
                index = json.load(f)
            index["format"] = 99
            with open(f"{folder}/index.json", "w", encoding="utf-8") as f:
                json.dump(index, f)
            for _ in range(100):
                bad.take(0.1)

    def test_matrices_in_batches_are_as_one_by_one(self):
        from muon import Muon, is_matrix, orthogonal
        from network import Network
        generator = torch.Generator().manual_seed(4)
        matrices = [torch.randn(*shape, generator=generator) for shape in ((16, 72), (30, 40), (20, 20))]
        padded = torch.zeros(3, 30, 72)
        for k, m in enumerate(matrices):
            padded[k, :m.shape[0], :m.shape[1]] = m
        for m, made in zip(matrices, orthogonal(padded)):
            alone = orthogonal(m[None])[0]
            self.assertTrue(torch.allclose(made[:m.shape[0], :m.shape[1]], alone, atol=1e-5))
            self.assertEqual(int(made.count_nonzero()), m.numel())
            values = torch.linalg.svdvals(alone)
            self.assertTrue(0.6 < float(values.min()) and float(values.max()) < 1.3)

        torch.manual_seed(7)
        network = Network().to(memory_format=torch.channels_last)
        reference = {n: p.detach().clone() for n, p in network.named_parameters()}
        matrix = {n: is_matrix(p) for n, p in network.named_parameters()}
        rest = [n for n in reference if not matrix[n]]
        adam = torch.optim.AdamW([torch.nn.Parameter(reference[n]) for n in rest], lr=0.01, weight_decay=0.1)
        momentum = {n: torch.zeros_like(p) for n, p in reference.items()}
        optimizers = [Muon(network.parameters(), 0.01, 0.1)]
        for step in range(4):
            gradients = {n: torch.randn(p.shape, generator=generator) for n, p in reference.items()}
            for n, p in network.named_parameters():
                p.grad.copy_(gradients[n])
            if step == 2:   # as from a checkpoint, and with the batches of a GPU
                state = optimizers[0].state_dict()
                optimizers.append(Muon(network.parameters(), 0.01, 0.1))
                for n, p in network.named_parameters():
                    p.grad.copy_(gradients[n])
                optimizers[1].load_state_dict(state)
                optimizers[1].on_gpu = True
                optimizers[1].groups = optimizers[1]._group()
                optimizers[1].on_gpu = False
                self.assertLess(len(optimizers[1].groups), 4)
            optimizers[-1].step()
            for p, n in zip(adam.param_groups[0]["params"], rest):
                p.grad = gradients[n]
            adam.step()
            for n, p in reference.items():
                if matrix[n]:
                    momentum[n].lerp_(gradients[n], 0.05)
                    move = gradients[n].lerp(momentum[n], 0.95).reshape(p.shape[0], -1)
                    tall = move.shape[0] > move.shape[1]
                    made = orthogonal((move.t() if tall else move)[None])[0]
                    made = (made.t() if tall else made) * 0.2 * max(move.shape) ** 0.5
                    p.mul_(1 - 0.01 * 0.1).sub_(0.01 * made.reshape(p.shape))
        for n, p in network.named_parameters():
            expected = reference[n] if matrix[n] else adam.param_groups[0]["params"][rest.index(n)]
            self.assertTrue(torch.allclose(p, expected, atol=2e-5), n)
        with self.assertRaises(ValueError):
            optimizers[-1].load_state_dict({"state": {i: {"exp_avg": p, "exp_avg_sq": p, "step": 1} for i, p in
                                                      enumerate(reference.values())}})

    def test_corrections_stay_below_the_doubt(self):
        from network import MOST_CORRECTION, Network
        network = Network()
        torch.nn.init.normal_(network.last_chroma.weight, std=50.0)
        planes = [torch.rand(1, p, 32, 48) for p in (1, 2, 1, 1, 2)]
        doubt = torch.linspace(0, 30, 32 * 48).reshape(1, 1, 32, 48)
        with torch.no_grad():
            correction = network.heads(*planes, doubt)[0]
        self.assertTrue(bool(torch.isfinite(correction).all()))
        self.assertTrue(bool((correction.abs() <= MOST_CORRECTION * doubt + 1e-5).all()))
        self.assertGreater(float(correction.abs().max()), 0.9 * MOST_CORRECTION * 25)    # it is no bound of nothing

    def make_run(self, *options):
        import train
        from dataset import Photos
        from resident import ResidentPairs, ResidentPhotos
        arguments, sys.argv = sys.argv, ["train.py"] + [str(c) for c in (*self.common, "--run", f"{self.folder}/r",
                                                                         *options)]
        a = train.parse()
        sys.argv = arguments
        pairs = ResidentPairs(a.pairs, "cpu", 1e9)
        while not pairs.finished:
            pairs.take(0.1)
        self.assertGreater(len(Photos(a.photos, "train")), 0)
        return train.Run(a, self.batches(pairs, ResidentPhotos(a.photos, "train", "cpu")))

    def test_step_that_is_not_finite_is_left_out(self):
        run = self.make_run()
        run.train(run.batches.prepare(0))
        state = [run.optimizer.values, run.optimizer.first, run.optimizer.second, run.optimizer.count,
                 run.average.values, run.average.count]
        before = [t.clone() for t in state]
        parts = run.batches.prepare(1)
        parts[1][1]["numbers"][0, 6] = float("nan")     # light of a photo
        run.train(parts)
        for old, new in zip(before, state):
            self.assertTrue(torch.equal(old, new))
        self.assertEqual(run.read()["left_out"], 0.5)
        run.train(run.batches.prepare(2))
        for old, new in zip(before, state):
            self.assertFalse(torch.equal(old, new))
        self.assertTrue(all(bool(t.isfinite().all()) for t in state))
        means = run.read()
        self.assertEqual(means["left_out"], 0)
        self.assertGreater(means["photos_loss"], 0)

    def test_step_can_be_recorded(self):
        """What CUDA graphs refuse is refused here, too: waiting for values, shapes made of data, numbers of the host.
        That a GPU's libraries can be recorded only a GPU shows."""
        from torch.utils._python_dispatch import TorchDispatchMode

        class Recorder(TorchDispatchMode):
            def __torch_dispatch__(self, function, types, args=(), kwargs=None):
                name = function.name()
                refused = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "lift_fresh", "rand", "bernoulli")
                if any(word in name for word in refused) or name.startswith("aten::index") and any(
                        t is not None and t.dtype == torch.bool for t in args[1]):
                    raise AssertionError(f"{name} cannot be recorded")
                return function(*args, **(kwargs or {}))

        run = self.make_run("--pair-batch", 3)
        for number in range(2):
            run.train(run.batches.prepare(number))
        with Recorder():
            run.replayed()
            with self.assertRaises(AssertionError):
                torch.tensor([1.0])

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
        self.assertLess(os.path.getsize(file), 1e6)
        self.assertIn("no JPEG or PNG", script("denoiser.py", "samples", "--photos", f"{self.folder}/none", "-o", samples,
                                               fails=True))

    def test_lab_agrees_with_known_values(self):
        import color
        red = torch.tensor([[1.0, 0, 0]]).reshape(1, 3, 1, 1)      # CIE Lab of sRGB red: 53.24, 80.09, 67.20
        self.assertTrue(torch.allclose(color.lab_ab(red).flatten(), torch.tensor([80.09, 67.20]), atol=0.05))
        self.assertAlmostEqual(float(color.encode(torch.tensor([[[[0.5]]]]))), 0.7354, places=3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
