#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate geometry --from-scene` from outside: simulated rigs whose geometry is known, judged by other code
(scene_judge.py), and pictures that cannot be calibrated from.

Does not prove anything about photographs: compare_scene.py does, where they are. Standard library only.
Usage: test_calibrate_scene.py CHROMAFUSE [NAME...]
"""
import json
import os
import random
import struct
import zlib

import scene_judge
from cli_case import Case, main, read, run, tree, write

SIZE, FOCAL = "400x300", 700
DEPTHS = (1.7, 2.3, 3.4)  # metres; what is in the simulator's scene


def gray_png(width, height, rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Scene(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rigs = {}
        for name, seed, variant in (("a", 1, "tilted"), ("b", 5, "tilted"), ("off", 3, "drifted")):
            cls.rigs[name] = cls.make(name, "--seed", str(seed), "--variant", variant)

    @classmethod
    def make(cls, name, *more):
        folder = os.path.join(cls.shared, name)
        made = run("simulate", "--scene", "own", "--size", SIZE, "--focal", str(FOCAL), "--electrons", "1000",
                   *more, "-o", folder)
        assert made.returncode == 0, made.stderr
        return folder

    def calibrate(self, mono, color, *more):
        return run("calibrate", "geometry", "--from-scene", "--mono", mono, "--color", color, "-o", self.path("rig"),
                   *more)

    def pair(self, name):
        return os.path.join(self.rigs[name], "mono.dng"), os.path.join(self.rigs[name], "color.dng")

    def error(self, name="a", rig=None):
        """Root mean square vertical offset of true points in our rectification, mono pixels."""
        true = [scene_judge.Model(os.path.join(self.rigs[name], who + ".cameramodel")) for who in ("mono", "color")]
        ours = [scene_judge.Model(os.path.join(rig or self.path("rig"), who + ".cameramodel"))
                for who in ("mono", "color")]
        return scene_judge.rms(scene_judge.offsets(*ours, scene_judge.true_pairs(*true, DEPTHS)))

    def refused(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        lines = [line for line in done.stderr.splitlines() if "warning" not in line]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(os.path.exists(self.path("rig")))

    def test_one_pair_is_enough_and_the_report_is_honest(self):
        done = self.calibrate(*self.pair("a"), "--focal", str(FOCAL), "--json", "--report", self.path("r.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual(told, json.loads(read(self.path("r.json"))))
        written = set(os.listdir(self.path("rig")))
        self.assertLessEqual({"color.cameramodel", "geometry.json", "mono.cameramodel", "rig.yaml"}, written)
        self.assertEqual([name for name in written if not name.endswith((".cameramodel", ".json", ".yaml", ".png"))], [])
        error = self.error()
        self.assertLess(error, 0.5)
        self.assertLess(error, 2 * told["expected_vertical_error_px"])
        self.assertLess(told["heldout_vertical_disparity_rms_px"], 0.7)
        self.assertEqual(told["verdict"] in ("good", "usable"), True)
        self.assertEqual((told["focal_known"], told["baseline_known"]), (True, False))
        for turn, true in zip(told["rotation_deg"], (0.6, -0.4, 0.8)):
            self.assertAlmostEqual(turn, true, delta=1.5 if true == -0.4 else 0.1)

    def test_without_a_focal_length_and_with_two_pairs(self):
        errors = []
        for pairs in (["a"], ["a", "b"]):
            words = []
            for name in pairs[1:]:
                words += ["--mono", self.pair(name)[0], "--color", self.pair(name)[1]]
            done = self.calibrate(*self.pair(pairs[0]), *words, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = json.loads(done.stdout)
            self.assertEqual(len(told["pictures"]), len(pairs))
            errors.append(told["expected_vertical_error_px"])
            self.assertLess(self.error(), 0.5)
        self.assertLess(errors[1], errors[0])

    def test_begins_with_a_rig_and_keeps_what_is_a_persons(self):
        os.mkdir(self.path("rig"))
        write(self.path("rig/rig.yaml"), "version: 1\n# mine\nmono:\n  gain: 2  # too\n")
        before = self.error("off", self.rigs["off"])
        done = self.calibrate(*self.pair("off"), "--rig", self.rigs["off"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Geometry from ordinary pictures: ", done.stdout)
        text = read(self.path("rig/rig.yaml")).decode()
        for part in ("# mine", "gain: 2  # too", "model: mono.cameramodel", "model: color.cameramodel"):
            self.assertIn(part, text)
        self.assertLess(self.error("a"), 0.5)  # the drifted rig's true lens is the tilted one
        self.assertLess(before, 0.01)  # its own model agrees with itself

    def test_plain_pictures(self):
        views = self.path("views")
        self.make("plain", "--write-scene", views)
        done = self.calibrate(views + "/left.png", views + "/right.png", "--focal", str(FOCAL), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertLess(abs(told["rotation_deg"][0]) + abs(told["rotation_deg"][2]), 0.1)
        self.rigs["plain"] = os.path.join(self.shared, "plain")
        self.assertLess(self.error("plain"), 0.3)

    def test_pictures_that_tell_nothing(self):
        a = self.pair("a")
        noise = random.Random(1)
        rows = b"".join(b"\0" + bytes(noise.randrange(256) for _ in range(400)) for _ in range(300))
        other = write(self.path("noise.png"), gray_png(400, 300, rows))
        even = write(self.path("even.png"), gray_png(400, 300, (b"\0" + b"\x80" * 400) * 300))
        for picture in (other, even):
            self.refused(self.calibrate(a[0], picture), "do not show", "same scene")
        self.refused(self.calibrate(a[1], a[0]), "exchange them")
        self.refused(self.calibrate(a[0], self.shared + "/*/color.dng"), "pairs")
        small = os.path.join(self.rig, "mono.dng"), os.path.join(self.rig, "color.dng")
        self.refused(self.calibrate(*a, "--mono", small[0], "--color", small[1]), "320x240", "400x300")
        self.refused(self.calibrate(a[0], write(self.path("x.png"), b"no picture")), "x.png")

    def test_usage(self):
        before = tree(self.at)
        for words in (["--from-scene", "-o", self.path("rig")],
                      ["--from-scene", "--mono", self.pair("a")[0], "-o", self.path("rig")],
                      ["--from-scene", "--mono", *self.pair("a")[:1], "--color", self.pair("a")[1]],
                      ["--from-scene", "--focal", "0", "-o", self.path("rig")]):
            done = run("calibrate", "geometry", *words)
            self.assertEqual(done.returncode, 2, words)
        self.assertEqual(tree(self.at), before)


if __name__ == "__main__":
    main()
