#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`chromafuse colorize` from outside: every format, tones, folders, pipes, interruption, wrong files and words.

Does not judge how good the colours are (docs/benchmarks.md) nor what the library does by itself (tests/fusion/
test_colorize.c). Standard library only. Usage: test_colorize.py CHROMAFUSE [NAME...]
"""
import json
import math
import os
import re
import signal
import struct
import subprocess
import time
import zlib

from cli_case import LIMIT, PROGRAM, Case, jpeg_size, main, png_rows, png_size, read, run, tiff, tiff_floats, tree, write

WIDTH, HEIGHT = 96, 64


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, pixel, kind=2, bits=8, extra=b""):
    """A PNG whose pixel (x, y) is a tuple of samples."""
    code = ">H" if bits == 16 else "B"
    rows = b"".join(b"\0" + b"".join(struct.pack(code, v) for x in range(width) for v in pixel(x, y)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)) + extra +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def scene(x, y):
    """A grey, 0..255: gradients, an edge, black and white."""
    if y < 4:
        return 0
    if y < 8:
        return 255
    return int(60 + 50 * math.sin(x * 0.1) + y + (60 if x > 40 else 0)) & 255


def gray(x, y):
    return (scene(x, y),)


def sepia(x, y):
    g = scene(x, y)
    return min(255, round(1.351 * g)), min(255, round(1.203 * g)), round(0.937 * g)


def colours(x, y):
    g = scene(x, y)
    return (g, g // 2, g // 3) if x // 24 % 2 else (g // 3, g // 2, g)


def lightness(rgb):
    """CIE L* of sRGB codes 0..1."""
    y = sum(w * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
            for w, v in zip((0.2126, 0.7152, 0.0722), rgb))
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else 24389 / 27 * y


def icc(space=b"RGB ", tags=1):
    """A profile's header and one tag; its words are its own, so that it can be found again."""
    body = b"desc" + bytes(4) + b"profile of this test"
    body += bytes(-len(body) % 4)
    head = struct.pack(">I4sI4s4s4s", 132 + 12 + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return head + bytes(128 - len(head)) + struct.pack(">I4sII", tags, b"desc", 144, len(body)) + body


def icc_chunk(profile):
    return chunk(b"iCCP", b"test\0\0" + zlib.compress(profile))


class Colorize(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gray = write(os.path.join(cls.shared, "gray.png"), png(WIDTH, HEIGHT, gray, kind=0))
        cls.colours = write(os.path.join(cls.shared, "colours.png"), png(WIDTH, HEIGHT, colours))

    def words(self, *operands, network=False, **changes):
        words = ["colorize", *operands]
        for name, value in dict({"output": self.out}, **changes).items():
            if value is not None:
                words += ["--" + name.replace("_", "-")] + ([] if value is True else [str(value)])
        return words + ([] if network else ["--transfer", "guided"])

    def good(self, *operands, **changes):
        done = run(*self.words(*(operands or (self.gray,)), **changes))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, code, pattern, *operands, **changes):
        """The run fails as it should, in one line, and changes nothing in the test's folder."""
        before = tree(self.at)
        done = run(*self.words(*operands, **changes))
        self.complains(done, code, pattern)
        self.assertEqual(tree(self.at), before, "the run left something behind or changed it")

    def hints(self, text="""{"points": [{"x": 20, "y": 30, "size": 9, "rgb": [200, 80, 40]}]}"""):
        return write(self.path("h.json"), text)


class GoodRuns(Colorize):
    def test_luma_stays(self):
        """L* of every pixel, from black to white, with the network's default and with strong points."""
        for more in ({"network": True}, {"hints": self.hints()}):
            self.good(**more)
            rows = png_rows(self.out)
            for y in range(HEIGHT):
                for x in range(WIDTH):
                    got, g = lightness([v / 255 for v in rows[y][3 * x:3 * x + 3]]), scene(x, y) / 255
                    self.assertLess(abs(got - lightness((g, g, g))), 0.3, (x, y, more))

    def test_points_colour(self):
        self.good(hints=self.hints())
        at = png_rows(self.out)[30][60:63]
        self.assertGreater(at[0], at[2] + 40)

    def test_every_format(self):
        self.good(depth=16)
        self.assertEqual(png_size(self.out), (WIDTH, HEIGHT, 16, 2))
        self.good(output=self.path("a.JPG"), quality=80)
        self.assertEqual(jpeg_size(self.path("a.JPG")), (WIDTH, HEIGHT, 3))
        self.good(self.path("a.JPG"), output=self.path("b.tif"), depth=16)
        tags = tiff(self.path("b.tif"))[0]
        self.assertEqual((tags[256][0], tags[257][0], tags[258]), (WIDTH, HEIGHT, (16,) * 3))
        self.good(self.path("b.tif"), output=self.path("c.png"))
        self.assertEqual(png_size(self.path("c.png")), (WIDTH, HEIGHT, 8, 2))
        deep = write(self.path("deep.png"), png(WIDTH, HEIGHT, lambda x, y: (257 * scene(x, y) ^ 77,), kind=0, bits=16))
        self.good(deep, depth=16)

    def test_raws(self):
        self.good(self.given("mono.dng"))
        rows = png_rows(self.out)
        self.assertGreater(max(map(max, rows)), 200)
        self.refused(1, r"color\.dng.*colour sensor", self.given("color.dng"), output=self.path("x.png"))

    def test_tones(self):
        toned = write(self.path("sepia.png"), png(WIDTH, HEIGHT, sepia))
        self.good(toned)
        for row in png_rows(self.out):
            for x in range(WIDTH):
                self.assertEqual(len(set(row[3 * x:3 * x + 3])), 1)
        self.refused(1, r"colours\.png.*colours of its own.*--force", self.colours, output=self.path("x.png"))
        self.good(self.colours, force=True)

    def test_metadata(self):
        exif = b"II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0\x0b\0\0\0\x1a\0\0\0\0\0\0\0grandmother\0"
        profile = icc()
        given = write(self.path("in.png"), png(WIDTH, HEIGHT, lambda x, y: (scene(x, y),) * 3,
                                               extra=icc_chunk(profile) + chunk(b"eXIf", exif)))
        self.good(given, output=self.path("out.jpg"))
        data = read(self.path("out.jpg"))
        self.assertIn(b"grandmother", data)
        self.assertIn(b"profile of this test", data)
        self.good(self.path("out.jpg"), output=self.path("again.png"))
        self.assertIn(b"grandmother", read(self.path("again.png")))

    def test_profiles_that_cannot_stay(self):
        for name, kind, profile, warned in (("gray", 0, icc(b"GRAY"), False), ("broken", 2, icc(tags=9999), True),
                                            ("cut", 2, icc()[:100], True)):
            pixel = gray if kind == 0 else lambda x, y: (scene(x, y),) * 3
            given = write(self.path(name + ".png"), png(WIDTH, HEIGHT, pixel, kind=kind, extra=icc_chunk(profile)))
            done = self.good(given, output=self.path(name + ".jpg"))
            data = read(self.path(name + ".jpg"))
            self.assertNotIn(b"profile of this test", data)
            self.assertIn(b"ICC_PROFILE", data)
            self.assertEqual(bool(re.search(name + r"\.png.*profile", done.stderr)), warned, done.stderr)

    def test_transparency(self):
        given = write(self.path("in.png"), png(WIDTH, HEIGHT, lambda x, y: (scene(x, y), 100), kind=4))
        self.assertRegex(self.good(given).stderr, r"warning: .*in\.png.*transparency")
        self.assertEqual(png_size(self.out), (WIDTH, HEIGHT, 8, 2))

    def test_side_files(self):
        done = self.good(provenance=self.path("p.png"), error_map=self.path("e.tif"), report=self.path("r.json"), json=True,
                         hints=self.hints())
        for row in png_rows(self.path("p.png")):
            for x in range(WIDTH):
                self.assertEqual(row[3 * x] + row[3 * x + 2], 255)
        self.assertEqual(tiff_floats(self.path("e.tif"))[:3], (WIDTH, HEIGHT, 1))
        for text in (done.stdout, read(self.path("r.json"))):
            report = json.loads(text)
            self.assertEqual((report["done"], report["failed"], report["skipped"]), (1, 0, 0))
            self.assertEqual(report["files"][0]["size"], "%dx%d" % (WIDTH, HEIGHT))
            self.assertTrue(any(s["name"] == "transfer" and s["ms"] > 0 for s in report["stages"]))
            self.assertAlmostEqual(sum(report["fractions"].values()), 1, places=3)

    def test_pipes(self):
        for name, head in (("png", b"\x89PNG"), ("jpg", b"\xff\xd8\xff"), ("tif", b"II")):
            with open(self.gray, "rb") as given:
                done = subprocess.run([PROGRAM, *self.words("-", output="-", format=name)], stdin=given, capture_output=True,
                                      timeout=LIMIT)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout[:len(head)], head)
            self.good(write(self.path("got." + name), done.stdout), output=self.path("again.png"), force=True)
        self.good()
        with open(self.path("got.tif"), "rb") as given:
            self.assertEqual(run(*self.words("-", output=self.path("b.png")), stdin=given).returncode, 0)

    def test_sizes(self):
        for width, height in ((1, 1), (3, 1), (1, 700), (801, 2)):
            given = write(self.path("in.png"), png(width, height, gray, kind=0))
            self.good(given, network=True)
            self.assertEqual(png_size(self.out), (width, height, 8, 2))


