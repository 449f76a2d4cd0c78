#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who may include whom, and the shape of the tree.

usage: check_includes.py [ROOT]      prints one line per violation; exit status 1 when there is one

Rules: each folder includes only itself and its row below; only cl/ includes OpenCL and CLBlast headers; quoted
includes name the folder; each folder's CMake link list stays within its row; C++ only in bridge files; every
source begins with an SPDX line; no file over 500 lines, fusion/pipeline.c not over 400, no function over 120.
"""
import os
import re
import sys

# folder: what of ours it may include (a folder, or one header of it)
ROWS = {
    "base": [],
    "cl": ["base"],
    "calib": ["base"],
    "capture": ["base", "calib"],
    "isp": ["base", "cl", "calib"],
    "fusion": ["base", "cl", "calib", "isp/stage.h"],
    "tools": ["base", "cl", "calib", "capture", "isp", "fusion"],
    "tests": ["base", "cl", "calib", "capture", "isp", "fusion", "tools"],
}
OPENCL = re.compile(r"(CL/|OpenCL/|(?i:clblast))")
SOURCES = (".c", ".h", ".cl", ".clh", ".cpp")
MAX_LINES, MAX_PIPELINE, MAX_FUNCTION, MAX_BRIDGES = 500, 400, 120, 2


def files_under(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "build")
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def allowed(folder, target):
    return target.startswith(folder + "/") or any(
        target == row or target.startswith(row + "/") for row in ROWS[folder])


def check_includes(root, path, lines):
    folder = path.split("/")[0]
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not match or folder not in ROWS:
            continue
        where, target = f"{path}:{number}", match[2]
        if OPENCL.match(target) and folder != "cl":
            yield f"{where}: only cl/ may include {target}"
        if match[1] == "<":
            continue
        if "/" not in target or target.startswith("."):
            yield f'{where}: "{target}" must name its folder'
        elif not os.path.exists(os.path.join(root, target)):
            yield f'{where}: "{target}" does not exist'
        elif not allowed(folder, target):
            yield f'{where}: {folder}/ may not include "{target}" (its row: {", ".join(ROWS[folder]) or "nothing"})'
        elif target == "cl/internal.h" and folder != "cl":
            yield f"{where}: {target} is private to cl/"


def check_links(path, text):
    folder = os.path.dirname(path)
    rows = {row.split("/")[0] for row in ROWS.get(folder, [])}
    if folder in ("tools", "tests") or folder not in ROWS:
        return
    for call in re.findall(r"(?:chromafuse_add_module|target_link_libraries)\(([^)]*)\)", text):
        for name in re.findall(r"\bchromafuse_(\w+)", call):
            if name in ROWS and name != folder and name not in rows:
                yield f"{path}: {folder}/ may not link chromafuse_{name}"


def check_shape(path, lines):
    limit = MAX_PIPELINE if path == "fusion/pipeline.c" else MAX_LINES
    if len(lines) > limit:
        yield f"{path}: {len(lines)} lines, more than {limit}"
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"[A-Za-z_].*[{]$", line) and "(" in line:
            start = number
        elif re.match(r" +.*\) [{]$", line) and start is None and number > 1 and re.match(r"[A-Za-z_]", lines[number - 2]):
            start = number - 1
        elif line.startswith("}") and start:
            if number - start + 1 > MAX_FUNCTION:
                yield f"{path}:{start}: a function of {number - start + 1} lines, more than {MAX_FUNCTION}"
            start = None


def is_source(path, lines):
    return path.endswith(SOURCES + (".py", ".cmake")) or (lines and lines[0].startswith("#!"))


def check(root):
    bridges = []
    for path in files_under(root):
        try:
            with open(os.path.join(root, path), encoding="utf-8") as f:
                text = f.read()
        except (UnicodeDecodeError, OSError):
            continue
        lines = text.split("\n")[:-1]
        if path.endswith("CMakeLists.txt"):
            yield from check_links(path, text)
        if not is_source(path, lines):
            continue
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            yield f"{path}: no SPDX line"
        yield from check_shape(path, lines)
        if path.endswith(SOURCES):
            yield from check_includes(root, path, lines)
        if path.endswith((".cpp", ".cc", ".cxx")):
            bridges.append(path)
            if not path.endswith("bridge.cpp") or 'extern "C"' not in text:
                yield f'{path}: C++ only in bridge files (*bridge.cpp) with an extern "C" interface'
    if len(bridges) > MAX_BRIDGES:
        yield f"{len(bridges)} C++ files, more than {MAX_BRIDGES}: {' '.join(bridges)}"


def main():
    if len(sys.argv) > 2 or "--help" in sys.argv:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    root = sys.argv[1] if len(sys.argv) == 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    violations = list(check(root))
    print("\n".join(violations) if violations else "includes and shape: ok")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
