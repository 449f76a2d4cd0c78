#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs photos for colorization without hints: the middle of each, resized to the network's grid, 8-bit sRGB.

    pack_photos.py FOLDER... -o CACHE [--size 160x128] [--limit N]

Writes CACHE/photos-train.npy and photos-held-out.npy (N x H x W x 3 uint8; every 20th photo is held out, the same
ones that chromafuse-render-pairs holds out) and photos.json with the number of photos of each folder, for the model
card. Grey and damaged photos are left out. Small photos may be enlarged up to 1.15 times.
"""
import argparse
import json
import os
import random
import sys
import time

import numpy as np
from PIL import Image

from dataset import held_out


def list_photos(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            if name.lower().endswith((".jpg", ".jpeg", ".png")):
                yield os.path.join(root, name)


def load(path, width, height):
    """H x W x 3 uint8, or None for a photo that is damaged, grey or too small."""
    try:
        with Image.open(path) as im:
            im.draft("RGB", (2 * width, 2 * height))
            im = im.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    scale = max(width / im.width, height / im.height)
    if scale > 1.15 or max(im.size) > 4 * min(im.size):
        return None
    w, h = min(width / scale, im.width), min(height / scale, im.height)
    left, top = max((im.width - w) / 2, 0), max((im.height - h) / 2, 0)
    a = np.asarray(im.resize((width, height), Image.Resampling.BOX if scale < 0.6 else Image.Resampling.BICUBIC,
                             (left, top, min(left + w, im.width), min(top + h, im.height))))
    spread = np.abs(a[..., 0].astype(int) - a[..., 1]) + np.abs(a[..., 2].astype(int) - a[..., 1])
    return a if spread.mean() >= 6 else None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("folders", nargs="+", metavar="FOLDER")
    ap.add_argument("-o", "--output", required=True, metavar="CACHE")
    ap.add_argument("--size", default="160x128", help="WxH, multiples of 16 (default: 160x128)")
    ap.add_argument("--limit", type=int, default=0, help="at most so many photos (default: all)")
    ap.add_argument("--seed", type=int, default=1, help="of their order")
    a = ap.parse_args()
    width, height = (int(v) for v in a.size.split("x"))
    paths = sorted((p, f) for f in a.folders for p in list_photos(f))
    random.Random(a.seed).shuffle(paths)
    paths = paths[:a.limit or None]
    if not paths:
        raise SystemExit("no photos there")
    os.makedirs(a.output, exist_ok=True)
    kept, counts, start = {"train": [], "held-out": []}, {}, time.time()
    for i, (path, folder) in enumerate(paths):
        photo = load(path, width, height)
        if photo is not None:
            kept["held-out" if held_out(path) else "train"].append(photo)
            name = os.path.relpath(os.path.dirname(path), folder).split("/")[0]
            name = os.path.basename(os.path.abspath(folder)) if name == "." else name
            counts[name] = counts.get(name, 0) + 1
        if i % 500 == 499 or i == len(paths) - 1:
            left = (time.time() - start) / (i + 1) * (len(paths) - i - 1)
            print(f"\r{i + 1}/{len(paths)} photos, {left:.0f} s left ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for split, photos in kept.items():
        shape = (0, height, width, 3)
        np.save(f"{a.output}/photos-{split}.tmp.npy", np.stack(photos) if photos else np.zeros(shape, np.uint8))
        os.replace(f"{a.output}/photos-{split}.tmp.npy", f"{a.output}/photos-{split}.npy")
        print(f"{split}: {len(photos)} photos")
    with open(f"{a.output}/photos.json", "w", encoding="utf-8") as f:
        json.dump({"size": a.size, "folders": counts, "train": len(kept["train"]), "held_out": len(kept["held-out"])},
                  f, indent=1)


if __name__ == "__main__":
    main()
