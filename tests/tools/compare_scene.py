#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate geometry --from-scene` on photographs with known depth, judged from outside.

Stereo photographs become raw pairs of a rig whose colour lens is turned and distorted (rigfiles.py, variant tilted).
From every pair alone the command must find the geometry. Judged are the true correspondences of all pixels that both
cameras see (disparity maps, the known turn and lens), rectified with the models that the command wrote: root mean
square of what is left between their rows, in pixels of the mono picture. The true models' own figure is told, too.

Usage: compare_scene.py CHROMAFUSE --shared FOLDER [--electrons 2000,200,50] [--ratio 1,2] [--focal known,unknown]
                        [--only Aloe,Art] [--pairs N] [--json FILE]
--pairs N: N pairs at a time, of different scenes at one size (what is common of them), used jointly.
Exit 0: at most 10 % of the scenes have 0.5 pixels or more, in each row at 200 electrons or more; 1: not;
77: numpy, OpenCV, tifffile or the photographs are missing (the line says which)."""
import argparse
import ast
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

try:
    import cv2
    import numpy as np
    import tifffile  # noqa: F401 (rigfiles needs it)
except ImportError as missing:
    print(f'compare_scene: {missing}: NO CALIBRATION FROM PHOTOGRAPHS WAS JUDGED')
    sys.exit(77)

FOCAL, BASELINE_M, TURN, LENS = 1240.0, 0.16, (0.6, -0.4, 0.8), (-0.25, 0.1, 0.001, -0.001)
LIMIT, SHARE, DIM = 0.5, 0.9, 200


def rotation(w):
    """Rodrigues' formula."""
    w = np.asarray(w, float)
    a = np.linalg.norm(w)
    k = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]]) / (a or 1)
    return np.eye(3) + math.sin(a) * k + (1 - math.cos(a)) * k @ k


def bend(x, y, k):
    """OpenCV's five terms."""
    k1, k2, p1, p2, k3 = (*k, 0, 0, 0, 0, 0)[:5]
    r = x * x + y * y
    g = 1 + r * (k1 + r * (k2 + r * k3))
    return x * g + 2 * p1 * x * y + p2 * (r + 2 * x * x), y * g + p1 * (r + 2 * y * y) + 2 * p2 * x * y


class Model:
    def __init__(self, path):
        with open(path) as f:
            told = ast.literal_eval(re.sub(r'#.*', '', f.read()).strip())
        assert told['lensmodel'] in ('LENSMODEL_PINHOLE', 'LENSMODEL_OPENCV5')
        self.core, self.k = told['intrinsics'][:4], told['intrinsics'][4:]
        self.r, self.t = rotation(told['extrinsics'][:3]), np.array(told['extrinsics'][3:])

    def rays(self, q):
        fx, fy, cx, cy = self.core
        a, b = (q[:, 0] - cx) / fx, (q[:, 1] - cy) / fy
        x, y = a.copy(), b.copy()
        for _ in range(60):
            u, v = bend(x, y, self.k)
            x, y = x + a - u, y + b - v
        return np.stack([x, y, np.ones_like(x)], 1) @ self.r


def rows_apart(mono, color, qm, qc):
    x = -color.r.T @ color.t + mono.r.T @ mono.t
    x /= np.linalg.norm(x)
    z = mono.r[2] - x * (mono.r[2] @ x)
    z /= np.linalg.norm(z)
    y = np.cross(z, x)
    m, c = mono.rays(qm), color.rays(qc)
    return mono.core[1] * (c @ y / (c @ z) - m @ y / (m @ z))


