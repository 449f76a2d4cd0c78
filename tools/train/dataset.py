# SPDX-License-Identifier: Apache-2.0
"""Training samples: folders of chromafuse-render-pairs and packed photos, memory-mapped, batch by number.

A batch depends on (seed, number) only, so a run that was cut goes on with the same batches. A batch is a dict of
float32 tensors on the network's grid: the network's inputs (network.INPUTS), and
    truth        3  true linear RGB, mean over the cell
    spectral     N x 3
    known        1  0 where there is no truth to learn from (never, so far: room for masks)
and for pairs also at the picture's resolution: picture_mono (sqrt, denoised), picture_transferred, picture_truth
(linear), visibility (uint8).
"""
import glob
import json
import os

import numpy as np
import torch

from color import EPS, LUMINANCE

NO_HINT_ERROR = 36.8    # Lab ab units: what the classical transfer predicts without any hint, with its defaults
PHOTO_SIGMA = 0.002     # as the renderer's CLEAN_SIGMA
FORMAT = 1


def held_out(name):
    """The renderer's split: every 20th photo by the FNV-1a hash of its file name."""
    value = 2166136261
    for byte in os.fsencode(os.path.basename(name)):
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return (value >> 8) % 20 == 0


def mean_cells(x, factor=2):
    """Means over factor x factor of the last two axes."""
    return torch.nn.functional.avg_pool2d(x, factor)


def no_colour(batch, rows, error):
    """Rows of a batch lose all colour inputs: what the chain gives when there is no colour camera."""
    for name in ("hint", "confidence", "transferred", "picture_transferred"):
        if name in batch:
            batch[name][rows] = 0
    batch["doubt"][rows] = error


