#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the colorizer on rendered pairs and packed photos; CPU or one CUDA GPU. README.md says how and what to expect.

    train.py --pairs CACHE --photos CACHE --run RUN --hours 2.5

A second call with the same --run goes on where the last one stopped (Ctrl-C and SIGTERM are fine; network.onnx is
written then, too). RUN gets checkpoint.pt, log.csv, evaluation.csv, curves.png and network.onnx. The learning rate falls
along a cosine over --steps, or over --hours and --minutes, whichever is further along: of training on a CPU; on a GPU,
which is lent by the minute, of everything since the process began.
"""
import time

BEGAN = time.time()     # imports take seconds

# pylint: disable=wrong-import-position
import argparse
import collections
import concurrent.futures
import csv
import math
import os
import random
import signal
import sys

import numpy as np
import torch

import evaluate
import export
import losses
from dataset import Batches, Pairs, Photos, no_hint_error
from graph import Replayed, use_own_stream
from muon import Muon
from network import Network, count_flops, count_weights
from resident import ResidentPairs, ResidentPhotos

LOG_EVERY = 50      # steps; the only times at which the loop waits for a GPU


def parse():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--pairs", action="append", required=True, metavar="FOLDER",
                    help="of chromafuse-render-pairs, or of such folders, or a pattern; may be given several times")
    ap.add_argument("--photos", metavar="FOLDER", help="of pack_photos.py (default: pairs only)")
    ap.add_argument("--run", required=True, metavar="FOLDER", help="results and checkpoint")
    ap.add_argument("--start", metavar="CHECKPOINT", help="weights and optimizer state that a new run begins with; or "
                    "an ONNX file of export.py, of which the first network is taken")
    ap.add_argument("--hours", type=float, default=0, help="time budget (default: none)")
    ap.add_argument("--minutes", type=float, default=0, help="added to it")
    ap.add_argument("--steps", type=int, default=0, help="number of steps (default: by time, else 20000)")
    ap.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    ap.add_argument("--threads", type=int, default=0, help="of PyTorch on the CPU (default: its own choice)")
    ap.add_argument("--workers", type=int, default=1, help="threads that prepare batches ahead")
    ap.add_argument("--resident", type=float, metavar="GIB", help="memory of the device for samples, which are then "
                    "cropped there (default: half of what a GPU has free, 0 on a CPU)")
    ap.add_argument("--watch", type=float, default=0, metavar="SECONDS",
                    help="look for new shards that often while training; needs --resident; the oldest samples give way")
    ap.add_argument("--start-samples", type=int, default=1000, help="with --watch: begin when there are so many")
    ap.add_argument("--no-graph", action="store_true", help="launch a GPU's steps one by one")
    ap.add_argument("--pair-batch", type=int, default=8, help="pairs in a step")
    ap.add_argument("--photo-batch", type=int, default=8, help="photos in a step")
    ap.add_argument("--crop", type=int, default=256, help="side of a crop, pixels of the picture, multiple of 32")
    ap.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    ap.add_argument("--warm-up", type=int, default=300, help="steps in which the rate rises to it")
    ap.add_argument("--decay", type=float, default=1e-4, help="weight decay")
    ap.add_argument("--clip", type=float, default=1.0, help="largest norm of the gradient")
    ap.add_argument("--ema", type=float, default=0.999, help="share that the averaged weights keep per step")
    ap.add_argument("--drop", type=float, default=0.12, help="share of pairs that lose all colour inputs")
    ap.add_argument("--widths", default="16,32,64,96,160", help="channels on the grid, 1/2, 1/4, 1/8, 1/16 of it")
    ap.add_argument("--deep", type=int, default=3, help="convolutions on 1/16 of the grid")
    ap.add_argument("--only", default="", metavar="PREFIX",
                    help="train only weights whose names begin so, as bin_ for the colours that are invented")
    ap.add_argument("--float32", action="store_true", help="no bfloat16 in the network's forward pass")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--evaluate-every", type=int,
                    help="steps; 0: only at the end (default: 2000 on a CPU, 0 on a GPU)")
    ap.add_argument("--evaluate-samples", type=int, default=240, help="held-out samples each time; 0: all")
    ap.add_argument("--evaluate-only", action="store_true", help="judge the checkpoint on all held-out samples")
    ap.add_argument("--save-minutes", type=float, default=5, help="between checkpoints")
    ap.add_argument("--stop-after", type=int, default=0, help="stop at this step as if interrupted, for tests")
    a = ap.parse_args()
    if a.crop % 32 or a.crop < 64:
        ap.error("--crop must be a multiple of 32, at least 64")
    a.on_gpu = torch.device(a.device).type == "cuda"
    a.budget = 3600 * a.hours + 60 * a.minutes
    if not a.steps and not a.budget:
        a.steps = 20000
    if a.evaluate_every is None:
        a.evaluate_every = 0 if a.on_gpu else 2000
    if a.resident is None:
        a.resident = torch.cuda.mem_get_info(a.device)[0] / 2 ** 31 if a.on_gpu else 0
    if a.watch and not a.resident:
        ap.error("--watch needs --resident")
    return a


class Average:
    """Exponential moving average of a network's weights; follows faster in the beginning."""

    def __init__(self, network, optimizer, keep):
        self.network, self.optimizer, self.keep = network, optimizer, keep
        self.values = optimizer.values.clone()
        self.count = torch.zeros_like(optimizer.count)

    @torch.no_grad()
    def follow(self, good):
        """After a step of the optimizer, unless that was left out."""
        self.count += good
        keep = ((1 + self.count) / (10 + self.count)).clamp(max=self.keep)
        self.values.lerp_(self.optimizer.values, (1 - keep) * good)

    def state(self):
        """The network's state with averaged weights."""
        views = dict(zip(map(id, self.optimizer.parameters), self.optimizer.layout.views(self.values)))
        return {k: views.get(id(v), v).detach() for k, v in self.network.state_dict(keep_vars=True).items()}

    @torch.no_grad()
    def load(self, state, count=0):
        for name, value in self.state().items():
            value.copy_(state[name])
        self.count.fill_(count)


