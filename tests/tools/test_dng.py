#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our DNGs in other people's programs: ExifTool for the tags, LibRaw's raw-identify and dcraw_emu for what they make of
them. Does not prove anything of programs that do not use LibRaw; capture/dng_out is about what comes back to us.

usage: test_dng.py MAKE_DNG       MAKE_DNG: the program of make_dng.c. Exit status 77 where a tool is missing.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

# as in make_dng.c
PATCH, COLUMNS, ROWS = 40, 4, 3
PATCHES = [(.17, .08, .06), (.54, .30, .22), (.11, .19, .33), (.10, .15, .05),
           (.23, .21, .43), (.13, .50, .41), (.68, .20, .03), (.07, .10, .38),
           (.80, .80, .80), (.36, .36, .36), (.09, .09, .09), (.02, .02, .02)]
SPECTRAL = (.25, .60, .15)
FROM709 = [(.6273200, .2835932, .0890869), (.1076466, .7587231, .1336303), (.0185598, .2687454, .7126949)]
NEUTRAL = (.5, 1, .625)
# CIE XYZ (D65) -> linear sRGB, IEC 61966-2-1
XYZ_TO_709 = [(3.2404542, -1.5371385, -0.4985314), (-0.9692660, 1.8760108, 0.0415560), (0.0556434, -0.2040259, 1.0572252)]
ORDER = {"RGGB": "0 1 1 2", "GRBG": "1 0 2 1", "GBRG": "1 2 0 1", "BGGR": "2 1 1 0"}
FILES = ["mono", "mono-10p", "RGGB", "GRBG", "GBRG-10p", "BGGR"]

checks = 0


def check(what, ok, *seen):
    global checks
    checks += 1
    if not ok:
        sys.exit(f"FAILED: {what}: {' '.join(str(s) for s in seen)}")


def near(what, seen, wanted, tolerance):
    seen = [float(s) for s in str(seen).split()]
    check(what, len(seen) == len(wanted) and all(abs(s - w) <= tolerance for s, w in zip(seen, wanted)), seen, wanted)


