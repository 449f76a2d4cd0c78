#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores the denoised mono picture alone: `fuse --write-mono` against the truth, with the true chroma put back.

    python3 tools/score_denoise.py --chromafuse BIN --shared DIR [--only Aloe,Art] [--electrons 2000,200,50,15,5]

DIR holds eval/ and data/stereo. Per light level, means over the scenes: PSNR of the raw picture, of OpenCV's non-local means
in the Anscombe domain (the better of two strengths per picture), and of ours; the worst gain of ours over the raw picture; and
of the fused picture once its luma is exchanged for the true one, which is what its chroma alone costs.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import tifffile


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--chromafuse', required=True)
    ap.add_argument('--shared', required=True)
    ap.add_argument('--only')
    ap.add_argument('--electrons', default='2000,200,50,15,5')
    ap.add_argument('extra', nargs='*', help='more options of fuse')
    a = ap.parse_args()
    sys.path.insert(0, os.path.join(a.shared, 'eval'))
    import peer_opencv
    import rigfiles
    import rigsim
    from metrics import psnr

    scenes = os.path.join(a.shared, 'data/stereo')
    names = sorted(n for n in os.listdir(scenes) if not a.only or n in a.only.split(','))
    for electrons in map(float, a.electrons.split(',')):
        rows = []
        for name in names:
            left, right = (cv2.imread(f'{scenes}/{name}/{side}.png')[..., ::-1] for side in ('left', 'right'))
            with tempfile.TemporaryDirectory() as work:
                rigfiles.write_rig(work, left, right, electrons, 1240.0, 0.16, 0.0, 96, 1.0, variant='parallel')
                run = [a.chromafuse, 'fuse', '--rig', f'{work}/rig.yaml', '--mono', f'{work}/mono.dng', '--color',
                       f'{work}/color.dng', '-o', f'{work}/out.png', '--write-mono', f'{work}/mono.tif', '--write-linear', f'{work}/linear.tif',
                       '--tone', 'none', *a.extra]
                subprocess.run(run, check=True, capture_output=True)
                ours, fused = (tifffile.imread(f'{work}/{name}.tif') for name in ('mono', 'linear'))
            raw, _, truth = rigsim.capture(rigsim.whole_cells(left, 2), rigsim.whole_cells(right, 2), electrons)
            mono = rigsim.to_linear(truth) @ rigsim.MONO
            chroma = rigsim.to_linear(truth) / np.maximum(mono, 1e-6)[..., None]
            inner = (slice(16, -16),) * 2

            def score(m):
                out = rigsim.to_srgb8(chroma * np.clip(m, 0, 1)[..., None])
                return psnr(out[inner], truth[inner])

            peer = max(score(peer_opencv.denoise_mono(raw, q)) for q in (.6, .9))
            relit = fused * (mono / np.maximum(fused @ rigsim.MONO, 1e-4))[..., None]
            limit = psnr(rigsim.to_srgb8(relit)[inner], truth[inner])
            rows.append((score(raw.linear()), peer, score(ours), limit))
        r = np.array(rows)
        print(f'electrons {electrons:6g}: raw {r[:, 0].mean():.2f}  non-local means {r[:, 1].mean():.2f}  '
              f'chromafuse {r[:, 2].mean():.2f}  smallest gain {np.min(r[:, 2] - r[:, 0]):.2f}  '
              f'the other way, true luma in the fused picture {r[:, 3].mean():.2f}', flush=True)


if __name__ == '__main__':
    main()
