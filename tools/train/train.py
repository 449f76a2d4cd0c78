#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the colorizer on rendered pairs and packed photos; CPU or one CUDA GPU. README.md says how and what to expect.

    train.py --pairs CACHE --photos CACHE --run RUN --hours 2.5

A second call with the same --run goes on where the last one stopped (Ctrl-C and SIGTERM are fine). RUN gets checkpoint.pt, log.csv,
evaluation.csv, curves.png and network.onnx. The learning rate falls along a cosine over --steps, or over --hours of
training, whichever is further along.
"""
import argparse
import collections
import concurrent.futures
import csv
import math
import os
import random
import signal
import sys
import time

import numpy as np
import torch

import evaluate
import export
import losses
from dataset import Batches, Pairs, Photos, no_hint_error
from muon import Muon
from network import Network, count_flops, count_weights


def parse():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--pairs", action="append", required=True, metavar="FOLDER",
                    help="of chromafuse-render-pairs; may be given several times")
    ap.add_argument("--photos", metavar="FOLDER", help="of pack_photos.py (default: pairs only)")
    ap.add_argument("--run", required=True, metavar="FOLDER", help="results and checkpoint")
    ap.add_argument("--hours", type=float, default=0, help="time budget for training itself (default: none)")
    ap.add_argument("--steps", type=int, default=0, help="number of steps (default: by --hours, else 20000)")
    ap.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    ap.add_argument("--threads", type=int, default=0, help="of PyTorch on the CPU (default: its own choice)")
    ap.add_argument("--workers", type=int, default=1, help="threads that prepare batches ahead")
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
    ap.add_argument("--float32", action="store_true", help="no bfloat16 in the network's forward pass")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--evaluate-every", type=int, default=2000, help="steps; 0: only at the end")
    ap.add_argument("--evaluate-samples", type=int, default=240, help="held-out samples each time; 0: all")
    ap.add_argument("--evaluate-only", action="store_true", help="judge the checkpoint on all held-out samples")
    ap.add_argument("--save-minutes", type=float, default=5, help="between checkpoints")
    ap.add_argument("--stop-after", type=int, default=0, help="stop at this step as if interrupted, for tests")
    a = ap.parse_args()
    if a.crop % 32 or a.crop < 64:
        ap.error("--crop must be a multiple of 32, at least 64")
    if not a.steps and not a.hours:
        a.steps = 20000
    return a


class Average:
    """Exponential moving average of a network's weights; follows faster in the beginning."""

    def __init__(self, network, keep):
        self.keep, self.count = keep, 0
        self.state = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def follow(self, network):
        self.count += 1
        keep = min(self.keep, (1 + self.count) / (10 + self.count))
        for name, value in network.state_dict().items():
            self.state[name].lerp_(value, 1 - keep)


class Run:
    """Everything that a checkpoint holds."""

    def __init__(self, a):
        random.seed(a.seed)
        np.random.seed(a.seed)
        torch.manual_seed(a.seed)
        self.a = a
        self.network = Network(tuple(int(v) for v in a.widths.split(",")), a.deep)
        self.network = self.network.to(a.device, memory_format=torch.channels_last)     # twice as fast on a CPU
        self.optimizer = Muon(self.network.parameters(), a.rate, a.decay)
        self.average = Average(self.network, a.ema)
        self.step, self.seconds = 0, 0.0
        self.path = os.path.join(a.run, "checkpoint.pt")

    def begin(self, batches, pairs):
        """Goes on from the checkpoint, or chooses the bins for a new run."""
        if os.path.exists(self.path):
            state = torch.load(self.path, map_location=self.a.device, weights_only=True)
            if state["config"] != self.network.config:
                raise SystemExit(f"{self.path}: another network ({state['config']}); give another --run")
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average.state = state["ema"]
            self.average.count, self.step, self.seconds = state["ema_count"], state["step"], state["seconds"]
            torch.set_rng_state(state["random"].cpu())
            print(f"going on at step {self.step}, after {self.seconds / 60:.1f} minutes")
            return
        parts = [b for i in range(12) for _, b in batches.get(10 ** 9 + i)]
        chroma, weight = losses.choose_bins(parts, self.network.config["bins"], self.a.seed)
        self.network.bin_chroma.copy_(chroma)
        self.network.bin_weight.copy_(weight)
        self.average = Average(self.network, self.a.ema)

    def save(self):
        state = {"config": self.network.config, "network": self.network.state_dict(), "ema": self.average.state,
                 "ema_count": self.average.count, "optimizer": self.optimizer.state_dict(), "step": self.step,
                 "seconds": self.seconds, "random": torch.get_rng_state(), "arguments": vars(self.a)}
        torch.save(state, self.path + ".tmp")
        os.replace(self.path + ".tmp", self.path)

    def progress(self):
        """0..1 of the schedule."""
        by_step = self.step / self.a.steps if self.a.steps else 0
        by_time = self.seconds / (self.a.hours * 3600) if self.a.hours else 0
        return max(by_step, by_time)

    def rate(self):
        warm = min(1, (self.step + 1) / self.a.warm_up)
        return self.a.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1, self.progress()))))

    def averaged(self):
        network = Network(**self.network.config).to(self.a.device)
        network.load_state_dict(self.average.state)
        return network.eval()

    def train(self, parts):
        """One step; (loss parts, norm of the gradient)."""
        rate = self.rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        shown = {}
        for kind, batch in parts:
            batch = {k: v.to(self.a.device, non_blocking=True) for k, v in batch.items()}
            got = losses.losses(self.network, kind, batch, not self.a.float32)
            (got["loss"] / len(parts)).backward()
            shown.update({f"{kind}_{k}": v.detach() for k, v in got.items()})
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.a.clip)
        if torch.isfinite(norm):    # a step that is not is left out
            self.optimizer.step()
            self.average.follow(self.network)
        self.step += 1
        shown["gradient"] = norm
        return shown


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


