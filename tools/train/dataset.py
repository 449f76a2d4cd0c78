# SPDX-License-Identifier: Apache-2.0
"""Training samples: folders of chromafuse-render-pairs and packed photos, memory-mapped, batch by number.

A batch depends on (seed, number) only, so a run that was cut goes on with the same batches. Its random numbers are
drawn first, as one small table (`COLUMNS`); crops are then taken from the mapped files, or by resident.py from memory
of the device, and what follows (`pairs_batch`, `photos_batch`) is the same for both. A batch is a dict of float32
tensors on the network's grid: the network's inputs (network.INPUTS), and
    truth        3  true linear RGB, mean over the cell
    spectral     N x 3
and for pairs also at the picture's resolution: picture_mono (sqrt, denoised), picture_transferred, picture_truth
(linear), visibility (uint8).
"""
import functools
import glob
import json
import os

import numpy as np
import torch

from color import EPS, LUMINANCE, decode
from network import NO_HINT_ERROR

PHOTO_SIGMA = 0.002     # as the renderer's CLEAN_SIGMA
FORMAT = 1
PLANES = {"picture_rgb": "rgb", "visibility": "visibility", "picture_mono": "mono", "picture_transferred": "chroma",
          "hint": "hint", "confidence": "confidence", "sigma": "sigma", "doubt": "error"}   # name: the record's name
# What is drawn for a sample: its number, the crop's corner and flips, 1 for a pair that loses all colour inputs, the
# light of a photo, by how much it gets paler, the weights of its mono response.
COLUMNS = ("sample", "y", "x", "flip_y", "flip_x", "dropped", "light", "paler", "red", "green", "blue")


def held_out(name):
    """The renderer's split: every 20th photo by the FNV-1a hash of its file name."""
    value = 2166136261
    for byte in os.fsencode(os.path.basename(name)):
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return (value >> 8) % 20 == 0


def mean_cells(x, factor=2):
    """Means over factor x factor of the last two axes."""
    return torch.nn.functional.avg_pool2d(x, factor)


def no_colour(batch, dropped, error):
    """Pictures of a batch that are `dropped` (N, bool) lose all colour inputs: what the chain gives when there is no
    colour camera."""
    dropped = dropped[:, None, None, None]
    for name in ("hint", "confidence", "transferred", "picture_transferred"):
        if name in batch:
            batch[name] = batch[name].masked_fill(dropped, 0)
    batch["doubt"] = batch["doubt"].masked_fill(dropped, error)


def less_colour(batch, paler):
    """Pictures get paler by `paler` (N), truth and inputs alike: grey things must stay grey."""
    factor = paler[:, None, None, None]
    for name in ("hint", "transferred", "picture_transferred"):
        if name in batch:
            batch[name] = batch[name] * factor
    for name in ("truth", "picture_truth"):
        if name in batch:
            mono = (batch[name] * batch["spectral"][:, :, None, None]).sum(1, keepdim=True)
            batch[name] = mono + factor * (batch[name] - mono)


def draw_paler(rng, count, share=0.05):
    return [rng.uniform(0, 0.6) if rng.random() < share else 1.0 for _ in range(count)]


def table(drawn):
    """Columns by name, those that are not there 1 for `light` and `paler`, else 0: float32 (N, len(COLUMNS))."""
    out = np.zeros((len(drawn["sample"]), len(COLUMNS)), np.float32)
    for i, name in enumerate(COLUMNS):
        out[:, i] = drawn.get(name, name in ("light", "paler"))
    return torch.from_numpy(out)


def columns(numbers):
    """The table's columns as tensors (N): integers, then `dropped` as bool, then float32."""
    out = dict(zip(COLUMNS, numbers.unbind(1)))
    out.update({name: out[name].long() for name in COLUMNS[:5]})
    out["dropped"] = out["dropped"] > 0.5
    return out


def spectral_of(numbers):
    return numbers[:, COLUMNS.index("red"):]


def pairs_batch(planes, numbers, factor, error):
    """The batch of crops {name of PLANES: (N, planes, h, w)}; `factor` from the picture to the network's grid, `error`
    where there are no hints."""
    batch = {name: a if name == "visibility" else a.float() for name, a in planes.items()}
    batch["spectral"] = spectral_of(numbers)
    batch["picture_truth"] = batch.pop("picture_rgb") ** 2
    batch["truth"] = mean_cells(batch["picture_truth"], factor)
    batch["mono"] = mean_cells(batch["picture_mono"], factor)
    batch["transferred"] = mean_cells(batch["picture_transferred"], factor)
    drawn = columns(numbers)
    no_colour(batch, drawn["dropped"], error)
    less_colour(batch, drawn["paler"])
    return batch


@functools.lru_cache
def linear_table(device):
    return decode(torch.arange(256, device=device) / 255.0)


