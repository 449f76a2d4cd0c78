#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate color` from outside: simulated charts of known truth are found and measured, and `fuse` shows their colours.

Does not prove that a real sensor is a matrix, nor that your chart has its published colours. Standard library only;
with scikit-image one more judge of the differences.
Usage: test_calibrate_color.py CHROMAFUSE [NAME...]
"""
import json
import math
import os
import re

from cli_case import Case, main, png_size, read, run, tiff_floats, tree, write

CORNERS = (0, 5, 23, 18)  # of the patches, going round


def close(test, got, want, tolerance):
    for a, b in zip(got, want, strict=True):
        test.assertAlmostEqual(a, b, delta=tolerance)


class Color(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = os.path.join(cls.shared, "plain")
        cls.chart(cls.plain, "--electrons", "2000")

    @staticmethod
    def chart(folder, *more):
        if "--light" not in more:
            more += ("--light", "0.7")
        made = run("simulate", "--target", "chart", "--size", "960x720", "-o", folder, *more)
        assert made.returncode == 0, made.stderr
        return folder

    def calibrate(self, *words, rig="out"):
        return run("calibrate", "color", "-o", self.path(rig), *words)

    def pair(self, folder, *more, **where):
        return self.calibrate("--color", os.path.join(folder, "color_000.dng"), "--mono",
                              os.path.join(folder, "mono_000.dng"), *more, **where)

    def told(self, folder, *more):
        done = self.pair(folder, "--json", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), json.loads(read(os.path.join(folder, "truth.json")))

    def judge(self, folder, matrix=0.05, weights=0.02, difference=2.0, place=0.12):
        told, truth = self.told(folder)
        close(self, told["ccm"], truth["ccm"], matrix)
        close(self, told["neutral"], truth["neutral"], 0.01)
        close(self, told["mono"]["spectral"], truth["spectral"], weights)
        self.assertAlmostEqual(told["mono"]["gain"] / truth["mono_gain"], 1, delta=0.01)
        self.assertLess(told["ciede2000"]["held_out"]["mean"], difference)
        for camera in ("color", "mono"):
            shot = told[camera + "_pictures"][0]
            for corner, patch in zip(shot["corners_px"], CORNERS):
                off = math.dist(corner, truth["pictures"][0]["points"][camera][patch])
                self.assertLess(off / shot["pitch_px"], place, camera)
        return told

    def test_the_truth_is_found(self):
        told = self.judge(self.plain, matrix=0.01, weights=0.005, difference=0.5)
        self.assertEqual(told["verdict"], "good")
        self.assertEqual({f["severity"] for f in told["findings"]}, {"hint"})
        self.assertLess(told["ciede2000"]["fitted"]["mean"], told["ciede2000"]["before"]["mean"])
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["color.chart.png", "color.color.json", "rig.yaml"])
        self.assertGreater(png_size(self.path("out", "color.chart.png"))[0], 1000)
        record = json.loads(read(self.path("out", "color.color.json")))
        self.assertEqual(record["calibration"], "color")
        self.assertEqual(record["ccm"], told["ccm"])
        for row in re.findall(r"(-?[\d.]+), (-?[\d.]+), (-?[\d.]+)", read(self.path("out", "rig.yaml")).decode()):
            self.assertAlmostEqual(sum(map(float, row)), 1, delta=1.5e-5)

    def test_any_pose_size_light_and_noise(self):
        for name, more in {
                "perspective": ("--rotation", "33,-28,160", "--fill", "0.5", "--electrons", "2000",
                                "--mono-exposure", "1.2"),
                "small": ("--fill", "0.17", "--electrons", "5000"),
                "noisy": ("--electrons", "200", "--light-slope", "0.1,-0.1")}.items():
            with self.subTest(name):
                self.judge(self.chart(self.path(name), *more))

    def test_several_pictures_in_one_fit(self):
        other = self.chart(self.path("other"), "--electrons", "2000", "--neutral", "0.7,1,0.4", "--rotation", "0,0,90",
                           "--fill", "0.5")
        done = self.calibrate("--color", os.path.join(self.plain, "color_000.dng"), "--color",
                              os.path.join(other, "color_000.dng"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        close(self, told["ccm"], json.loads(read(os.path.join(self.plain, "truth.json")))["ccm"], 0.01)
        close(self, told["color_pictures"][1]["neutral"], (0.7, 1, 0.4), 0.005)
        self.assertNotIn("mono", told)
        self.assertNotIn("spectral", read(self.path("out", "rig.yaml")).decode())

    def test_corners_by_hand(self):
        points = json.loads(read(os.path.join(self.plain, "truth.json")))["pictures"][0]["points"]
        words = {camera: ["%.1f,%.1f" % tuple(points[camera][p]) for p in CORNERS[2:] + CORNERS[:2]]
                 for camera in points}
        quoted = self.pair(self.plain, "--json", "--corners", " ".join(words["color"]), "--mono-corners",
                           ";".join(reversed(words["mono"])))
        split = self.pair(self.plain, "--json", "--corners", *words["color"])
        for done in (quoted, split):
            self.assertEqual(done.returncode, 0, done.stderr)
            told = json.loads(done.stdout)
            self.assertEqual(told["color_pictures"][0]["patches_seen"], 0)
            self.assertLess(told["ciede2000"]["held_out"]["mean"], 0.5)

    def test_a_reference_of_ones_own(self):
        told, _ = self.told(self.plain)
        rows = "".join("%s,%g,%g,%g\n" % (p["name"], *p["reference_lab"]) for p in told["patches"])
        again, _ = self.told(self.plain, "--reference", write(self.path("own.csv"), "name,L,a,b\n" + rows))
        close(self, again["ccm"], told["ccm"], 1e-4)
        older, _ = self.told(self.plain, "--chart", "before2014")
        self.assertGreater(older["ciede2000"]["fitted"]["mean"], 0.3)

    def test_clipped_patches_are_left_out_by_name(self):
        told, _ = self.told(self.chart(self.path("clipped"), "--light", "1.25"))
        self.assertEqual([p["patch"] for p in told["color_pictures"][0]["left_out"]], ["white"])
        self.assertFalse(told["patches"][18]["used"])
        self.assertTrue(any("white (clipped)" in f["text"] for f in told["findings"]))
        self.assertLess(told["ciede2000"]["held_out"]["mean"], 2)

    def test_differences_are_scikit_images(self):
        try:
            from skimage.color import deltaE_ciede2000
        except ImportError:
            self.skipTest("no scikit-image; calib/lab has the published pairs")
        told, _ = self.told(self.plain)
        for p in told["patches"]:
            self.assertAlmostEqual(float(deltaE_ciede2000(p["reference_lab"], p["measured_lab"])), p["fitted"], delta=1e-4)

    def test_fuse_shows_the_charts_colours(self):
        rig = self.path("rig")
        os.makedirs(rig)
        for name in ("mono.cameramodel", "color.cameramodel"):
            write(os.path.join(rig, name), read(os.path.join(self.plain, "truth", name)))
        index = "# our rig\nversion: 1\nmono: {model: mono.cameramodel}\ncolor:\n  model: color.cameramodel\n"
        write(os.path.join(rig, "rig.yaml"), index)
        done = self.pair(self.plain, rig="rig")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("# our rig", read(os.path.join(rig, "rig.yaml")).decode())
        done = run("fuse", "--rig", os.path.join(rig, "rig.yaml"), "--mono", os.path.join(self.plain, "mono_000.dng"),
                   "--color", os.path.join(self.plain, "color_000.dng"), "-o", self.out, "--write-linear",
                   self.path("linear.tif"))
        self.assertEqual(done.returncode, 0, done.stderr)
        width, _, _, v = tiff_floats(self.path("linear.tif"))
        truth = json.loads(read(os.path.join(self.plain, "truth.json")))
        told = json.loads(read(os.path.join(rig, "color.color.json")))
        error = []
        for patch, (x, y) in enumerate(truth["pictures"][0]["points"]["mono"]):
            mean = [0.0] * 3
            for dy in range(-8, 9):
                for dx in range(-8, 9):
                    at = 3 * ((round(y) + dy) * width + round(x) + dx)
                    mean = [m + w / 289 for m, w in zip(mean, v[at:at + 3])]
            want = told["patches"][patch]["reference_rgb"]
            error += [abs(m / 0.7 - w) for m, w in zip(mean, want)]
        self.assertLess(sum(error) / len(error), 0.02)

    def test_what_is_no_chart_changes_nothing(self):
        half = self.chart(self.path("half"), "--shift", "0.45,0")
        color, mono = (os.path.join(self.plain, name) for name in ("color_000.dng", "mono_000.dng"))
        flat = self.path("flat")
        self.assertEqual(run("simulate", "--target", "board", "--poses", "1", "--size", "480x360", "-o", flat).returncode, 0)
        write(self.path("short.csv"), "1,2,3\n")
        cases = [
            (1, "cut off", ["--color", os.path.join(half, "color_000.dng")]),
            (1, "no 24-patch chart|something like", ["--color", os.path.join(flat, "color_000.dng")]),
            (1, "exchange", ["--color", mono]),
            (1, "exchange", ["--color", color, "--mono", color]),
            (1, "not look like|outside", ["--color", color, "--corners", "10,10 90,10 90,90 10,90"]),
            (1, "a chart has 24", ["--color", color, "--reference", self.path("short.csv")]),
            (2, "four points", ["--color", color, "--corners", "10,10 90,10 90,ten"]),
            (2, "3 points", ["--color", color, "--corners", "10,10 90,10 90,90"]),
            (2, "before2014", ["--color", color, "--chart", "1976"]),
            (2, "--color CHART is missing", ["--mono", mono]),
            (2, "belongs to", ["--color", color, "--mono", mono, "--mono", os.path.join(half, "mono_000.dng")]),
            (2, "quoted", ["--color", color, mono]),
        ]
        for code, words, more in cases:
            with self.subTest(words):
                before = tree(self.at)
                done = self.calibrate(*more)
                self.complains(done, code, words)
                self.assertEqual(tree(self.at), before)


if __name__ == "__main__":
    main()
