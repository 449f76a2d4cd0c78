# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Every fault that vivid can inject: told as what it is, with one line, and nothing leaks (the sanitizers' vm_grab).
load_vivid
grab() { run 60 $checked_grab "$@"; }
vivid=(v4l2:/dev/video0 format=RG10 size=640x360 fps=30)
press="v4l2-ctl -d /dev/video0 -c"
errors() { [ "$(grep -c '^error: ' $out)" = "$1" ]; }

control /dev/video0 percentage_of_dropped_buffers=40
check "dropped buffers: frames go on" expect 0 '^counts frames 30' grab "${vivid[@]}" frames=30
check "dropped buffers: told as lost" test "$(counted lost)" -gt 3
check "dropped buffers: each one" test "$(counted lost)" = "$(gaps)"
control /dev/video0 percentage_of_dropped_buffers=0

check "error flag: the frame is not given out" expect 0 '^counts frames 10 damaged [1-9]' \
    grab "${vivid[@]}" frames=10 after=2 do="$press inject_v4l2_buf_flag_error=1"

control /dev/video0 wrap_sequence_number=1
check "count wraps at 2^32: 140 frames" expect 0 '^counts frames 140' grab "${vivid[@]}" fps=60 size=320x180 frames=140
check "count wraps: ours goes on" awk 'NR > 1 && ($1 <= last || $1 > last + 60) {exit 1} {last = $1}' <(field sequence)
control /dev/video0 wrap_sequence_number=0
for bits in 1 2; do # 64 and 32 bits of the seconds, about 16 s before
    control /dev/video0 wrap_timestamp=$bits
    check "time stamps near their end, menu $bits" expect 0 '^counts frames 5' grab "${vivid[@]}" frames=5
done
control /dev/video0 wrap_timestamp=0

for fault in reqbufs qbuf streamon; do
    $press inject_vidioc_${fault}_error=1
    check "$fault fails: one clear line" expect 1 '^error: /dev/video0: ' grab "${vivid[@]}"
    check "$fault fails: no more than one" errors 1
    check "$fault failed: works again" expect 0 '^counts frames 5' grab "${vivid[@]}"
done

check "fatal error: the camera is broken" expect 1 '^error: /dev/video0: ' \
    grab "${vivid[@]}" frames=10 after=2 do="$press inject_fatal_streaming_error=1"
check "fatal error: one line" errors 1
check "fatal error: works again" expect 0 '^counts frames 5' grab "${vivid[@]}"
check "disconnected: the camera is gone" expect 1 '^error: /dev/video0: .*(unplug|gone|No such device)' \
    grab "${vivid[@]}" frames=10 after=2 do="$press disconnect=1"
check "disconnected: one line" errors 1
check "disconnected: works again" expect 0 '^counts frames 5' grab "${vivid[@]}"
grab() { run 60 $grab "$@"; }
