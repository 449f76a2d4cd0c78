#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `chromafuse live` from outside, on simulated cameras: what comes out, how it ends, what it says. Does not judge
# pictures (tests/fusion) nor real cameras (the virtual machine does).
# usage: test_live.sh CHROMAFUSE FOLDER
set -u
program=$1
rm -rf "$2"
mkdir -p "$2"
cd "$2" || exit 1
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# expect STATUS TEXT COMMAND...: exit status, and on stderr one line that says TEXT
expect() {
    status=$1 text=$2
    shift 2
    "$@" >out.txt 2>err.txt
    got=$?
    [ $got -eq "$status" ] || fail "exit $got, not $status: $*: $(tail -n 3 err.txt)"
    grep -q -- "$text" err.txt || fail "nothing about '$text': $*: $(tail -n 3 err.txt)"
    [ "$(grep -v 'camera is gone' err.txt | grep -c 'error:')" -le 1 ] || fail "more than one line of error: $*: $(cat err.txt)"
}

small='size=160x120&electrons=500'
m="sim:mono?$small" c="sim:color?$small"
live() {
    "$program" live --stats-every 0.3 "$@"
}

# Pictures of a Y4M file, by its length; the header is checked on the way.
y4m_pictures() {
    python3 - "$1" "$2" "$3" <<'PYTHON'
import sys
path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data = open(path, "rb").read()
header, rest = data.split(b"\n", 1)
words = header.decode().split()
assert words[0] == "YUV4MPEG2" and f"W{width}" in words and f"H{height}" in words, header
assert "C420mpeg2" in words and "F30:1" in words, header
size = 6 + width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
assert len(rest) % size == 0, "half a picture"
assert all(rest[i:i + 6] == b"FRAME\n" for i in range(0, len(rest), size))
luma = rest[6:6 + width * height]
assert min(luma) >= 16 and max(luma) <= 235 and max(luma) - min(luma) > 20, "no picture in it"
print(len(rest) // size)
PYTHON
}

echo "--- every picture of a stream as fast as possible, into a pipe"
"$program" live --mono "$m&frames=12" --color "$c&frames=12" --as-fast -o - --json >pipe.y4m 2>lines.json ||
    fail "as fast as possible: $(cat lines.json)"
[ "$(y4m_pictures pipe.y4m 160 120)" = 12 ] || fail "not 12 pictures in the pipe"
python3 - lines.json <<'PYTHON' || fail "the lines are not what they should be: $(cat lines.json)"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
last = lines[-1]
assert last["final"] and last["pictures"] == 12 and last["left_out"] == 0 and last["alone"] == 0, last
assert last["exposure_ms"] == [10, 10] and last["gain"] == [1, 3], last
PYTHON
if command -v ffprobe >/dev/null; then
    said=$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames,pix_fmt,color_range,chroma_location \
        -of default=nw=1:nk=1 pipe.y4m | tr '\n' ' ')
    [ "$said" = "yuv420p tv left 12 " ] || fail "ffprobe says: $said"
else
    echo "SKIPPED: no ffprobe here, the Y4M was read by this script alone"
fi

echo "--- packed codes give the same pictures"
for layout in "" "&packed=1"; do
    "$program" live --mono "$m&bits=12&frames=3$layout" --color "$c&bits=12&frames=3$layout" --as-fast -q \
        -o "layout$layout.y4m" 2>/dev/null || fail "packed '$layout'"
done
cmp "layout.y4m" "layout&packed=1.y4m" || fail "packed and unpacked differ"

# A DNG holds neutral and levels as fractions, so rounding may tip a value here and there.
same_pictures() {
    python3 - "$1" "$2" <<'PYTHON'
import sys
a, b = (open(path, "rb").read() for path in sys.argv[1:])
differ = [abs(x - y) for x, y in zip(a, b) if x != y]
assert len(a) == len(b) and len(differ) < len(a) / 1000 and max(differ, default=0) <= 1, (len(differ), max(differ))
PYTHON
}

echo "--- a recording runs the same path: every pair, the same pictures as the cameras gave"
"$program" simulate --scene own --size 160x120 --electrons 500 -o rig >/dev/null || fail "simulate"
"$program" live --mono "$m&frames=12" --color "$c&frames=12" --as-fast --rig rig/rig.yaml -q -o rigged.y4m 2>err.txt ||
    fail "with a rig: $(cat err.txt)"
