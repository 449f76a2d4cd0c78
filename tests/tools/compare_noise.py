#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`calibrate noise` beside a second computation, and both beside the truth of a simulated sensor.

The second one is EMVA 1288's own recipe (release 4.0, linear), in numpy and sharing nothing with the program: mean and
variance of each pair over a window in the middle, K by least squares through the origin of (variance - dark variance)
against (mean - dark mean) up to 70 % of saturation, read noise from the dark variance less 1/12. Does not prove anything
of real sensors; needs numpy. Usage: compare_noise.py CHROMAFUSE [--verbose]
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy
except ImportError:
    print("!! numpy is not there (CHROMAFUSE_PYTHON): the second computation of noise did not run; "
          "tests/tools/test_calibrate_noise.py did without it")
    sys.exit(77)

sys.argv[1:2] = [os.path.abspath(sys.argv[1])]
from cli_case import tiff  # noqa: E402: reads the program's path from the command line

PROGRAM, VERBOSE = sys.argv[1], "--verbose" in sys.argv
# name, options of the simulator. Read noise from 1 to 8 electrons, 0.4 to 11 codes, black from far above to nearly 0.
SENSORS = [
    ("12 bit, 2 electrons", ["--read-noise", "2", "--defects", "0.001", "--prnu", "0.01"]),
    ("10 bit, 0.4 codes", ["--bits", "10", "--electrons", "4000", "--read-noise", "1.7", "--black", "16.4"]),
    ("14 bit, 8 electrons, 11 codes", ["--bits", "14", "--electrons", "12000", "--read-noise", "8", "--black", "256.6"]),
    ("1 electron, clips at 0", ["--read-noise", "1", "--electrons", "2000", "--black", "3"]),
]
SIZE = ["--size", "640x480", "--vignetting", "0.3", "--darks", "2"]


def frame(path):
    tags, data, order = tiff(path)
    width, height = tags[256][0], tags[257][0]
    at = tags[273][0]
    return numpy.frombuffer(data, order + "u2", width * height, at).reshape(height, width).astype(float)


def pair(paths, site):
    """Mean and temporal variance of one site in the middle of two frames, without the most deviant pixels."""
    a, b = (frame(p) for p in paths[:2])
    if site is not None:
        a, b = (x[site // 2::2, site % 2::2] for x in (a, b))
    h, w = a.shape
    a, b = (x[h // 2 - h // 6:h // 2 + h // 6, w // 2 - w // 6:w // 2 + w // 6].ravel() for x in (a, b))
    difference, total = a - b, a + b
    spread = numpy.subtract(*numpy.percentile(total, (75, 25)))
    keep = abs(total - numpy.median(total)) < 8 * spread + 4
    return total[keep].mean() / 2, difference[keep].var(ddof=1) / 2


def emva(folder, camera, site):
    dark_mean, dark_variance = pair(sorted(glob.glob(os.path.join(folder, camera + "_g1_dark_*.dng"))), site)
    levels = sorted({p[:-6] for p in glob.glob(os.path.join(folder, camera + "_g1_l*.dng"))})
    points = numpy.array([pair(sorted(glob.glob(level + "_*.dng")), site) for level in levels])
    x, y = points[:, 0] - dark_mean, points[:, 1] - dark_variance
    x, y = (v[x <= 0.7 * x[points[:, 1].argmax()]] for v in (x, y))
    gain = (x * y).sum() / (x * x).sum()
    return gain, numpy.sqrt(max(0, dark_variance - 1 / 12)) / gain, dark_mean


def check(name, options, folder, report):
    out = os.path.join(folder, "flat")
    words = [PROGRAM, "simulate", "--target", "flat", "-o", out, *SIZE, *options]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    truth = json.load(open(os.path.join(out, "truth.json")))["sensor"]
    words = [PROGRAM, "calibrate", "noise", "--mono", out + "/mono*.dng", "--color", out + "/color*.dng", "--dark",
             out + "/*_dark_*.dng", "-o", os.path.join(folder, "rig"), "--json"]
    found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    for camera, site in (("mono", None), ("color", 1)):
        ours, sensor = found[camera]["gains"][0], truth[camera]
        gain, read = ours["codes_per_electron"]["value"], ours["read_noise_electrons"]["value"]
        black = ours["black"][site or 0]["value"]
        other = emva(out, camera, site)
        real = (sensor["gains"][0]["codes_per_electron"], sensor["read_electrons"], sensor["black"])
        line = "%-30s %-5s gain %.4f (numpy %.4f, truth %.4f) read %.3f (%.3f, %.3f) black %.3f (%.3f, %.3f)" % (
            name, camera, gain, other[0], real[0], read, other[1], real[1], black, other[2], real[2])
        if VERBOSE:
            print(line)
        clips = real[2] < 5 * real[1] * real[0]
        coarse = real[1] * real[0] < 0.6
        for what, bad in (("gain", abs(gain / real[0] - 1) > 0.01), ("read noise", abs(read / real[1] - 1) > 0.05),
                          ("black", abs(black - real[2]) > 0.2), ("gain of both", abs(gain / other[0] - 1) > 0.03),
                          ("read noise of both", not (clips or coarse) and abs(read / other[1] - 1) > 0.04),
                          ("black of both", not clips and abs(black - other[2]) > 0.1)):
            if bad:
                report.append("%s is off: %s" % (what, line))


def main():
    report = []
    for name, options in SENSORS:
        with tempfile.TemporaryDirectory(prefix="chromafuse-noise-") as folder:
            check(name, options, folder, report)
    print("\n".join(report) or "%d sensors, two cameras each: all agree" % len(SENSORS))
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main())
