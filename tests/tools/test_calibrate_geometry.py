#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate geometry` from pictures to a rig: the report, the files, and what the plots show, on simulated rigs.

Does not prove the accuracy (calib/board, tests/tools/compare_geometry.py) nor what is answered to bad input
(test_calibrate_bad_input.py). Standard library only.
Usage: test_calibrate_geometry.py CHROMAFUSE [NAME...]
"""
import json
import os
import shutil
import tempfile
import unittest

from cli_case import main, png_rows, png_size, read, run

BOARD, SIZE, POSES = (7, 5), (480, 360), 8
CELLS = (8, 6)
# Where the plots have the camera's picture: left, top, pixels of the sheet per pixel of the picture.
LEFT, TOP, SCALE = 74, 78, 2
PLOTS = ["mono.coverage.png", "mono.residuals.png", "mono.uncertainty.png", "color.coverage.png", "color.residuals.png",
         "color.uncertainty.png", "pair-01.png", "pair-02.png", "pair-03.png", "overview.png"]
HAS_BOARDS = "--board" in run("calibrate", "geometry", "--help").stdout
NUMBERS = ["mono.cameramodel", "color.cameramodel", "geometry.json", "rig.yaml"]


def is_stripe(r, g, b):
    """The red stripes of cells without a corner, on the plot's dark grey."""
    return r > 100 and r > 2 * g and r > 2 * b and g < 60


