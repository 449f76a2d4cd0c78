#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program from outside: wrong files, rigs, words and numbers get one clear line and change nothing.

Does not prove that readers survive every damage: the fuzz targets look for that. Standard library only.
Usage: test_cli_input.py CHROMAFUSE [NAME...]
"""
import json
import os
import random
import re
import shutil
import struct
import unittest

from cli_case import HEIGHT, SANITIZED, WIDTH, Case, main, read, run, write


class BadFiles(Case):
    def test_missing_and_no_files(self):
        missing = self.path("missing.dng")
        os.mkdir(self.path("folder.dng"))
        for option in ("rig", "mono", "color"):
            for value in (missing, "/dev/null"):
                with self.subTest(option=option, value=value):
                    self.bad(1, re.escape(value), **{option: value})
        self.bad(1, "folder", rig=self.path("folder.dng"))
        for option in ("mono", "color"):
            self.bad(1, "both be files or both be folders", **{option: self.path("folder.dng")})

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_unreadable(self):
        locked = write(self.path("locked.dng"), read(self.given("mono.dng")))
        os.chmod(locked, 0)
        self.bad(1, "locked.dng", mono=locked)

    def test_truncated(self):
        for camera in ("mono", "color"):
            whole = read(self.given(camera + ".dng"))
            for length in (0, 4, 100, 500, 2000, len(whole) // 2, len(whole) - 5000):
                with self.subTest(camera=camera, length=length):
                    self.bad(1, r"cut\.dng", **{camera: write(self.path("cut.dng"), whole[:length])})

    def test_hostile(self):
        """Flipped bits in the headers: any outcome but a crash, a second line or a file of a failed run."""
        whole = read(self.given("color.dng"))
        random.seed(1)
        for i in range(10 if SANITIZED else 40):
            data = bytearray(whole)
            for _ in range(1 + i % 4):
                data[random.choice((random.randrange(0, 16), random.randrange(8, 1200), len(data) - 1 - random.randrange(0, 1200)))] ^= 1 << random.randrange(8)
            path = write(self.path("hostile.dng"), bytes(data))
            with self.subTest(i=i):
                done = run(*self.words(color=path))
                self.assertIn(done.returncode, (0, 1), done.stderr)
                if done.returncode:
                    self.complains(done, 1)
                    self.assertEqual(sorted(os.listdir(self.at)), ["hostile.dng"])
                else:
                    os.remove(self.out)

    def test_wrong_kind(self):
        text = write(self.path("text.dng"), "not a raw\n" * 100)
        for option in ("mono", "color"):
            self.bad(1, "text.dng", **{option: text})
            self.bad(1, "truth.png", **{option: self.given("truth.png")})

    def test_cameras_mixed_up(self):
        mono, color = self.given("mono.dng"), self.given("color.dng")
        self.bad(1, "color.dng: .*colour sensor.*swapped", mono=color, color=mono)
        self.bad(1, "mono.dng: .*monochrome.*swapped", color=mono)
        self.bad(1, "color.dng: .*colour sensor.*swapped", mono=color)

    def test_zero_size_picture(self):
        for camera in ("mono", "color"):
            tags = {256: 0, 257: 0}
            data = bytearray(read(self.given(camera + ".dng")))
            at = struct.unpack("<I", data[4:8])[0]
            for i in range(struct.unpack("<H", data[at:at + 2])[0]):
                entry = at + 2 + 12 * i
                if struct.unpack("<H", data[entry:entry + 2])[0] in tags:
                    data[entry + 8:entry + 12] = b"\0\0\0\0"
            self.bad(1, r"zero\.dng", **{camera: write(self.path("zero.dng"), bytes(data))})


class BadRigs(Case):
    def setUp(self):
        super().setUp()
        for name in ("mono.cameramodel", "color.cameramodel"):
            shutil.copy(self.given(name), self.path(name))
        self.text = read(self.given("rig.yaml")).decode()

    def changed(self, pattern, to):
        text, count = re.subn(pattern, to, self.text, flags=re.M)
        self.assertGreater(count, 0, "the rig file has no '%s'" % pattern)
        return write(self.path("bad.yaml"), text)

    def test_keys(self):
        for pattern, to, expected in (
                (r"^version: 1\n", "", "version"), (r"^version: 1", "version: 7", "version.*7"),
                (r"^version: 1", "version: one", "version"), (r"^  model: mono.*\n", "", "model"),
                (r"^  model: color.*\n", "", "color"), (r"^  spectral.*", "  spectral: [1, 2]", "spectral"),
                (r"^  spectral.*", "  spectral: [1, a, 2]", "spectral"), (r"mono:", "mono: [", "bad.yaml"),
                (r"^mono:", "\tmono:", "bad.yaml"), (r"mono.cameramodel", "nowhere.cameramodel", "nowhere")):
            with self.subTest(expected=expected, to=to):
                self.bad(1, r"bad\.yaml|nowhere", expected, rig=self.changed(pattern, to))
        self.bad(1, "empty.yaml", rig=write(self.path("empty.yaml"), ""))
        self.bad(1, "noise.yaml", rig=write(self.path("noise.yaml"), bytes(random.Random(1).randrange(256) for _ in range(3000))))

    def test_unknown_keys_only_warn(self):
        done = self.good(rig=self.changed(r"^version: 1", "version: 1\nfriendly: yes"), report=self.path("r.json"))
        self.assertRegex(done.stderr, "chromafuse: warning: .*friendly")
        self.assertIn("friendly", json.loads(read(self.path("r.json")))["warnings"][0])
        self.assertEqual(self.good("-q", rig=self.path("bad.yaml")).stderr, "")

    def test_camera_models(self):
        text = read(self.given("mono.cameramodel")).decode()
        write(self.path("mono.cameramodel"), text.replace(str(WIDTH), str(WIDTH + 2)))
        rig = self.changed("^version", "version")
        self.bad(1, "mono.cameramodel", "%dx%d" % (WIDTH, HEIGHT), rig=rig)
        for data in ("", "{ 'lensmodel': 'LENSMODEL_WHAT' }", text[:len(text) // 2]):
            write(self.path("mono.cameramodel"), data)
            self.bad(1, "mono.cameramodel", rig=rig)


class BadUsage(Case):
    def test_numbers(self):
        for option, values in {"depth": ("12", "0", "x", "", "8.0", "1e1"), "quality": ("0", "101", "-1", "x", ""),
                               "frames": ("0", "-3", "1e9", "x", "", "99999999999999999999")}.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.bad(2, "--" + option, more=("--%s=%s" % (option, value),))
        for option in ("size=0x0", "size=12", "size=x", "size=10x", "size=99999x10", "size=-5x5", "runs=0", "runs=x"):
            with self.subTest(option=option):
                self.complains(run("bench", "--" + option), 2, "--" + option.split("=")[0])
        for option in ("electrons=x", "electrons=0", "electrons=nan", "electrons=inf", "ratio=0.5", "ratio=", "focal=0",
                       "baseline=-1", "doffs=1e9", "max-disparity=0", "seed=-1", "seed=1.5", "size=0x9"):
            with self.subTest(option=option):
                self.complains(run("simulate", "--scene", "own", "-o", self.path("o"), "--" + option), 2,
                               "--" + option.split("=")[0])
        for option in ("cell=0", "cell=x", "border=-1", "border=x", "detail=5", "detail=a,b"):
            with self.subTest(option=option):
                self.complains(run("compare", "--truth", self.given("truth.png"), self.given("truth.png"), "--" + option),
                               2, "--" + option.split("=")[0])
        self.assertEqual(os.listdir(self.at), [])

    def test_words(self):
        self.bad(2, "tone", tone="loud")
        self.bad(2, "transfer", transfer="magic")
        self.bad(2, "--model", transfer="guided", model="x.onnx")
        self.bad(2, "--model", model="")
        self.bad(2, "--colour", more=("--colour", "x"))
        self.bad(2, "-z", more=("-z",))
        self.bad(2, "extra", more=("extra",))
        self.bad(2, "--report", more=("--report",))
        self.bad(2, "--mono", mono=None)
        self.bad(2, "--color", color=None)
        self.bad(2, "--output", output=None)
        for option in ("rig", "mono", "color", "output", "report"):
            self.bad(2, "--" + option, **{option: ""})
        for setting in ("encode.gain=x", "encode.gain=1e99", "encode.nothing=1", "nowhere.gain=1", "gain", "", "="):
            with self.subTest(setting=setting):
                self.bad(1, more=("--set=" + setting,))
        self.complains(run("paint"), 2, "paint")
        self.complains(run(), 2)
        self.complains(run("devices", "file"), 2, "file")
        self.complains(run("bench", "--stage", "paint"), 2, "paint")
        self.complains(run("simulate"), 2)
        self.complains(run("compare"), 2)

    def test_outputs(self):
        for option in ("output", "provenance", "color-alone", "write-linear", "write-mono", "error-map", "disparity",
                       "mono-picture"):
            for name in ("a.gif", "a", "a.png.exe"):
                with self.subTest(option=option, name=name):
                    self.bad(2, re.escape(name), **{option: self.path(name)})
        for option in ("write-linear", "write-mono", "error-map", "disparity"):
            self.bad(2, r"a\.png", **{option: self.path("a.png")})
        self.bad(2, r"a\.jpg", output=self.path("a.jpg"), depth=16)

    def test_unequal_folders(self):
        for name in ("mono", "color", "empty"):
            os.mkdir(self.path(name))
        for i in range(2):
            shutil.copy(self.given("mono.dng"), self.path("mono", "%d.dng" % i))
        shutil.copy(self.given("color.dng"), self.path("color", "0.dng"))
        folders = dict(mono=self.path("mono"), color=self.path("color"), output=self.path("out"))
        self.bad(1, "2 files.* 1", **folders)
        self.bad(1, "empty.*no raw", **dict(folders, color=self.path("empty")))
        self.bad(1, "both be", **dict(folders, color=self.given("color.dng")))
        self.bad(1, "both be", mono=self.given("mono.dng"), color=self.path("color"))
        self.bad(2, "folders", provenance=self.path("p.png"), **folders)
        self.bad(1, "no recording.*--color", mono=self.path("mono"), color=None, output=self.path("out"))

    def test_one_bad_pair_of_many(self):
        """The others are still made; 9 comes before 10, and a text is no frame."""
        for name in ("mono", "color"):
            os.mkdir(self.path(name))
        for mono, color in (("9.dng", "a1.dng"), ("10.dng", "a2.dng")):
            shutil.copy(self.given("mono.dng"), self.path("mono", mono))
            shutil.copy(self.given("color.dng"), self.path("color", color))
        write(self.path("color", "a1.dng"), "broken")
        write(self.path("color", "notes.txt"), "no frame")
        done = run(*self.words(mono=self.path("mono"), color=self.path("color"), output=self.path("out")))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"error: .*color/a1\.dng")
        self.assertRegex(done.stderr, "error: 1 of 2 pairs failed")
        self.assertEqual(os.listdir(self.path("out")), ["10.png"])


if __name__ == "__main__":
    main()
