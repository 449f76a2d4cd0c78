#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often `chromafuse colorize` takes colour photographs for toned ones, and toned ones for colour photographs.

    score_toning.py --chromafuse BIN --photos DIR [--count N] [--seed N]

Each photo goes through as it is, and turned to grey (L* kept) and toned: grey, sepia (the usual matrix, which clips in the
lights), cyanotype, duotone (blue shadows, yellow lights), yellowed with a stain; each as PNG, as JPEG of quality 75 with halved
chroma, and with colour noise of 6 codes as JPEG of quality 85. Needs numpy, OpenCV, scikit-image. Run by hand; the tests are
tests/tools/test_toning.c.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from skimage.color import lab2rgb, rgb2lab


def gray(rgb):
    lab = rgb2lab(rgb)
    lab[..., 1:] = 0
    return lab2rgb(lab)[..., :1]


def between(g, *colours):
    """Colours of black, (middle,) white."""
    at = np.linspace(0, 1, len(colours))
    return np.concatenate([np.interp(g, at, [c[k] for c in colours]) for k in range(3)], -1)


def stained(g):
    y, x = np.mgrid[:g.shape[0], :g.shape[1]] / np.array(g.shape[:2])[:, None, None]
    stain = np.exp(-((x - 0.8) ** 2 + (y - 0.2) ** 2) / 0.3 ** 2)[..., None]
    return between(g, (0.15, 0.12, 0.08), (0.95, 0.88, 0.70)) * (1 - stain * np.array([0.02, 0.05, 0.12]))


TONES = {
    "grey": lambda g: np.repeat(g, 3, -1),
    "sepia": lambda g: np.clip(g * np.array([1.351, 1.203, 0.937]), 0, 1),
    "cyanotype": lambda g: between(g, (0.02, 0.10, 0.28), (0.93, 0.97, 0.98)),
    "duotone": lambda g: between(g, (0.15, 0.13, 0.22), (0.55, 0.50, 0.42), (0.95, 0.90, 0.75)),
    "stained": stained,
}
FORMS = {"png": (None, 0), "jpeg75": (75, 0), "noisy": (85, 6)}


def save(path, rgb, quality, noise, rng):
    codes = np.clip(np.round(rgb * 255 + (rng.normal(0, noise, rgb.shape) if noise else 0)), 0, 255).astype(np.uint8)
    more = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x221111] if quality else []
    cv2.imwrite(path + (".jpg" if quality else ".png"), codes[..., ::-1], more)


def taken(program, folder):
    """Share of a folder's pictures that count as black and white."""
    with tempfile.TemporaryDirectory() as out:
        report = os.path.join(out, "report.json")
        subprocess.run([program, "colorize", folder, "-o", os.path.join(out, "out"), "--transfer", "guided", "--report", report],
                       stderr=subprocess.DEVNULL)
        with open(report, encoding="utf-8") as f:
            done = json.load(f)
    return done["done"] / (done["done"] + done["failed"])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--chromafuse", required=True)
    ap.add_argument("--photos", required=True)
    ap.add_argument("--count", type=int, default=100, help="photos to be toned; all are tried in colour")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    rng = np.random.default_rng(a.seed)
    print("as they are, taken for toned: %.4f" % taken(a.chromafuse, a.photos), flush=True)
    names = sorted(n for n in os.listdir(a.photos) if n.lower().endswith((".jpg", ".png")))
    names = [names[i] for i in rng.permutation(len(names))[:a.count]]
    for tone, paint in TONES.items():
        row = []
        for form, (quality, noise) in FORMS.items():
            with tempfile.TemporaryDirectory() as folder:
                for name in names:
                    rgb = cv2.imread(os.path.join(a.photos, name), cv2.IMREAD_COLOR)[..., ::-1]
                    save(os.path.join(folder, os.path.splitext(name)[0]), paint(gray(rgb)), quality, noise, rng)
                row.append("%s %.3f" % (form, taken(a.chromafuse, folder)))
        print("%-10s taken for toned: %s" % (tone, "  ".join(row)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
