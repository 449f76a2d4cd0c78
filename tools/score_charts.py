#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often and how well `calibrate color` finds and measures simulated charts, beside OpenCV's chart detector.

usage: score_charts.py --chromafuse PROGRAM [--charts N] [--electrons N,...]

Each chart has a pose of its own: turned by any angle, tilted up to 40 degrees, 20 to 70 % of the picture's width, uneven
light. OpenCV (5, module mcc) gets the simulator's own PNG of the same colour picture, demosaicked and white-balanced; ours
gets the raw. Needs numpy and OpenCV (mcc: OpenCV 5, or opencv-contrib-python).
"""
import argparse
import json
import os
import random
import subprocess
import tempfile

import cv2
import numpy as np


def simulate(program, folder, seed, electrons):
    draw = random.Random(seed)
    words = ["simulate", "--target", "chart", "--size", "1280x960", "--png", "-o", folder, "-s", str(seed), "-e", str(electrons),
             "--light", "0.7", "--fill", "%.3f" % draw.uniform(0.2, 0.7),
             "--rotation=%.1f,%.1f,%.1f" % (draw.uniform(-40, 40), draw.uniform(-40, 40), draw.uniform(-180, 180)),
             "--shift=%.3f,%.3f" % (draw.uniform(-0.08, 0.08), draw.uniform(-0.08, 0.08)),
             "--light-slope=%.2f,%.2f" % (draw.uniform(-0.2, 0.2), draw.uniform(-0.2, 0.2))]
    subprocess.run([program, *words], check=True, capture_output=True)
    with open(os.path.join(folder, "truth.json")) as f:
        return json.load(f)


def opencv_finds(folder, truth):
    """Whether OpenCV's detector gives the patches' centres within a third of the pitch, in whatever order."""
    detector = cv2.mcc.CCheckerDetector_create()
    picture = cv2.imread(os.path.join(folder, "color_000.png"))
    if not detector.process(picture, 1):
        return False
    found = detector.getListColorChecker()[0].getColorCharts()  # four corners of each patch
    centres = np.asarray(found).reshape(-1, 4, 2).mean(1)
    want = np.asarray(truth["pictures"][0]["points"]["color"])
    pitch = np.linalg.norm(want[1] - want[0])
    distances = np.linalg.norm(centres[:, None] - want[None], axis=2)
    return len(centres) == 24 and distances.min(0).max() < pitch / 3


def ours(program, folder, truth):
    """None, or held-out CIEDE2000 and the largest errors of matrix, weights, gain."""
    done = subprocess.run([program, "calibrate", "color", "--color", os.path.join(folder, "color_000.dng"), "--mono",
                           os.path.join(folder, "mono_000.dng"), "-o", os.path.join(folder, "rig"), "--json"], capture_output=True)
    if done.returncode:
        return None
    told = json.loads(done.stdout)
    corners = np.asarray(told["color_pictures"][0]["corners_px"])
    want = np.asarray(truth["pictures"][0]["points"]["color"])
    if np.abs(corners - want[[0, 5, 23, 18]]).max() > np.linalg.norm(want[1] - want[0]) / 3:
        return None
    return (told["ciede2000"]["held_out"]["mean"], np.abs(np.subtract(told["ccm"], truth["ccm"])).max(),
            np.abs(np.subtract(told["mono"]["spectral"], truth["spectral"])).max(), abs(told["mono"]["gain"] / truth["mono_gain"] - 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chromafuse", required=True)
    parser.add_argument("--charts", type=int, default=20)
    parser.add_argument("--electrons", default="5000,500,100")
    given = parser.parse_args()
    program = os.path.abspath(given.chromafuse)
    print("electrons  found  by OpenCV  CIEDE2000 held out, mean (worst)  matrix  weights  gain (largest errors)")
    for electrons in map(int, given.electrons.split(",")):
        results, peer = [], 0
        for seed in range(1, given.charts + 1):
            with tempfile.TemporaryDirectory() as folder:
                truth = simulate(program, folder, seed, electrons)
                peer += opencv_finds(folder, truth)
                results.append(ours(program, folder, truth))
        good = np.array([r for r in results if r])
        print("%9d  %2d/%d  %5d/%d  %30s  %6.3f  %7.4f  %.4f" % (
            electrons, len(good), given.charts, peer, given.charts, "%.2f (%.2f)" % (good[:, 0].mean(), good[:, 0].max()),
            good[:, 1].max(), good[:, 2].max(), good[:, 3].max()))


if __name__ == "__main__":
    main()
