# SPDX-License-Identifier: Apache-2.0
"""What the tests of the program from outside share: running it, complaints, and the headers of pictures by hand."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "chromafuse"
SANITIZED = os.environ.get("CHROMAFUSE_SANITIZED") == "1"
COMMANDS = ("fuse", "calibrate", "simulate", "compare", "devices", "bench", "model")
# What the first run of a session compiles stays for the others.
LIMIT = 600 if SANITIZED else 240
WIDTH, HEIGHT = 320, 240


def run(*args, env=None, **more):
    """The finished process; stdout and stderr as text."""
    environment = dict(os.environ, **(env or {}))
    return subprocess.run([PROGRAM, *args], capture_output=True, timeout=LIMIT, env=environment, text=True,
                          errors="replace", **more)


def tree(folder):
    """Every file below folder with its size and time of change."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            status = os.lstat(path)
            found[path] = (status.st_size, status.st_mtime_ns)
        found[at] = None
    return found


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb" if isinstance(data, bytes) else "w") as f:
        f.write(data)
    return path


def png_size(path):
    """width, height, bits, colour type of a PNG (its specification, 11.2.2)."""
    data = read(path)
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR", path
    return struct.unpack(">IIBB", data[16:26])


def png_rows(path):
    """The rows of an 8-bit PNG without interlace, as bytes."""
    width, height, bits, kind = png_size(path)
    data, at, packed = read(path), 8, b""
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        if name == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += 12 + size
    step = {0: 1, 2: 3}[kind] * bits // 8
    raw, stride, before, rows = zlib.decompress(packed), step * width, bytearray(step * width), []
    for y in range(height):
        how, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a, b = line[i - step] if i >= step else 0, before[i]
            c = before[i - step] if i >= step else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = line[i] + (0, a, b, (a + b) // 2, nearest)[how] & 255
        rows.append(bytes(line))
        before = line
    return rows


def jpeg_size(path):
    """width, height, components of a baseline or progressive JPEG."""
    data, at = read(path), 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    height, width, parts = struct.unpack(">HHB", data[at + 5:at + 10])
    return width, height, parts


def tiff(path):
    """The tags of the first directory, {tag: [values]}, and the file's bytes."""
    data = read(path)
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    at, tags = struct.unpack(order + "I", data[4:8])[0], {}
    for i in range(struct.unpack(order + "H", data[at:at + 2])[0]):
        tag, kind, count = struct.unpack(order + "HHI", data[at + 2 + 12 * i:at + 10 + 12 * i])
        code = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B"}.get(kind)
        if not code:
            continue
        size = struct.calcsize(code) * count
        where = at + 10 + 12 * i
        if size > 4:
            where = struct.unpack(order + "I", data[where:where + 4])[0]
        tags[tag] = struct.unpack(order + str(count) + code, data[where:where + size])
    return tags, data, order


def tiff_floats(path):
    """width, height, samples a pixel, and the floats, of an uncompressed or deflated TIFF without predictor."""
    tags, data, order = tiff(path)
    width, height, samples = tags[256][0], tags[257][0], tags.get(277, (1,))[0]
    assert tags[258][0] == 32 and tags[339][0] == 3 and tags.get(317, (1,))[0] == 1, "%s: no plain floats" % path
    strips = [data[o:o + n] for o, n in zip(tags[273], tags[279])]
    if tags[259][0] != 1:
        strips = [zlib.decompress(strip) for strip in strips]
    raw = b"".join(strips)
    return width, height, samples, struct.unpack(order + str(width * height * samples) + "f", raw)


class Case(unittest.TestCase):
    """A folder of its own for every test, beside material that all share."""
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="chromafuse-cli-")
        cls.rig = os.path.join(cls.shared, "rig")
        made = run("simulate", "--scene", "own", "--size", "%dx%d" % (WIDTH, HEIGHT), "-o", cls.rig)
        assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.at = tempfile.mkdtemp(dir=self.shared)
        self.out = self.path("out.png")

    def tearDown(self):
        os.chmod(self.at, 0o700)
        shutil.rmtree(self.at)

    def path(self, *names):
        return os.path.join(self.at, *names)

    def given(self, name):
        return os.path.join(self.rig, name)

    def words(self, **changes):
        """The command line of a good run with changes; None leaves an option out."""
        options = {"rig": self.given("rig.yaml"), "mono": self.given("mono.dng"), "color": self.given("color.dng"),
                   "output": self.out}
        options.update({name.replace("_", "-"): value for name, value in changes.items()})
        words = ["fuse"]
        for name, value in options.items():
            if value is not None:
                words += ["--" + name, str(value)] if value is not True else ["--" + name]
        return words

    def good(self, *more, env=None, **changes):
        done = run(*self.words(**changes), *more, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def complains(self, done, code, *patterns):
        """One line of error, and for wrong usage one that points at the help."""
        lines = [line for line in done.stderr.splitlines() if not line.startswith("chromafuse: warning: ")]
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(lines), 2 if code == 2 else 1, done.stderr)
        self.assertTrue(lines[0].startswith("chromafuse: error: "), done.stderr)
        if code == 2:
            self.assertTrue(lines[1].startswith("Try 'chromafuse"), done.stderr)
        for pattern in patterns:
            self.assertRegex(lines[0], pattern)

    def bad(self, code, *patterns, more=(), env=None, cwd=None, preexec_fn=None, **changes):
        """The run fails as it should and changes nothing in the test's folder."""
        before = tree(self.at)
        done = run(*self.words(**changes), *more, env=env, cwd=cwd, preexec_fn=preexec_fn)
        self.complains(done, code, *patterns)
        self.assertEqual(done.stdout, "")
        self.assertEqual(tree(self.at), before, "the run left something behind or changed it")


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
