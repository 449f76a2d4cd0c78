#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program from outside: good runs and their files, devices, full disks, interruption, the program cache.

Does not judge how good the pictures are: tests/fusion/test_fuse.c does; wrong files and words: test_cli_input.py.
Standard library only. Usage: test_cli.py CHROMAFUSE [NAME...]
"""
import ctypes
import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from cli_case import (COMMANDS, HEIGHT, LIMIT, PROGRAM, SANITIZED, WIDTH, Case, jpeg_size, main, png_rows, png_size, read, run,
                      tiff, tiff_floats, tree, write)


class GoodRuns(Case):
    def test_every_format(self):
        self.good(tone="none")
        self.assertEqual(png_size(self.out), (WIDTH, HEIGHT, 8, 2))
        self.good(output=self.path("deep.png"), depth=16)
        self.assertEqual(png_size(self.path("deep.png")), (WIDTH, HEIGHT, 16, 2))
        self.good(output=self.path("out.JPG"), quality=80)
        self.assertEqual(jpeg_size(self.path("out.JPG")), (WIDTH, HEIGHT, 3))
        for depth in (8, 16):
            self.good(output=self.path("out.tif"), depth=depth)
            tags = tiff(self.path("out.tif"))[0]
            self.assertEqual((tags[256][0], tags[257][0], tags[258]), (WIDTH, HEIGHT, (depth,) * 3))
            self.assertIn(34675, tags, "no ICC profile")
        data = read(self.out)
        for chunk in (b"iCCP", b"eXIf"):
            self.assertIn(chunk, data)

    def test_same_pixels_again(self):
        self.good()
        self.good(output=self.path("again.png"))
        self.assertEqual(read(self.out), read(self.path("again.png")))

    def test_luma_passes_through(self):
        """The mono response of the linear result is the denoised mono picture, where that is in 0..1."""
        self.good(write_linear=self.path("l.tif"), write_mono=self.path("m.tif"))
        spectral = [float(x) for x in re.search(r"spectral: \[(.*)\]", read(self.given("rig.yaml")).decode())[1].split(",")]
        width, height, samples, rgb = tiff_floats(self.path("l.tif"))
        self.assertEqual((width, height, samples), (WIDTH, HEIGHT, 3))
        width, height, samples, mono = tiff_floats(self.path("m.tif"))
        self.assertEqual((width, height, samples), (WIDTH, HEIGHT, 1))
        worst = 0
        for i, m in enumerate(mono):
            if 0 <= m <= 1:
                worst = max(worst, abs(m - sum(w * rgb[3 * i + k] for k, w in enumerate(spectral))))
        self.assertLess(worst, 1 / 4096)
        self.assertGreater(max(mono) - min(mono), 0.3)

    def test_side_files(self):
        names = {"provenance": "p.png", "error_map": "e.tif", "disparity": "d.tif", "color_alone": "c.png",
                 "mono_picture": "m.png", "report": "r.json"}
        self.good(**{key: self.path(name) for key, name in names.items()})
        for row in png_rows(self.path("p.png")):
            for x in range(WIDTH):
                self.assertEqual(sum(row[3 * x:3 * x + 3]), 255)
        self.assertEqual(tiff_floats(self.path("e.tif"))[:3], (WIDTH, HEIGHT, 1))
        self.assertGreaterEqual(min(tiff_floats(self.path("e.tif"))[3]), 0)
        self.assertEqual(tiff_floats(self.path("d.tif"))[2], 1)
        self.assertEqual(png_size(self.path("c.png")), (WIDTH, HEIGHT, 8, 2))
        self.assertEqual(png_size(self.path("m.png")), (WIDTH, HEIGHT, 8, 0))
        self.assertEqual(sorted(os.listdir(self.at)), sorted([*names.values(), "out.png"]))

    def check_report(self, report):
        keys = "size device transfer model stages frame_ms noise chroma_snr_db registration fractions peak_bytes warnings"
        self.assertLessEqual(set(keys.split()), set(report))
        self.assertEqual(report["size"], "%dx%d" % (WIDTH, HEIGHT))
        self.assertTrue(all(s["name"] and s["ms"] >= 0 for s in report["stages"]))
        self.assertEqual((report["transfer"], report["model"]), ("network", "built in"))
        self.assertLessEqual({"cells", "network", "restore"}, {s["name"] for s in report["stages"]})
        self.assertEqual(set(report["frame_ms"]), {"median", "min", "max"})
        self.assertEqual(set(report["noise"]), {"mono", "color"})
        self.assertLessEqual({"residual_px", "vertical_px"}, set(report["registration"]))
        self.assertAlmostEqual(sum(report["fractions"][k] for k in ("measured", "guided", "invented")), 1, places=4)
        self.assertGreater(report["peak_bytes"], 4 * WIDTH * HEIGHT)
        self.assertIsInstance(report["warnings"], list)

    def test_reports(self):
        done = self.good("--json", report=self.path("r.json"), frames=3)
        self.check_report(json.loads(done.stdout))
        self.check_report(json.loads(read(self.path("r.json"))))

    def test_guided(self):
        report = json.loads(self.good("--json", transfer="guided").stdout)
        self.assertEqual((report["transfer"], report.get("model")), ("guided", None))
        stages = {s["name"] for s in report["stages"]}
        self.assertNotIn("network", stages)
        self.assertLess({"cells", "bilateral", "restore"}, stages)

    def test_profile_and_settings(self):
        done = self.good("--profile", "--set", "encode.gain=0.5", tone="none")
        self.assertRegex(done.stdout, r"stage +kernel +launches +ms/frame")
        self.assertRegex(done.stdout, r"denoise")
        self.good(output=self.path("bright.png"), tone="none")
        self.assertNotEqual(read(self.out), read(self.path("bright.png")))

    def test_links_and_streams(self):
        """A link's target is replaced, not the link."""
        write(self.path("real.png"), "old")
        os.symlink("real.png", self.path("link.png"))
        self.good(output=self.path("link.png"))
        self.assertTrue(os.path.islink(self.path("link.png")))
        self.assertEqual(png_size(self.path("real.png"))[:2], (WIDTH, HEIGHT))

    def test_folders_and_recordings(self):
        for camera in ("mono", "color"):
            os.makedirs(self.path("rec", camera))
            for i in range(2):
                shutil.copy(self.given(camera + ".dng"), self.path("rec", camera, "%06d.dng" % i))
        results = ["000000.png", "000001.png"]
        self.good(mono=self.path("rec", "mono"), color=self.path("rec", "color"), output=self.path("out"))
        self.assertEqual(sorted(os.listdir(self.path("out"))), results)
        self.good(mono=self.path("rec"), color=None, output=self.path("out2"))
        self.assertEqual(sorted(os.listdir(self.path("out2"))), results)
        self.assertEqual(read(self.path("out", "000000.png")), read(self.path("out2", "000001.png")))

    def test_help_names_every_option(self):
        self.assertEqual(run("--version").returncode, 0)
        for words in (["--help"], ["-h"], ["help"]):
            overview = run(*words)
            self.assertEqual((overview.returncode, overview.stderr), (0, ""))
            for command in COMMANDS:
                self.assertRegex(overview.stdout, r"\n  %s +\w" % command)
        overview = run("calibrate", "--help")
        self.assertEqual((overview.returncode, overview.stderr), (0, ""))
        parts = re.findall(r"^  (\w+) +\w", overview.stdout, re.M)
        self.assertIn("check", parts)
        for command in [c for c in COMMANDS if c != "calibrate"] + ["calibrate " + part for part in parts]:
            done = run(*command.split(), "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith("usage: chromafuse " + command))
            shown = set(re.findall(r"^ +(?:-\w, +)?--([a-z-]+)", done.stdout, re.M))
            source = os.path.join(os.environ.get("CHROMAFUSE_SOURCE", "."), "tools", command.replace(" ", "_") + ".c")
            if os.path.exists(source):
                told = set(re.findall(r'^    \{"([a-z-]+)", (?:0|\'.\'),', read(source).decode(), re.M))
                self.assertLessEqual(told, shown)
            self.assertLessEqual({"help", "device", "verbose", "quiet"}, shown)


class BadWorld(Case):
    def test_devices(self):
        self.bad(1, "no OpenCL device matches 'nothing'", more=("--device", "nothing"))
        self.bad(1, "no OpenCL device matches '99'", env={"CHROMAFUSE_DEVICE": "99"})
        self.bad(1, "no OpenCL device.*pocl-opencl-icd", env={"OCL_ICD_VENDORS": "/nonexistent"})
        self.assertEqual(run("devices", env={"OCL_ICD_VENDORS": "/nonexistent"}).returncode, 0)
        self.good("--device", "0")
        self.assertGreaterEqual(len(json.loads(run("devices", "--json").stdout)["opencl"]), 1)

    def test_device_memory(self):
        for amount in ("1", "100K", "2M"):
            self.bad(1, "no memory for a buffer.*CHROMAFUSE_MEMORY", env={"CHROMAFUSE_MEMORY": amount})
        for amount in ("lots", "-1", "0", "1.5G", "1GG"):
            self.bad(1, "CHROMAFUSE_MEMORY", env={"CHROMAFUSE_MEMORY": amount})
        self.good(env={"CHROMAFUSE_MEMORY": "2G"})

    def limit_files(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    def test_file_too_large(self):
        for name in ("big.png", "big.jpg", "big.tif"):
            with self.subTest(name=name):
                self.bad(1, re.escape(name), output=self.path(name), preexec_fn=self.limit_files)
        write(self.path("p.png"), "old")
        self.bad(1, r"l\.tif|p\.png", provenance=self.path("p.png"), write_linear=self.path("l.tif"),
                 preexec_fn=self.limit_files)

    @unittest.skipIf(os.geteuid() != 0, "needs root to mount a small disk")
    def test_disk_full(self):
        os.mkdir(self.path("disk"))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", self.path("disk").encode(), b"tmpfs", 0, b"size=64k"):
            self.skipTest("no mounting here: " + os.strerror(ctypes.get_errno()))
        try:
            for name in ("full.png", "full.tif", "full.jpg"):
                done = run(*self.words(output=self.path("disk", name), quality=100))
                self.complains(done, 1, re.escape(name) + ".*No space left")
                self.assertEqual(os.listdir(self.path("disk")), [])
            done = run("simulate", "--scene", "own", "--size", "320x240", "-o", self.path("disk", "rig"))
            self.complains(done, 1, "No space left")
            self.assertEqual(os.listdir(self.path("disk")), [])
        finally:
            libc.umount2(self.path("disk").encode(), 2)

    def test_no_such_folder(self):
        self.bad(1, "nowhere", output=self.path("nowhere", "out.png"))
        self.bad(1, "nowhere", report=self.path("nowhere", "r.json"))
        os.mkdir(self.path("folder.png"))
        self.bad(1, "folder.png", output=self.path("folder.png"))

    @unittest.skipIf(os.geteuid() == 0, "root writes everywhere")
    def test_read_only_folder(self):
        os.chmod(self.at, 0o500)
        self.bad(1, "out.png")

    def test_read_only_disk(self):
        if not os.path.isdir("/proc/self"):
            self.skipTest("no /proc")
        self.bad(1, "/proc/self/out.png", output="/proc/self/out.png")

    def test_results_stay_where_a_run_fails(self):
        self.good(provenance=self.path("p.png"), report=self.path("r.json"))
        cut = write(self.path("cut.dng"), read(self.given("mono.dng"))[:9000])
        self.bad(1, "cut.dng", mono=cut, provenance=self.path("p.png"), report=self.path("r.json"))
        os.mkdir(self.path("folder.png"))
        self.bad(1, "folder.png", output=self.path("folder.png"), provenance=self.path("p.png"),
                 report=self.path("r.json"))

    def test_closed_pipes(self):
        for words in (self.words(json=True), ["devices", "--json"], ["fuse", "--help"]):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run([PROGRAM, *words], stdout=writing, stderr=subprocess.PIPE, timeout=LIMIT, text=True)
            os.close(writing)
            self.assertEqual(done.returncode, 1, words)
            self.complains(done, 1, "standard output")
        self.assertEqual(os.listdir(self.at), [])

    def test_full_standard_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "devices"], stdout=full, stderr=subprocess.PIPE, timeout=LIMIT, text=True)
        self.complains(done, 1, "standard output.*No space left")


