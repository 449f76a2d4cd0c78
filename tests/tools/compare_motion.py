#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stage `motion` beside OpenCV's DIS and Farneback flow, on pictures moved, turned, zoomed and made noisy by known
amounts: photographs where there are some, else made-up clouds; where they have texture. Does not prove what it does at edges of moving things
(fusion/motion), nor that its kernel agrees (conformance/motion).

usage: compare_motion.py TEST_FUSION_MOTION [PHOTOS]        exit status 77 without OpenCV
"""
import os
import subprocess
import sys

try:
    import cv2
    import numpy as np
except ImportError:
    print("!! numpy and OpenCV are not there (CHROMAFUSE_PYTHON): motion was not held against other programs' flow; "
          "fusion/motion compares with known shifts")
    sys.exit(77)

WIDTH, HEIGHT, RIM = 384, 256, 32
# pixels to the right and down, degrees, zoom, noise of the root, light
MOVES = ((1.4, -0.6, 0, 1, 0, 1), (7.3, 4.1, 0, 1, 0.01, 1), (-26, 12, 0, 1, 0, 1), (0, 0, 1.0, 1.01, 0, 1),
         (3.2, 0.5, -0.5, 0.99, 0.02, 1), (5.5, -2.5, 0, 1, 0.01, 1.15))


def clouds(seed):
    """Smooth noise of all sizes down to some pixels."""
    random, total = np.random.default_rng(seed), np.zeros((640, 960), np.float32)
    for size in (4, 10, 24, 60):
        total += cv2.GaussianBlur(random.normal(0, size ** 1.2, total.shape).astype(np.float32), (0, 0), size / 2)
    total = (total - total.min()) / (total.max() - total.min())
    return total


def photographs(folder, most=3):
    names = sorted(os.listdir(folder)) if folder and os.path.isdir(folder) else []
    found = [cv2.imread(os.path.join(folder, n), cv2.IMREAD_GRAYSCALE) for n in names]
    found = [cv2.resize(p, (960, 640), interpolation=cv2.INTER_AREA) for p in found if p is not None
             and min(p.shape) >= 400]
    return [p.astype(np.float32) / 255 for p in found[:most]]


def moved_pair(scene, move, random):
    """Guides before and now, and the true vectors now -> before."""
    dx, dy, degrees, zoom, noise, light = move
    u, v = np.meshgrid(np.arange(WIDTH, dtype=np.float64), np.arange(HEIGHT, dtype=np.float64))
    x, y, angle = u - WIDTH / 2, v - HEIGHT / 2, np.deg2rad(degrees)
    bx = zoom * (np.cos(angle) * x - np.sin(angle) * y) + WIDTH / 2 + dx
    by = zoom * (np.sin(angle) * x + np.cos(angle) * y) + HEIGHT / 2 + dy
    left, top = (scene.shape[1] - 1.6 * WIDTH) / 2, (scene.shape[0] - 1.6 * HEIGHT) / 2

    def look(px, py):
        return cv2.remap(scene, (1.6 * px + left).astype(np.float32), (1.6 * py + top).astype(np.float32),
                         cv2.INTER_CUBIC)

    scene = cv2.GaussianBlur(scene, (0, 0), 0.8)
    before, now = look(u, v), light * look(bx, by)
    pair = [np.clip(p + random.normal(0, noise, p.shape), 0, 1).astype(np.float32) for p in (before, now)]
    return pair, np.stack([bx - u, by - v], axis=-1)


def ours(program, pair, noise):
    done = subprocess.run([program, str(WIDTH), str(HEIGHT), str(noise)], input=np.stack(pair).tobytes(), check=True,
                          capture_output=True)
    rows, columns = (HEIGHT + 6) // 8 + 1, (WIDTH + 6) // 8 + 1
    nodes = np.frombuffer(done.stdout, np.float32).reshape(4, rows, columns)
    u, v = np.meshgrid(np.arange(WIDTH, dtype=np.float32) / 8, np.arange(HEIGHT, dtype=np.float32) / 8)
    return [cv2.remap(np.ascontiguousarray(n), u, v, cv2.INTER_LINEAR) for n in nodes]


def theirs(pair, light):
    codes = [np.round(255 * np.clip(p / (light if i else 1), 0, 1)).astype(np.uint8) for i, p in enumerate(pair)]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(codes[1], codes[0], None)
    farneback = cv2.calcOpticalFlowFarneback(codes[1], codes[0], None, 0.5, 5, 15, 3, 7, 1.5, 0)
    return dis, farneback


def error(x, y, truth, keep):
    return float(np.mean(np.hypot(x - truth[..., 0], y - truth[..., 1])[keep]))


def main():
    program, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    scenes, failed, random = photographs(folder) or [clouds(1), clouds(2)], 0, np.random.default_rng(1)
    u, v = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    for number, scene in enumerate(scenes):
        for move in MOVES:
            pair, truth = moved_pair(scene, move, random)
            x, y, _, share = ours(program, pair, max(move[4], 0.002))
            dis, farneback = theirs(pair, move[5])
            keep = (u + truth[..., 0] > RIM) & (u + truth[..., 0] < WIDTH - RIM) & (u > RIM) & (u < WIDTH - RIM) & \
                   (v + truth[..., 1] > RIM) & (v + truth[..., 1] < HEIGHT - RIM) & (v > RIM) & (v < HEIGHT - RIM)
            mean = cv2.blur(pair[1], (17, 17))
            keep &= cv2.blur((pair[1] - mean) ** 2, (17, 17)) > (0.03 + move[4]) ** 2  # where there is something to see
            sure = keep & (share > 0.9)
            found = [error(x, y, truth, sure), error(dis[..., 0], dis[..., 1], truth, keep),
                     error(farneback[..., 0], farneback[..., 1], truth, keep)]
            covered = float(np.mean(share[keep] > 0.9))
            good = found[0] <= min(found[1], found[2]) + 0.3 and covered > 0.6
            failed += not good
            print(f"scene {number} {str(move):32s} error where sure ({covered:.0%}): {found[0]:.2f}, "
                  f"DIS {found[1]:.2f}, Farneback {found[2]:.2f} pixels{'' if good else '   <- WRONG'}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
