# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Counts, time stamps, frame rates and controls of V4L2.
load_vivid

check "20 frames" expect 0 '^counts frames 20 damaged 0' grab v4l2:/dev/video0 format=Y10 size=640x360 fps=25 frames=20
check "gaps among them are counted" test "$(gaps)" = "$(counted lost)"
check "time goes on" awk 'NR > 1 && $1 <= last {exit 1} {last = $1}' <(field t_ns)
check "time is the monotonic clock's" awk -v now="$(cut -d' ' -f1 /proc/uptime)" \
    '{d = now - $1 / 1e9} d < 0 || d > 30 {exit 1}' <(field t_ns)
# Sequence numbers and time stamps tell the same frame rate, lost frames or not.
rate() { awk 'NR == 1 {s = $1; t = $2} {n = $1 - s; d = $2 - t} END {printf "%.2f", d ? n * 1e9 / d : 0}' <(paste <(field sequence) <(field t_ns)); }
near() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(a > b * 0.9 && a < b * 1.1)}'; }
check "25 frames a second" near "$(rate)" 25
check "10 frames a second" expect 0 'fps 10' grab v4l2:/dev/video0 format=Y10 size=640x360 fps=10 frames=8
check "which is so" near "$(rate)" 10

check "stamped at the end by default" expect 0 '^frame .* end ' grab v4l2:/dev/video0 format=Y10 size=640x360 frames=2
control /dev/video0 timestamp_source=1
check "stamped at the start" expect 0 '^frame .* start ' grab v4l2:/dev/video0 format=Y10 size=640x360 frames=2
control /dev/video0 timestamp_source=0

check "gain is set" expect 0 ' gain 0\.|gain [1-9]' grab v4l2:/dev/video0 format=Y10 size=640x360 frames=8 gain=2
v4l2-ctl -d /dev/video0 -C gain_automatic >$out
check "and automatic gain switched off" grep -q 'gain_automatic: 0' $out
control /dev/video0 gain_automatic=1
