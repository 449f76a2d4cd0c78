#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate geometry --import` and `--export` from outside: what arrives in the rig's folder and what is refused.

Does not prove that OpenCV agrees: compare_opencv.py does where OpenCV is. Standard library only.
Usage: test_calibrate_opencv.py CHROMAFUSE [NAME...]
"""
import json
import os
import re
import shutil

from cli_case import Case, main, read, run, tree, write

DATA = os.path.join(os.environ.get("CHROMAFUSE_SOURCE", "."), "tests/calib/data")
STEREO, INTRINSICS, EXTRINSICS = (os.path.join(DATA, "opencv_%s.yml" % n) for n in ("stereo", "intrinsics", "extrinsics"))
M, R = "[500, 0, 320, 0, 500, 240, 0, 0, 1]", "[1, 0, 0, 0, 1, 0, 0, 0, 1]"
GOOD = {"M1": M, "D1": "[0, 0, 0, 0, 0]", "M2": M, "D2": "[0.1, 0, 0, 0, 0]", "R": R, "T": "[-0.06, 0, 0]",
        "imageSize": "[640, 480]"}

# (what is changed in a good file; None takes the key out), pattern of the complaint
WRONG = [
    ({"M1": None}, "has no camera matrix of camera 1"),
    ({"D2": None}, "has no distortion of camera 2"),
    ({"R": None}, "has no rotation"),
    ({"T": None}, "has no translation"),
    ({"imageSize": None}, "picture size of camera 1.*--size"),
    ({"M1": "yes"}, "key 'M1'"),
    ({"M1": "{a: 1}"}, "key 'M1'.*rows, cols and data"),
    ({"M1": M.replace("500", "0", 1)}, "key 'M1'.*focal.*not positive"),
    ({"M1": M.replace("500", "-500")}, "key 'M1'.*focal.*not positive"),
    ({"M1": M.replace("500", "5")}, "focal length"),
    ({"M2": M.replace("320", ".Nan")}, "key 'M2'.*no finite number"),
    ({"M2": M.replace("320", "1e400")}, "key 'M2'.*no finite number"),
    ({"M1": "!!opencv-matrix {rows: 2147483647, cols: 2147483647, dt: d, data: [1]}"}, "key 'M1'.*rows, cols"),
    ({"M1": "!!opencv-matrix {rows: 3, cols: 3, dt: d, data: [1, 2]}"}, "key 'M1'.*rows times cols"),
    ({"D1": "[1, 2, 3]"}, "key 'D1'.*3 distortion coefficients"),
    ({"D1": "[%s0.5]" % ("0, " * 13)}, "key 'D1'.*tilted"),
    ({"R": R.replace("1", "2")}, "key 'R' is no rotation"),
    ({"T": "[0, 0, 0]"}, "key 'T' is zero"),
    ({"T": "[1e9, 0, 0]"}, "1000 m"),
    ({"imageSize": "[640, 1e9]"}, "key 'imageSize'"),
    ({"fisheye_model": "1"}, "fisheye"),
    ({"K1": M.replace("500", "501")}, "key 'K1' tells again"),
]


def text(**changes):
    values = {**GOOD, **changes}
    return "%YAML:1.0\n---\n" + "".join("%s: %s\n" % item for item in values.items() if item[1] is not None)


def numbers(path, key):
    """A list of a camera model's file."""
    return [float(n) for n in re.search("'%s': \\[([^]]*)\\]" % key, read(path).decode()).group(1).split(",") if n.strip()]


