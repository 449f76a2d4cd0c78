#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate check` from outside: every mistake that is planted in a good rig is found and named, and nothing else is.

Does not prove that a calibration is right: the tests of each calibration do. Standard library only.
Usage: test_calibrate_check.py CHROMAFUSE [NAME...]
"""
import json
import os
import re
import shutil

from cli_case import Case, main, read, run, tree, write

GOOD_KEYS = """  gain: 1
  noise: [{gain: 1, scale: 1.7e-3, offset: 1e-5}, {gain: 4, scale: 6.8e-3, offset: 1.1e-4}]
  black: [256]
"""


def model(lens="LENSMODEL_PINHOLE", k="1104, 1104, 479.5, 359.5", rt="0, 0, 0, 0, 0, 0", size="960, 720"):
    return f"{{ 'lensmodel': '{lens}', 'intrinsics': [ {k} ], 'extrinsics': [ {rt} ], 'imagersize': [ {size} ] }}\n"


# (what is replaced in rig.yaml, by what, severity, about, words of the text)
KEYS = [
    ("version: 1", "version: 2", "error", "version", "version: 1"),
    ("version: 1\n", "", "error", "version", "version: 1"),
    ("spectral: [0.33, 0.48, 0.19]", "spectral: [0.33, 0.48]", "error", "mono.spectral", ""),
    ("spectral: [0.33, 0.48, 0.19]", "spectral: [0.33, 0.48, 0.9]", "error", "mono.spectral", "sum"),
    ("spectral: [0.33, 0.48, 0.19]", "spectral: [1.5, -0.4, -0.1]", "warning", "mono.spectral", "outside what sensors"),
    ("  spectral: [0.33, 0.48, 0.19]\n", "", "warning", "mono.spectral", "calibrate color"),
    ("gain: 1\n", "gain: often\n", "error", "mono.gain", ""),
    ("gain: 1\n", "gane: 1\n", "warning", "mono.gane", "unknown"),
    ("scale: 1.7e-3", "scale: 1.7", "warning", "mono.noise", "electrons"),
    ("{gain: 4, scale: 6.8e-3", "{gain: 4, scale: 1e-4", "warning", "mono.noise", "not larger"),
    ("{gain: 4,", "{gain: 1,", "warning", "mono.noise", "two entries"),
    ("black: [256]", "black: [256, 256]", "error", "mono.black", "1 or 4"),
    ("black: [256]", "black: [200, 256, 256, 256]", "warning", "mono.black", "differ"),
    ("color:\n", "color:\n  ccm: [1, 0, 0, 1, 0, 0, 0, 0, 1]\n", "error", "color.ccm", "undone"),
    ("color:\n", "color:\n  ccm: [0, 1, 0, 1, 0, 0, 0, 0, 1]\n", "warning", "color.ccm", "rows"),
    ("color:\n", "color:\n  ccm: [9, -8, 0, 0, 1, 0, 0, 0, 1]\n", "warning", "color.ccm", "noise"),
    ("color:\n", "color:\n  defects: nowhere.txt\n", "error", "color.defects", "No such file"),
    ("color:\n", "color:\n  shading: nowhere.txt\n", "error", "color.shading", "No such file"),
    ("color:\n", "colour:\n", "warning", "colour", "misspelling"),
    ("model: color.cameramodel", "model: nowhere.cameramodel", "error", "color.model", "No such file"),
    ("scene:\n", "sync: {offset_us: 50000}\nscene:\n", "warning", "sync.offset_us", "register"),
    ("scene:\n", "sync: 7\nscene:\n", "error", "sync", "keys of its own"),
    ("scene:\n", "mono: {gain: 2}\nscene:\n", "error", "mono", "twice"),
    ("depth_min_m: 1", "depth_min_m: -1", "error", "scene.depth_min_m", ""),
    ("depth_min_m: 1", "depth_min_m: 0.05", "warning", "scene.depth_min_m", "nearest distance"),
    ("version: 1", "version: [1", "error", "rig file", "line"),
]

# (which model, its text, severity, about, words of the text)
MODELS = [
    ("color", model(rt="0, 0, 0, -80, 0, 0"), "warning", "color.model", "metres"),
    ("color", model(), "warning", "color.model", "one place"),
    ("color", model(rt="0, 0, 0, 0, 0, -0.08"), "error", "geometry", "in front"),
    ("color", model(rt="0, 0, 0, -0.08, 0, 0.06"), "warning", "color.model", "in front"),
    ("color", model(rt="0, 0.4, 0, -0.08, 0, 0"), "warning", "color.model", "degrees apart"),
    ("color", model(rt="0, 2, 0, -0.08, 0, 0"), "error", "color.model", "same things"),
    ("color", model(k="1104, 1300, 479.5, 359.5", rt="0, 0, 0, -0.08, 0, 0"), "warning", "color.model", "square"),
    ("color", model(k="1104, 1104, 700, 359.5", rt="0, 0, 0, -0.08, 0, 0"), "warning", "color.model", "cropped"),
    ("color", model("LENSMODEL_OPENCV5", "1104, 1104, 479.5, 359.5, -2, 0, 0, 0, 0", "0, 0, 0, -0.08, 0, 0"),
     "warning", "color.model", "folds"),
    ("mono", "{ 'lensmodel': ", "error", "mono.model", "camera model"),
]


class Check(Case):
    def setUp(self):
        super().setUp()
        self.rig = self.path("rig")
        shutil.copytree(type(self).rig, self.rig)
        text = re.sub("depth_min_m: .*", "depth_min_m: 1", read(self.index()).decode())
        text = text.replace("mono:\n", "mono:\n" + GOOD_KEYS)
        write(self.index(), text)
        for camera, rt in (("mono", "0, 0, 0, 0, 0, 0"), ("color", "0, 0, 0, -0.08, 0, 0")):
            write(os.path.join(self.rig, camera + ".cameramodel"), model(rt=rt))

    def index(self):
        return os.path.join(self.rig, "rig.yaml")

    def told(self, *args):
        """Exit code and the findings."""
        before = tree(self.rig)
        done = run("calibrate", "check", self.rig, "--json", *args)
        self.assertEqual(tree(self.rig), before)
        self.assertEqual(done.stderr, "")
        self.assertIn(done.returncode, (0, 1))
        told = json.loads(done.stdout)
        self.assertEqual(told["ok"], done.returncode == 0)
        return done.returncode, told

    def found(self, severity, about, words, *args):
        code, told = self.told(*args)
        serious = [f for f in told["findings"] if f["severity"] != "hint"]
        mine = [f for f in serious if (f["severity"], f["about"]) == (severity, about) and words in f["text"]]
        self.assertTrue(mine, serious)
        self.assertEqual(code, 1 if any(f["severity"] == "error" for f in serious) else 0)
        return serious

    def test_a_good_rig_has_only_hints(self):
        code, told = self.told()
        self.assertEqual(code, 0)
        self.assertEqual({f["severity"] for f in told["findings"]}, {"hint"})
        self.assertEqual({f["about"] for f in told["findings"]},
                         {"mono.shading", "color.shading", "color.noise", "color.ccm"})
        for way in (self.rig, self.rig + "/", self.index()):
            done = run("calibrate", "check", way)
            self.assertEqual(done.returncode, 0)
            self.assertIn("is all right", done.stdout)

    def test_planted_mistakes_of_keys(self):
        good = read(self.index()).decode()
        for old, new, severity, about, words in KEYS:
            with self.subTest(new=new):
                self.assertIn(old, good)
                write(self.index(), good.replace(old, new, 1))
                self.found(severity, about, words)

    def test_planted_mistakes_of_models(self):
        for camera, text, severity, about, words in MODELS:
            path = os.path.join(self.rig, camera + ".cameramodel")
            good = read(path)
            with self.subTest(about=about, words=words):
                write(path, text)
                self.found(severity, about, words)
            write(path, good)

    def test_one_mistake_hides_no_other(self):
        text = read(self.index()).decode()
        text = text.replace("gain: 1\n", "gain: -1\n").replace("black: [256]", "black: much")
        write(self.index(), text)
        write(os.path.join(self.rig, "color.cameramodel"), "junk")
        _, told = self.told()
        errors = {f["about"] for f in told["findings"] if f["severity"] == "error"}
        self.assertEqual(errors, {"mono.gain", "mono.black", "color.model"})

    def test_tables(self):
        shading, defects = os.path.join(self.rig, "s.txt"), os.path.join(self.rig, "d.txt")
        text = read(self.index()).decode()
        write(self.index(), text.replace("mono:\n", "mono:\n  shading: s.txt\n  defects: d.txt\n"))
        write(defects, "1 2\n3 4\n")
        write(shading, "2 2 1\n1 1.5 1 1.5\n")
        code, told = self.told()
        self.assertEqual((code, told["warnings"]), (0, 0))
        write(shading, "2 2 1\n1 12 1 12\n")
        self.found("warning", "mono.shading", "12.0")
        write(shading, "2 2 1\n2 3 2 3\n")
        self.found("warning", "mono.shading", "not 1")
        write(shading, "2 2 4\n1 1\n")
        self.found("error", "mono.shading", "mono camera")
        write(shading, "2 2 1\n1 1 1 1\n")
        write(defects, "".join(f"{x} {y}\n" for y in range(20) for x in range(50)))
        self.found("warning", "mono.defects", "broken")
        write(defects, "960 0\n")
        self.found("error", "mono.defects", "from 0 to 959")

    def test_records(self):
        write(os.path.join(self.rig, "geometry.json"), json.dumps({
            "calibration": "geometry", "made": "2026-01-02T03:04:05Z", "by": "chromafuse 0.1.0",
            "from": {"mono": ["a b.png", "ü.png"], "color": ["c.png"]}, "verdict": "good"}, indent=2))
        _, told = self.told()
        self.assertEqual(told["calibrations"], [{"file": "geometry.json", "calibration": "geometry", "verdict": "good",
                                                 "made": "2026-01-02T03:04:05Z", "pictures": 3}])
        write(os.path.join(self.rig, "mono.noise.json"), "{")
        self.found("error", "mono.noise.json", "")

    def test_pictures(self):
        rig = self.path("seen")
        pair = ("--mono", rig + "/mono.dng", "--color", rig + "/color.dng")
        run("simulate", "--scene", "own", "--size", "640x480", "--variant", "tilted", "--electrons", "500", "-o", rig)
        self.rig = rig
        code, told = self.told(*pair)
        self.assertEqual((code, told["warnings"], told["errors"]), (0, 0, 0), told["findings"])
        self.assertEqual(told["pictures"]["pairs"], 1)
        self.assertLess(told["pictures"]["vertical_px"], 0.5)
        self.found("error", "color.dng", "swapped", "--mono", rig + "/color.dng", "--color", rig + "/color.dng")
        good = read(rig + "/color.cameramodel").decode()
        # A roll and pitch that the models do not tell.
        rt = [float(v) for v in re.search(r"'extrinsics': \[(.*?)\]", good).group(1).split(",") if v.strip()]
        rt[0] += 0.004
        rt[2] += 0.004
        write(rig + "/color.cameramodel", re.sub(r"('extrinsics': \[).*?\]", lambda m: m.group(1) + ", ".join(map(str, rt)) + "]", good))
        _, told = self.told(*pair)
        serious = [f for f in told["findings"] if f["severity"] != "hint"]
        self.assertEqual([f["about"] for f in serious], ["geometry"])
        self.assertIn("knocked", serious[0]["text"])
        write(rig + "/color.cameramodel", good.replace("640, 480", "620, 480"))
        self.found("error", "color.dng", "made for pictures of", *pair)
        shutil.copy(rig + "/mono.dng", rig + "/again.dng")
        code = run("calibrate", "check", rig, *pair, "--mono", rig + "/again.dng")
        self.assertEqual(code.returncode, 1)
        self.assertIn("do not make pairs", code.stderr)

    def test_usage(self):
        for args, code, words in (((), 2, "which rig"), ((self.rig, self.rig), 2, "one rig"),
                                  ((self.path("none"),), 1, "none"), (("--mono", self.path("no*.dng"), self.rig), 2, "no"),
                                  ((self.rig, "--mono", self.rig), 1, "pairs")):
            done = run("calibrate", "check", *args)
            self.assertEqual(done.returncode, code, (args, done.stderr))
            self.assertIn(words, done.stderr)
        shutil.rmtree(self.rig)
        os.mkdir(self.rig)
        self.assertIn("No such file", run("calibrate", "check", self.rig).stderr)

    def test_strict(self):
        text = read(self.index()).decode()
        write(self.index(), text.replace("  spectral: [0.33, 0.48, 0.19]\n", ""))
        self.assertEqual(run("calibrate", "check", self.rig).returncode, 0)
        self.assertEqual(run("calibrate", "check", self.rig, "--strict").returncode, 1)


if __name__ == "__main__":
    main()