class Folders(Colorize):
    def album(self):
        """Six files at two depths, of which three are pictures."""
        os.makedirs(self.path("in", "deep", "er"))
        for at in (("a.png",), ("deep", "b.png"), ("deep", "er", "c.PNG")):
            write(self.path("in", *at), read(self.gray))
        write(self.path("in", "notes.txt"), "no picture")
        write(self.path("in", ".hidden.png"), "no picture")
        write(self.path("in", "song.mp3"), "no picture")
        return self.path("in")

    def results(self):
        found = []
        for at, _, names in os.walk(self.path("out")):
            found += [os.path.relpath(os.path.join(at, name), self.path("out")) for name in names]
        return sorted(found)

    def test_same_paths_and_going_on(self):
        done = self.good(self.album(), output=self.path("out"))
        self.assertEqual(self.results(), ["a.png", "deep/b.png", "deep/er/c.png"])
        self.assertEqual(len(re.findall("left out", done.stderr)), 2, done.stderr)
        before = tree(self.path("out"))
        os.remove(self.path("out", "deep", "b.png"))
        done = self.good(self.path("in"), output=self.path("out"), json=True)
        self.assertEqual((json.loads(done.stdout)["done"], json.loads(done.stdout)["skipped"]), (1, 2))
        after = tree(self.path("out"))
        self.assertEqual([p for p in after if after[p] != before.get(p)], [self.path("out", "deep", "b.png")])
        done = self.good(self.path("in"), output=self.path("out"), json=True, again=True)
        self.assertEqual(json.loads(done.stdout)["done"], 3)

    def test_one_bad_file(self):
        album = self.album()
        write(os.path.join(album, "a0.png"), read(self.gray)[:500])
        write(os.path.join(album, "b.jpg"), "no picture")
        write(os.path.join(album, "c.png"), read(self.colours))
        done = run(*self.words(album, output=self.path("out")))
        self.assertEqual(done.returncode, 1)
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        self.assertEqual(len(errors), 4, done.stderr)
        for pattern in (r"a0\.png", r"b\.jpg", r"c\.png.*--force", r"3 of 6 files failed"):
            self.assertRegex(done.stderr, pattern)
        self.assertEqual(self.results(), ["a.png", "deep/b.png", "deep/er/c.png"])

    def test_out_inside_in(self):
        album = self.album()
        for _ in range(2):
            self.good(album, output=os.path.join(album, "out"))
        self.assertFalse(os.path.exists(os.path.join(album, "out", "out")))
        self.refused(1, "replace", album, output=album)
        picture, before = os.path.join(album, "a.png"), read(os.path.join(album, "a.png"))
        self.refused(1, "replace", picture, output=album, again=True)
        self.refused(1, "replace", picture, output=picture)
        self.assertEqual(read(picture), before)

    def test_namesakes(self):
        album = self.album()
        write(os.path.join(album, "a.dng"), read(self.given("mono.dng")))
        self.good(album, output=self.path("out"))
        self.assertEqual(self.results(), ["a.png", "a.png.png", "deep/b.png", "deep/er/c.png"])

    def test_several_operands(self):
        album = self.album()
        self.good(self.gray, album, output=self.path("out"), format="jpg")
        self.assertEqual(self.results(), ["gray.jpg", "in/a.jpg", "in/deep/b.jpg", "in/deep/er/c.jpg"])

    def test_interrupted(self):
        """Ctrl-C: what is there is whole, and a second run makes the rest."""
        os.mkdir(self.path("in"))
        large = png(700, 500, gray, kind=0)
        for i in range(30):
            write(self.path("in", "%02d.png" % i), large)
        words = [PROGRAM, *self.words(self.path("in"), output=self.path("out"))]
        child = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + LIMIT
        while not (os.path.isdir(self.path("out")) and self.results()) and time.monotonic() < deadline:
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        error = child.communicate(timeout=LIMIT)[1]
        self.assertEqual(child.returncode, 1, error)
        self.assertRegex(error, "interrupted: .*goes on")
        names = self.results()
        self.assertTrue(0 < len(names) < 30, names)
        for name in names:
            self.assertRegex(name, r"^\d\d\.png$")
            png_rows(self.path("out", name))
        before = tree(self.path("out"))
        self.good(self.path("in"), output=self.path("out"))
        after = tree(self.path("out"))
        self.assertEqual(len(self.results()), 30)
        for name in names:
            path = self.path("out", name)
            self.assertEqual(before[path], after[path])


