#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`chromafuse colorize --model` from outside, on networks made by hand: each kind, their options, files that are none.

Does not prove that real networks come out right: tools/seed_networks runs them beside PyTorch. Standard library only.
Usage: test_colorize_model.py CHROMAFUSE [NAME...]
"""
import json
import os
import struct
import tempfile
import zlib

from cli_case import Case, main, png_rows, run, tree, write
from onnx_maker import HALF, INT64, data, model, node, tensor, value

WIDTH, HEIGHT = 64, 48
OPEN = ("n", 1, "h", "w")


def gray_png(level):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    rows = b"".join(b"\0" + bytes(level(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def single(dims=(1, 1, "h", "w"), weights=(0.0, 0.0), bias=(30.0, -20.0), out=(1, 2, "h", "w"), **more):
    """ab = weights L + bias."""
    return model([node("Conv", ["l", "w", "b"], ["ab"], "mix")], [value("l", dims, **more)], [value("ab", out)],
                 [tensor("w", (2, dims[1] if isinstance(dims[1], int) else 1, 1, 1),
                         weights * (dims[1] if isinstance(dims[1], int) else 1)), tensor("b", (2,), bias)])


def hinted():
    """ab = hint mask, with the ports of SIGGRAPH17."""
    return model([node("Mul", ["ab_in", "mask"], ["seen"]), node("Mul", ["l", "zero"], ["nothing"]),
                  node("Add", ["seen", "nothing"], ["ab"])],
                 [value("l", OPEN), value("ab_in", ("n", 2, "h", "w")), value("mask", OPEN)],
                 [value("ab", ("n", 2, "h", "w"))], [tensor("zero", (1,), [0.0])])


def noted(file, **notes):
    return file + b"".join(data(14, data(1, "chromafuse." + k) + data(2, v)) for k, v in notes.items())


def lab(rgb):
    """CIE Lab of sRGB codes."""
    v = [c / 255 for c in rgb]
    v = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in v]
    rows = ((0.4124, 0.3576, 0.1805, 0.9505), (0.2126, 0.7152, 0.0722, 1), (0.0193, 0.1192, 0.9505, 1.089))
    t = [(r * v[0] + g * v[1] + b * v[2]) / w for r, g, b, w in rows]
    f = [c ** (1 / 3) if c > 216 / 24389 else (24389 / 27 * c + 16) / 116 for c in t]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


class ModelCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="chromafuse-model-")

    def setUp(self):
        super().setUp()
        self.photo = write(self.path("in.png"), gray_png(lambda x, y: 90 + x if y < 24 else 160 - x))

    def colorize(self, file, *words):
        net = write(self.path("net.onnx"), file)
        done = run("colorize", self.photo, "-o", self.out, "--model", net, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = png_rows(self.out)
        return lambda x, y: lab(rows[y][3 * x:3 * x + 3])

    def refuses(self, file, *patterns, words=(), code=1):
        """One line that names the file, and nothing written."""
        net = write(self.path("bad.onnx"), file)
        before = tree(self.at)
        self.complains(run("colorize", self.photo, "-o", self.out, "--model", net, *words), code, *patterns)
        self.assertEqual(tree(self.at), before)


class Kinds(ModelCase):
    def check(self, at, a, b, spread=1.5):
        for x, y in ((5, 5), (60, 10), (30, 40)):
            got, grey = at(x, y), lab([90 + x if y < 24 else 160 - x] * 3)
            self.assertAlmostEqual(got[0], grey[0], delta=0.5)
            self.assertAlmostEqual(got[1], a, delta=spread)
            self.assertAlmostEqual(got[2], b, delta=spread)

    def test_lightness_alone(self):
        self.check(self.colorize(single()), 30, -20)
        self.check(self.colorize(single((1, 1, 16, 24))), 30, -20)

    def test_half_weights(self):
        """As tools/seed_networks.py --half stores them: a Cast behind each."""
        file = model([node("Cast", ["w.half"], ["w"], to=1), node("Cast", ["b.half"], ["b"], to=1),
                      node("Conv", ["l", "w", "b"], ["ab"])], [value("l", OPEN)], [value("ab", ("n", 2, "h", "w"))],
                     [tensor("w.half", (2, 1, 1, 1), (0.0, 0.0), HALF), tensor("b.half", (2,), (30.0, -20.0), HALF)])
        self.check(self.colorize(file), 30, -20)

    def test_numbers_of_the_file(self):
        """Metadata, and options over it."""
        centred = single(weights=(0.0, 0.0), bias=(0.25, -0.125))
        self.check(self.colorize(noted(centred, ab="110")), 27.5, -13.75)
        self.check(self.colorize(noted(centred, ab="5"), "--model-ab", "110"), 27.5, -13.75)
        at = self.colorize(single(weights=(1.0, 0.0), bias=(0.0, 0.0)), "--model-lightness", "20,20")
        self.check(at, 20, 0)

    def test_hints_go_to_the_network(self):
        hints = write(self.path("h.json"), json.dumps({"points": [{"x": 10, "y": 40, "size": 9, "rgb": [150, 60, 60]}]}))
        at = self.colorize(hinted(), "--hints", hints, "--model-grid", "%dx%d" % (WIDTH, HEIGHT))
        self.assertGreater(at(10, 40)[1], 25)
        self.assertLess(abs(at(50, 10)[1]), 1)
        self.assertLess(abs(at(30, 40)[1]), 1, "a network that is told of a point spreads it, not we")

    def test_hints_on_top(self):
        hints = write(self.path("h.json"), json.dumps({"points": [{"x": 10, "y": 40, "size": 9, "rgb": [150, 60, 60]}]}))
        at = self.colorize(single(), "--hints", hints)
        self.assertGreater(at(10, 40)[2], 5)
        self.assertAlmostEqual(at(50, 5)[2], -20, delta=2)

    def test_folder(self):
        os.mkdir(self.path("album"))
        for name in ("a", "b"):
            write(self.path("album", name + ".png"), gray_png(lambda x, y: 100 + x))
        net = write(self.path("net.onnx"), single())
        done = run("colorize", self.path("album"), "-o", self.path("out"), "--model", net)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["a.png", "b.png"])


class Wrong(ModelCase):
    def test_ports(self):
        expected = "three of 1, 2 and 1 planes"
        self.refuses(single((1, 3, "h", "w")), r"bad\.onnx: input 'l' has 3 planes", expected)
        self.refuses(single((1, "c", "h", "w")), r"input 'l' is 1x\?x\?x\?", expected)
        self.refuses(single(kind=INT64), "input 'l' holds integers", expected)
        self.refuses(single((1, 1, 4000, 4000)), "side of 4000, not 8 to 1024", expected)
        self.refuses(single(out=(1, 3, "h", "w")), "output 'ab' is 1x3x", "an output of 2 planes")
        self.refuses(model([node("Identity", ["w"], ["ab"])], [], [value("ab", (1, 2, 4, 4))],
                           [tensor("w", (1, 2, 4, 4), [0.0] * 32)]), "0 inputs", expected)
        self.refuses(model([node("Add", ["l", "x"], ["ab"])], [value("l", OPEN), value("x", ("n", 2, "h", "w"))],
                           [value("ab", ("n", 2, "h", "w"))]), "2 inputs", expected)

    def test_what_only_planning_shows(self):
        lies = model([node("Relu", ["l"], ["ab"])], [value("l", OPEN)], [value("ab", ("n", 2, "h", "w"))])
        self.refuses(lies, "ab")
        self.refuses(model([node("Whirl", ["l"], ["ab"])], [value("l", OPEN)], [value("ab", ("n", 2, "h", "w"))]),
                     "Whirl")
        odd = model([node("Reshape", ["l", "s"], ["ab"])], [value("l", OPEN)], [value("ab", ("n", 2, "h", "w"))],
                    [tensor("s", (4,), [1, 2, 7, 5], INT64)])
        self.refuses(odd, "ab|Reshape")

    def test_files(self):
        self.refuses(b"", "empty")
        self.refuses(b"not a network", "not an ONNX model")
        self.refuses(single()[:-20], r"bad\.onnx")
        self.refuses(noted(single(), lightness="black white"), "chromafuse.lightness 'black white'")
        self.complains(run("colorize", self.photo, "-o", self.out, "--model", self.path("none.onnx")), 1, r"none\.onnx")

    def test_words(self):
        for words, pattern in ((("--model-grid", "7x7"), "8 to 1024"), (("--model-grid", "big"), "model-grid"),
                               (("--model-lightness", "0"), "LOW,HIGH"), (("--model-lightness", "0,x"), "model-lightness"),
                               (("--model-ab", "0"), "model-ab"), (("--transfer", "guided"), "--model")):
            self.refuses(single(), pattern, words=words, code=2)
        self.complains(run("colorize", self.photo, "-o", self.out, "--model-ab", "2"), 2, "--model, which is missing")
        self.refuses(single((1, 1, 16, 24)), "width of 24, not the 32", words=("--model-grid", "32x16"))

    def test_folder_is_told_once(self):
        os.mkdir(self.path("album"))
        for name in ("a", "b", "c"):
            write(self.path("album", name + ".png"), gray_png(lambda x, y: 100 + x))
        net = write(self.path("bad.onnx"), single((1, 3, "h", "w")))
        before = tree(self.at)
        self.complains(run("colorize", self.path("album"), "-o", self.path("out"), "--model", net), 1, "3 planes")
        self.assertEqual(tree(self.at), before)


if __name__ == "__main__":
    main()
