#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate noise` from outside: files of simulated sensors in, rig and reports out, and what it says to bad frames.

Small frames, so its figures are loose: tests/calib/test_photon_transfer.c holds the tight ones, and
compare_noise.py has a second computation. Standard library only. Usage: test_calibrate_noise.py CHROMAFUSE [NAME...]
"""
import array
import json
import math
import os
import random
import re
import shutil
import sys
import xml.etree.ElementTree

from cli_case import Case, main, read, run, tree, write
from dng_maker import write_dng

WIDTH, HEIGHT = 192, 128
GAIN, READ, BLACK, WHITE = 0.8, 4.0, 64.3, 4095
FULL = (WHITE - BLACK) / GAIN
HOT, DEAD = [(17, 5), (100, 90), (191, 127)], [(40, 3), (0, 64)]


class Sensor:
    """Frames of a sensor with vignetting and a few broken pixels; normal deviates stand for Poisson's."""

    def __init__(self, gain=GAIN, cfa=None, seed=1):
        self.gain, self.cfa, self.random = gain, cfa, random.Random(seed)
        self.fall = array.array("d", (1 - 0.15 * ((2 * x / WIDTH - 1) ** 2 + (2 * y / HEIGHT - 1) ** 2)
                                      for y in range(HEIGHT) for x in range(WIDTH)))

    def codes(self, electrons, pattern=None, drift=None):
        normal, sqrt, gain = self.random.gauss, math.sqrt, self.gain
        out = array.array("H", bytes(2 * WIDTH * HEIGHT))
        for i, fall in enumerate(self.fall):
            light = electrons * fall
            if pattern:
                light *= pattern(i % WIDTH, i // WIDTH)
            if drift:
                light *= drift(i % WIDTH, i // WIDTH)
            e = light + normal(0, sqrt(light + READ * READ))
            out[i] = min(WHITE, max(0, int(BLACK + gain * e + 0.5)))
        for x, y in HOT:
            out[y * WIDTH + x] = min(WHITE, out[y * WIDTH + x] + 700)
        for x, y in DEAD:
            out[y * WIDTH + x] = int(BLACK)
        if sys.byteorder == "big":
            out.byteswap()
        return out.tobytes()

    def write(self, path, electrons, iso=100, told=64, white=WHITE, exposure=True, size=None, **how):
        width, height = size or (WIDTH, HEIGHT)
        codes = self.codes(electrons, **how)[:2 * width * height]
        seconds = electrons * 2e-6 if electrons else 1e-3
        return write_dng(path, width, height, codes, told, white, seconds if exposure else None, iso, self.cfa)

    def series(self, folder, name="mono", levels=6, darks=2, frames=2, **how):
        """Frames from a fiftieth of white to a little beyond it."""
        os.makedirs(folder, exist_ok=True)
        for k in range(darks):
            self.write(os.path.join(folder, "dark%d.dng" % k), 0, **how)
        for i in range(levels):
            electrons = FULL * GAIN / self.gain * 0.02 * 52 ** (i / (levels - 1))
            for k in range(frames):
                self.write(os.path.join(folder, "%s%02d_%d.dng" % (name, i, k)), electrons, **how)
        return folder


class Noise(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.flats = Sensor().series(os.path.join(cls.shared, "flats"))
        cls.color_flats = Sensor(cfa=(0, 1, 1, 2), seed=2).series(os.path.join(cls.shared, "color"), "color", levels=7)

    def good(self, *words, env=None):
        done = run("calibrate", "noise", *words, "-o", self.path("rig"), env=env)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def bad(self, code, *patterns, words=()):
        """Fails with one line, and leaves nothing behind."""
        before = tree(self.at)
        done = run("calibrate", "noise", "-o", self.path("rig"), *words)
        self.complains(done, code, *patterns)
        self.assertEqual(done.stdout, "")
        self.assertEqual(tree(self.at), before)

    def index(self):
        return read(self.path("rig", "rig.yaml")).decode()

    def near(self, value, truth, share, what):
        self.assertLess(abs(value / truth - 1), share, "%s: %g, is %g" % (what, value, truth))

    def judge(self, group, gain=GAIN):
        self.near(group["codes_per_electron"]["value"], gain, 0.03, "gain")
        self.near(group["read_noise_electrons"]["value"], READ, 0.05, "read noise")
        self.near(group["scale"], gain / (WHITE - BLACK), 0.03, "scale")
        self.near(group["offset"], ((READ * gain) ** 2 + 1 / 12) / (WHITE - BLACK) ** 2, 0.1, "offset")
        for black in group["black"]:
            self.assertLess(abs(black["value"] - BLACK), 0.2)
        self.near(group["full_well_electrons"], (WHITE - BLACK) / gain, 0.03, "full well")
        self.assertLess(max(-group["linearity_min"], group["linearity_max"]), 0.01)

    def test_both_cameras(self):
        told = json.loads(self.good("--mono", self.flats + "/*.dng", "--color", self.color_flats, "--json", "--report",
                                    self.path("r.json"), env={"SOURCE_DATE_EPOCH": "1700000000"}))
        self.assertEqual(told, json.loads(read(self.path("r.json"))))
        for camera, sites in (("mono", 1), ("color", 4)):
            record = json.loads(read(self.path("rig", camera + ".noise.json")))
            self.assertEqual((record["calibration"], record["made"][:4], record["camera"]), ("noise", "2023", camera))
            self.assertEqual(record["verdict"], "good", record["notes"])
            self.assertEqual(record["gains"], told[camera]["gains"])
            self.assertEqual(len(record["gains"][0]["black"]), sites)
            self.assertEqual(record["gains"][0]["black_from"], "darks")
            self.judge(record["gains"][0])
            lines = read(self.path("rig", camera + ".defects.txt")).decode().splitlines()
            found = {tuple(map(int, line.split("#")[0].split())) for line in lines if line[0] != "#"}
            self.assertEqual(found, set(HOT + DEAD))
            drawing = xml.etree.ElementTree.parse(self.path("rig", camera + ".noise.svg")).getroot()
            self.assertTrue(drawing.tag.endswith("svg"))
            self.assertGreater(len(drawing.findall(".//{*}circle")), 5)
        self.assertEqual(sorted(os.listdir(self.path("rig"))), sorted(
            ["rig.yaml"] + [c + e for c in ("mono", "color") for e in (".noise.json", ".noise.svg", ".defects.txt")]))
        self.assertIn("defects: mono.defects.txt", self.index())

    def test_report_for_people(self):
        text = self.good("--mono", self.flats)
        for pattern in ("mono camera, gain 1: good", r"gain +0\.[78]\d* codes per electron \+- ", "read noise +[34][.0-9]*",
                        r"black level +64\.\d+ codes \+- ", "saturation", "linearity", "broken pixels: 5"):
            self.assertRegex(text, pattern)

    def test_gains_are_merged(self):
        sensor = Sensor(gain=2 * GAIN, seed=3)
        sensor.series(self.path("high"), levels=5, iso=200)
        os.makedirs(self.path("rig"))
        write(self.path("rig", "rig.yaml"), "# mine\nversion: 1\nmono:\n  gain: 1.5  # by hand\n"
              "  noise: [{gain: 1, scale: 0.5, offset: 0.5}, {gain: 8, scale: 0.003, offset: 0.00001}]\n")
        self.good("--mono", self.flats, "--mono", self.path("high"))
        entries = re.findall(r"\{gain: (\S+), scale: (\S+), offset: (\S+)\}", self.index())
        self.assertEqual(sorted(float(e[0]) for e in entries), [1, 2, 8])
        scale = {float(e[0]): float(e[1]) for e in entries}
        self.near(scale[1], GAIN / (WHITE - BLACK), 0.03, "scale at 1")
        self.near(scale[2], 2 * GAIN / (WHITE - BLACK), 0.03, "scale at 2")
        self.assertEqual(scale[8], 0.003)
        for kept in ("# mine\n", "gain: 1.5  # by hand\n"):
            self.assertIn(kept, self.index())

    def test_fuse_uses_it(self):
        shutil.copytree(os.path.dirname(self.given("rig.yaml")), self.path("rig"))
        before = json.loads(run(*self.words(rig=self.path("rig", "rig.yaml")), "--json").stdout)["noise"]["mono"]
        self.good("--mono", self.flats)
        rig = self.index()
        write(self.path("rig", "rig.yaml"), re.sub(r"\n  (black|defects):.*", "", rig))
        done = run(*self.words(rig=self.path("rig", "rig.yaml")), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        after = json.loads(done.stdout)["noise"]["mono"]
        scale, offset = re.search(r"scale: (\S+), offset: (\S+?)\}", rig).groups()
        self.near(after["scale"], float(scale), 1e-5, "scale")
        self.near(after["offset"], float(offset), 1e-5, "offset")
        self.assertNotAlmostEqual(before["scale"] / after["scale"], 1, places=2)

    def test_darks_apart_and_unknown_exposure(self):
        sensor = Sensor(seed=4)
        sensor.series(self.path("flats"), darks=0, exposure=False, levels=5)
        os.mkdir(self.path("darks"))
        for k in range(2):
            sensor.write(self.path("darks", "%d.dng" % k), 0, exposure=False)
        told = json.loads(self.good("--mono", self.path("flats"), "--dark", self.path("darks"), "--json"))["mono"]["gains"][0]
        self.assertIsNone(told["linearity_max"])
        self.assertEqual(told["black_from"], "darks")
        self.near(told["read_noise_electrons"]["value"], READ, 0.05, "read noise")
        told = json.loads(self.good("--mono", self.path("flats"), "--json"))["mono"]
        self.assertEqual((told["verdict"], told["gains"][0]["black_from"]), ("usable", "told"))

    def test_from_pictures(self):
        def scene(x, y):
            return 0.15 + 0.8 * x / WIDTH + (0.2 if (x // 24 + y // 24) % 2 else 0)
        sensor = Sensor(seed=5)
        for k in range(3):
            sensor.write(self.path("%d.dng" % k), 0.7 * FULL, pattern=scene)
        text = self.good("--from-pictures", "--mono", self.path("*.dng"))
        self.assertRegex(text, "estimate from pictures.*\n.*\n.*\n.*how sure +\\+- [0-9]+ %")
        self.assertRegex(text, "Flat frames tell it to a percent")
        scale = float(re.search(r"scale: (\S+),", self.index())[1])
        self.near(scale, GAIN / (WHITE - BLACK), 0.4, "scale")
        self.assertNotIn("black", self.index())

    def test_not_flat(self):
        Sensor(seed=6).series(self.path("a"), levels=4, pattern=lambda x, y: 1 + 0.2 * math.sin(x) * math.sin(y))
        self.bad(1, r"mono\d\d_\d.dng is not flat.* out of focus", words=("--mono", self.path("a")))

    def test_saturated_and_dark(self):
        sensor = Sensor(seed=7)
        for k in range(2):
            sensor.write(self.path("white%d.dng" % k), 3 * FULL)
            sensor.write(self.path("whiter%d.dng" % k), 4 * FULL)
            sensor.write(self.path("dim%d.dng" % k), 2)
            sensor.write(self.path("dark%d.dng" % k), 0)
        self.bad(1, "saturated.*shorter exposures", words=("--mono", self.path("white*.dng")))
        self.bad(1, "too dark", words=("--mono", self.path("d*.dng")))
        self.bad(1, "dark frames only", words=("--mono", self.path("dark*.dng")))

    def test_one_frame_or_level(self):
        Sensor(seed=8).series(self.path("a"), levels=4, frames=1, darks=1)
        self.bad(1, "no two frames have the same light.*two or more.*--from-pictures", words=("--mono", self.path("a")))
        self.bad(1, "one brightness", words=("--mono", self.flats + "/mono02*.dng"))
        for i in (1, 2):
            for k in range(2):
                shutil.copy(self.flats + "/mono0%d_0.dng" % i, self.path("same%d_%d.dng" % (i, k)))
        self.bad(1, "one and the same picture", words=("--mono", self.path("same*.dng")))

    def test_flicker_and_movement(self):
        sensor = Sensor(seed=9)
        os.mkdir(self.path("a"))
        for i, electrons in enumerate((400, 800, 1600)):
            for k in range(2):
                sensor.write(self.path("a", "%d_%d.dng" % (i, k)), electrons,
                             drift=lambda x, y, k=k: 1 + (0.05 if k else -0.05) * math.sin(y / 20))
        self.bad(1, r"0_0.dng and 0_1.dng differ in places.*flicker", words=("--mono", self.path("a")))

    def test_lamp_that_changes_between_frames(self):
        sensor = Sensor(seed=12)
        for i, electrons in enumerate((400, 800, 1600)):
            for k in range(2):
                sensor.write(self.path("%d_%d.dng" % (i, k)), electrons, drift=lambda x, y, k=k: 1 + 0.12 * k)
        self.bad(1, "has the exposure time of.*1[123] % more or less light.*flickers", words=("--mono", self.path("*.dng")))

    def test_one_bad_pair_is_left_out(self):
        shutil.copytree(self.flats, self.path("flats"))
        sensor = Sensor(seed=10)
        for k in range(2):
            sensor.write(self.path("flats", "moved%d.dng" % k), 1111,
                         drift=lambda x, y, k=k: 1 + (0.05 if k and x > 99 else 0))
        told = json.loads(self.good("--mono", self.path("flats"), "--json"))["mono"]
        self.assertEqual([n for n in told["notes"] if "moved0.dng" in n and n.startswith("Left out")][:1], told["notes"][:1])
        self.judge(told["gains"][0])

    def test_mixed_frames(self):
        sensor = Sensor(seed=11)
        cases = {"size": (dict(size=(WIDTH, 100)), "192x100.*192x128|192x128.*192x100"),
                 "white": (dict(white=1023), "white level.*bit depth"), "black": (dict(told=80), "black level 80")}
        for name, (how, words) in cases.items():
            path = sensor.write(self.path(name + ".dng"), 0.2 * FULL * GAIN, **how)
            self.bad(1, words, words=("--mono", self.flats, "--mono", path))
        self.bad(1, "colour picture given as --mono", words=("--mono", self.color_flats))
        self.bad(1, "mono picture given as --color", words=("--color", self.flats))

    def test_no_raws(self):
        write(self.path("a.jpg"), b"\xff\xd8\xff\xe0" + bytes(100))
        self.bad(1, "a.jpg: a JPEG.*no longer the sensor's", words=("--mono", self.path("a.jpg")))
        write(self.path("a.dng"), b"rubbish" * 100)
        self.bad(1, "a.dng", words=("--mono", self.path("a.dng")))
        self.bad(2, "no file is called", words=("--mono", self.path("none*.dng")))

    def test_usage(self):
        self.bad(2, "--mono, --color", words=())
        self.bad(2, "quotes", words=("--mono", self.flats, "stray.dng"))
        self.bad(2, "--bits", words=("--mono", self.flats, "--bits", "33"))
        self.bad(2, "--dark", words=("--from-pictures", "--mono", self.flats, "--dark", self.flats))
        done = run("calibrate", "noise", "--mono", self.flats)
        self.complains(done, 2, "which rig")
        write(self.path("file"), "")
        done = run("calibrate", "noise", "--mono", self.flats, "-o", self.path("file", "rig"))
        self.complains(done, 1, "file")


if __name__ == "__main__":
    main()
