#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate geometry` beside OpenCV's stereoCalibrate, both judged on pictures that neither saw, by a third party's code.

Reads the .cameramodel files itself, finds the held-out corners itself and rectifies both rigs by one function of its own.
Does not prove absolute accuracy: calib/board does, with simulated rigs whose truth is known.
Usage: compare_geometry.py --chromafuse PROGRAM --mono 'left*.jpg' --color 'right*.jpg' --board 9x6 [--folds 4] [--limit 0.26]
Exit 0: ours is not worse (and within the limit); 1: it is; 77: OpenCV or the pictures are missing (the line says which).
"""
import argparse
import ast
import glob
import os
import re
import subprocess
import sys
import tempfile

try:
    import cv2
    import numpy as np
except ImportError as missing:
    print(f"compare_geometry: {missing}: NOTHING WAS COMPARED WITH OPENCV (calib/board still compares with known truth)")
    sys.exit(77)


def read_model(path):
    """(K, distortion, R, t) of a pinhole or OPENCV4/5/8 model; R, t: mono camera -> this one."""
    text = re.sub(r"^\s*#.*$", "", open(path).read(), flags=re.M)
    model = ast.literal_eval(text.strip())
    k = model["intrinsics"]
    matrix = np.array([[k[0], 0, k[2]], [0, k[1], k[3]], [0, 0, 1.0]])
    rotation = cv2.Rodrigues(np.array(model["extrinsics"][:3], np.float64))[0]
    return matrix, np.array(k[4:] or [0.0] * 4), rotation, np.array(model["extrinsics"][3:], np.float64)


def corners_of(path, board):
    gray = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    found, xy = cv2.findChessboardCornersSB(gray, board, flags=cv2.CALIB_CB_ACCURACY | cv2.CALIB_CB_NORMALIZE_IMAGE)
    return (xy.reshape(-1, 2).astype(np.float64), gray.shape[::-1]) if found else (None, gray.shape[::-1])


def rays(xy, camera):
    flat = cv2.undistortPoints(xy.reshape(-1, 1, 2), camera[0], camera[1],
                               criteria=(cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, 100, 1e-12)).reshape(-1, 2)
    return np.hstack([flat, np.ones((len(flat), 1))])


def vertical(pair, mono, color):
    """Row differences of the corners after rectification, pixels of the mono camera: x along the baseline, z the mean view."""
    r, t = color[2], color[3]
    x = -r.T @ t                                    # the colour lens' place, in mono coordinates
    x = x / np.linalg.norm(x)
    z = np.array([0, 0, 1.0]) + r.T @ np.array([0, 0, 1.0])
    y = np.cross(z, x)
    y /= np.linalg.norm(y)
    turn = np.stack([x, y, np.cross(x, y)])
    a, b = rays(pair[0], mono) @ turn.T, rays(pair[1], color) @ (turn @ r.T).T
    return mono[0][1, 1] * (a[:, 1] / a[:, 2] - b[:, 1] / b[:, 2])


def opencv_rig(pairs, size, board, square):
    grid = np.zeros((board[0] * board[1], 3), np.float32)
    grid[:, :2] = np.mgrid[0:board[0], 0:board[1]].T.reshape(-1, 2) * square
    points = [grid] * len(pairs)
    left, right = [p[0].astype(np.float32) for p in pairs], [p[1].astype(np.float32) for p in pairs]
    cameras = [cv2.calibrateCamera(points, xy, size, None, None)[1:3] for xy in (left, right)]
    rms, k1, d1, k2, d2, r, t = cv2.stereoCalibrate(
        points, left, right, cameras[0][0], cameras[0][1], cameras[1][0], cameras[1][1], size,
        flags=cv2.CALIB_USE_INTRINSIC_GUESS, criteria=(cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, 200, 1e-9))[:7]
    return (k1, d1.ravel(), np.eye(3), np.zeros(3)), (k2, d2.ravel(), r, t.ravel())


def our_rig(program, names, board, square, extra):
    with tempfile.TemporaryDirectory() as folder:
        words = [program, "calibrate", "geometry", "--board", "%dx%d" % board, "--square", str(square), "-o", folder + "/rig", *extra]
        for mono, color in names:
            words += ["--mono", mono, "--color", color]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"compare_geometry: the calibration failed: {done.stderr}")
        return read_model(folder + "/rig/mono.cameramodel"), read_model(folder + "/rig/color.cameramodel")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--chromafuse", default="build/release/tools/chromafuse")
    parser.add_argument("--mono", required=True)
    parser.add_argument("--color", required=True)
    parser.add_argument("--board", default="9x6")
    parser.add_argument("--square", type=float, default=0.025)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--limit", type=float, default=None, help="largest held-out RMS, pixels")
    parser.add_argument("--extra", default="", help="more words for calibrate geometry")
    a = parser.parse_args()
    board = tuple(int(v) for v in a.board.split("x"))
    names = list(zip(sorted(glob.glob(a.mono)), sorted(glob.glob(a.color))))
    if not names:
        print(f"compare_geometry: no pictures {a.mono}: NOTHING WAS COMPARED")
        return 77
    seen = []
    for mono, color in names:
        (left, size), (right, _) = corners_of(mono, board), corners_of(color, board)
        if left is None or right is None:
            continue
        if np.dot(left[-1] - left[0], right[-1] - right[0]) < 0:
            right = right[::-1]
        seen.append(((mono, color), (left, right)))
    totals = {"chromafuse": [], "OpenCV": []}
    for fold in range(a.folds):
        train = [s for i, s in enumerate(seen) if i % a.folds != fold]
        test = [s for i, s in enumerate(seen) if i % a.folds == fold]
        rigs = {"chromafuse": our_rig(a.chromafuse, [s[0] for s in train], board, a.square, a.extra.split()),
                "OpenCV": opencv_rig([s[1] for s in train], size, board, a.square)}
        line = [f"fold {fold + 1}: {len(train)} pairs fitted, {len(test)} held out, RMS"]
        for who, rig in rigs.items():
            errors = np.concatenate([vertical(s[1], *rig) for s in test])
            totals[who].append(errors)
            line.append(f"{who} {np.sqrt(np.mean(errors ** 2)):.3f}")
        print("  ".join(line), flush=True)
    rms = {who: float(np.sqrt(np.mean(np.concatenate(e) ** 2))) for who, e in totals.items()}
    print(f"held-out vertical disparity, RMS over all folds, pixels: chromafuse {rms['chromafuse']:.3f}, OpenCV {rms['OpenCV']:.3f}")
    worse = rms["chromafuse"] > 1.02 * rms["OpenCV"] or (a.limit is not None and rms["chromafuse"] > a.limit)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
