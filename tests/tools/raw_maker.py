# SPDX-License-Identifier: Apache-2.0
"""Raw pictures of the tests' own making: a DNG of the simulator's, its codes exchanged. Standard library only."""
import array
import random
import struct
import sys

from cli_case import tiff, write


def rationals(data, tag):
    """Where the rationals of a tag of the first directory lie, and their values."""
    at = struct.unpack("<I", data[4:8])[0]
    for i in range(struct.unpack("<H", data[at:at + 2])[0]):
        found, kind, count, where = struct.unpack("<HHII", data[at + 2 + 12 * i:at + 14 + 12 * i])
        if found == tag and kind == 5:
            words = struct.unpack("<%dI" % (2 * count), data[where:where + 8 * count])
            return where, [a / b for a, b in zip(words[::2], words[1::2])]
    raise AssertionError("no tag %d" % tag)


class Raw:
    """A plain DNG (one strip of 16 bits) as numbers: width, height, codes, black, white, cfa (None: mono)."""

    def __init__(self, path):
        tags, self.data, order = tiff(path)
        assert order == "<" and tags[259][0] == 1 and len(tags[273]) == 1, path
        self.width, self.height, self.offset = tags[256][0], tags[257][0], tags[273][0]
        self.cfa = list(tags[33422]) if 33422 in tags else None
        self.white = tags[50717][0]
        self.black = rationals(self.data, 50714)[1][0]
        self.codes = array.array("H", self.data[self.offset:self.offset + 2 * self.width * self.height])
        if sys.byteorder == "big":
            self.codes.byteswap()

    def fill(self, signal, electrons, seed=1):
        """Exposes every pixel: signal(x, y, colour 0..2 or None) in 0..1 of the range; electrons at 1, read noise 2."""
        noise = random.Random(seed)
        gauss, span, at = noise.gauss, self.white - self.black, 0
        for y in range(self.height):
            for x in range(self.width):
                v = signal(x, y, self.cfa[(y & 1) * 2 + (x & 1)] if self.cfa else None)
                if electrons:
                    v += gauss(0, 1) * ((max(v, 0) * electrons + 4) ** 0.5) / electrons
                self.codes[at] = min(max(int(self.black + span * v + 0.5), 0), self.white)
                at += 1
        return self

    def set_neutral(self, neutral):
        """AsShotNeutral of a colour raw."""
        where = rationals(self.data, 50728)[0]
        words = b"".join(struct.pack("<II", int(v * 1000000 + 0.5), 1000000) for v in neutral)
        self.data = self.data[:where] + words + self.data[where + len(words):]

    def save(self, path):
        codes = array.array("H", self.codes)
        if sys.byteorder == "big":
            codes.byteswap()
        body = codes.tobytes()
        return write(path, self.data[:self.offset] + body + self.data[self.offset + len(body):])