class WrongWords(Colorize):
    def test_usage(self):
        for pattern, operands, changes in (
                ("picture is missing", (), {}), ("output is missing", (self.gray,), {"output": None}),
                ("depth", (self.gray,), {"depth": 9}), ("decode", (self.gray,), {"decode": "pink"}),
                ("transfer", (self.gray,), {"transfer": "magic"}), ("format", (self.gray,), {"format": "gif"}),
                ("quality", (self.gray,), {"quality": 0}), ("grid", (self.gray,), {"grid": 10}),
                ("cannot tell the format", (self.gray,), {"output": self.path("out.gif")}),
                ("at most 8 bits", (self.gray,), {"output": self.path("out.jpg"), "depth": 16}),
                ("JPEG holds 8 bits", (self.gray,), {"format": "jpg", "depth": 16}),
                ("needs a file name", (self.gray,), {"hints": ""}), ("is no name", ("",), {}),
                ("comes alone", ("-", self.gray), {}), ("--json", (self.gray,), {"output": "-", "json": True}),
                ("error-map|jpg", (self.gray,), {"error_map": self.path("e.jpg")}),
                ("--model", (self.gray,), {"model": "m.onnx"}), ("name a folder", (self.shared,), {}),
                ("hints is for one", (self.shared,), {"output": self.path("o"), "hints": self.gray}),
                ("takes one picture", (self.shared,), {"output": "-"}),
                ("unknown option", (self.gray,), {"nonsense": True})):
            self.refused(2, pattern, *operands, **changes)

    def test_files(self):
        cut = write(self.path("cut.png"), read(self.gray)[:-40])
        huge = write(self.path("huge.png"), b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32000, 16000, 8, 0, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(b"nothing")))
        empty, text = write(self.path("empty.jpg"), b""), write(self.path("text.jpg"), "no picture")
        cmyk = write(self.path("cmyk.jpg"), b"\xff\xd8\xff\xee\0\x0eAdobe\0d\0\0\0\0\0\xff\xc0\0\x14\x08\0\x10\0\x10\x04"
                     b"\x01\x11\0\x02\x11\0\x03\x11\0\x04\x11\0\xff\xda\0\x0e\x04\x01\0\x02\0\x03\0\x04\0\0?\0\0\xff\xd9")
        missing = self.path("missing.png")
        os.makedirs(self.path("nothing", "inside"))
        for pattern, operand, changes in (
                (r"cut\.png.*truncated", cut, {}), (r"huge\.png.*claims", huge, {}), (r"empty\.jpg.*empty", empty, {}),
                (r"text\.jpg", text, {}), (r"cmyk\.jpg.*CMYK", cmyk, {}), (r"missing\.png.*No such file", missing, {}),
                (r"nothing.*no picture", self.path("nothing"), {"output": self.path("o")}),
                (r"/nowhere", self.gray, {"output": "/nowhere/out.png"}),
                (r"nonsense", self.gray, {"set": "nonsense.x=1"})):
            self.refused(1, pattern, operand, **changes)
        with open("/dev/null", "rb") as nothing:
            self.complains(run(*self.words("-"), stdin=nothing), 1, "standard input: nothing came")
        with open(text, "rb") as given:
            self.complains(run(*self.words("-"), stdin=given), 1, "standard input: neither PNG")

    def test_models(self):
        for pattern, data in ((r"m\.onnx", b"no model"), (r"m\.onnx", b"")):
            model = write(self.path("m.onnx"), data)
            self.refused(1, pattern, self.gray, model=model, network=True)
        self.refused(1, r"missing\.onnx", self.gray, model=self.path("missing.onnx"), network=True)

    def test_hints(self):
        point = '{"points": [{"x": %s, "y": 3, "rgb": [1, 2, 3]}]}'
        for pattern, text in ((r"h\.json: line 1", "x"), (r"h\.json.*points", "[]"), (r"h\.json: point 1", point % '"1"'),
                              (r"h\.json: line 1", point % "NaN"), (r"h\.json: point 1 .*outside.*96x64", point % "96"),
                              (r"h\.json: point 1 .*outside", point % "-1")):
            self.refused(1, pattern, self.gray, hints=self.hints(text))
        self.refused(1, r"nowhere\.json", self.gray, hints=self.path("nowhere.json"))


if __name__ == "__main__":
    main()