cmp -s pipe.y4m rigged.y4m && fail "the rig changes nothing"
"$program" capture --mono "$m&frames=12" --color "$c&frames=12" --as-fast -q -o recording >/dev/null || fail "capture"
for pace in "" --as-fast; do
    expect 0 "12 pictures" live recording $pace --rig rig/rig.yaml -o replay$pace.y4m
    same_pictures rigged.y4m replay$pace.y4m || fail "replay $pace differs from the cameras' pictures"
done
expect 0 "30 pictures" live recording --as-fast --loop --frames 30 -o loop.y4m

echo "--- another program sees the same colours in Y4M, H.264 and RGB"
if command -v ffmpeg >/dev/null && "$program" live recording --as-fast -q --rig rig/rig.yaml -o 'exact.mkv?codec=ffv1' &&
    "$program" live recording --as-fast -q --rig rig/rig.yaml -o lossy.mkv; then
    for file in exact.mkv lossy.mkv replay.y4m; do # a Y4M cannot say that it is BT.709
        how=flags=accurate_rnd+full_chroma_int+full_chroma_inp
        [ $file = replay.y4m ] && how=$how:in_color_matrix=bt709:in_range=tv
        ffmpeg -v error -y -i $file -vf "scale=$how,format=rgb24" -f rawvideo $file.rgb || fail "ffmpeg cannot read $file"
    done
    python3 - exact.mkv.rgb lossy.mkv.rgb replay.y4m.rgb <<'PYTHON' || fail "colours differ"
