#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every `calibrate` command, fed what people feed it by mistake: one clear line, and nothing left behind.

Does not prove that a calibration is right, nor try each command's own pitfalls: their own tests do. Standard library only.
Usage: test_calibrate_bad_input.py CHROMAFUSE [NAME...]
"""
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

from cli_case import PROGRAM, SANITIZED, Case, main, read, run, tree, write

# What each command is given in a good run: options of its own, then patterns for --mono and --color.
BOARD = ["--board", "7x5", "--square", "0.03"]
COMMANDS = {
    "geometry": (BOARD, "board/mono*.png", "board/color*.png"),
    "noise": ([], "flat/mono*.dng", "flat/color*.dng"),
    "shading": ([], "flat/mono_g1_l01*.dng", "flat/color_g1_l01*.dng"),
    "color": ([], "chart/mono*.dng", "chart/color*.dng"),
}
# What is not there yet, or not built in, is not tried.
COMMANDS = {name: given for name, given in COMMANDS.items()
            if all(word in run("calibrate", name, "--help").stdout for word in ["--mono", *given[0][::2]])}


def png(width, height, rows=None):
    """A grey 8-bit PNG; without rows only its beginning, which claims a size."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    if rows is None:
        return head
    return head + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b"")


class BadInput(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="chromafuse-bad-")
        for target, more in (("board", ["--board", "7x5", "--square", "0.03", "--size", "480x360", "--poses", "5", "--png"]),
                             ("chart", ["--size", "400x300"]),
                             ("flat", ["--size", "192x160", "--levels", "3", "--brightest", "1.2", "--darks", "1"])):
            made = run("simulate", "--target", target, "-o", os.path.join(cls.shared, target), *more)
            assert made.returncode == 0, made.stderr
        cls.files = cls.make_files()

    @classmethod
    def make_files(cls):
        """Names of files that no calibration can use."""
        dng = read(os.path.join(cls.shared, "flat", "mono_g1_l01_0.dng"))
        picture = read(os.path.join(cls.shared, "board", "mono_000.png"))
        contents = {
            "empty.dng": b"", "empty.png": b"", "short.dng": dng[:len(dng) // 3], "short.png": picture[:len(picture) // 2],
            "text.png": b"not a picture\n" * 40, "text.dng": b"not a picture\n" * 40, "dot.png": png(1, 1, [b"\x80"]),
            "vast.png": png(32000, 32000), "wide.png": png(32000, 1, [bytes(32000)]), "head.png": png(400, 300),
            "even.png": png(400, 300, [b"\x80" * 400] * 300), "zeros.dng": bytes(4096),
        }
        at = os.path.join(cls.shared, "bad")
        os.mkdir(at)
        return {name: write(os.path.join(at, name), data) for name, data in contents.items()}

    def words(self, command, mono=None, color=None, rig="rig"):
        options, good_mono, good_color = COMMANDS[command]
        where = lambda given, good: os.path.join(self.shared, good) if given is None else given
        return ["calibrate", command, *options, "--mono", where(mono, good_mono), "--color", where(color, good_color),
                "-o", self.path(rig)]

    def refused(self, command, code=(1, 2), says="", **changes):
        before = tree(self.at)
        done = run(*self.words(command, **changes))
        with self.subTest(command=command, **changes):
            self.assertIn(done.returncode, code, done.stderr + done.stdout)
            errors = [line for line in done.stderr.splitlines() if line.startswith("chromafuse: error: ")]
            self.assertEqual(len(errors), 1, done.stderr)
            self.assertIn(says, errors[0])
            self.assertNotIn("Sanitizer", done.stderr)
            self.assertEqual(tree(self.at), before, "the run left something behind or changed it")

    def test_files_that_are_no_pictures(self):
        for command in COMMANDS:
            for name, path in self.files.items() if command != "geometry" else ():
                self.refused(command, mono=path, says=name)

    def test_pictures_without_a_board(self):
        """A picture that cannot be used is named and left out, which may leave none."""
        one = os.path.join(self.shared, "board", "color_000.png")
        for name in ("empty.png", "short.png", "dot.png", "wide.png", "even.png", "text.dng") if "geometry" in COMMANDS else ():
            before = tree(self.at)
            done = run(*self.words("geometry", self.files[name], one))
            with self.subTest(name=name):
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, "(?m)^chromafuse: warning: .*%s: .*left out$" % name)
                self.assertRegex(done.stderr, "(?m)^chromafuse: error: no board .* mono pictures")
                self.assertNotRegex(done.stderr, "OpenCV|Sanitizer")
                self.assertEqual(tree(self.at), before)

    def test_a_bad_picture_among_good_ones_is_left_out(self):
        if "geometry" not in COMMANDS:
            self.skipTest("no board finder in this build")
        shutil.copytree(os.path.join(self.shared, "board"), self.path("board"))
        write(self.path("board", "mono_002.png"), read(self.files["short.png"]))
        done = run(*self.words("geometry", self.path("board", "mono*.png"), self.path("board", "color*.png")), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mono_002.png", done.stdout + done.stderr)

    def test_exchanged_cameras(self):
        for command, (_, mono, color) in COMMANDS.items():
            mono, color = (os.path.join(self.shared, p.replace("png", "dng")) for p in (color, mono))
            self.refused(command, mono=mono, color=color, says="given as --")

    def test_very_few_pictures_are_judged(self):
        if "geometry" not in COMMANDS:
            self.skipTest("no board finder in this build")
        where = [os.path.join(self.shared, "board", name + "_00[0-2].dng") for name in ("mono", "color")]
        done = run(*self.words("geometry", *where))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("verdict: shoot again", done.stdout)

    def test_names_that_lead_nowhere(self):
        os.mkdir(self.path("hollow"))
        for command in COMMANDS:
            self.refused(command, mono=self.path("nobody*.png"), says="nobody*.png")
            self.refused(command, mono=self.path("nobody.png"), says="nobody.png")
            self.refused(command, mono=self.path("hollow"), says="hollow")
            self.refused(command, mono="", says="--mono")
            self.refused(command, color=self.path("nobody"), says="nobody")

    def test_broken_rigs_stay_as_they_are(self):
        os.mkdir(self.path("rig"))
        for text in ("version: 1\nmono: [\n", "version: 1\nmono: hello\n", "version: 2\n", "- a list\n", "\xff\0",
                     "a: &x 1\nb: *x\n", "#" * 2000000):
            write(self.path("rig", "rig.yaml"), text.encode("latin-1"))
            for command in COMMANDS:
                self.refused(command, says="rig.yaml")

    def test_places_that_cannot_be_written(self):
        write(self.path("file"), "x")
        for command in COMMANDS:
            self.refused(command, rig="file", says="file")
            self.refused(command, rig="file/below", says="file")
            self.refused(command, rig="/proc/nothing/here", says="/proc/nothing")

    def test_a_full_disk_leaves_nothing(self):
        for command in COMMANDS:
            before = tree(self.at)
            done = run(*self.words(command),
                       preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                           resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))))
            with self.subTest(command=command):
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stderr, "(?m)^chromafuse: error: .*(too large|write)")
                self.assertEqual(tree(self.at), before)

    def test_reports_that_cannot_be_written(self):
        for command in COMMANDS:
            before = tree(self.at)
            done = run(*self.words(command), "--report", "/dev/full")
            with self.subTest(command=command):
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("/dev/full", done.stderr)
                self.assertEqual(tree(self.at), before, "a failed run left results")

    def test_interrupted_runs_leave_nothing(self):
        for command in COMMANDS:
            for delay in (0.02, 0.15):
                with subprocess.Popen([PROGRAM, *self.words(command)], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) as running:
                    time.sleep(delay)
                    running.send_signal(signal.SIGINT)
                    code = running.wait(60)
                with self.subTest(command=command, delay=delay):
                    self.assertIn(code, (0, 1, -signal.SIGINT))
                    left = os.listdir(self.path("rig")) if os.path.isdir(self.path("rig")) else []
                    self.assertEqual(bool(left), code == 0, left)
                    self.assertFalse([name for name in left if name.startswith(".") or "tmp" in name], left)
                shutil.rmtree(self.path("rig"), ignore_errors=True)

    def test_names_of_all_kinds(self):
        """Blanks, line breaks, no UTF-8, brackets: they work, and the record stays valid JSON."""
        odd = os.fsencode(self.path("sp ace [x] \n")) + b"\xff"
        os.mkdir(odd)
        good = os.path.join(self.shared, "flat")
        for name in os.listdir(good):
            if name.startswith("mono_g1_l01"):
                shutil.copy(os.path.join(good, name), os.path.join(odd, os.fsencode(name)))
        done = run("calibrate", "shading", "--mono", odd, "-o", self.path("rig"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        json.loads(done.stdout)
        json.loads(read(self.path("rig", "mono.shading.json")))

    def test_wrong_usage(self):
        for command in COMMANDS:
            for words in (["--bogus"], ["stray"], ["--mono"], ["-o"]):
                done = run("calibrate", command, *words)
                with self.subTest(command=command, words=words):
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn("Try 'chromafuse calibrate", done.stderr)
            self.assertEqual(run("calibrate", command).returncode, 2)


if __name__ == "__main__":
    main()
