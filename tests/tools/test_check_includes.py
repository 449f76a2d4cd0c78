#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each kind of violation that tools/check_includes.py names and expects it to be named.

Does not prove that the tree itself is clean: lint/includes runs the check on it.
"""
import os
import subprocess
import sys
import tempfile

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/check_includes.py")
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
CLEAN = {
    "base/log.h": SPDX,
    "cl/device.c": SPDX + '#include <CL/cl.h>\n#include "base/log.h"\n',
    "cl/internal.h": SPDX,
    "isp/stage.h": SPDX,
    "isp/black.h": SPDX + '#include "isp/stage.h"\n',
    "fusion/pipeline.c": SPDX + '#include "isp/stage.h"\n#include <stdio.h>\n',
    "base/CMakeLists.txt": "chromafuse_add_module(base SOURCES log.c LINKS m)\n",
    "isp/CMakeLists.txt": "chromafuse_add_module(isp SOURCES black.c LINKS chromafuse_base chromafuse_cl)\n",
}
PLANTED = [
    ({"base/a.c": SPDX + '#include "isp/stage.h"\n'}, "base/a.c:2: base/ may not include"),
    ({"isp/a.c": SPDX + '#include "fusion/b.h"\n', "fusion/b.h": SPDX}, "isp/a.c:2: isp/ may not include"),
    ({"fusion/a.c": SPDX + '#include "isp/black.h"\n'}, "fusion/a.c:2: fusion/ may not include"),
    ({"isp/a.c": SPDX + "#include <CL/cl.h>\n"}, "isp/a.c:2: only cl/ may include CL/cl.h"),
    ({"fusion/a.c": SPDX + "#  include <clblast_c.h>\n"}, "fusion/a.c:2: only cl/ may include clblast_c.h"),
    ({"isp/a.c": SPDX + '#include "cl/internal.h"\n'}, "cl/internal.h is private"),
    ({"isp/a.c": SPDX + '#include "stage.h"\n'}, "must name its folder"),
    ({"isp/a.c": SPDX + '#include "isp/missing.h"\n'}, "does not exist"),
    ({"isp/a.cl": SPDX + '#include "fusion/b.h"\n', "fusion/b.h": SPDX}, "isp/a.cl:2: isp/ may not include"),
    ({"base/a.c": "int x;\n"}, "base/a.c: no SPDX line"),
    ({"tools/run": "#!/bin/sh\ntrue\n"}, "tools/run: no SPDX line"),
    ({"isp/a.c": SPDX + "int x;\n" * 500}, "isp/a.c: 501 lines"),
    ({"fusion/pipeline.c": SPDX + "int x;\n" * 400}, "fusion/pipeline.c: 401 lines"),
    ({"isp/a.c": SPDX + "int f(void) {\n" + "    g();\n" * 130 + "}\n"}, "isp/a.c:2: a function of 132 lines"),
    ({"isp/CMakeLists.txt": "chromafuse_add_module(isp SOURCES a.c LINKS chromafuse_fusion)\n"},
     "isp/ may not link chromafuse_fusion"),
    ({"capture/a.cpp": SPDX + 'extern "C" int x;\n'}, "C++ only in bridge files"),
    ({f"capture/{n}_bridge.cpp": SPDX + 'extern "C" int x;\n' for n in "abc"}, "3 C++ files, more than 2"),
]


def run(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


def main():
    failed = 0
    code, output = run(CLEAN)
    if code:
        failed += 1
        print("the clean tree is called wrong:\n" + output)
    for files, expected in PLANTED:
        code, output = run({**CLEAN, **files})
        if code != 1 or expected not in output or len(output.splitlines()) != 1:
            failed += 1
            print(f"expected one line with '{expected}', got status {code} and:\n{output}")
    print(f"{len(PLANTED) + 1 - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
