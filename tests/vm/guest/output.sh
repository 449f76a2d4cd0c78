# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Pictures to a video output node, and what arrives at the other end of vivid's cable, as v4l2-ctl sees it.
load_vivid
for node in 2 3; do # both ends of the cable
    v4l2-ctl -d $node --set-dv-bt-timings cvt,width=640,height=480,fps=60 >$out 2>&1
done
control /dev/video2 loop_video=1

show() { run 60 $show "$@"; }
check "a capture node is no output: one line" expect 1 '^error: /dev/video0: ' show v4l2:/dev/video0 640x480 1 10
$show v4l2:/dev/video3 640x480 80 10 >/tmp/show.txt 2>&1 &
showing=$!
sleep 1.5
receive() {
    run 60 v4l2-ctl -d /dev/video2 --set-fmt-video=width=640,height=480,pixelformat="$1" --stream-mmap --stream-count=8 \
        --stream-to=/tmp/received.raw
}
check "pictures come through the cable" receive YUYV
# Y U Y V in the middle of each bar of the last picture; 100 % bars as ITU-R BT.601 has them, in the studio range.
got=$(for bar in 0 1 2 3 4 5 6 7; do
    od -An -tu1 -N4 -j $((7 * 640 * 480 * 2 + 240 * 640 * 2 + (bar * 80 + 40) * 2)) /tmp/received.raw
done)
want='235 128 235 128  210 16 210 146  170 166 170 16  145 54 145 34  106 202 106 222  81 90 81 240  41 240 41 110  16 128 16 128'
echo "received" $got >>$out
check "with the colours of the bars" awk 'BEGIN {n = split(ARGV[1], a); split(ARGV[2], b)
    for (i = 1; i <= 32; i++) if (n != 32 || a[i] - b[i] > 1 || b[i] - a[i] > 1) exit 1}' "$got" "$want"
check "all were written" wait $showing
control /dev/video2 loop_video=0
