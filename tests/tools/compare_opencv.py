#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OpenCV's stereo files between OpenCV and chromafuse: random rigs written by cv2.FileStorage are imported, exported
again and read by cv2, whose projectPoints and stereoRectify must then give what they gave before.

Usage: compare_opencv.py CHROMAFUSE [--seed N] [--rigs N]
Exit 0: all agree; 1: not; 77: numpy or OpenCV is missing. Does not prove that chromafuse projects as OpenCV does:
calib/opencv_stereo compares that with stored numbers of OpenCV's."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

try:
    import cv2
    import numpy as np
except ImportError as missing:
    print(f"compare_opencv: {missing}: NO STEREO FILE WAS COMPARED WITH OPENCV")
    sys.exit(77)

PIXELS = 1e-6
NAMES = [("M1", "D1", "M2", "D2", "R", "T"), ("K1", "D1", "K2", "D2", "R", "T"),
         ("cameraMatrix1", "distCoeffs1", "cameraMatrix2", "distCoeffs2", "R", "T"),
         ("camera_matrix_left", "distortion_coefficients_left", "camera_matrix_right", "distortion_coefficients_right",
          "rotation_matrix", "translation_vector")]


class Rig:
    def __init__(self, rs):
        self.size = [(int(rs.randint(320, 4000)), int(rs.randint(240, 3000)))] * 2
        if rs.rand() < 0.4:
            self.size[1] = (int(rs.randint(320, 4000)), int(rs.randint(240, 3000)))
        self.matrix, self.distortion = [], []
        for w, h in self.size:
            f = max(w, h) * rs.uniform(0.7, 4)
            self.matrix.append(np.array([[f, 0, w / 2 + rs.uniform(-20, 20)], [0, f * rs.uniform(0.99, 1.01),
                                        h / 2 + rs.uniform(-20, 20)], [0, 0, 1]]))
            d = rs.uniform(-1, 1, 12) * [0.3, 0.1, 1e-3, 1e-3, 0.02, 0.2, 0.05, 0.01, 1e-3, 1e-3, 1e-3, 1e-3]
            d = np.concatenate([d[:rs.choice([4, 5, 8, 12])], [0, 0]])
            d = d[:-2] if len(d) < 14 or rs.rand() < 0.5 else d
            self.distortion.append(d.reshape(1, -1) if rs.rand() < 0.5 else d.reshape(-1, 1))
        self.rotation = cv2.Rodrigues(rs.uniform(-0.1, 0.1, 3))[0]
        self.translation = rs.uniform(-0.02, 0.02, (3, 1))
        self.translation[rs.randint(2)] = rs.choice([-1, 1]) * rs.uniform(0.05, 0.3)

    def project(self, points):
        first = cv2.projectPoints(points, np.zeros(3), np.zeros(3), self.matrix[0], self.distortion[0])[0]
        second = cv2.projectPoints(points, cv2.Rodrigues(self.rotation)[0], self.translation, self.matrix[1],
                                   self.distortion[1])[0]
        return np.concatenate([first, second], 2)


def write(rig, path, names, unit):
    file = cv2.FileStorage(path, cv2.FILE_STORAGE_WRITE)
    values = (rig.matrix[0], rig.distortion[0], rig.matrix[1], rig.distortion[1], rig.rotation, rig.translation / unit)
    for name, value in zip(names, values):
        file.write(name, value)
    if rig.size[0] == rig.size[1]:
        file.write("image_width", rig.size[0][0])
        file.write("image_height", rig.size[0][1])
    file.release()


def read(path):
    """A rig from an export, by OpenCV alone, and the rectification beside it."""
    file = cv2.FileStorage(path, cv2.FILE_STORAGE_READ)
    rig, get = Rig(np.random.RandomState(0)), lambda key: file.getNode(key).mat()
    rig.matrix, rig.distortion = [get("M1"), get("M2")], [get("D1"), get("D2")]
    rig.rotation, rig.translation = get("R"), get("T")
    return rig, {key: get(key) for key in ("R1", "R2", "P1", "P2", "Q", "E", "F")}


def run(program, *words):
    done = subprocess.run([program, "calibrate", "geometry", *words], capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(f"compare_opencv: {' '.join(words)}: {done.stderr}")
    return done.stderr


def off(a, b, scale=1.0):
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b)) / scale))


def check_rectification(rig, extra):
    """Largest difference to cv2.stereoRectify, pixels or relative; None where the export has none."""
    t, r = rig.translation.ravel(), rig.rotation
    cross = np.array([[0, -t[2], t[1]], [t[2], 0, -t[0]], [-t[1], t[0], 0]])
    e, f = cross @ r, np.linalg.inv(rig.matrix[1]).T @ cross @ r @ np.linalg.inv(rig.matrix[0])
    worst = max(off(extra["E"], e), off(extra["F"], f / f[2, 2], np.abs(f / f[2, 2]).max()))
    if rig.size[0] != rig.size[1]:
        assert extra["P1"] is None or not extra["P1"].size
        return worst
    theirs = cv2.stereoRectify(rig.matrix[0], rig.distortion[0], rig.matrix[1], rig.distortion[1], rig.size[0], r,
                               rig.translation, alpha=-1)
    for key, value in zip(("R1", "R2", "P1", "P2", "Q"), theirs):
        worst = max(worst, off(extra[key], value, 1 if key[0] == "R" else np.abs(value).max()))
    return worst


def compare(program, number, rs, folder):
    rig, swap, unit = Rig(rs), rs.rand() < 0.5, [1, 0.001, 0.025][rs.randint(3)]
    names = NAMES[number % len(NAMES)]
    given, made, back = (os.path.join(folder, f"{number}{end}") for end in (".yml", "", "-back.yml"))
    write(rig, given, names, unit)
    mono, color = (1, 0) if swap else (0, 1)
    words = ["--import", given, "--unit", str(unit), "-o", made] + ["--swap"] * swap
    if rig.size[0] != rig.size[1]:
        words += ["--size", "%dx%d" % rig.size[mono], "--color-size", "%dx%d" % rig.size[color]]
    complaint = run(program, *words) + run(program, "--export", back, made, *["--swap"] * swap)
    again, extra = read(back)
    points = rs.uniform([-0.2, -0.2, 1], [0.2, 0.2, 3], (50, 3)) # within any of these lenses' fields
    moved, turned = off(rig.project(points), again.project(points)), check_rectification(rig, extra)
    text = open(os.path.join(made, "mono.cameramodel")).read()
    size = tuple(int(n) for n in re.search(r"imagersize': \[ (\d+), (\d+)", text).groups())
    good = moved < PIXELS and turned < 1e-5 and size == rig.size[mono] and not complaint
    if not good:
        print(f"rig {number} ({names[0]}, swap {swap}, unit {unit}): {moved:.2g} px, rectification {turned:.2g}, "
              f"{size}, {complaint!r}")
    return good, moved, turned


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rigs", type=int, default=12)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(args.program, n, np.random.RandomState(args.seed * 1000 + n), folder) for n in range(args.rigs)]
    bad = sum(not good for good, _, _ in results)
    print(f"{len(results)} rigs, {bad} differ; projections move by {max(r[1] for r in results):.2g} px at most, "
          f"rectification differs by {max(r[2] for r in results):.2g}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
