#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `chromafuse simulate` and `compare` from outside: exit codes, one clear line, nothing half-written. The numbers are other tests' work.
set -u
chromafuse=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

# expect CODE PATTERN COMMAND...: the exit code, and a line of stderr or stdout that matches
expect() {
    local code=$1 pattern=$2 got
    shift 2
    "$chromafuse" "$@" >out.txt 2>err.txt
    got=$?
    if [ $got != "$code" ] || ! cat err.txt out.txt | grep -qE -- "$pattern"; then
        echo "chromafuse $*: exit $got, not $code, or no line like '$pattern':"
        cat err.txt out.txt
        failed=1
    fi
}

# left_alone WHAT...: no such files, and no temporaries
left_alone() {
    for f in "$@" ./*.??????; do
        if [ -e "$f" ] && [ "$f" != ./out.txt ] && [ "$f" != ./err.txt ]; then echo "$f was left behind"; failed=1; fi
    done
}

expect 0 'usage: chromafuse simulate' simulate --help
expect 2 'nothing to write' simulate
expect 2 'needs --left and --right' simulate -o rig --left a.png
expect 2 "can only be 'own'" simulate --scene moon -o rig
expect 2 'exclude each other' simulate --scene own --left a.png -o rig
expect 2 'electrons needs a number' simulate --scene own -o rig --electrons many
expect 2 'electrons needs a number' simulate --scene own -o rig --electrons -5
expect 2 'ratio needs a number' simulate --scene own -o rig --ratio 9
expect 2 'no rig variant' simulate --scene own -o rig --variant bent
expect 2 'unknown option' simulate --scene own -o rig --wobble
expect 2 'needs a size' simulate --scene own -o rig --size 12
expect 1 'missing.png' simulate --left missing.png --right missing.png -o rig
expect 1 '64x48 is the least' simulate --scene own --size 20x20 -o rig
left_alone rig

expect 0 'tilted rig, mono 96x72' simulate --scene own --size 96x72 --variant tilted -o deep/er/rig/ --write-scene scene
for f in mono.dng color.dng mono.cameramodel color.cameramodel rig.yaml truth.png; do
    [ -s "deep/er/rig/$f" ] || { echo "deep/er/rig/$f is missing"; failed=1; }
done
for f in left.png right.png disp_left.png disp_right.png META.json; do
    [ -s "scene/$f" ] || { echo "scene/$f is missing"; failed=1; }
done
cmp -s deep/er/rig/truth.png scene/left.png || { echo "the truth is not the left view"; failed=1; }

# so dark that the noise is far above white: still a picture
expect 0 'parallel rig' simulate --scene own --size 96x72 --electrons 0.1 -o night
expect 0 '' fuse --rig night/rig.yaml --mono night/mono.dng --color night/color.dng -o night.png
[ -s night.png ] || { echo "a tenth of an electron gave no picture"; failed=1; }

# other files of a folder stay, its own are replaced
touch deep/er/rig/notes.txt
expect 0 '"mono_size": "96x72"' simulate --scene own --size 96x72 --json -o deep/er/rig
[ -e deep/er/rig/notes.txt ] || { echo "a foreign file was removed"; failed=1; }
grep -q PINHOLE deep/er/rig/color.cameramodel || { echo "the old camera model was kept"; failed=1; }

# a real pair gives what the scene itself gave
expect 0 'parallel rig' simulate --left scene/left.png --right scene/right.png --focal 110.4 --baseline 0.08 --max-disparity 7 -o pair
cmp -s pair/mono.dng deep/er/rig/mono.dng || { echo "the same views gave another raw"; failed=1; }

echo "no picture" >text.png
expect 1 'text.png' simulate --left text.png --right scene/right.png -o broken
head -c 500 scene/left.png >cut.png
expect 1 'cut.png' simulate --left cut.png --right scene/right.png -o broken
expect 0 'x48' simulate --scene own --size 64x48 -o small --write-scene small-scene
expect 1 'must have one size' simulate --left scene/left.png --right small-scene/right.png -o broken
left_alone broken
expect 1 'text.png' simulate --scene own --size 64x48 -o text.png
grep -q 'no picture' text.png || { echo "a file was replaced by a folder"; failed=1; }
left_alone

truth=pair/truth.png
expect 2 'no pictures' compare
expect 2 'truth PICTURE is missing' compare scene/left.png
expect 2 '2 labels for 1' compare --truth $truth --images scene/left.png --labels a b
expect 2 'detail needs' compare --truth $truth scene/left.png --detail 2,3
expect 2 'sheet.gif' compare --truth $truth scene/left.png --sheet sheet.gif
expect 1 'missing.png' compare --truth $truth missing.png
expect 1 'but the truth' compare --truth $truth small/truth.png
expect 0 'same +99.00 +1.000 +0.00' compare --truth $truth --images scene/left.png scene/right.png --labels same other \
    --show small-scene/left.png --sheet sheet.png
[ -s sheet.png ] || { echo "no sheet was written"; failed=1; }
expect 0 '"ssim": 1' compare --json --row one --truth $truth --images scene/left.png --row two --images scene/right.png
expect 1 'nowhere' compare --truth $truth scene/left.png --sheet nowhere/sheet.png
left_alone

# a full disk (here: a file-size limit) and a signal
(trap '' XFSZ && ulimit -f 8 && "$chromafuse" simulate --scene own --size 320x240 -o full) >out.txt 2>err.txt
[ $? = 1 ] && grep -q 'full' err.txt || { echo "a write error went unnoticed:"; cat out.txt err.txt; failed=1; }
left_alone full
timeout -s INT 0.5 "$chromafuse" simulate --scene own --size 2000x1500 -o stopped >out.txt 2>err.txt
grep -q 'interrupted' err.txt || { echo "no word about the interruption"; failed=1; }
left_alone stopped

[ $failed = 0 ] && echo "simulate and compare: all as expected"
exit $failed
