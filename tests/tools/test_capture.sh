#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `capture` on simulated cameras: what is recorded, resumed, interrupted at any moment, cut off by a full disk, refused;
# then others read it. Does not prove that real cameras work (tests/vm) nor that DNGs are right (test_dng).
# usage: test_capture.sh CHROMAFUSE WORKDIR PYTHON
set -u
chromafuse=$1 work=$2 python=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
passed=0 failed=0
mono='sim:mono?size=64x48&fps=100' color='sim:color?size=64x48&fps=100'

ok() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "FAILED: $*"
    sed 's/^/    /' stderr.txt | tail -n 5
}

# expect STATUS PATTERN COMMAND...: exit status and a line on stderr that matches ('' : no error line at all)
expect() {
    local status=$1 pattern=$2 got
    shift 2
    "$@" >stdout.txt 2>stderr.txt </dev/null
    got=$?
    if [ "$got" != "$status" ]; then
        bad "$* -> status $got, expected $status"
    elif [ -n "$pattern" ] && ! grep -qE -- "$pattern" stderr.txt; then
        bad "$* -> no line with '$pattern'"
    elif [ "$(grep -c 'error:' stderr.txt)" != $((status == 0 ? 0 : 1)) ]; then
        bad "$* -> not one line of error"
    else
        ok
    fi
}

capture() { "$chromafuse" capture --mono "$mono" --color "$color" "$@"; }

# Python's own JSON reader is the judge of the log: check FOLDER [PAIRS]: lines in pairs, numbered from 0, all files there,
# no others, times in step.
check() {
    "$python" - "$@" <<'PY' || bad "the recording $*"
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
lines = [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]
assert (folder / "frames.jsonl").read_text().endswith("\n") and len(lines) % 2 == 0, "half a pair"
for i, line in enumerate(lines):
    assert set(line) == {"camera", "index", "sequence", "t_ns", "t_ref", "exposure_ns", "gain", "file"}, line
    assert line["camera"] == ("mono", "color")[i % 2] and line["index"] == i // 2, (i, line)
    assert line["file"] == f"{line['camera']}/{i // 2:06}.dng" and line["t_ref"] == "mid", line
    assert line["exposure_ns"] > 0 and line["gain"] > 0 and line["t_ns"] > 0, line
    assert (folder / line["file"]).stat().st_size > 2 * 64 * 48, line
for a, b in zip(lines[::2], lines[1::2]):
    assert abs(a["t_ns"] - b["t_ns"]) < 3.4e6, (a, b)
there = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
assert there == sorted(["frames.jsonl"] + [line["file"] for line in lines]), there
assert len(sys.argv) < 3 or len(lines) == 2 * int(sys.argv[2]), f"{len(lines) // 2} pairs"
PY
}

# --- recorded, gone on with, read by others ---
expect 0 '' capture --pairs 4 -o made/here/rec
check made/here/rec 4
expect 0 '' capture --pairs 3 --resume --json -o made/here/rec
check made/here/rec 7
"$python" -c 'import json; j = json.load(open("stdout.txt")); assert j["pairs"] == 3 and j["ended"] == "pairs" and j["bytes"] > 3 * 2 * 6144
assert j["mono"]["format"] == "Y14" and j["color"]["size"] == "64x48" and j["mono"]["uri"].startswith("sim:mono")' || bad "JSON"
expect 1 'is not empty' capture --pairs 1 -o made/here/rec
expect 0 '' "$chromafuse" capture --mono made/here/rec --as-fast -o again
check again 7
expect 0 '' "$chromafuse" capture --mono made/here/rec/mono --color file:made/here/rec/color --as-fast --pairs 5 -o five
check five 5
expect 0 '[0-9] pairs, .*/s, skew .* us, dropped [0-9]+, lost [0-9]+\+[0-9]+, .* MB left' capture --seconds 1.2 -o seconds
check seconds
"$chromafuse" capture -q --mono "$mono" --color "$color" --seconds 1.2 -o quiet >/dev/null 2>stderr.txt
[ -s stderr.txt ] && bad "--quiet says something"

# --- the rig: offset between the clocks, levels and noise ---
"$chromafuse" simulate --scene own --size 64x48 --seed 1 -o rig >/dev/null || bad simulate
sed 's/^sync:.*//' rig/rig.yaml >rig/late.yaml
echo 'sync: {offset_us: 3000}' >>rig/late.yaml
color="$color&skew_us=3000" expect 0 '' capture --rig rig/late.yaml --no-sync --pairs 5 --json -o late
check late 5
"$python" -c 'import json; j = json.load(open("stdout.txt")); assert abs(j["skew_us"]["mean"]) < 100, j["skew_us"]' || bad "offset of the rig"

# --- fuse goes by the log: lines in another order, a frame missing ---
cp -r again mixed
"$python" - <<'PY'
import pathlib, random
log = pathlib.Path("mixed/frames.jsonl")
lines = log.read_text().splitlines(True)[:8]
random.Random(1).shuffle(lines)
log.write_text("".join(lines))
PY
rm mixed/color/000001.dng mixed/mono/00000[456].dng
expect 0 'pair 1 is left out: color/000001.dng is not there' "$chromafuse" fuse --temporal off --rig rig/rig.yaml --mono mixed -o fused
[ "$(ls fused | tr '\n' ' ')" = '000000.png 000002.png 000003.png ' ] || bad "fuse wrote $(ls fused)"
expect 0 '' "$chromafuse" fuse --rig rig/rig.yaml --mono again/mono/000003.dng --color again/color/000003.dng -o single.png
cmp -s single.png fused/000003.png || bad "fuse by the log and fuse of the files differ"