class Opencv(Case):
    def words(self, *imports, rig="rig", more=()):
        return ["calibrate", "geometry", *[w for path in imports for w in ("--import", path)], "-o", self.path(rig), *more]

    def imports(self, *paths, more=(), rig="rig"):
        done = run(*self.words(*paths, rig=rig, more=more), env={"SOURCE_DATE_EPOCH": "1700000000"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refuses(self, *patterns, content=None, paths=None, more=(), code=1):
        paths = paths or [write(self.path("bad.yml"), content)]
        before = tree(self.at)
        self.complains(run(*self.words(*paths, more=more)), code, *patterns)
        self.assertEqual(tree(self.at), before)

    def test_one_file(self):
        done = self.imports(STEREO)
        self.assertRegex(done.stdout, r"mono +640x480 pixels, focal length 532\.\d px, LENSMODEL_OPENCV5")
        self.assertRegex(done.stdout, r"0\.08276 m apart")
        self.assertEqual(done.stderr, "")
        self.assertEqual(sorted(os.listdir(self.path("rig"))),
                         ["color.cameramodel", "geometry.json", "mono.cameramodel", "rig.yaml"])
        self.assertEqual(numbers(self.path("rig/mono.cameramodel"), "intrinsics")[0], 532.95243387751373)
        self.assertEqual(numbers(self.path("rig/mono.cameramodel"), "extrinsics"), [0] * 6)
        record = json.loads(read(self.path("rig/geometry.json")))
        self.assertEqual((record["calibration"], record["from"]), ("geometry", {"opencv": [STEREO]}))
        self.assertAlmostEqual(record["baseline_m"], 0.08276, 5)
        checked = run("calibrate", "check", self.path("rig"))
        self.assertIn("(0 errors", checked.stdout)

    def test_two_files_and_the_size(self):
        self.refuses("--size", paths=[INTRINSICS, EXTRINSICS])
        self.refuses("has no rotation.*extrinsics.yml", paths=[INTRINSICS], more=["--size", "640x480"])
        self.refuses("has no camera matrix of camera 1", paths=[EXTRINSICS], more=["--size", "640x480"])
        self.imports(INTRINSICS, EXTRINSICS, more=["--size", "640x480"])
        self.imports(EXTRINSICS, INTRINSICS, rig="other", more=["--size", "640x480", "--color-size", "700x500"])
        self.assertEqual(numbers(self.path("other/color.cameramodel"), "imagersize"), [700, 500])
        self.assertEqual(read(self.path("rig/mono.cameramodel")).splitlines()[1:],
                         read(self.path("other/mono.cameramodel")).splitlines()[1:])
        self.refuses("are 640x480, but 641x480 was said", paths=[STEREO], more=["--size", "641x480"])

    def test_swap_and_unit(self):
        self.imports(write(self.path("mm.yml"), text(T="[-60, 0, 0]")), more=["--unit", "0.001", "--swap"])
        place = numbers(self.path("rig/color.cameramodel"), "extrinsics")
        for value, expected in zip(place, [0, 0, 0, 0.06, 0, 0]):
            self.assertAlmostEqual(value, expected, 12)
        self.assertIn("LENSMODEL_OPENCV5", read(self.path("rig/mono.cameramodel")).decode())
        self.assertIn("LENSMODEL_PINHOLE", read(self.path("rig/color.cameramodel")).decode())
        done = self.imports(self.path("mm.yml"), rig="far")
        self.assertRegex(done.stderr, "warning: .*60 m apart.*--unit 0.001")

    def test_other_keys_of_the_rig_stay(self):
        os.mkdir(self.path("rig"))
        write(self.path("rig/rig.yaml"), "# mine\nversion: 1\nmono: {gain: 1.5}  # by hand\nscene: {depth_min_m: 2}\n")
        for name in ("overview.png", "pair-04.png", "mono.coverage.png", "holiday.png"):
            write(self.path("rig", name), "")
        self.imports(STEREO)
        now = read(self.path("rig/rig.yaml")).decode()
        self.assertFalse(os.path.exists(self.path("rig/overview.png")), "plots of another calibration are left")
        self.assertTrue(os.path.exists(self.path("rig/holiday.png")))
        for part in ("# mine", "gain: 1.5", "# by hand", "depth_min_m: 2", "mono.cameramodel", "color.cameramodel"):
            self.assertIn(part, now)

    def test_json(self):
        done = self.imports(STEREO, more=["--json", "--report", self.path("report.json")])
        self.assertEqual(done.stdout.encode(), read(self.path("rig/geometry.json")))
        self.assertEqual(done.stdout.encode(), read(self.path("report.json")))

    def test_export_and_back(self):
        for swap in ([], ["--swap"]):
            out = self.path("out.yml")
            done = run("calibrate", "geometry", "--export", out, self.rig, *swap)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("camera 1 is the %s one" % ("colour" if swap else "mono"), done.stdout)
            self.assertTrue(read(out).startswith(b"%YAML:1.0\n---\n"))
            self.imports(out, rig="back%d" % len(swap), more=swap)
            for model in ("mono", "color"):
                for key in ("intrinsics", "extrinsics", "imagersize"):
                    given = numbers(self.given(model + ".cameramodel"), key)
                    for a, b in zip(given, numbers(self.path("back%d" % len(swap), model + ".cameramodel"), key)):
                        self.assertAlmostEqual(a, b, 12)

    def test_export_to_sizes_that_opencv_cannot_rectify(self):
        self.imports(write(self.path("two.yml"), text(imageSize=None, imageSize1="[640, 480]", imageSize2="[800, 600]")))
        done = run("calibrate", "geometry", "--export", self.path("out.yaml"), self.path("rig/rig.yaml"))
        self.assertRegex(done.stdout, "without R1 R2 P1 P2 Q")
        self.assertNotIn(b"P1:", read(self.path("out.yaml")))

    def test_export_refuses(self):
        def refuse(pattern, *words):
            before = tree(self.at)
            self.complains(run("calibrate", "geometry", *words), 1, pattern)
            self.assertEqual(tree(self.at), before)
        refuse("only from .yml and .yaml", "--export", self.path("out.txt"), self.rig)
        refuse("No such file", "--export", self.path("out.yml"), self.path("nowhere"))
        refuse("No such file", "--export", self.path("no/folder/out.yml"), self.rig)
        shutil.copytree(self.rig, self.path("fish"))
        model = read(self.path("fish/color.cameramodel")).decode()
        write(self.path("fish/color.cameramodel"), model.replace("LENSMODEL_PINHOLE", "LENSMODEL_STEREOGRAPHIC"))
        refuse("colour camera's LENSMODEL_STEREOGRAPHIC", "--export", self.path("out.yml"), self.path("fish"))

    def test_what_is_wrong_is_named(self):
        for changes, pattern in WRONG:
            with self.subTest(**changes):
                self.refuses(pattern, content=text(**changes))

    def test_no_such_file_and_other_kinds(self):
        self.refuses("nowhere.yml", paths=[self.path("nowhere.yml")])
        self.refuses("is XML", content="<?xml version=\"1.0\"?>\n<opencv_storage></opencv_storage>\n")
        self.refuses("not a text file", content=b"\0\1\2\3")
        self.refuses("bad.yml: ", content=bytes(range(128, 256)))
        self.refuses("has no camera matrix", content="")
        self.refuses("anchors", content="M1: &a [1]\nM2: *a\n")
        self.refuses("bad.yml: ", content="M1: " + "[" * 200000)
        self.refuses("bad.yml: ", content="# " + "x" * (5 << 20))
        self.refuses("at most 4", paths=[STEREO] * 5, code=2)

    def test_a_truncated_file_is_refused_or_whole(self):
        whole = read(STEREO)
        for length in range(0, len(whole) - 1, len(whole) // 24):
            done = run(*self.words(write(self.path("cut.yml"), whole[:length])))
            self.assertIn(done.returncode, (0, 1), done.stderr)
            self.assertEqual(os.path.exists(self.path("rig")), done.returncode == 0)
            shutil.rmtree(self.path("rig"), ignore_errors=True)

    def test_usage(self):
        for more, pattern in ((["--size", "640"], "size"), (["--unit", "0"], "unit"), (["--unit", "mm"], "unit")):
            self.refuses(pattern, paths=[STEREO], more=more, code=2)
        for words, pattern in ((["--import", STEREO], "-o RIG is missing"), (["--export", "x.yml"], "the rig is missing"),
                               (["--import", STEREO, "--export", "x.yml", "rig"], "not both"),
                               (["--export", "x.yml", "-o", "rig", "rig"], "not for exports"),
                               (["--import", STEREO, "-o", "rig", "rig2"], "what is 'rig2'"),
                               (["--import", STEREO, "-o", "rig", "--mono", STEREO], "takes no pictures")):
            self.complains(run("calibrate", "geometry", *words), 2, pattern)


if __name__ == "__main__":
    main()
