#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The program on bad input: one clear line that names the file, the right exit status, nothing written. Does not prove
# that readers survive every damage: the fuzz targets look for that.
# usage: test_bad_input.sh CHROMAFUSE WORKDIR
set -u
chromafuse=$1 work=$2
rm -rf "$work"
mkdir -p "$work/out"
cd "$work" || exit 1
passed=0 failed=0

# expect STATUS PATTERN COMMAND...: exit status, a line on stderr that matches, and an empty out/
expect() {
    local status=$1 pattern=$2 got
    shift 2
    "$@" >stdout.txt 2>stderr.txt </dev/null
    got=$?
    if [ "$got" = "$status" ] && grep -qE -- "$pattern" stderr.txt && [ -z "$(ls -A out)" ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED: $* -> status $got (expected $status), out/: $(ls -A out | tr '\n' ' ')"
    sed 's/^/    /' stderr.txt | tail -n 5
    rm -rf out && mkdir out
}

fuse() { # RIG MONO COLOR [OPTIONS]
    local rig=$1 mono=$2 color=$3
    shift 3
    "$chromafuse" fuse --rig "$rig" --mono "$mono" --color "$color" -o out/fused.png --provenance out/p.png \
        --write-linear out/l.tif --report out/r.json "$@"
}

"$chromafuse" simulate --scene own --size 128x96 --electrons 200 -o rig >/dev/null || exit 1
"$chromafuse" simulate --scene own --size 96x64 --electrons 200 -o small >/dev/null || exit 1
M=rig/mono.dng C=rig/color.dng R=rig/rig.yaml

# usage
expect 2 'usage|--help' "$chromafuse"
expect 2 'nonsense' "$chromafuse" nonsense
expect 2 'nonsense' "$chromafuse" fuse --nonsense
expect 2 'mono' "$chromafuse" fuse --color $C -o out/a.png
expect 2 'output' "$chromafuse" fuse --mono $M --color $C
expect 2 'color' "$chromafuse" fuse --mono $M -o out/a.png
expect 2 'tone' fuse $R $M $C --tone pink
expect 2 'depth' fuse $R $M $C --depth 9
expect 2 'frames' fuse $R $M $C --frames 0
expect 2 'frames' fuse $R $M $C --frames 1x
expect 2 'gif' "$chromafuse" fuse --rig $R --mono $M --color $C -o out/a.gif
expect 2 'jpg|error-map' fuse $R $M $C --error-map out/e.jpg
expect 2 'left|scene' "$chromafuse" simulate -o out/rig
expect 2 'electrons' "$chromafuse" simulate --scene own --electrons -5 -o out/rig
expect 2 'size' "$chromafuse" bench --size 0x10
expect 2 'truth' "$chromafuse" compare --images rig/truth.png

# files that are not there or not what they should be
expect 1 'missing\.dng.*No such file' fuse $R missing.dng $C
expect 1 'missing\.dng.*No such file' fuse $R $M missing.dng
expect 1 'missing\.yaml.*No such file' fuse missing.yaml $M $C
expect 1 'rig/color\.dng.*(colour|mosaic)' fuse $R $C $C
expect 1 'rig/mono\.dng.*mono' fuse $R $M $M
expect 1 'folders' "$chromafuse" fuse --rig $R --mono rig --color $C -o out/a.png
expect 1 'truth\.png' fuse $R rig/truth.png $C
: >empty.dng
expect 1 'empty\.dng' fuse $R empty.dng $C
for bytes in 4 100 400 2000; do
    head -c $bytes $M >cut.dng
    expect 1 'cut\.dng' fuse $R cut.dng $C
done
head -c 5000 /dev/urandom >noise.dng
expect 1 'noise\.dng' fuse $R noise.dng $C
expect 1 '/dev/zero' fuse $R /dev/zero $C
mkfifo pipe
expect 1 'pipe' timeout 20 "$chromafuse" fuse --rig $R --mono pipe --color $C -o out/a.png
if [ "$(id -u)" != 0 ]; then
    cp $M locked.dng && chmod 0 locked.dng
    expect 1 'locked\.dng' fuse $R locked.dng $C
fi

# rigs
rig() { sed "$1" $R >rig/changed.yaml; }
rig 's/^version: 1/version: 7/' && expect 1 'changed\.yaml.*version' fuse rig/changed.yaml $M $C
rig '/model: mono/d' && expect 1 'changed\.yaml.*model' fuse rig/changed.yaml $M $C
rig 's/mono.cameramodel/nothing.cameramodel/' && expect 1 'nothing\.cameramodel' fuse rig/changed.yaml $M $C
rig 's/spectral: .*/spectral: [1, 2]/' && expect 1 'changed\.yaml.*spectral' fuse rig/changed.yaml $M $C
rig 's/spectral: .*/spectral: [.nan, 1, 0]/' && expect 1 'changed\.yaml.*spectral' fuse rig/changed.yaml $M $C
rig 's/^color:/color: [[[/' && expect 1 'changed\.yaml' fuse rig/changed.yaml $M $C
expect 1 'cameramodel.*(128x96|96x64)' fuse $R small/mono.dng small/color.dng
sed 's/intrinsics/intrinsic/' rig/mono.cameramodel >rig/broken.cameramodel
rig 's/mono.cameramodel/broken.cameramodel/' && expect 1 'broken\.cameramodel.*intrinsics' fuse rig/changed.yaml $M $C

# devices and places to write
expect 1 'no such device' fuse $R $M $C --device 'no such device'
expect 1 'nowhere/a\.png' "$chromafuse" fuse --rig $R --mono $M --color $C -o out/nowhere/a.png
expect 1 'black\.nothing|nothing' fuse $R $M $C --set black.nothing=1
expect 1 'truth|size' "$chromafuse" compare --truth rig/truth.png --images small/truth.png
expect 1 'missing\.png' "$chromafuse" compare --truth missing.png --images rig/truth.png
expect 1 'missing\.png' "$chromafuse" simulate --left missing.png --right missing.png -o out/rig
if [ -w /dev/full ]; then
    ln -s /dev/full full.png
    expect 1 'full\.png|/dev/full' "$chromafuse" fuse --rig $R --mono $M --color $C -o full.png
    [ -c /dev/full ] || { echo "FAILED: /dev/full was replaced"; failed=$((failed + 1)); }
fi

# Ctrl-C in the middle: nothing is left
"$chromafuse" fuse --rig $R --mono $M --color $C -o out/fused.png --frames 100000 >stdout.txt 2>stderr.txt &
pid=$!
sleep 2
kill -INT $pid
wait $pid
status=$?
if [ $status = 0 ] || [ -n "$(ls -A out)" ]; then
    echo "FAILED: interrupted -> status $status, out/: $(ls -A out)"
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
