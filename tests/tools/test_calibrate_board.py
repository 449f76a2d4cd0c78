#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate geometry --board` on a real rig's chessboards (Debian's opencv-doc, fetched by apt): the figures that are promised.

Does not prove absolute accuracy, for nobody knows that rig's truth: calib/board does, on simulated ones. Standard library only.
Usage: test_calibrate_board.py CHROMAFUSE FETCH_SCRIPT FOLDER      exit status 77: the pictures cannot be had
"""
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile

PROGRAM, FETCH, FOLDER = sys.argv[1:4]
sys.argv[1:4] = [PROGRAM]

from cli_case import Case, main, png_size, read, run, write  # noqa: E402

BOARDS = os.path.join(FOLDER, "board")
NUMBERS = ["%02d" % i for i in range(1, 15) if i != 10]


def boards(side, numbers=NUMBERS):
    names = [os.path.join(BOARDS, side + n + ".jpg") for n in numbers]
    return list(itertools.chain(*(("--" + ("mono" if side == "left" else "color"), n) for n in names)))


class RealBoards(Case):
    def calibrate(self, *words, code=0, board="9x6"):
        report = self.path("report.json")
        done = run("calibrate", "geometry", "--board", board, "--square", "0.025", "-o", self.path("rig"),
                   "--report", report, *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return done, json.loads(read(report)) if code == 0 else None

    def test_figures(self):
        done, report = self.calibrate("--mono", BOARDS + "/left*.jpg", "--color", BOARDS + "/right*.jpg")
        self.assertTrue(done.stdout.startswith("verdict: good"), done.stdout)
        self.assertLessEqual(report["mono"]["rms_px"], 0.35)
        self.assertLessEqual(report["color"]["rms_px"], 0.35)
        self.assertLessEqual(report["heldout_vertical_disparity_rms_px"], 0.26)
        # OpenCV's own solution of these pictures (its sample with squares of 1): 3.33 squares between the lenses
        self.assertAlmostEqual(report["baseline_m"] / 0.025, 3.33, delta=0.03)
        self.assertEqual(len(report["pictures"]), 13)
        self.assertEqual({p["verdict"] for p in report["pictures"]}, {"good"})
        self.assertEqual(report["paired_by"], "number")
        for name in ("mono.coverage.png", "color.uncertainty.png", "pair-01.png", "overview.png"):
            self.assertGreater(png_size(self.path("rig", name))[0], 400)
        check = run("calibrate", "check", self.path("rig"))
        self.assertEqual(check.returncode, 0, check.stdout)

    def test_pairs_that_lack_a_picture(self):
        some = NUMBERS[:7]
        _, report = self.calibrate(*boards("left", some), *boards("right", some[1:] + ["08"]), "--lens", "opencv5")
        self.assertEqual(len(report["pictures"]), 8)
        self.assertEqual(sum("mono" in p and "color" in p for p in report["pictures"]), 6)

    def test_exchanged_and_foreign_pictures(self):
        some, other = NUMBERS[:7], NUMBERS[1:7] + NUMBERS[:1]
        for i, n in enumerate(some):  # the same numbers, other moments
            write(self.path("left%d.jpg" % i), read(os.path.join(BOARDS, "left%s.jpg" % n)))
            write(self.path("right%d.jpg" % i), read(os.path.join(BOARDS, "right%s.jpg" % other[i])))
        done, _ = self.calibrate("--mono", self.path("left*.jpg"), "--color", self.path("right*.jpg"), code=1)
        self.assertIn("do not agree on how they stand", done.stderr)
        self.assertFalse(os.path.exists(self.path("rig")))
        done, _ = self.calibrate(*boards("left", some), *boards("right", some), code=1, board="7x5")
        self.assertIn("7x5 inner corners", done.stderr)
        done, _ = self.calibrate(*boards("left", some[:2]), *boards("right", some[:2]), code=1)
        self.assertIn("at least 3", done.stderr)
        done, _ = self.calibrate(*boards("left", some), "--color", boards("left", some)[1], code=1)
        self.assertIn("both cameras", done.stderr)

    def test_a_table_of_corners(self):
        """Corners in mrcal's format, as another program would find them: here, a pinhole rig's own projections."""
        lines = ["# filename x y level"]
        for number in range(8):
            a, b = ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5), (0.4, 0.4), (-0.4, 0.4), (0.4, -0.4), (-0.3, -0.4))[number]
            for side, shift in (("left", 0), ("right", -0.06)):
                for row in range(6):
                    for column in range(9):
                        x, y = 0.03 * (column - 4), 0.03 * (row - 2.5)
                        y, z = y * math.cos(a), y * math.sin(a)                          # about x, then about y
                        x, z = x * math.cos(b) + z * math.sin(b), z * math.cos(b) - x * math.sin(b) + 0.5
                        lines.append("%s%d.png %.6f %.6f 0" % (side, number, 319.5 + 500 * (x + shift + 0.03) / z,
                                                               239.5 + 500 * y / z))
        table = write(self.path("corners.vnl"), "\n".join(lines) + "\n")
        words = ("--corners", table, "--mono", "left*.png", "--color", "right*.png", "--size", "640x480")
        _, report = self.calibrate(*words, "--square", "0.03", "--lens", "pinhole", "--flat", code=0)
        self.assertLess(report["mono"]["rms_px"], 1e-3)
        self.assertAlmostEqual(report["baseline_m"], 0.06, delta=1e-5)
        for camera in ("mono", "color"):
            for found, true in zip(report[camera]["intrinsics"], (500, 500, 319.5, 239.5)):
                self.assertAlmostEqual(found, true, delta=0.02)
        write(table, "\n".join(lines[:-1]) + "\n")
        done, _ = self.calibrate(*words, code=1)
        self.assertIn("has 53 corners", done.stderr)
        write(table, "\n".join(lines[:9] + ["left0.png nan 7 0"]) + "\n")
        done, _ = self.calibrate(*words, code=1)
        self.assertRegex(done.stderr, "line 10: expected")
        done, _ = self.calibrate(*words[:2], "--mono", "up*", "--color", "right*", *words[6:], code=1)


if __name__ == "__main__":
    fetched = subprocess.run([FETCH, FOLDER], capture_output=True, text=True)
    if fetched.returncode:
        print("NOT RUN: Debian's opencv-doc cannot be fetched: %s\nsimulated boards (tools/calibrate_geometry) still run"
              % fetched.stderr.strip()[-300:])
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        tried = run("calibrate", "geometry", "--board", "9x6", "--mono", BOARDS + "/left01.jpg", "--color",
                    BOARDS + "/right01.jpg", "-o", folder + "/rig")
    if "without OpenCV" in tried.stderr:
        print("NOT RUN: built without OpenCV")
        sys.exit(77)
    main()
