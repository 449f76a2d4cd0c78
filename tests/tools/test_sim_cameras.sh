#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rig that `simulate --scene own` writes fits the simulated cameras: a pair of theirs, recorded, fuses as well as simulate's own
# pair, and a pair whose frames do not belong together does not. Does not judge fusion itself (test_fuse).
set -u
chromafuse=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

run() {
    "$chromafuse" "$1" -q "${@:2}" >/dev/null || { echo "failed: chromafuse $*"; exit 1; }
}
psnr() {
    "$chromafuse" compare --json --truth rig/truth.png --images "$1" | sed -n 's/.*"psnr_db": \([0-9.]*\),/\1/p'
}
# expect WHAT CONDITION: a condition of awk
expect() {
    awk "BEGIN { exit !($2) }" || { echo "$1: not $2"; failed=1; }
}

run simulate --scene own --size 256x192 --seed 1 -o rig
run capture --as-fast --mono 'sim:mono?size=256x192&seed=1' --color 'sim:color?size=256x192&seed=1' --pairs 5 -o recording
run fuse --rig rig/rig.yaml --mono rig/mono.dng --color rig/color.dng -o direct.png
run fuse --rig rig/rig.yaml --mono recording/mono/000000.dng --color recording/color/000000.dng -o pair.png
run fuse --rig rig/rig.yaml --mono recording/mono/000000.dng --color recording/color/000004.dng -o apart.png
direct=$(psnr direct.png) pair=$(psnr pair.png) apart=$(psnr apart.png)
echo "PSNR: simulate's own pair $direct dB, a recorded pair $pair dB, frames four apart $apart dB"
expect "a recorded pair fuses as simulate's" "$pair - $direct < 0.2 && $direct - $pair < 0.2 && $pair > 24"
expect "frames that do not belong together show" "$apart < $pair - 1"
exit $failed
