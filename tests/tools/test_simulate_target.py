#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Simulated targets by the command line: what is written, that the truth agrees with it, and refusals.

usage: test_simulate_target.py CHROMAFUSE

With OpenCV (CHROMAFUSE_PYTHON) its own board finder must find the corners where truth.json has them; without it that
part says so and the exit status is 77 though the rest has run. Does not calibrate anything: tools/calibrate_* do.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print("FAILED:", what)


def run(program, *arguments, status=0, says=""):
    done = subprocess.run([program, "simulate", *arguments], capture_output=True, text=True)
    check(done.returncode == status and says in done.stderr,
          f"simulate {' '.join(arguments)}: exit {done.returncode}, not {status}: {done.stderr.strip()}")
    return done


def truth_of(folder):
    with open(os.path.join(folder, "truth.json"), encoding="utf-8") as f:
        return json.load(f)


def try_board(program, folder):
    run(program, "--target", "board", "--board", "7x5", "--size", "960x720", "--ratio", "1.5", "--poses", "4",
        "--one-sided", "1", "--png", "-o", folder)
    truth = truth_of(folder)
    check(len(truth["pictures"]) == 4, "four pictures in truth.json")
    for i, picture in enumerate(truth["pictures"]):
        check(picture["mono_sees_all"] + picture["color_sees_all"] == (2 if i < 3 else 1), f"views of picture {i}")
        for camera, size in (("mono", (960, 720)), ("color", (640, 480))):
            points = picture["points"][camera]
            check(len(points) == 35, "35 corners")
            if picture[camera + "_sees_all"]:
                check(all(0 < x < size[0] and 0 < y < size[1] for x, y in points), "corners inside the picture")
            for ending in ("dng", "png"):
                check(os.path.getsize(os.path.join(folder, f"{camera}_{i:03}.{ending}")) > 1000, "a picture")
    for name in ("rig.yaml", "mono.cameramodel", "color.cameramodel"):
        check(os.path.exists(os.path.join(folder, "truth", name)), name)
    again = os.path.join(folder, "again")
    run(program, "--target", "board", "--board", "7x5", "--rig", os.path.join(folder, "truth", "rig.yaml"), "--poses", "4",
        "--one-sided", "1", "-o", again)
    check(truth_of(again)["pictures"] == truth["pictures"], "the same rig from its own truth gives the same poses")
    with open(os.path.join(folder, "mono_000.dng"), "rb") as a, open(os.path.join(again, "mono_000.dng"), "rb") as b:
        check(a.read() == b.read(), "the same seed gives the same picture")


def try_others(program, folder):
    chart, flat = os.path.join(folder, "chart"), os.path.join(folder, "flat")
    run(program, "--target", "chart", "--size", "320x240", "--shift", "0.5,0", "-o", chart)
    picture = truth_of(chart)["pictures"][0]
    check(not picture["mono_sees_all"] and len(picture["points"]["mono"]) == 24, "a chart half out of view")
    run(program, "--target", "flat", "--size", "64x64", "--gain", "1,4", "--levels", "3", "--darks", "1", "--defects",
        "0.01", "-o", flat)
    check(len([n for n in os.listdir(flat) if n.endswith(".dng")]) == 2 * 2 * (1 + 3 * 2), "frames of two ladders")
    with open(os.path.join(flat, "truth", "mono.defects.txt"), encoding="ascii") as f:
        check(10 < len(f.readlines()) < 80, "about 41 broken pixels")


def try_refusals(program, folder):
    board = ("--target", "board", "-o", folder)
    run(program, "--target", "bored", "-o", folder, status=2, says="board, chart or flat")
    run(program, "--target", "board", status=2, says="-o FOLDER")
    run(program, *board, "--board", "9", status=2, says="--board")
    run(program, *board, "--board", "1x1", status=2, says="2 to 200")
    run(program, *board, "--rotation", "1,2", status=2, says="--rotation needs 3")
    run(program, *board, "--black", "5000", status=2, says="leaves no room")
    run(program, *board, "--left", "x.png", status=2, says="--left")
    run(program, *board, "--rig", "/nonexistent/rig.yaml", status=1, says="/nonexistent/rig.yaml")
    run(program, "--target", "board", "-o", "/dev/null/x", "--poses", "1", status=1, says="/dev/null/x")


def compare_with_opencv(folder):
    try:
        import cv2
        import numpy
    except ImportError:
        print("SKIPPED: no OpenCV here, its board finder was not asked (set CHROMAFUSE_PYTHON)")
        return 77
    squares = []
    for i, picture in enumerate(truth_of(folder)["pictures"]):
        for camera in ("mono", "color"):
            if not picture[camera + "_sees_all"]:
                continue
            grey = cv2.imread(os.path.join(folder, f"{camera}_{i:03}.png"), cv2.IMREAD_GRAYSCALE)
            found, corners = cv2.findChessboardCornersSB(grey, (7, 5), flags=cv2.CALIB_CB_ACCURACY)
            check(found, f"OpenCV finds the board in {camera}_{i:03}.png")
            if not found:
                continue
            true, corners = numpy.array(picture["points"][camera]), corners.reshape(-1, 2)
            errors = min((((c - true) ** 2).sum(axis=1) for c in (corners, corners[::-1])), key=numpy.sum)
            print(f"{camera}_{i:03}: corners of OpenCV are {math.sqrt(errors.mean()):.3f} pixels (RMS) from the truth")
            squares.append(errors)
    rms = math.sqrt(numpy.concatenate(squares).mean())
    check(rms < 0.1, f"OpenCV's corners are {rms:.3f} pixels off")
    return 0


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        try_board(program, os.path.join(folder, "board"))
        try_others(program, folder)
        try_refusals(program, os.path.join(folder, "none"))
        skipped = compare_with_opencv(os.path.join(folder, "board"))
    return 1 if failures else skipped


if __name__ == "__main__":
    sys.exit(main())