def judge(run, held_pairs, held_photos, count, error):
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


def loop(run, batches, judge_now):
    """Steps until the budget is spent; True when it is, False when stopped before."""
    a, ahead = run.a, collections.deque()
    recent, shown_at = collections.defaultdict(list), time.time()
    saved_at = last = time.time()
    with concurrent.futures.ThreadPoolExecutor(a.workers) as pool:
        number = run.step
        while run.progress() < 1:
            if a.stop_after and run.step >= a.stop_after:
                return False
            while len(ahead) < a.workers + 1:
                ahead.append(pool.submit(batches.get, number))
                number += 1
            for name, value in run.train(ahead.popleft().result()).items():
                recent[name].append(value)
            now = time.time()
            run.seconds += now - last
            last = now
            if run.step % 50 == 0 or run.step <= 3:
                means = {k: float(torch.stack(v).mean()) for k, v in recent.items()}
                count = len(next(iter(recent.values())))
                append(os.path.join(a.run, "log.csv"), {"step": run.step, "minutes": run.seconds / 60,
                                                        "rate": run.rate(), **means})
                print(f"step {run.step}  {100 * run.progress():.1f} %  " +
                      "  ".join(f"{k} {v:.4g}" for k, v in means.items() if k.endswith(("colour", "loss"))) +
                      f"  {count / (now - shown_at):.2f} steps/s", flush=True)
                recent.clear()
                shown_at = now
            if now - saved_at > 60 * a.save_minutes:
                run.save()
                saved_at = now
            if a.evaluate_every and run.step % a.evaluate_every == 0:
                judge_now()
                plot(a.run)
                last = shown_at = time.time()
    return True


def main():
    a = parse()
    if a.threads:
        torch.set_num_threads(a.threads)
    os.makedirs(a.run, exist_ok=True)
    pairs, held_pairs = Pairs(a.pairs, "train"), Pairs(a.pairs, "held-out")
    photos = Photos(a.photos, "train") if a.photos else None
    held_photos = Photos(a.photos, "held-out") if a.photos else None
    error = no_hint_error(pairs)
    batches = Batches(pairs, photos, a.pair_batch, a.photo_batch, a.crop, a.seed, error, a.drop)
    run = Run(a)
    print(f"{len(pairs)} samples to train on, {len(held_pairs)} held out, "
          f"{len(photos) if photos else 0} photos; {count_weights(run.network) / 1e6:.2f} M weights, "
          f"{count_flops(run.network, 368, 640) / 1e9:.1f} GFLOP at 1280x720; {a.device}, "
          f"{torch.get_num_threads()} threads; error without hints {error:.1f}", flush=True)
    run.begin(batches, pairs)
    if a.evaluate_only:
        judge(run, held_pairs, held_photos, 0, error)
        return 0
    finished = False
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell's background job ignores them
        signal.signal(number, signal.default_int_handler)
    try:
        finished = loop(run, batches, lambda: judge(run, held_pairs, held_photos, a.evaluate_samples, error))
    except KeyboardInterrupt:
        print("stopped; the same command goes on")
    run.save()
    if not finished:
        return 0
    judge(run, held_pairs, held_photos, a.evaluate_samples, error)
    plot(a.run)
    export.export(export.load(run.path), os.path.join(a.run, "network.onnx"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