def photos_batch(pictures, numbers, error):
    """The batch of photos (N, 3, h, w), 8-bit sRGB."""
    drawn = columns(numbers)
    truth = linear_table(pictures.device)[pictures.long()].contiguous()
    truth = truth * drawn["light"][:, None, None, None]     # night pictures, too
    spectral = spectral_of(numbers)
    mono = (truth * spectral[:, :, None, None]).sum(1, keepdim=True).clamp(min=0)
    zero = torch.zeros_like(mono)
    batch = {"mono": mono.sqrt(), "hint": torch.zeros_like(truth[:, :2]), "confidence": zero,
             "sigma": zero + PHOTO_SIGMA, "transferred": torch.zeros_like(truth[:, :2]), "doubt": zero + error,
             "truth": truth, "spectral": spectral}
    less_colour(batch, drawn["paler"])
    return batch


def list_folders(folders):
    """Folders with an index among those given: patterns, or folders that hold such folders."""
    found = []
    for folder in folders:
        for path in sorted(glob.glob(folder)) or [folder]:
            inner = [] if os.path.exists(f"{path}/index.json") else sorted(glob.glob(f"{path}/*/index.json"))
            found += [os.path.dirname(p) for p in inner] or [path]
    return found


class Pairs:
    """Samples of one or more rendered folders; `split` is "train" or "held-out". With `growing` there may be none yet,
    and `scan` takes up shards that were completed since."""

    def __init__(self, folders, split, growing=False):
        self.folders, self.split, self.growing = folders, split, growing
        self.samples = []           # (shard, offset of the record, level, scene, level's facts)
        self.shards = []            # (path, bytes, planes, bytes of a level, bytes of a record)
        self.known, self.size = set(), None
        self.scan()
        if not self.samples and not growing:
            raise SystemExit(f"{', '.join(folders)}: no {split} samples; render more (chromafuse-render-pairs)")

    def scan(self):
        """Adds complete shards that are new."""
        for folder in list_folders(self.folders):
            try:
                with open(f"{folder}/index.json", encoding="utf-8") as f:
                    index = json.load(f)
            except (FileNotFoundError, json.JSONDecodeError):
                if self.growing:    # nothing yet, or it is just being written
                    continue
                raise
            if index["format"] != FORMAT:
                raise SystemExit(f"{folder}: format {index['format']}, this reads {FORMAT}")
            size = (index["height"], index["width"])
            if self.size not in (None, size):
                raise SystemExit(f"{folder}: pictures of another size than in the folders before it")
            self.size, self.factor = size, index["factor"]
            for path in sorted(glob.glob(f"{folder}/shard-*.json")):
                if path not in self.known and self._add(path, index):
                    self.known.add(path)

    def _add(self, path, index):
        try:
            with open(path, encoding="utf-8") as f:
                scenes = json.load(f)["scenes"]
            bytes_there = os.path.getsize(path[:-5] + ".bin")
        except (FileNotFoundError, json.JSONDecodeError):
            if self.growing:
                return False
            raise
        if bytes_there != len(scenes) * index["record_bytes"]:
            if self.growing:
                return False
            raise SystemExit(f"{path[:-5]}.bin: {bytes_there} bytes are not {len(scenes)} records; remove it and "
                             "its .json and render again")
        data = np.memmap(path[:-5] + ".bin", np.uint8, "r")
        planes = {p["name"]: p for p in index["planes"]}
        self.shards.append((path[:-5] + ".bin", data, planes, index["level_bytes"], index["record_bytes"]))
        for i, scene in enumerate(scenes):
            if scene["split"] == self.split:
                for k, level in enumerate(scene["levels"]):
                    self.samples.append((len(self.shards) - 1, i * index["record_bytes"], k, scene, level))
        return True

    def __len__(self):
        return len(self.samples)

    def _plane(self, sample, name):
        shard, offset, level, _, _ = sample
        _, data, planes, level_bytes, _ = self.shards[shard]
        p = planes[name]
        kind = np.dtype(p["type"])
        start = offset + p["offset"] + (level * level_bytes if p["of_level"] else 0)
        count = p["planes"] * p["height"] * p["width"]
        flat = data[start:start + count * kind.itemsize].view(kind)
        return flat.reshape(p["planes"], p["height"], p["width"])

    def facts(self, i):
        """(scene, level) of the shard's list."""
        return self.samples[i][3], self.samples[i][4]

    def spectral(self, indices):
        """Weights of the samples' mono responses, (N, 3)."""
        return np.array([self.samples[i][3]["spectral"] for i in indices], np.float32)

    def draw(self, rng, count, crop, drop):
        """The table of a batch of random crops of crop x crop pixels."""
        indices, places = rng.integers(0, len(self), count), []
        for _ in range(count):
            y = int(rng.integers(0, (self.size[0] - crop) // self.factor + 1)) * self.factor
            x = int(rng.integers(0, (self.size[1] - crop) // self.factor + 1)) * self.factor
            flip_x, flip_y = rng.random() < 0.5, rng.random() < 0.1
            places.append((y, x, flip_y, flip_x))
        drawn = dict(zip(COLUMNS[1:5], np.array(places).T), sample=indices, dropped=rng.random(count) < drop,
                     paler=draw_paler(rng, count))
        return table(drawn | dict(zip(COLUMNS[-3:], self.spectral(indices).T)))

    def batch(self, numbers, height, width, error):
        """The batch of such a table, crops of height x width pixels."""
        lists = {name: [] for name in PLANES}
        for i, y, x, flip_y, flip_x in numbers[:, :5].long().tolist():
            for name, plane in PLANES.items():
                a = self._plane(self.samples[i], plane)
                s = self.size[0] // a.shape[1]
                a = a[:, y // s:(y + height) // s, x // s:(x + width) // s]
                a = a[:, ::-1 if flip_y else 1, ::-1 if flip_x else 1]
                lists[name].append(np.array(a, np.uint8 if name == "visibility" else np.float32))
        planes = {name: torch.from_numpy(np.stack(parts)) for name, parts in lists.items()}
        return pairs_batch(planes, numbers, self.factor, error)

    def get(self, indices):
        """A batch of whole samples as they are."""
        drawn = {"sample": list(indices)} | dict(zip(COLUMNS[-3:], self.spectral(indices).T))
        return self.batch(table(drawn), *self.size, 0)


class Photos:
    """Photos packed by pack_photos.py: N x H x W x 3 uint8 on the network's grid."""

    def __init__(self, folder, split):
        self.data = np.load(f"{folder}/photos-{split}.npy", mmap_mode="r")
        if not len(self.data):
            raise SystemExit(f"{folder}: no {split} photos")

    def __len__(self):
        return len(self.data)

    def draw(self, rng, count, crop):
        """The table of a batch of random crops of crop x crop cells."""
        indices, places = rng.integers(0, len(self), count), []
        for _ in range(count):
            y = int(rng.integers(0, self.data.shape[1] - crop + 1))
            x = int(rng.integers(0, self.data.shape[2] - crop + 1))
            flip, weights = rng.random() < 0.5, LUMINANCE
            if rng.random() < 0.3:
                red, blue = rng.normal(0.33, 0.08), rng.normal(0.17, 0.06)
                red, blue = float(np.clip(red, 0, 0.6)), float(np.clip(blue, 0, 0.4))
                weights = (red, 1 - red - blue, blue)
            places.append((y, x, 0, flip, *weights))
        light = [2.0 ** rng.uniform(-3, 0) if rng.random() < 0.25 else 1.0 for _ in range(count)]
        return table(dict(zip(COLUMNS[1:5] + COLUMNS[-3:], np.array(places).T), sample=indices, light=light,
                          paler=draw_paler(rng, count)))

    def batch(self, numbers, height, width, error):
        """The batch of such a table, crops of height x width cells."""
        pictures = []
        for i, y, x, _, flip_x in numbers[:, :5].long().tolist():
            pictures.append(np.array(self.data[i][y:y + height, x:x + width][:, ::-1 if flip_x else 1]))
        return photos_batch(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), numbers, error)

    def get(self, indices, error=NO_HINT_ERROR):
        """A batch of whole photos as they are."""
        drawn = {"sample": list(indices), "red": LUMINANCE[0], "green": LUMINANCE[1], "blue": LUMINANCE[2]}
        return self.batch(table(drawn), *self.data.shape[1:3], error)


class Batches:
    """Numbered training batches: a list of (kind, batch), pairs first."""

    def __init__(self, pairs, photos, pair_count, photo_count, crop, seed, no_hint_error, drop=0.12):
        self.sources = {"pairs": pairs} if pair_count else {}
        if photos is not None and photo_count:
            self.sources["photos"] = photos
        self.counts, self.crop, self.seed = {"pairs": pair_count, "photos": photo_count}, crop, seed
        self.no_hint_error, self.drop = no_hint_error, drop
        self.resident = not isinstance(pairs, Pairs)

    def draw(self, number):
        """Batch `number` before any picture is read: [(kind, {"numbers": table})]."""
        rng = np.random.default_rng([self.seed, number])
        out = []
        for kind, source in self.sources.items():
            how = (self.crop, self.drop) if kind == "pairs" else (self.crop // 2,)
            out.append((kind, {"numbers": source.draw(rng, self.counts[kind], *how)}))
        return out

    def make(self, drawn):
        """The batches of that."""
        side = {"pairs": self.crop, "photos": self.crop // 2}
        return [(kind, self.sources[kind].batch(part["numbers"], side[kind], side[kind], self.no_hint_error))
                for kind, part in drawn]

    def get(self, number):
        return self.make(self.draw(number))

    def prepare(self, number):
        """What can be done ahead, on the host: all, or the drawing where samples lie in memory of the device."""
        return self.draw(number) if self.resident else self.get(number)

    def finish(self, prepared):
        return self.make(prepared) if self.resident else prepared


def no_hint_error(pairs):
    """The classical transfer's error where it had no hint at all, from a sample without any."""
    pairs = getattr(pairs, "pairs", pairs)
    for i in range(len(pairs)):
        _, level = pairs.facts(i)
        if not level["measured"] and not level["points"]:
            return float(np.median(pairs._plane(pairs.samples[i], "error")))
    return NO_HINT_ERROR


__all__ = ["Pairs", "Photos", "Batches", "EPS", "held_out", "mean_cells", "no_colour", "no_hint_error"]