expect 2 'name a folder' "$chromafuse" fuse --rig rig/rig.yaml --mono mixed -o one.png

# --- a pair's own mono gain does what the rig's would ---
"$python" - <<'PY'
import pathlib, re
log = pathlib.Path("mixed/frames.jsonl")
log.write_text(re.sub(r'("file": "mono/000003)', r'"mono_gain": 0.5, \1', log.read_text()))
rig = re.sub(r" *gain: .*\n", "", pathlib.Path("rig/rig.yaml").read_text())
pathlib.Path("rig/half.yaml").write_text(rig.replace("mono:\n", "mono:\n  gain: 0.5\n"))
PY
expect 0 '' "$chromafuse" fuse --temporal off --rig rig/rig.yaml --mono mixed --tone none -o own
expect 0 '' "$chromafuse" fuse --rig rig/half.yaml --mono again/mono/000003.dng --color again/color/000003.dng --tone none -o half.png
expect 0 '' "$chromafuse" fuse --rig rig/rig.yaml --mono again/mono/000003.dng --color again/color/000003.dng --tone none -o full.png
cmp -s own/000003.png half.png || bad "the pair's own mono gain was not used"
cmp -s own/000003.png full.png && bad "the mono gain made no difference"

# --- interrupted at any moment, killed, gone on with ---
set -m # else programs in the background ignore Ctrl-C until they say otherwise
for i in 1 2 3 4 5 6; do
    "$chromafuse" capture --mono "$mono" --color "$color" --seconds 60 -o "cut$i" >stdout.txt 2>stderr.txt &
    pid=$!
    sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
    kill "-$([ $i = 6 ] && echo TERM || echo INT)" $pid
    wait $pid
    got=$?
    if [ $got = 0 ]; then
        check "cut$i"
    elif [ $got -ge 128 ] && [ ! -e "cut$i" ]; then
        : # before it could say that it ends gently
    elif [ $got != 1 ] || [ -e "cut$i" ] || ! grep -qE 'no pair|interrupted' stderr.txt; then
        bad "interrupted after a moment: status $got"
    fi
    ok
done
"$chromafuse" capture --mono "$mono" --color "$color" -o killed >/dev/null 2>&1 &
pid=$!
for i in $(seq 100); do
    [ -e killed/frames.jsonl ] && [ "$(wc -l <killed/frames.jsonl)" -ge 6 ] && break
    sleep 0.1
done
kill -KILL $pid
wait $pid 2>/dev/null
set +m
truncate -s -7 killed/frames.jsonl
echo unfinished >killed/mono/000999.dng.Xy12ab
expect 0 '' capture --pairs 2 --resume -o killed
# the crash may have left one pair's files behind the log
lines=$(wc -l <killed/frames.jsonl)
rm -f "killed/mono/$(printf %06d $((lines / 2))).dng" "killed/color/$(printf %06d $((lines / 2))).dng"
check killed

# --- the disk ---
mkdir small
if mount -t tmpfs -o size=300k tmpfs small 2>/dev/null; then
    expect 1 'disk is full|No space left' capture --keep-free 0 -o small/rec
    check small/rec
    [ "$(wc -l <small/rec/frames.jsonl)" -ge 20 ] || bad "a disk of 300 kB took too little"
    expect 1 'the disk is full' capture --resume -o small/rec
    expect 0 '' "$chromafuse" capture --mono small/rec --as-fast -o from-small
    umount small
else
    echo "!! cannot mount a small disk here: a limit on the size of files stands for it"
fi
(failed=0; ulimit -f 10; expect 1 'frames.jsonl: cannot write' capture --keep-free 0 -o limited; exit $failed) || bad "limited files"
check limited
expect 1 'the disk is full' capture --keep-free 1e9 -o nothing
[ -e nothing ] && bad "a folder without pairs is left"
expect 1 'cannot record there' capture -o /proc/nothing
touch file
expect 1 'Not a directory' capture -o file/rec

# --- cameras that go away ---
mono="$mono&unplug_at=20&unplug_s=0.3" expect 0 'is back' capture --pairs 40 --json -o back
check back 40
"$python" -c 'import json; j = json.load(open("stdout.txt")); assert j["mono"]["reconnects"] == 1, j' || bad "reconnects"
mono="$mono&unplug_at=20&unplug_s=60" expect 1 'mono camera has been gone' capture --wait 0.5 -o gone
check gone
mono="$mono&frames=9" color="$color&frames=9" expect 0 '' capture -o ended
check ended

# --- refused ---
expect 1 'same camera' "$chromafuse" capture --mono sim:mono --color sim:mono -o none
expect 1 'no such device' "$chromafuse" capture --mono v4l2:/dev/video97 --color "$color" -o none
expect 1 'No such file' "$chromafuse" capture --mono no/such/folder --color "$color" -o none
expect 1 'Y8, Y10' capture --mono-format Q7 -o none
expect 1 'is no recording' "$chromafuse" capture --mono made -o none
expect 1 'No such file' capture --rig none.yaml -o none
expect 2 'mono is missing' "$chromafuse" capture -o none
expect 2 'output is missing' capture
expect 2 'pairs' capture --pairs 0 -o none
expect 2 'seconds' capture --seconds x -o none
expect 2 'flicker' capture --auto-exposure --flicker 55 -o none
expect 2 'auto-exposure' capture --flicker 50 -o none
expect 2 'exposure-ms' capture --exposure-ms 5,-1 -o none
expect 2 'leave --exposure-ms' capture --auto-exposure --gain 2 -o none
expect 2 'size' capture --color-size 10 -o none
expect 2 'keep-free' capture --keep-free -1 -o none
expect 2 'buffer' capture --buffer 65 -o none
[ -e none ] && bad "something was written"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
