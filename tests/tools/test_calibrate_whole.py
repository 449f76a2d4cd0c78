#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole calibration of a simulated rig, as docs/calibration.md walks through it: fusing by the calibrated rig must give
as good a picture (within 0.3 dB) as by the true one. Prints both scores.

Does not prove each calibration's figures: their own tests do. Standard library only; without the board finder (a build
without OpenCV) it says so and exits 77.
usage: test_calibrate_whole.py CHROMAFUSE
"""
import json
import os
import subprocess
import sys
import tempfile

# The sensors of the simulated scene, for the targets as well.
RIG = ["--rig", "true/rig.yaml", "--electrons", "1000", "--mono-electrons", "3000", "--bits", "14", "--black", "256"]
BOARD = ["--board", "8x6", "--square", "0.03"]
STEPS = [
    ["simulate", "--scene", "own", "--size", "640x480", "--variant", "tilted", "--electrons", "1000", "-o", "true"],
    ["simulate", "--target", "board", *RIG, *BOARD, "--poses", "12", "-o", "board"],
    ["simulate", "--target", "flat", *RIG, "--levels", "8", "--vignetting", "0", "-o", "flat"],
    ["simulate", "--target", "chart", *RIG, "-o", "chart"],
    ["calibrate", "geometry", *BOARD, "--mono", "board/mono*.dng", "--color", "board/color*.dng", "-o", "rig"],
    ["calibrate", "noise", "--mono", "flat/mono*.dng", "--color", "flat/color*.dng", "-o", "rig"],
    ["calibrate", "shading", "--mono", "flat/mono_g1_l03*.dng", "--color", "flat/color_g1_l03*.dng", "-o", "rig"],
    ["calibrate", "color", "--mono", "chart/mono*.dng", "--color", "chart/color*.dng", "-o", "rig"],
]
# A measured distance, written by hand: no calibration knows it, and all must leave it alone.
BY_HAND = "version: 1\nscene:\n  depth_min_m: 1.28  # nothing on my table is nearer\n"


def run(program, at, words):
    done = subprocess.run([program, *words], cwd=at, capture_output=True, text=True)
    if done.returncode:
        print("FAILED: chromafuse", " ".join(words), "\n", done.stderr)
    return done


def fuse_and_score(program, at):
    for name in ("true", "rig"):
        done = run(program, at, ["fuse", "--rig", name + "/rig.yaml", "--mono", "true/mono.dng", "--color",
                                 "true/color.dng", "--tone", "none", "-o", name + ".png"])
        if done.returncode:
            return None
    words = ["compare", "--truth", "true/truth.png", "--images", "true.png", "rig.png", "--json"]
    return json.loads(run(program, at, words).stdout)


def find_scores(tree):
    """All numbers called psnr, in order."""
    if isinstance(tree, dict):
        own = [v for k, v in tree.items() if k.startswith("psnr") and isinstance(v, (int, float))]
        return own + [x for v in tree.values() for x in find_scores(v)]
    return [x for v in tree for x in find_scores(v)] if isinstance(tree, list) else []


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as at:
        os.mkdir(os.path.join(at, "rig"))
        with open(os.path.join(at, "rig", "rig.yaml"), "w", encoding="ascii") as f:
            f.write(BY_HAND)
        for words in STEPS:
            done = run(program, at, words)
            if done.returncode and "built without" in done.stderr:
                print("SKIPPED: this build has no board finder")
                return 77
            if done.returncode:
                return 1
        done = run(program, at, ["calibrate", "check", "rig", "--mono", "true/mono.dng", "--color", "true/color.dng",
                                 "--strict"])
        print(done.stdout)
        with open(os.path.join(at, "rig", "rig.yaml"), encoding="ascii") as f:
            kept = "# nothing on my table is nearer" in f.read()
        scores = find_scores(fuse_and_score(program, at))
    if len(scores) != 2 or done.returncode or not kept:
        print(f"FAILED: scores {scores}, check {done.returncode}, hand-written line kept: {kept}")
        return 1
    print(f"PSNR by the true rig {scores[0]:.2f} dB, by the calibrated one {scores[1]:.2f} dB")
    return 0 if scores[1] > scores[0] - 0.3 else 1


if __name__ == "__main__":
    sys.exit(main())
