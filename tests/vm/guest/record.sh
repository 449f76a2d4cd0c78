# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Two cameras as a pair: who is listed, what `capture` records, what is told when a camera loses frames, goes or comes back.
load_vivid
plug fps=8
name_cameras
check "devices lists both vivids" expect 0 '/dev/video1' run 60 $chromafuse devices --cameras
check "and both USB cameras of libcamera" test "$(grep -c 'libcamera:.*VHCI' $out)" = 2
check "and their formats" grep -qE 'SRGGB16.*160x120' $out

# record OPTIONS: a new recording in /tmp/rec; by_*: the cameras.
record() {
    rm -rf /tmp/rec
    capture -o /tmp/rec "$@"
}
by_libcamera() { record --mono "$mono" --color "$color" --mono-format R8 --color-format SRGGB16 --size 160x120 "$@"; }
by_v4l2() { record --mono "$mono_node" --color "$color_node" --mono-format GREY --color-format RG16 --size 160x120 "$@"; }
by_vivid() {
    record --mono v4l2:/dev/video0 --color v4l2:/dev/video1 --mono-format Y10 --color-format RG10 --size 320x180 \
        --fps 30 --limit-us 17000 "$@"
}
# Both frames of each pair show the same tick of the cameras' one clock.
ticks() { $grab "/tmp/rec/$1" frames=1000 | sed -n 's/^frame.* tick \([0-9]*\) .*/\1/p'; }
same_ticks() {
    ticks mono >/tmp/ticks.mono
    ticks color >/tmp/ticks.color
    [ -s /tmp/ticks.mono ] && cmp /tmp/ticks.mono /tmp/ticks.color >>$out 2>&1
}
recorded() { [ "$(ls /tmp/rec/mono | wc -l)" -ge "$1" ] && [ "$(wc -l </tmp/rec/frames.jsonl)" -ge $((2 * $1)) ]; }

for way in libcamera v4l2; do
    check "10 pairs through $way" expect 0 '"pairs": 10,' by_$way --pairs 10
    check "are there" recorded 10
    check "skew is told, and small on one clock" between "$(json p50)" 0 40000
    check "no wrong pair" same_ticks
done
check "another reader reads the mono DNG" expect 0 'DNG|dng' run 30 raw-identify /tmp/rec/mono/000000.dng
check "and the Bayer one" expect 0 'DNG|dng' run 30 raw-identify /tmp/rec/color/000000.dng
check "two vivids as a pair" expect 0 '"pairs": 10,' by_vivid --pairs 10
check "their skew is within the limit" between "$(json p99)" 0 17000
control /dev/video1 percentage_of_dropped_buffers=40
check "a vivid that loses frames" expect 0 '"pairs": 10,' by_vivid --pairs 10
check "has them counted" test "$(json lost 2)" -gt 0
check "and their partners" test "$(json alone 1)" -gt 0
control /dev/video1 percentage_of_dropped_buffers=0

once() { # N SIGNAL [SECONDS SIGNAL]: when N pairs are there, this signal to the cameras; some seconds later another
    (
        for _ in {1..300}; do [ "$(ls /tmp/rec/color 2>/dev/null | wc -l)" -lt "$1" ] || break; sleep 0.1; done
        kill "-$2" "$cameras"
        [ -z "${3-}" ] || { sleep "$3"; kill "-$4" "$cameras"; }
    ) &
}
for way in libcamera v4l2; do
    rm -rf /tmp/rec
    once 4 USR1 2 USR2
    check "unplugged and back through $way: goes on" expect 0 '"pairs": 12,' by_$way --pairs 12
    check "said so" grep -qiE 'away|gone|back|unplugged' $out
    check "counted it" test "$(json reconnects 2)" = 1
    check "no wrong pair" same_ticks
    wait_for_lenses 4
    name_cameras
done
rm -rf /tmp/rec
once 4 USR1
check "unplugged for good: ends as failed" expect 1 'error: ' by_libcamera --pairs 50 --wait 1
check "what was recorded stays readable" same_ticks
kill -USR2 "$cameras"
wait_for_lenses 4

rm -rf /tmp/rec
(for _ in {1..300}; do [ "$(ls /tmp/rec/color 2>/dev/null | wc -l)" -lt 3 ] || break; sleep 0.1; done
    kill -INT "$(pidof chromafuse)") &
check "Ctrl-C ends a recording in order" expect 0 '"pairs": ' by_libcamera
check "and it is readable" same_ticks

mkdir -p /tmp/small
mount -t tmpfs -o size=600k tmpfs /tmp/small
full() { capture -o /tmp/small/rec --mono "$mono" --color "$color" --mono-format R8 --color-format SRGGB16 --size 160x120 --keep-free 0; }
check "the disk fills up: one line" expect 1 'error: .*(full|[Nn]o space|disk)' full
check "what was recorded is readable" expect 0 '^counts frames 2' grab /tmp/small/rec/color frames=2
umount /tmp/small

plug fps=5 skew_us=20000
check "skew of 20 ms" expect 0 '"pairs": 6,' by_libcamera --pairs 6 --limit-us 60000
check "is measured" between "$(json mean)" 10000 40000
check "is taken out by --offset-us" expect 0 '"pairs": 6,' by_libcamera --pairs 6 --limit-us 60000 --offset-us 20000
check "and then small" between "$(json mean)" -10000 20000
never() { run 15 $chromafuse capture -o /tmp/never --mono "$mono" --color "$color" --limit-us 500 --size 160x120 --pairs 5; }
never
check "two cameras that are never in step within the limit: said so" grep -qE 'step|apart|partner' $out
plug fps=5 drop_every=4
check "a camera that leaves frames out" expect 0 '"pairs": 12,' by_libcamera --pairs 12
check "has their partners counted" test "$(json alone 1)" -gt 0
check "no wrong pair" same_ticks

check "the same camera twice: one line" expect 1 'error: .*same' capture -o /tmp/none --mono v4l2:/dev/video0 --color v4l2:/dev/video0
check "mono and colour the wrong way round" expect 1 'error: .*SRGGB' capture -o /tmp/none --mono "$color" --color "$mono"
check "and nothing was left" test ! -e /tmp/none/frames.jsonl