def on_host(state):
    """Copies without what else lies in the memory of a view."""
    return {k: v.detach().cpu().clone() for k, v in state.items()}


class Run:
    """Everything that a checkpoint holds."""

    def __init__(self, a, batches):
        random.seed(a.seed)
        np.random.seed(a.seed)
        torch.manual_seed(a.seed)
        self.a, self.batches = a, batches
        self.network = Network(tuple(int(v) for v in a.widths.split(",")), a.deep)
        self.network = self.network.to(a.device, memory_format=torch.channels_last)     # twice as fast on a CPU
        self.optimizer = Muon(self._chosen(), a.rate, a.decay)
        self.average = Average(self.network, self.optimizer, a.ema)
        self.step, self.seconds = 0, 0.0
        self.path = os.path.join(a.run, "checkpoint.pt")
        self.parts, self.replayed = None, Replayed(self._step, a.device, not a.no_graph)
        self.names, self.sums, self.summed = [], None, 0    # what `read` tells

    def _chosen(self):
        """Parameters that are trained; the others stay."""
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name.startswith(self.a.only))
        chosen = [p for p in self.network.parameters() if p.requires_grad]
        if not chosen:
            raise SystemExit(f"--only {self.a.only}: no weight's name begins so")
        return chosen

    def begin(self):
        """Goes on from the checkpoint, or from --start, or chooses the bins for a new run."""
        path = self.path if os.path.exists(self.path) else self.a.start
        if path:
            self._load(path, path == self.path)
            return
        parts = self._look()
        self.network.bin_chroma.copy_(losses.choose_bins(parts, self.network.config["bins"], self.a.seed))
        self.network.bin_weight.copy_(losses.weigh_bins(parts, self.network.bin_chroma.cpu()))

    def _look(self):
        """Batches that no step is made of."""
        return [{k: b[k].cpu() for k in ("truth", "spectral")} for i in range(12)
                for _, b in self.batches.make(self._placed(self.batches.draw(10 ** 9 + i)))]

    def _load_exported(self, path):
        """Weights of an ONNX file; what it lacks stays as it began."""
        other = export.load(path)
        if other.config != self.network.config:
            raise SystemExit(f"{path}: another network ({other.config}); give another --run")
        lacks = self.network.load_state_dict(export.read_weights(path), strict=False).missing_keys
        self.network.bin_weight.copy_(losses.weigh_bins(self._look(), self.network.bin_chroma.cpu()))
        self.average.load(self.network.state_dict())
        print(f"{path}: begins with its weights" +
              (f", but for {', '.join(k for k in lacks if k != 'bin_weight')}" if len(lacks) > 1 else ""))

    def _load(self, path, go_on):
        if path.endswith(".onnx"):
            self._load_exported(path)
            return
        state = export.read_checkpoint(path, self.a.device)
        if state["config"] != self.network.config:
            raise SystemExit(f"{path}: another network ({state['config']}); give another --run")
        self.network.load_state_dict(state["network"])
        self.average.load(state["ema"], state["ema_count"] if go_on else 0)
        try:
            self.optimizer.load_state_dict(state["optimizer"])
        except ValueError as e:
            print(f"{path}: {e} is left out")
        if go_on:
            self.step, self.seconds = state["step"], state["seconds"]
            torch.set_rng_state(state["random"].cpu())
            print(f"going on at step {self.step}, after {self.seconds / 60:.1f} minutes")

    def save(self):
        state = {"config": self.network.config, "network": on_host(self.network.state_dict()),
                 "ema": on_host(self.average.state()), "ema_count": int(self.average.count),
                 "optimizer": self.optimizer.state_dict(), "step": self.step, "seconds": self.seconds,
                 "random": torch.get_rng_state(), "arguments": vars(self.a)}
        torch.save(state, self.path + ".tmp")
        os.replace(self.path + ".tmp", self.path)

    def progress(self):
        """0..1 of the schedule."""
        by_step = self.step / self.a.steps if self.a.steps else 0
        by_time = self.seconds / self.a.budget if self.a.budget else 0
        return max(by_step, by_time)

    def rate(self):
        warm = min(1, (self.step + 1) / self.a.warm_up)
        return self.a.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1, self.progress()))))

    def averaged(self):
        network = Network(**self.network.config).to(self.a.device)
        network.load_state_dict(self.average.state())
        return network.eval()

    def _placed(self, parts):
        return [(kind, {k: v.to(self.a.device) for k, v in part.items()}) for kind, part in parts]

    def _feed(self, parts):
        """Parts to where the step reads them, on a GPU always the same tensors."""
        if not self.a.on_gpu:
            self.parts = parts
        elif self.parts is None:
            self.parts = self._placed(parts)
        else:
            for (_, fixed), (_, part) in zip(self.parts, parts):
                for name, value in part.items():
                    fixed[name].copy_(value.pin_memory(), non_blocking=True)

    def _step(self):
        """A step from self.parts on. A GPU may only record it: nothing here waits for values or reads the host's."""
        self.optimizer.zero_grad()
        with torch.no_grad():
            parts = self.batches.finish(self.parts)
        shown = {}
        for kind, batch in parts:
            got = losses.losses(self.network, kind, batch, not self.a.float32)
            (got["loss"] / len(parts)).backward()
            shown.update({f"{kind}_{k}": v.detach() for k, v in got.items()})
        norm = self.optimizer.clip(self.a.clip)
        good = torch.isfinite(norm)     # a step that is not is left out
        self.optimizer.step(good)
        self.average.follow(good)
        shown.update(gradient=norm, left_out=1 - good.float())
        if self.sums is None:
            self.names, self.sums = list(shown), torch.zeros(len(shown), device=self.a.device)
        self.sums += torch.stack(list(shown.values()))

    def train(self, parts):
        self.optimizer.set_rate(self.rate())
        self._feed(parts)
        self.replayed()
        self.step += 1
        self.summed += 1

    def read(self):
        """Means since the last call of the parts of the loss, the norm of the gradient, and the share of steps that
        were left out; waits for the device."""
        means = {k: v / self.summed for k, v in zip(self.names, self.sums.tolist())}
        self.sums.zero_()
        self.summed = 0
        return means