import sys
size = 160 * 120 * 3
exact, *others = (open(path, "rb").read() for path in sys.argv[1:])
assert len(exact) == 12 * size, len(exact)
for other in others: # means of 20x20 pixels: coding hardly matters there, the matrix of BT.601 would be 3 off in the median
    assert len(other) == len(exact)
    off = []
    for top in range(0, 120, 20):
        for left in range(0, 160, 20):
            for k in range(3):
                at = [(y * 160 + x) * 3 + k for y in range(top, top + 20) for x in range(left, left + 20)]
                off.append(abs(sum(exact[i] - other[i] for i in at)) / len(at))
    off.sort()
    assert off[len(off) // 2] < 1 and off[-1] < 4, (off[len(off) // 2], off[-1])
    print(f"colours: off by {off[len(off) // 2]:.2f} in the median, {off[-1]:.2f} at most")
PYTHON
else
    echo "SKIPPED: no ffmpeg here, or no video files in this build"
fi
rm recording/color/000005.dng
expect 0 "11 pictures" live recording --as-fast -o hole.y4m
[ "$(y4m_pictures hole.y4m 160 120)" = 11 ] || fail "a missing frame: not 11 pictures"

echo "--- auto-exposure: mono gain, noise and white balance change under way"
expect 0 "20 pictures" live --mono "$m&light_steps=8:0.3" --color "$c&light_steps=8:0.3" --as-fast --auto-exposure \
    --frames 20 -o auto.y4m

echo "--- live: the loop allocates nothing, lines are lines, --frames and --seconds end it"
live --mono "$m&packed=1" --color "$c&packed=1" --seconds 3 --json -o live.y4m >lines.json 2>err.txt || fail "live: $(cat err.txt)"
python3 - lines.json <<'PYTHON' || fail "live: $(cat lines.json)"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert len(lines) >= 2 and lines[-1]["final"] and not lines[0]["final"], len(lines)
first, last = next(line for line in lines if line["seconds"] > 1), lines[-1] # the phase lock comes with the first frames
assert last["pictures"] > first["pictures"] > lines[0]["pictures"] > 0
for key in "host_allocations", "device_allocations":
    assert last["memory"][key] == first["memory"][key], (key, first["memory"], last["memory"])
shares = last["fractions"]
assert abs(sum(shares.values()) - 1) < 1e-6 and 0.2 < shares["measured"] < 1, shares
assert last["latency_ms"]["median"] > 0 and last["fps"] > 0
PYTHON
y4m_pictures live.y4m 160 120 >/dev/null || fail "live.y4m"
for view in provenance mono color; do
    expect 0 "4 pictures" live --mono "$m" --color "$c" --frames 4 --view $view -o $view.y4m
    [ "$(y4m_pictures $view.y4m 160 120)" = 4 ] || fail "$view: not 4 pictures"
done
expect 0 "3 pictures" env SDL_VIDEODRIVER=dummy "$program" live --mono "$m" --color "$c" --frames 3
expect 0 "3 pictures" live --mono "$m" --color "$c" --frames 3 -o video.mkv
[ -s video.mkv ] || grep -q "not in this build" err.txt || fail "no video.mkv"

echo "--- the reader of the pipe goes away"
(live --mono "$m" --color "$c" --seconds 60 -o - 2>err.txt; echo $? >status.txt) | head -c 100000 >/dev/null
[ "$(cat status.txt)" = 1 ] || fail "reader gone: exit $(cat status.txt)"
grep -q "the reader went away" err.txt && [ "$(grep -c error: err.txt)" = 1 ] || fail "reader gone: $(cat err.txt)"

echo "--- Ctrl-C: what was written stays"
for signal in INT TERM; do
    rm -f err.txt
    "$program" live --stats-every 0.3 --mono "$m" --color "$c" -o stopped.y4m 2>err.txt &
    pid=$!
    for i in $(seq 300); do
        grep -qs fps err.txt && break
        sleep 0.1
    done
    kill -$signal $pid
    wait $pid
    got=$?
    [ $got = 0 ] || fail "$signal: exit $got: $(cat err.txt)"
    grep -q error: err.txt && fail "$signal: $(cat err.txt)"
    [ "$(y4m_pictures stopped.y4m 160 120)" -gt 0 ] || fail "$signal: nothing was kept"
    rm -f stopped.y4m
done
# A reader that sleeps must not keep it.
mkfifo sleepy
(head -c 40000 >got; exec sleep 100) <sleepy &
sleeper=$!
"$program" live --stats-every 0.3 --mono "$m" --color "$c" -o - >sleepy 2>err.txt &
pid=$!
for i in $(seq 300); do
    [ -s got ] && break
    sleep 0.1
done
kill -INT $pid
wait $pid
got=$?
[ $got = 0 ] || fail "sleepy reader: exit $got: $(cat err.txt)"
kill $sleeper 2>/dev/null

echo "--- a camera that goes away: waited for, or the end; what was written stays"
expect 0 "the camera is back" live --mono "$m" --color "$c&unplug_at=20&unplug_s=0.5" --rig rig/rig.yaml --seconds 3 -o back.y4m
expect 1 "has been gone for" live --mono "$m" --color "$c&unplug_at=20&unplug_s=60" --rig rig/rig.yaml --wait 1 -o gone.y4m
[ "$(y4m_pictures gone.y4m 160 120)" -gt 0 ] || fail "nothing was kept of a camera that went away"
expect 0 "out of step by" live --mono "$m" --color "$c&skew_us=3000" --no-sync --rig rig/rig.yaml --seconds 7 -o skew.y4m

echo "--- what is wrong is said in one line"
expect 2 "mono is missing" live
expect 2 "Known are" live --mono "$m" --color "$c" -o nothing.xyz
expect 2 "transfer is network or guided" live --mono "$m" --color "$c" --transfer magic
expect 2 "guided uses none" live --mono "$m" --color "$c" --transfer guided --model x.onnx
expect 1 "none.onnx" live --mono "$m" --color "$c" -o none.y4m --model none.onnx --frames 1
[ -e none.y4m ] && fail "a film without a network"
expect 2 "view is" live --mono "$m" --color "$c" --view all
expect 2 "no known stage\|unknown option" live --mono "$m" --color "$c" --nonsense
expect 1 "same camera" live --mono "$m" --color "$m" -o x.y4m
expect 1 "nowhere" live --mono "$m" --color "$c" -o /nowhere/x.y4m
expect 1 "nowhere.yaml" live --mono "$m" --color "$c" --rig nowhere.yaml -o x.y4m
expect 1 "known stage" live --mono "$m" --color "$c" --set nostage.x=1 -o x.y4m
expect 1 "" live --mono v4l2:/dev/nothing --color "$c" -o x.y4m
expect 1 "no pair\|no recording\|empty\|nothing" live x.y4m -o y.y4m
expect 1 "sim:" live --mono "$m" --color "sim:color?siez=1" -o x.y4m
ls x.y4m 2>/dev/null && fail "a failed run left x.y4m"

exit $failed
