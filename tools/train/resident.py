# SPDX-License-Identifier: Apache-2.0
"""Training samples in memory of the device: what dataset.py crops from files, cropped there for a whole batch at once.

Whole records lie in a ring, as in the shards; a thread reads shards, also those that are completed while training
runs, and between two steps they are copied, in the order of the steps, so that no batch sees half a record.
"""
import queue
import threading

import numpy as np
import torch

from dataset import PLANES, Pairs, Photos, columns, pairs_batch, photos_batch


def crops(data, where, drawn, scale, height, width):
    """(N, planes, height, width) of data (..., planes, H, W), indexed by `where`, N numbers for each of the first
    axes. Corners are in units of 1 / scale."""
    def along(start, flip, count):
        steps = torch.arange(count, device=data.device)
        return torch.div(start, scale, rounding_mode="floor")[:, None] + torch.where(flip[:, None] > 0,
                                                                                     count - 1 - steps, steps)
    planes = torch.arange(data.shape[-3], device=data.device)
    return data[(*(i[:, None, None, None] for i in where), planes[None, :, None, None],
                 along(drawn["y"], drawn["flip_y"], height)[:, None, :, None],
                 along(drawn["x"], drawn["flip_x"], width)[:, None, None, :])]


class ResidentPairs:
    """As Pairs of the "train" split, with up to `limit` bytes of records on the device, the newest ones. `watch`:
    seconds between looks for new shards; 0: takes what is there."""

    def __init__(self, folders, device, limit, watch=0):
        self.device, self.limit, self.watch = torch.device(device), limit, watch
        self.pairs = Pairs(folders, "train", watch > 0)
        self.ring, self.weights = None, None    # records, and the mono weights of their scenes, (N, 3)
        self.taken, self.filled, self.finished = 0, 0, False
        self.queue, self.stopped, self.failure = queue.Queue(2), threading.Event(), None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def __len__(self):
        return self.filled * self.levels if self.filled else 0

    def facts(self, i):
        return self.pairs.facts(i)

    def _read(self):
        """The thread: shards to page-locked memory."""
        first = 0
        try:
            while not self.stopped.is_set():
                samples = self.pairs.samples[first:]
                first += len(samples)
                for shard in dict.fromkeys(s[0] for s in samples):
                    self._put(self._records(shard, [s for s in samples if s[0] == shard]))
                if not self.watch:
                    break
                self.stopped.wait(self.watch)
                self.pairs.scan()
        except BaseException as e:  # told where the samples are taken
            self.failure = e
        self._put(None)

    def _put(self, item):
        while not self.stopped.is_set():
            try:
                return self.queue.put(item, timeout=0.2)
            except queue.Full:
                continue

    def _records(self, shard, samples):
        """(records (N, bytes), mono weights (N, 3), (planes, bytes of a level, levels))."""
        path, _, planes, level_bytes, record_bytes = self.pairs.shards[shard]
        scenes = {s[1]: s[3] for s in samples}
        locked = self.device.type == "cuda"
        records = torch.empty(len(scenes), record_bytes, dtype=torch.uint8, pin_memory=locked)
        weights = torch.tensor([s["spectral"] for s in scenes.values()], pin_memory=locked)
        with open(path, "rb") as f:
            for offset, row in zip(scenes, records.numpy()):
                f.seek(offset)
                if f.readinto(row) != record_bytes:
                    raise SystemExit(f"{path}: shorter than it was")
        return records, weights, (planes, level_bytes, len(samples) // len(scenes))

    def _allocate(self, layout, record_bytes):
        self.layout = layout
        planes, level_bytes, self.levels = layout
        count = max(1, int(self.limit // record_bytes))
        if not self.watch:
            count = min(count, len({s[:2] for s in self.pairs.samples}))
        self.ring = torch.empty(count, record_bytes, dtype=torch.uint8, device=self.device)
        self.weights = torch.zeros(count, 3, device=self.device)
        self.planes = {}
        for name, plane in PLANES.items():
            p = planes[plane]
            flat = self.ring.view(getattr(torch, p["type"]))
            size, shape = flat.element_size(), (p["planes"], p["height"], p["width"])
            area = p["height"] * p["width"]
            levels = (self.levels, level_bytes // size) if p["of_level"] else (1, 0)
            self.planes[name] = torch.as_strided(flat, (count, levels[0], *shape),
                                                 (flat.shape[1], levels[1], area, p["width"], 1), p["offset"] // size)

    def take(self, wait=0.0):
        """Takes up shards that were read, at most `wait` seconds for the first; call it between two steps."""
        while not self.finished:
            try:
                item = self.queue.get(timeout=wait) if wait else self.queue.get_nowait()
            except queue.Empty:
                return
            wait = 0.0
            if item is None:
                self.finished = True
                if self.failure:
                    raise self.failure
                return
            records, weights, layout = item
            if self.ring is None:
                self._allocate(layout, records.shape[1])
            if layout != self.layout or records.shape[1] != self.ring.shape[1]:
                raise SystemExit("samples in memory of the device need folders of one kind: other --size or --levels")
            for record, spectral in zip(records, weights):
                if not self.watch and self.taken == len(self.ring):
                    print(f"{len(self)} of {len(self.pairs)} samples fit into --resident; the rest is left out")
                    self.finished = True
                    return self.stop()
                row = self.taken % len(self.ring)
                self.ring[row].copy_(record, non_blocking=True)
                self.weights[row].copy_(spectral, non_blocking=True)
                self.taken += 1
                self.filled = min(self.taken, len(self.ring))

    def stop(self):
        self.stopped.set()

    def spectral(self, indices):
        """Not told: by the time of the step another scene may lie there. `batch` looks them up."""
        return np.zeros((len(indices), 3), np.float32)

    @property
    def size(self):
        return self.pairs.size

    @property
    def factor(self):
        return self.pairs.factor

    draw = Pairs.draw

    def batch(self, numbers, height, width, error):
        """The batch of a table on the device."""
        drawn = columns(numbers)
        row = torch.div(drawn["sample"], self.levels, rounding_mode="floor")
        level = drawn["sample"] - row * self.levels
        numbers = torch.cat([numbers[:, :-3], self.weights[row]], 1)
        out = {}
        for name, data in self.planes.items():
            scale = self.size[0] // data.shape[-2]
            where = (row, level if data.shape[1] > 1 else torch.zeros_like(level))
            out[name] = crops(data, where, drawn, scale, height // scale, width // scale)
        return pairs_batch(out, numbers, self.factor, error)


class ResidentPhotos(Photos):
    """As Photos, on the device."""

    def __init__(self, folder, split, device):
        super().__init__(folder, split)
        self.pictures = torch.from_numpy(np.array(self.data)).to(device).permute(0, 3, 1, 2)

    def batch(self, numbers, height, width, error):
        drawn = columns(numbers)
        return photos_batch(crops(self.pictures, (drawn["sample"],), drawn, 1, height, width), numbers, error)