def cells_with_stripes(path):
    """The cells of a coverage plot that are striped."""
    rows, found = png_rows(path), set()
    width, height = SIZE[0] * SCALE // CELLS[0], SIZE[1] * SCALE // CELLS[1]
    for row in range(CELLS[1]):
        for column in range(CELLS[0]):
            line = rows[TOP + row * height + height // 2]
            start = 3 * (LEFT + column * width + 8)
            stripes = sum(is_stripe(*line[i:i + 3]) for i in range(start, start + 3 * (width - 16), 3))
            if stripes > width // 6:
                found.add((column, row))
    return found


def count_cells(pictures, camera):
    """How many of the true corners lie in each cell."""
    counts = {}
    for picture in pictures:
        if picture[camera + "_sees_all"]:
            for x, y in picture["points"][camera]:
                cell = int((x + 0.5) * CELLS[0] / SIZE[0]), int((y + 0.5) * CELLS[1] / SIZE[1])
                counts[cell] = counts.get(cell, 0) + 1
    return counts


@unittest.skipUnless(HAS_BOARDS, "built without OpenCV")
class Board(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.at = tempfile.mkdtemp(prefix="chromafuse-geometry-")
        made = run("simulate", "--target", "board", "--board", "%dx%d" % BOARD, "--square", "0.04", "--size", "%dx%d" % SIZE,
                   "--poses", str(POSES), "--png", "-o", cls.path("board"))
        assert made.returncode == 0, made.stderr
        cls.truth = json.loads(read(cls.path("board/truth.json")))
        cls.done = cls.calibrate("rig", "[0-9][0-9][0-9]", "--report", cls.path("report.json"))
        cls.report = json.loads(read(cls.path("report.json")))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.at)

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.at, *names)

    @classmethod
    def calibrate(cls, rig, numbers, *more):
        done = run("calibrate", "geometry", "--board", "%dx%d" % BOARD, "--square", "0.04", "--lens", "opencv4",
                   "--mono", cls.path("board/mono_%s.png" % numbers), "--color", cls.path("board/color_%s.png" % numbers),
                   "-o", cls.path(rig), *more)
        assert done.returncode == 0, done.stderr
        return done

    def test_the_folder_holds_the_rig_and_nothing_else(self):
        self.assertEqual(sorted(os.listdir(self.path("rig"))), sorted(PLOTS + NUMBERS))
        checked = run("calibrate", "check", self.path("rig"))
        self.assertIn("(0 errors", checked.stdout)

    def test_the_report_has_what_a_machine_needs(self):
        report = self.report
        for camera in ("mono", "color"):
            self.assertLess(report[camera]["rms_px"], 0.3)
        self.assertLess(report["heldout_vertical_disparity_rms_px"], 0.4)
        self.assertAlmostEqual(report["baseline_m"], 0.06, delta=0.0012)
        self.assertEqual(len(report["pictures"]), POSES)
        for picture in report["pictures"]:
            self.assertLess(picture["residual_px"], 1)
            self.assertTrue(picture["verdict"])
        self.assertEqual(json.loads(read(self.path("rig/geometry.json")))["baseline_m"], report["baseline_m"])

    def test_the_report_has_what_a_person_needs(self):
        text = self.done.stdout
        self.assertTrue(text.startswith("verdict: "), text)
        for part in ("baseline", "mono", "colour", "pixels RMS", "did not see"):
            self.assertIn(part, text)

    def test_every_plot_is_a_picture(self):
        for name in PLOTS:
            width, height, bits, kind = png_size(self.path("rig", name))
            self.assertEqual((bits, kind), (8, 2), name)
            self.assertGreater(width, 1000, name)
            self.assertGreater(height, 500, name)

    def test_coverage_shows_where_no_corner_was(self):
        striped, counts = cells_with_stripes(self.path("rig/mono.coverage.png")), count_cells(self.truth["pictures"], "mono")
        self.assertTrue(striped)
        for column in range(CELLS[0]):
            for row in range(CELLS[1]):
                if not counts.get((column, row)):
                    self.assertIn((column, row), striped)
                elif counts[column, row] >= 5: # not all of them were left out
                    self.assertNotIn((column, row), striped)

    def test_fewer_pictures_give_other_plots(self):
        self.calibrate("few", "00[0-4]")
        self.assertEqual(sorted(os.listdir(self.path("few"))), sorted(PLOTS + NUMBERS))
        for name in PLOTS[:6]:
            self.assertNotEqual(read(self.path("rig", name)), read(self.path("few", name)), name)

    def test_rectified_pairs_meet_on_rows(self):
        """Rings at the corners are the only blue in the two grey pictures; one half's are as high as the other's."""
        path = self.path("rig/pair-01.png")
        rows, (width, height, _, _) = png_rows(path), png_size(path)
        middle, right = LEFT + (width - LEFT - 236) // 2, width - 240
        mean, lines = [], 0
        for start, end in ((LEFT, middle), (middle, right)):
            heights = [y for y in range(TOP, height - 80) for x in range(start, end)
                       if rows[y][3 * x + 2] > rows[y][3 * x] + 50]
            self.assertGreater(len(heights), 100)
            mean.append(sum(heights) / len(heights))
        self.assertAlmostEqual(*mean, delta=2)
        for y in range(TOP, height - 80): # the green lines reach through both pictures
            line = rows[y]
            green = [line[3 * x + 1] > line[3 * x] + 25 and line[3 * x + 1] > line[3 * x + 2] + 10 for x in range(LEFT, right)]
            lines += sum(green) > 0.8 * len(green)
        self.assertGreaterEqual(lines, 12)

    def test_the_rig_goes_to_opencv_and_back(self):
        out = run("calibrate", "geometry", "--export", self.path("stereo.yml"), self.path("rig"))
        self.assertEqual(out.returncode, 0, out.stderr)
        back = run("calibrate", "geometry", "--import", self.path("stereo.yml"), "-o", self.path("back"), "--json")
        self.assertEqual(back.returncode, 0, back.stderr)
        self.assertAlmostEqual(json.loads(back.stdout)["baseline_m"], self.report["baseline_m"], 8)


class Scene(unittest.TestCase):
    def test_matches_are_plotted(self):
        with tempfile.TemporaryDirectory(prefix="chromafuse-geometry-") as at:
            rig = os.path.join(at, "rig")
            made = run("simulate", "--scene", "own", "--size", "480x360", "--variant", "tilted", "--electrons", "2000", "-o", at)
            self.assertEqual(made.returncode, 0, made.stderr)
            done = run("calibrate", "geometry", "--from-scene", "--mono", os.path.join(at, "mono.dng"),
                       "--color", os.path.join(at, "color.dng"), "-o", rig)
            self.assertEqual(done.returncode, 0, done.stderr)
            plots = [name for name in PLOTS if name not in ("color.uncertainty.png", "pair-02.png", "pair-03.png")]
            self.assertEqual(sorted(os.listdir(rig)), sorted(plots + NUMBERS))
            for name in plots:
                self.assertGreater(png_size(os.path.join(rig, name))[0], 1000, name)


if __name__ == "__main__":
    main()
