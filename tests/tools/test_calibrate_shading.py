#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate shading` from outside: a simulated lens' vignetting is measured, and `fuse` takes it out again.

Does not prove the fit itself: calib/flat_field does. Standard library only.
Usage: test_calibrate_shading.py CHROMAFUSE [NAME...]
"""
import json
import os

from cli_case import Case, HEIGHT, WIDTH, main, read, run, tiff_floats, tree, write
from raw_maker import Raw


def falloff(x, y, color):
    """Of a lens a little off centre, a little stronger in red."""
    u, v = (x - 0.49 * WIDTH) / WIDTH, (y - 0.52 * HEIGHT) / WIDTH
    r2 = (u * u + v * v) / 0.39
    return 1 - (0.5 if color is None else (0.55, 0.5, 0.47)[color]) * r2 + 0.08 * r2 * r2


class Shading(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.flats = {}
        for camera in ("mono", "color"):
            for turned, slope in enumerate((0.06, -0.06)):
                raw = Raw(os.path.join(cls.rig, camera + ".dng"))
                raw.fill(lambda x, y, c, s=slope: (0.55 if c in (None, 1) else 0.4) * falloff(x, y, c) *
                         (1 + s * (x / WIDTH - 0.5)), 20000, 7 + turned)
                cls.flats[camera, turned] = raw.save(os.path.join(cls.shared, "flat-%s-%d.dng" % (camera, turned)))

    def calibrate(self, *words, rig="out"):
        return run("calibrate", "shading", "-o", self.path(rig), *words)

    def both(self, *more, **where):
        words = []
        for (camera, _), path in self.flats.items():
            words += ["--" + camera, path]
        return self.calibrate(*words, *more, **where)

    def test_the_report_tells_the_truth(self):
        done = self.both("--json", "--report", self.path("report.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual(told, json.loads(read(self.path("report.json"))))
        self.assertEqual(sorted(os.listdir(self.path("out"))),
                         ["color.shading.json", "color.shading.txt", "mono.shading.json", "mono.shading.txt",
                          "rig.yaml"])
        for camera, planes in (("mono", 1), ("color", 4)):
            part = told[camera]
            self.assertEqual(part["verdict"], "good")
            self.assertEqual(len(part["planes"]), planes)
            first, second = part["light_gradients"]
            self.assertAlmostEqual((first[0] - second[0]) / 2, 0.06, delta=0.01)
            for plane in part["planes"]:
                self.assertLess(abs(plane["corners_after"][0] - 1), 0.015)
                self.assertLess(plane["residual_rms"], 1.3 * plane["noise_rms"])
                self.assertLess(plane["corners_before"][1], 0.75)
        record = json.loads(read(self.path("out", "mono.shading.json")))
        self.assertEqual(record["calibration"], "shading")
        self.assertEqual(len(record["from"]["mono"]), 2)

    def test_the_map_is_the_lens(self):
        self.assertEqual(self.both().returncode, 0)
        words = [w for line in read(self.path("out", "color.shading.txt")).decode().splitlines()
                 if not line.startswith("#") for w in line.split()]
        columns, rows, planes = map(int, words[:3])
        gains = list(map(float, words[3:]))
        self.assertEqual(len(gains), columns * rows * planes)
        squares = count = 0
        for plane, color in enumerate((0, 1, 1, 2)):
            even = []
            for r in range(rows):
                for c in range(columns):
                    x, y = c * (WIDTH - 1) / (columns - 1), r * (HEIGHT - 1) / (rows - 1)
                    even.append(gains[(plane * rows + r) * columns + c] * falloff(x, y, color))
            mean = sum(even) / len(even)
            squares += sum((v / mean - 1) ** 2 for v in even)
            count += len(even)
        self.assertLess((squares / count) ** 0.5, 0.003)

    def test_fuse_takes_the_vignetting_out(self):
        rig = self.path("rig")
        os.makedirs(rig)
        for name in os.listdir(self.rig):
            write(os.path.join(rig, name), read(self.given(name)))
        before = read(os.path.join(rig, "rig.yaml")).decode()
        write(os.path.join(rig, "rig.yaml"), before.replace("mono:\n", "mono:   # ours\n"))
        self.assertEqual(self.both(rig="rig").returncode, 0)
        after = read(os.path.join(rig, "rig.yaml")).decode()
        self.assertIn("mono:   # ours\n", after)
        self.assertIn("shading: mono.shading.txt", after)
        self.assertIn("shading: color.shading.txt", after)
        for camera in ("mono", "color"):
            raw = Raw(self.given(camera + ".dng"))
            for at, code in enumerate(raw.codes):
                x, y = at % WIDTH, at // WIDTH
                loss = falloff(x, y, raw.cfa[(y & 1) * 2 + (x & 1)] if raw.cfa else None)
                raw.codes[at] = max(0, int(raw.black + (code - raw.black) * loss + 0.5))
            raw.save(os.path.join(rig, camera + ".dng"))
        sums = []
        for folder in (self.rig, rig):
            done = run("fuse", "--rig", os.path.join(folder, "rig.yaml"), "--mono", os.path.join(folder, "mono.dng"),
                       "--color", os.path.join(folder, "color.dng"), "-o", self.out, "--tone", "none",
                       "--write-linear", self.path("linear.tif"))
            self.assertEqual(done.returncode, 0, done.stderr)
            width, height, _, v = tiff_floats(self.path("linear.tif"))
            # means of 8 x 6 blocks, all channels
            block = {}
            for at, x in enumerate(v):
                key = at // 3 % width * 8 // width, at // 3 // width * 6 // height
                block[key] = block.get(key, 0) + x
            sums.append([block[key] for key in sorted(block)])
        worst = max(abs(b / a - 1) for a, b in zip(*sums))
        if os.environ.get("VERBOSE"):
            print("blocks of the fused picture differ by at most %.5f" % worst)
        self.assertLess(worst, 0.003, "blocks of the fused picture differ by %.4f" % worst)

    def test_a_lamp_is_told_from_a_lens(self):
        raw = Raw(self.given("mono.dng")).fill(lambda x, y, c: 0.5 * falloff(x, y, c) * (1 + 0.4 * (x / WIDTH - 0.5)),
                                               20000)
        done = self.calibrate("--mono", raw.save(self.path("lamp.dng")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("with doubts", done.stdout)
        self.assertIn("180 degrees", done.stdout)

    def test_bad_flats_change_nothing(self):
        clipped = Raw(self.given("color.dng")).fill(lambda x, y, c: 1.4 if c == 1 else 0.7, 5000)
        dark = Raw(self.given("mono.dng")).fill(lambda x, y, c: 0.01, 5000)
        scene = Raw(self.given("mono.dng"))
        for at, code in enumerate(scene.codes):
            scene.codes[at] = int(scene.black + max(0, code - scene.black) / 2)
        cases = [
            (2, "flat frames with --mono", []),
            (2, "no such file|no file", ["--mono", "nowhere*.dng"]),
            (2, "quoted", ["--mono", self.flats["mono", 0], self.flats["mono", 1]]),
            (1, "green is clipped", ["--color", clipped.save(self.path("clipped.dng"))]),
            (1, "too dark", ["--mono", dark.save(self.path("dark.dng"))]),
            (1, "no evenly lit surface", ["--mono", scene.save(self.path("scene.dng"))]),
            (1, "exchange", ["--mono", self.flats["color", 0]]),
            (1, "not a raw", ["--mono", self.given("truth.png")]),
        ]
        for code, words, more in cases:
            before = tree(self.at)
            done = self.calibrate(*more)
            self.complains(done, code, words)
            self.assertEqual(tree(self.at), before)


if __name__ == "__main__":
    main()
