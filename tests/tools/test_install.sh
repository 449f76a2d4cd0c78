#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs into a folder, builds the example against it by pkg-config and by CMake, moves the folder, and fuses a pair
# with program and example: the pictures must be equal. Does not prove that they are good: the quality tests do.
# usage: test_install.sh BUILD SOURCE
set -eu
build=$1 source=$2
work=$build/install-test
rm -rf "$work"
mkdir -p "$work"

cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/moved" # nothing in it may know where it was
prefix=$work/moved
library=$(dirname "$(find "$prefix" -name libchromafuse.so)")
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library

for header in $(cd "$prefix/include" && find chromafuse -name '*.h'); do # each one stands alone
    printf '#include <%s>\n' "$header" >"$work/header.c"
    cc -std=c17 -Wall -Werror -fsyntax-only $(pkg-config --cflags chromafuse) "$work/header.c"
done

cc -std=c17 -Wall -Wextra -Werror "$source/examples/fuse_pair.c" $(pkg-config --cflags --libs chromafuse) \
    -o "$work/by-pkg-config"
cmake -S "$source/examples" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >"$work/cmake.log"
cmake --build "$work/cmake" >>"$work/cmake.log"

"$prefix/bin/chromafuse" --version
"$prefix/bin/chromafuse" simulate --scene own --size 256x192 --electrons 200 -o "$work/rig"
pair=("$work/rig/mono.dng" "$work/rig/color.dng")
"$work/by-pkg-config" "$work/rig/rig.yaml" "${pair[@]}" "$work/by-pkg-config.tif"
"$work/cmake/fuse_pair" "$work/rig/rig.yaml" "${pair[@]}" "$work/by-cmake.tif"
"$prefix/bin/chromafuse" fuse --rig "$work/rig/rig.yaml" --mono "${pair[0]}" --color "${pair[1]}" --tone none \
    -o "$work/by-program.png"
cmp "$work/by-pkg-config.tif" "$work/by-cmake.tif"

# wrong files: one line that names them, exit status 1, nothing written
if "$work/cmake/fuse_pair" "$work/rig/rig.yaml" "$work/missing.dng" "${pair[1]}" "$work/none.png" 2>"$work/error.txt"; then
    echo "a missing file was not noticed"
    exit 1
fi
grep -q missing.dng "$work/error.txt"
[ ! -e "$work/none.png" ]

"$prefix/bin/chromafuse" compare --help >/dev/null 2>&1 || exit 0
"$work/cmake/fuse_pair" "$work/rig/rig.yaml" "${pair[@]}" "$work/by-cmake.png"
cmp "$work/by-cmake.png" "$work/by-program.png" ||
    "$prefix/bin/chromafuse" compare --truth "$work/by-program.png" --images "$work/by-cmake.png" --border 0