class Interruption(Case):
    def handles(self, process, number):
        """Whether the program got as far as to catch the signal; on a busy machine loading it takes a while."""
        caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", read("/proc/%d/status" % process.pid).decode(), re.M)
        return int(caught[1], 16) >> (number - 1) & 1

    def interrupt(self, words, number, wait):
        process = subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(600):
            if not os.path.isdir("/proc/self") or self.handles(process, number):
                break
            time.sleep(0.1)
        time.sleep(wait)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertRegex(err, "^chromafuse: error: interrupted")
        self.assertEqual(out, "")

    def test_in_the_middle(self):
        self.good(provenance=self.path("p.png"))
        before = tree(self.at)
        words = self.words(frames=100000, provenance=self.path("p.png"), report=self.path("r.json"))
        self.interrupt(words, signal.SIGINT, 2)
        self.interrupt(words, signal.SIGTERM, 0.3 if not SANITIZED else 1)
        self.assertEqual(tree(self.at), before)

    def test_simulate(self):
        self.interrupt(["simulate", "--scene", "own", "--size", "3000x2000", "-o", self.path("rig")], signal.SIGINT, 1)
        self.assertEqual(os.listdir(self.at), [])


class ProgramCache(Case):
    """On a device with a cache of its own; simple stages, so that compiling takes little time."""
    words_of_bench = ("bench", "--stage", "black", "--size", "64x48", "--runs", "1", "--json")

    # LeakSanitizer's tracer (GCC 12) crashes on some processors where PoCL compiled with threads of its own.
    calm = {"POCL_MAX_PTHREAD_COUNT": "1"} if SANITIZED else {}

    def cache(self):
        return {"CHROMAFUSE_CACHE": self.path("programs"), "POCL_CACHE_DIR": self.path("pocl"), **self.calm}

    def test_two_at_once(self):
        os.mkdir(self.path("pocl"))
        env = dict(os.environ, **self.cache())
        both = [subprocess.Popen([PROGRAM, *self.words_of_bench], env=env, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True) for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=LIMIT)
            self.assertEqual((process.returncode, err), (0, ""))
            json.loads(out)
        names = os.listdir(self.path("programs"))
        self.assertGreater(len(names), 0)
        self.assertTrue(all(name.endswith(".bin") for name in names), names)

    def test_damaged(self):
        os.mkdir(self.path("pocl"))
        self.assertEqual(run(*self.words_of_bench, env=self.cache()).returncode, 0)
        entries = sorted(glob.glob(self.path("programs", "*.bin")))
        for damage in (lambda data: b"", lambda data: data[:len(data) // 2], lambda data: b"rubbish" * 100,
                       lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]):
            good = {path: read(path) for path in entries}
            for path, data in good.items():
                write(path, damage(data))
            done = run(*self.words_of_bench, env=self.cache())
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(sorted(glob.glob(self.path("programs", "*"))), entries)
            for path, data in good.items():
                self.assertNotEqual(read(path)[:8], damage(data)[:8] or b"", "not rebuilt") \
                    if damage(data)[:8] != data[:8] else None

    def test_no_place_for_it(self):
        write(self.path("file"), "")
        done = run(*self.words_of_bench, env={"CHROMAFUSE_CACHE": self.path("file", "below"), **self.calm})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, "warning: .*program cache")


if __name__ == "__main__":
    main()