def append(path, row):
    """A line of a CSV file; the first call of a file writes its head. Columns that come later are left out."""
    exists = os.path.exists(path)
    if exists:
        with open(path, encoding="utf-8", newline="") as f:
            names = next(csv.reader(f))
    with open(path, "a", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, names if exists else list(row), extrasaction="ignore")
        if not exists:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def plot(folder):
    """curves.png from the CSV files; without matplotlib it says so once."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no matplotlib: curves.png is not drawn")
        return
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 5))
    with open(f"{folder}/log.csv", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    for name in ("pairs_colour", "photos_colour", "pairs_loss", "photos_loss"):
        if rows and rows[0].get(name):
            axes[0].plot([int(r["step"]) for r in rows], [float(r[name]) for r in rows], label=name, linewidth=0.8)
    axes[0].set(xlabel="step", yscale="log", title="losses")
    axes[0].legend()
    if os.path.exists(f"{folder}/evaluation.csv"):
        with open(f"{folder}/evaluation.csv", encoding="utf-8") as f:
            table = list(csv.DictReader(f))
        axes[1].set_prop_cycle(color=pyplot.get_cmap("tab20").colors)
        for name in dict.fromkeys(r["row"] for r in table):
            mine = [r for r in table if r["row"] == name]
            axes[1].plot([int(r["step"]) for r in mine], [float(r["gain"]) for r in mine], label=name, marker=".")
    axes[1].axhline(0, color="black", linewidth=0.5)
    axes[1].set(xlabel="step", ylabel="dB", title="held out: gain over the classical transfer (photos: over grey)")
    axes[1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(f"{folder}/curves.png", dpi=90)
    pyplot.close(figure)


def judge(run, count):
    """`count` held-out samples, 0: all."""
    held_pairs = Pairs(run.a.pairs, "held-out", run.a.watch > 0)
    held_photos = Photos(run.a.photos, "held-out") if run.a.photos else None
    error = run.batches.no_hint_error
    table = evaluate.evaluate(run.averaged(), held_pairs, held_photos, count, 4, error)
    print(f"step {run.step}:")
    evaluate.print_table(table)
    for name, r in table.items():
        row = {"step": run.step, "row": name, "samples": r.get("samples", r.get("count"))}
        if name == "photos":
            row.update(classical=r["grey"], network=r["mean"], gain=r["mean"] - r["grey"],
                       hidden_gain=r["vivid"] - r["grey"], ab_error=r["vivid_chroma"], error_rank=r["mean_chroma"])
        else:
            row.update(classical=r["classical"], network=r["network"], gain=r["network"] - r["classical"],
                       hidden_gain=r["hidden_network"] - r["hidden_classical"], ab_error=r["ab_error"],
                       error_rank=r["error_rank"])
        append(os.path.join(run.a.run, "evaluation.csv"), row)


def loop(run):
    """Steps until the budget is spent; True when it is, False when stopped before."""
    a, batches, ahead = run.a, run.batches, collections.deque()
    shown_at = saved_at = last = time.time()
    if a.on_gpu:
        last = BEGAN
    with concurrent.futures.ThreadPoolExecutor(a.workers) as pool:
        number = run.step
        while run.progress() < 1:
            if a.stop_after and run.step >= a.stop_after:
                return False
            while len(ahead) < a.workers + 1:
                ahead.append(pool.submit(batches.prepare, number))
                number += 1
            run.train(ahead.popleft().result())
            if a.watch:
                batches.sources["pairs"].take()
            shows = run.step % LOG_EVERY == 0 or run.step <= 3
            count, means = run.summed, run.read() if shows else {}
            now = time.time()
            run.seconds += now - last
            last = now
            if shows:
                append(os.path.join(a.run, "log.csv"), {"step": run.step, "minutes": run.seconds / 60,
                                                        "rate": run.rate(), **means})
                print(f"step {run.step}  {100 * run.progress():.1f} %  " +
                      "  ".join(f"{k} {v:.4g}" for k, v in means.items() if k.endswith(("colour", "loss"))) +
                      (f"  left out {100 * means['left_out']:.0f} %" if means["left_out"] else "") +
                      (f"  {len(batches.sources['pairs'])} samples" if a.watch else "") +
                      f"  {count / (now - shown_at):.2f} steps/s", flush=True)
                shown_at = now
            if now - saved_at > 60 * a.save_minutes:
                run.save()
                saved_at = now
            if a.evaluate_every and run.step % a.evaluate_every == 0:
                judge(run, a.evaluate_samples)
                plot(a.run)
                shown_at = time.time()
                last = last if a.on_gpu else shown_at
    return True


def open_batches(a):
    """Samples where they will be cropped, and batches of them."""
    if a.resident and not a.evaluate_only:
        pairs = ResidentPairs(a.pairs, a.device, a.resident * 2 ** 30, a.watch)
        photos = ResidentPhotos(a.photos, "train", a.device) if a.photos else None
        while not pairs.finished and (not a.watch or len(pairs) < a.start_samples):
            pairs.take(0.5)
            if a.budget and time.time() - BEGAN > a.budget:
                break
        if not len(pairs):
            raise SystemExit(f"{', '.join(a.pairs)}: no train samples")
    else:
        pairs = Pairs(a.pairs, "train")
        photos = Photos(a.photos, "train") if a.photos else None
    return Batches(pairs, photos, a.pair_batch, a.photo_batch, a.crop, a.seed, no_hint_error(pairs), a.drop)


def main():
    a = parse()
    if a.threads:
        torch.set_num_threads(a.threads)
    torch.backends.cudnn.benchmark = True   # shapes never change
    use_own_stream(a.device)
    os.makedirs(a.run, exist_ok=True)
    batches = open_batches(a)
    run = Run(a, batches)
    print(f"{', '.join(f'{len(s)} {k}' for k, s in batches.sources.items())} to train on; "
          f"{count_weights(run.network) / 1e6:.2f} M weights, "
          f"{count_flops(run.network, 368, 640) / 1e9:.1f} GFLOP at 1280x720; {a.device}, "
          f"{torch.get_num_threads()} threads; error without hints {batches.no_hint_error:.1f}; "
          f"{time.time() - BEGAN:.1f} s so far", flush=True)
    run.begin()
    if a.evaluate_only:
        judge(run, 0)
        return 0
    finished, interrupted = False, False
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell's background job ignores them
        signal.signal(number, signal.default_int_handler)
    try:
        finished = loop(run)
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        interrupted = True
        print("stopped; the same command goes on", flush=True)
    run.save()
    status = 0
    if finished or interrupted:
        try:
            export.export(export.load(run.path), os.path.join(a.run, "network.onnx"))
        except Exception as e:  # no onnx or onnxruntime where the GPU is; the checkpoint is there
            print(f"network.onnx is missing or was not checked ({e}): export.py {run.path} makes it elsewhere", flush=True)
            status = 1
    if finished:
        judge(run, a.evaluate_samples)
        plot(a.run)
    return status


if __name__ == "__main__":
    sys.exit(main())