class Pairs:
    """Samples of one or more rendered folders; `split` is "train" or "held-out"."""

    def __init__(self, folders, split):
        self.samples = []           # (shard's bytes, offset of the record, level, scene, level's facts)
        self.maps = []
        for folder in folders:
            self._add(folder, split)
        if not self.samples:
            raise SystemExit(f"{', '.join(folders)}: no {split} samples; render more (chromafuse-render-pairs)")

    def _add(self, folder, split):
        with open(f"{folder}/index.json", encoding="utf-8") as f:
            index = json.load(f)
        if index["format"] != FORMAT:
            raise SystemExit(f"{folder}: format {index['format']}, this reads {FORMAT}")
        self.size = (index["height"], index["width"])
        self.factor = index["factor"]
        planes = {p["name"]: p for p in index["planes"]}
        for path in sorted(glob.glob(f"{folder}/shard-*.json")):
            with open(path, encoding="utf-8") as f:
                scenes = json.load(f)["scenes"]
            data = np.memmap(path[:-5] + ".bin", np.uint8, "r")
            if data.size != len(scenes) * index["record_bytes"]:
                raise SystemExit(f"{path[:-5]}.bin: {data.size} bytes are not {len(scenes)} records; remove it and "
                                 "its .json and render again")
            self.maps.append((data, planes, index["level_bytes"]))
            for i, scene in enumerate(scenes):
                if scene["split"] == split:
                    for k, level in enumerate(scene["levels"]):
                        self.samples.append((len(self.maps) - 1, i * index["record_bytes"], k, scene, level))

    def __len__(self):
        return len(self.samples)

    def _plane(self, sample, name):
        shard, offset, level, _, _ = sample
        data, planes, level_bytes = self.maps[shard]
        p = planes[name]
        kind = np.dtype(p["type"])
        start = offset + p["offset"] + (level * level_bytes if p["of_level"] else 0)
        count = p["planes"] * p["height"] * p["width"]
        flat = data[start:start + count * kind.itemsize].view(kind)
        return flat.reshape(p["planes"], p["height"], p["width"])

    def facts(self, i):
        """(scene, level) of the shard's list."""
        return self.samples[i][3], self.samples[i][4]

    def get(self, indices, crop=None, rng=None):
        """A batch of whole samples, or of random crops of `crop` = (height, width) pixels, flipped at random."""
        names = {"picture_rgb": "rgb", "visibility": "visibility", "picture_mono": "mono",
                 "picture_transferred": "chroma", "hint": "hint", "confidence": "confidence", "sigma": "sigma",
                 "doubt": "error"}
        lists = {name: [] for name in names}
        spectral = []
        f = self.factor
        for i in indices:
            sample = self.samples[i]
            y, x, h, w, flip_x, flip_y = 0, 0, *self.size, False, False
            if crop:
                y = int(rng.integers(0, (self.size[0] - crop[0]) // f + 1)) * f
                x = int(rng.integers(0, (self.size[1] - crop[1]) // f + 1)) * f
                h, w = crop
                flip_x, flip_y = rng.random() < 0.5, rng.random() < 0.1
            for name, plane in names.items():
                a = self._plane(sample, plane)
                s = self.size[0] // a.shape[1]
                a = a[:, y // s:(y + h) // s, x // s:(x + w) // s]
                a = a[:, ::-1 if flip_y else 1, ::-1 if flip_x else 1]
                lists[name].append(np.array(a, np.uint8 if name == "visibility" else np.float32))
            spectral.append(sample[3]["spectral"])
        batch = {name: torch.from_numpy(np.stack(parts)) for name, parts in lists.items()}
        batch["spectral"] = torch.tensor(spectral, dtype=torch.float32)
        batch["picture_truth"] = batch.pop("picture_rgb") ** 2
        batch["truth"] = mean_cells(batch["picture_truth"], f)
        batch["mono"] = mean_cells(batch["picture_mono"], f)
        batch["transferred"] = mean_cells(batch["picture_transferred"], f)
        return batch


class Photos:
    """Photos packed by pack_photos.py: N x H x W x 3 uint8 on the network's grid."""

    def __init__(self, folder, split):
        self.data = np.load(f"{folder}/photos-{split}.npy", mmap_mode="r")
        if not len(self.data):
            raise SystemExit(f"{folder}: no {split} photos")

    def __len__(self):
        return len(self.data)

    def get(self, indices, crop=None, rng=None, error=NO_HINT_ERROR):
        pictures, spectral = [], []
        for i in indices:
            a = self.data[i]
            weights = LUMINANCE
            if crop:
                y = int(rng.integers(0, a.shape[0] - crop[0] + 1))
                x = int(rng.integers(0, a.shape[1] - crop[1] + 1))
                a = a[y:y + crop[0], x:x + crop[1], :]
                if rng.random() < 0.5:
                    a = a[:, ::-1]
                if rng.random() < 0.3:
                    red, blue = rng.normal(0.33, 0.08), rng.normal(0.17, 0.06)
                    red, blue = float(np.clip(red, 0, 0.6)), float(np.clip(blue, 0, 0.4))
                    weights = (red, 1 - red - blue, blue)
            pictures.append(np.ascontiguousarray(a))
            spectral.append(weights)
        table = torch.arange(256) / 255.0
        table = torch.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
        truth = table[torch.from_numpy(np.stack(pictures)).long()].permute(0, 3, 1, 2).contiguous()
        spectral = torch.tensor(spectral, dtype=torch.float32)
        if crop:    # night pictures, too
            light = torch.tensor([2.0 ** rng.uniform(-3, 0) if rng.random() < 0.25 else 1.0 for _ in indices])
            truth = truth * light.float()[:, None, None, None]
        mono = (truth * spectral[:, :, None, None]).sum(1, keepdim=True).clamp(min=0)
        zero = torch.zeros_like(mono)
        return {"mono": mono.sqrt(), "hint": torch.zeros_like(truth[:, :2]), "confidence": zero,
                "sigma": zero + PHOTO_SIGMA, "transferred": torch.zeros_like(truth[:, :2]), "doubt": zero + error,
                "truth": truth, "spectral": spectral}


def less_colour(batch, rng, share=0.05):
    """Some rows get paler, truth and inputs alike: grey things must stay grey."""
    n = len(batch["spectral"])
    factor = torch.tensor([rng.uniform(0, 0.6) if rng.random() < share else 1.0 for _ in range(n)])
    factor = factor.float()[:, None, None, None]
    for name in ("hint", "transferred", "picture_transferred"):
        if name in batch:
            batch[name] *= factor
    for name in ("truth", "picture_truth"):
        if name in batch:
            mono = (batch[name] * batch["spectral"][:, :, None, None]).sum(1, keepdim=True)
            batch[name] = mono + factor * (batch[name] - mono)


class Batches:
    """Numbered training batches: a list of (kind, batch), pairs first."""

    def __init__(self, pairs, photos, pair_count, photo_count, crop, seed, no_hint_error, drop=0.12):
        self.pairs, self.photos = pairs, photos
        self.counts, self.crop, self.seed = (pair_count, photo_count), crop, seed
        self.no_hint_error, self.drop = no_hint_error, drop

    def get(self, number):
        rng = np.random.default_rng([self.seed, number])
        out = []
        if self.counts[0]:
            batch = self.pairs.get(rng.integers(0, len(self.pairs), self.counts[0]), (self.crop, self.crop), rng)
            no_colour(batch, np.flatnonzero(rng.random(self.counts[0]) < self.drop), self.no_hint_error)
            less_colour(batch, rng)
            out.append(("pairs", batch))
        if self.photos is not None and self.counts[1]:
            side = self.crop // 2
            batch = self.photos.get(rng.integers(0, len(self.photos), self.counts[1]), (side, side), rng,
                                    self.no_hint_error)
            less_colour(batch, rng)
            out.append(("photos", batch))
        return out


def no_hint_error(pairs):
    """The classical transfer's error where it had no hint at all, from a sample without any."""
    for i in range(len(pairs)):
        _, level = pairs.facts(i)
        if not level["measured"] and not level["points"]:
            return float(np.median(pairs._plane(pairs.samples[i], "error")))
    return NO_HINT_ERROR


__all__ = ["Pairs", "Photos", "Batches", "EPS", "held_out", "mean_cells", "no_colour", "no_hint_error"]