def truth(folder, ratio, size=None):
    """Mono and colour pixels of all points that both cameras see; size: the pictures are cut to it."""
    scale = json.load(open(f'{folder}/META.json'))['disparity_scale']
    left, right = (cv2.imread(f'{folder}/disp_{s}.png', 0).astype(float) / scale for s in ('left', 'right'))
    step = 2 * ratio
    h, w = (v // step * step for v in (size[::-1] if size else left.shape))
    left, right = left[:h, :w], right[:h, :w]
    y, x = np.mgrid[0:h, 0:w].astype(float)
    there = x - left
    back = right[y.astype(int), np.clip(np.round(there), 0, w - 1).astype(int)]
    ok = (left > 0) & (there >= 0) & (np.abs(back - left) <= 1.5)
    x, y, there = x[ok], y[ok], there[ok]
    cx, cy = (w - 1) / 2, (h - 1) / 2
    ray = np.stack([(there - cx) / FOCAL, (y - cy) / FOCAL, np.ones_like(x)], 1) @ rotation(np.deg2rad(TURN)).T
    u, v = bend(ray[:, 0] / ray[:, 2], ray[:, 1] / ray[:, 2], LENS)
    u, v = u * FOCAL + cx, v * FOCAL + cy
    inside = (u >= 0) & (v >= 0) & (u <= w - 1) & (v <= h - 1)
    return np.stack([x, y], 1)[inside], np.stack([(u + .5) / ratio - .5, (v + .5) / ratio - .5], 1)[inside]


def make(rigfiles, source, folder, electrons, ratio, size=None):
    views = [cv2.imread(f'{source}/{s}.png')[..., ::-1] for s in ('left', 'right')]
    if size:
        views = [np.ascontiguousarray(v[:size[1], :size[0]]) for v in views]
    rigfiles.write_rig(folder, *views, electrons, FOCAL, BASELINE_M, 0.0, 96, ratio, variant='tilted')


def calibrate(program, rigs, out, focal):
    words = [program, 'calibrate', 'geometry', '--from-scene', '-o', out, '--json']
    for rig in rigs:
        words += ['--mono', f'{rig}/mono.dng', '--color', f'{rig}/color.dng']
    if focal == 'known':
        words += ['--focal', str(FOCAL)]
    done = subprocess.run(words, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {'error': done.stderr.strip().splitlines()[-1]}


def judge(mono, color, points):
    v = rows_apart(Model(mono), Model(color), *points)
    return float(np.sqrt(np.mean(v * v))), float(np.median(np.abs(v)))


def one(options, rigfiles, name, others, electrons, ratio, focal):
    """A scene's figures."""
    with tempfile.TemporaryDirectory() as tmp:
        stereo = f'{options.shared}/data/stereo'
        rigs = []
        size = None
        if others:
            shapes = [cv2.imread(f'{stereo}/{n}/left.png').shape for n in (name, *others)]
            size = min(s[1] for s in shapes), min(s[0] for s in shapes)
        for n in (name, *others):
            rigs.append(f'{tmp}/{n}')
            make(rigfiles, f'{stereo}/{n}', rigs[-1], electrons, ratio, size)
        told = calibrate(options.chromafuse, rigs, f'{tmp}/out', focal)
        row = dict(scene=name, electrons=electrons, ratio=ratio, focal=focal, rms=math.inf, median=math.inf)
        if 'error' in told:
            return {**row, 'error': told['error']}
        points = truth(f'{stereo}/{name}', ratio, size)
        row['rms'], row['median'] = judge(f'{tmp}/out/mono.cameramodel', f'{tmp}/out/color.cameramodel', points)
        row['true_rms'], _ = judge(f'{rigs[0]}/mono.cameramodel', f'{rigs[0]}/color.cameramodel', points)
        row['expected'], row['verdict'] = told['expected_vertical_error_px'], told['verdict']
        return row


def table(options, rigfiles, names, electrons, ratio, focal):
    """One row of the table; its scenes' figures."""
    def work(i):
        others = [names[(i + k) % len(names)] for k in range(1, options.pairs)]
        return one(options, rigfiles, names[i], others, electrons, ratio, focal)
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(work, range(len(names))))
    rms = np.array([r['rms'] for r in rows])
    fit = [r for r in rows if 'error' not in r]
    print(f'ratio {ratio} electrons {electrons:5g} focal {focal:7}: under {LIMIT} px {np.mean(rms < LIMIT):4.0%}  '
          f'median {np.median(rms):.3f}  worst {rms.max():.2f} ({rows[int(rms.argmax())]["scene"]})  '
          f'within 2 expected errors {np.mean([r["rms"] < 2 * r["expected"] for r in fit]):4.0%}  '
          f'true models {np.mean([r["true_rms"] for r in fit]):.3f}', flush=True)
    for r in rows:
        if 'error' in r:
            print(f'  {r["scene"]}: {r["error"]}')
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('chromafuse')
    parser.add_argument('--shared', required=True)
    parser.add_argument('--electrons', default='2000,200,50')
    parser.add_argument('--ratio', default='1,2')
    parser.add_argument('--focal', default='known,unknown')
    parser.add_argument('--only')
    parser.add_argument('--pairs', type=int, default=1)
    parser.add_argument('--json')
    options = parser.parse_args()
    stereo, evaluation = f'{options.shared}/data/stereo', f'{options.shared}/eval'
    if not os.path.exists(f'{evaluation}/rigfiles.py') or not os.path.isdir(stereo):
        print(f'compare_scene: no photographs in {stereo}: NO CALIBRATION FROM PHOTOGRAPHS WAS JUDGED')
        return 77
    sys.path.insert(0, evaluation)
    import rigfiles
    names = sorted(n for n in os.listdir(stereo) if os.path.exists(f'{stereo}/{n}/disp_left.png'))
    names = [n for n in names if not options.only or n in options.only.split(',')]
    rows, good = [], True
    for ratio in (int(v) for v in options.ratio.split(',')):
        for electrons in (float(v) for v in options.electrons.split(',')):
            for focal in options.focal.split(','):
                found = table(options, rigfiles, names, electrons, ratio, focal)
                good &= electrons < DIM or np.mean([r['rms'] < LIMIT for r in found]) >= SHARE
                rows += found
    if options.json:
        with open(options.json, 'w') as f:
            json.dump(rows, f, indent=1)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