def color_matrix():
    product = [[sum(FROM709[i][k] * XYZ_TO_709[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    return [NEUTRAL[i] * product[i][j] for i in range(3) for j in range(3)]


def check_tags(folder, name):
    path = f"{folder}/{name}.dng"
    command = ["exiftool", "-j", "-n", "-validate", "-warning", "-error", "-a", "-all", "-composite:all", path]
    tags = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]
    is_mono, is_packed = name.startswith("mono"), name.endswith("10p")
    check(f"{name}: ExifTool's warnings", not tags.get("Warning") and not tags.get("Error"), tags)
    wanted = {"ImageWidth": PATCH * COLUMNS, "ImageHeight": PATCH * ROWS, "BitsPerSample": 16, "SamplesPerPixel": 1,
              "PhotometricInterpretation": 34892 if is_mono else 32803, "WhiteLevel": 1023 if is_packed else 60000,
              "ISO": 400, "Software": "chromafuse",
              "DateTimeOriginal": "2026:09:21 16:13:20", "ModifyDate": "2026:09:21 16:13:20",
              "SubSecTimeOriginal": 123456, "OffsetTimeOriginal": "+02:00", "OffsetTime": "+02:00",
              "SubSecDateTimeOriginal": "2026:09:21 16:13:20.123456+02:00", "DNGVersion": "1 4 0 0",
              "UniqueCameraModel": f"chromafuse {'mono' if is_mono else 'colour'}"}
    for tag, value in wanted.items():
        check(f"{name}: {tag}", tags.get(tag) == value, tags.get(tag), "wanted", value)
    near(f"{name}: ExposureTime", tags["ExposureTime"], [.008], 1e-8)  # rationals from floats
    near(f"{name}: FrameRate", tags["FrameRate"], [25], 1e-5)
    near(f"{name}: NoiseProfile", tags["NoiseProfile"], [2.5e-4, 1.5e-6] * (1 if is_mono else 3), 1e-10)
    black = [64] if is_packed else [4000] if is_mono else [4000, 4008, 4016, 4024]
    near(f"{name}: BlackLevel", tags["BlackLevel"], black, 0)
    if is_mono:
        check("mono: no tags of colour", not {"CFAPattern2", "ColorMatrix1", "AsShotNeutral"} & set(tags), tags)
        return
    check(f"{name}: CFAPattern", tags["CFAPattern2"] == ORDER[name[:4]], tags["CFAPattern2"])
    near(f"{name}: ColorMatrix1", tags["ColorMatrix1"], color_matrix(), 2e-5)
    near(f"{name}: AsShotNeutral", tags["AsShotNeutral"], NEUTRAL, 1e-6)
    check(f"{name}: illuminant", tags["CalibrationIlluminant1"] == 21, tags["CalibrationIlluminant1"])


def check_libraw(folder, name, environment):
    text = subprocess.run(["raw-identify", "-v", f"{folder}/{name}.dng"], check=True, capture_output=True, text=True,
                          env=environment).stdout

    def line(pattern):
        match = re.search(pattern, text)
        check(f"{name}: LibRaw says {pattern}", match, text)
        return match
    line(r"Timestamp: Mon Sep 21 16:13:20 2026")
    line(r"ISO speed: 400\n")
    line(r"Shutter: 1/125\.0")
    line(rf"Image size: +{PATCH * COLUMNS} x {PATCH * ROWS}")
    if name.startswith("mono"):
        line(r"Raw colors: 1")
        return
    # its name for the order of our mosaic; LibRaw prints the 8 rows of its pattern word, two columns each
    line(rf"Filter pattern: {name[:4]}{name[:4]}")
    near(f"{name}: LibRaw's matrix", line(r"DNG color matrix 1:\n((?:.*\n){3})")[1], color_matrix(), 1e-4)
    shot = [float(s) for s in line(r"As shot +([\d. ]+)  ")[1].split()[:3]]
    near(f"{name}: LibRaw's neutral", " ".join(str(s / shot[1]) for s in shot), [1 / n for n in NEUTRAL], 2e-3)


def develop(folder, name):
    """16-bit linear sRGB by the camera's own white balance, nothing brightened: (channels, width, samples)."""
    path = f"{folder}/{name}.dng"
    subprocess.run(["dcraw_emu", "-w", "-W", "-g", "1", "1", "-o", "1", "-q", "0", "-c", "0", "-6", path], check=True,
                   capture_output=True)
    suffix = next(s for s in (".ppm", ".pgm") if os.path.exists(path + s))
    with open(path + suffix, "rb") as f:
        kind, size, peak = f.readline().strip(), f.readline().split(), int(f.readline())
        data = f.read()
    check(f"{name}: size developed", [int(s) for s in size] == [PATCH * COLUMNS, PATCH * ROWS] and peak == 65535, size)
    channels = {b"P5": 1, b"P6": 3}[kind]
    samples = [256 * data[i] + data[i + 1] for i in range(0, len(data), 2)]
    check(f"{name}: samples developed", len(samples) == channels * PATCH * COLUMNS * PATCH * ROWS, len(samples))
    return channels, samples


def patch_mean(channels, samples, index, channel):
    left, top, margin = index % COLUMNS * PATCH, index // COLUMNS * PATCH, PATCH // 4
    values = [samples[(y * PATCH * COLUMNS + x) * channels + channel]
              for y in range(top + margin, top + PATCH - margin) for x in range(left + margin, left + PATCH - margin)]
    return sum(values) / len(values)


def check_picture(folder, name):
    channels, samples = develop(folder, name)
    # half a code of a 10-bit sensor is 1/1918 of the scale, twice that in red (its gain is 2), more through the matrix
    tolerance = 65535 * (.004 if name.endswith("10p") else .0008)
    for index, rgb in enumerate(PATCHES):
        seen = [patch_mean(channels, samples, index, min(c, channels - 1)) for c in range(3)]
        if name.startswith("mono"):
            mono = sum(s * c for s, c in zip(SPECTRAL, rgb))
            check(f"{name}: cast of patch {index}", max(seen) - min(seen) <= 1, seen)
            near(f"{name}: patch {index}", seen[0], [65535 * mono], tolerance)
        else:
            near(f"{name}: patch {index}", " ".join(str(s) for s in seen), [65535 * c for c in rgb], tolerance)


def main():
    missing = [tool for tool in ("exiftool", "raw-identify", "dcraw_emu") if not shutil.which(tool)]
    if missing:
        print(f"SKIPPED: {' '.join(missing)} not found: install libimage-exiftool-perl and libraw-bin", file=sys.stderr)
        return 77
    environment = dict(os.environ, TZ="XXX-2")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True, env=environment)
        for name in FILES:
            check_tags(folder, name)
            check_libraw(folder, name, environment)
            check_picture(folder, name)
    print(f"{len(FILES)} DNGs, {checks} checks by ExifTool, raw-identify and dcraw_emu: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
