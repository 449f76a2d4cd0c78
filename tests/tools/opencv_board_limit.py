#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well OpenCV's stereoCalibrate finds a simulated rig from 20 board poses with 0.2 pixels of noise: what such data can tell.

The rig is that of tests/calib/test_board.c; poses are random ones in the common view. Prints root mean squares over seeds.
Does not touch chromafuse. Usage: opencv_board_limit.py [--seeds 8]      needs numpy and OpenCV (exit status 77 without)
"""
import argparse
import sys

try:
    import cv2
    import numpy as np
except ImportError as missing:
    print(f"opencv_board_limit: {missing}")
    sys.exit(77)

K1, K2 = np.array([[1300, 0, 645], [0, 1302, 472], [0, 0, 1.0]]), np.array([[640, 0, 322], [0, 641, 237], [0, 0, 1.0]])
D1, D2 = np.array([-0.21, 0.09, 6e-4, -4e-4, -0.01]), np.array([-0.25, 0.1, -8e-4, 5e-4, -0.02])
T, R = np.array([-0.06, 0.0007, -0.0012]), cv2.Rodrigues(np.array([0.012, -0.008, 0.005]))[0]


def inside(q, width, height):
    return (q > 2).all() and (q[:, 0] < width - 3).all() and (q[:, 1] < height - 3).all()


def poses(board, square, rng, count=20):
    grid = np.zeros((board[0] * board[1], 3))
    grid[:, :2] = np.mgrid[0:board[0], 0:board[1]].T.reshape(-1, 2) * square
    grid -= grid.mean(0)
    points, left, right = [], [], []
    while len(points) < count:
        far = rng.uniform(0.33, 0.5)
        turn = np.array([rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(-0.3, 0.3)])
        turn[:2] *= 0.45 / max(np.linalg.norm(turn[:2]), 0.3) * rng.uniform(0.6, 1.4)
        place = np.array([0.03 + rng.uniform(-0.3, 0.3) * far, rng.uniform(-0.25, 0.25) * far, far])
        a = cv2.projectPoints(grid, turn, place, K1, D1)[0].reshape(-1, 2)
        b = cv2.projectPoints(grid, cv2.Rodrigues(R @ cv2.Rodrigues(turn)[0])[0], R @ place + T, K2, D2)[0].reshape(-1, 2)
        if inside(a, 1280, 960) and inside(b, 640, 480):
            points.append(grid.astype(np.float32))
            left.append((a + rng.normal(0, 0.2, a.shape)).astype(np.float32))
            right.append((b + rng.normal(0, 0.2, b.shape)).astype(np.float32))
    return points, left, right


def errors(board, square, seed):
    points, left, right = poses(board, square, np.random.default_rng(seed))
    one = cv2.calibrateCamera(points, left, (1280, 960), None, None)[1:3]
    two = cv2.calibrateCamera(points, right, (640, 480), None, None)[1:3]
    k1, _, k2, _, r, t = cv2.stereoCalibrate(points, left, right, *one, *two, (1280, 960), flags=cv2.CALIB_USE_INTRINSIC_GUESS,
                                             criteria=(3, 200, 1e-10))[1:7]
    return (np.degrees(np.linalg.norm(cv2.Rodrigues(r @ R.T)[0])), 100 * (np.linalg.norm(t) / np.linalg.norm(T) - 1),
            100 * (k1[0, 0] / 1300 - 1), 100 * (k2[0, 0] / 640 - 1), k1[0, 2] - 645, k2[0, 2] - 322)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=8)
    seeds = parser.parse_args().seeds
    for board, square in (((9, 6), 0.025), ((14, 10), 0.02)):
        rms = np.sqrt(np.mean([np.square(errors(board, square, seed)) for seed in range(seeds)], 0))
        print("board %dx%d: turn %.3f degrees, baseline %.3f %%, focal lengths %.3f and %.3f %%, principal points %.2f and %.2f "
              "pixels" % (*board, *rms))


if __name__ == "__main__":
    main()
