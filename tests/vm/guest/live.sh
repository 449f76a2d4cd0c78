# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `live` on two real devices: Y4M to a pipe, a camera that goes and comes back, a reader that goes away.
load_vivid
plug fps=5
name_cameras
# The network has nothing to do with cameras, and takes a minute where it is emulated.
live() { # SECONDS OPTIONS: pictures go to /tmp/live.y4m, words to $out
    timeout -k 5 "$1" $chromafuse live --transfer guided --rig /mnt/share/rig/rig.yaml --mono "$mono" --color "$color" \
        --mono-format R8 --color-format SRGGB16 --size 160x120 "${@:2}" >/tmp/live.y4m 2>$out
}
check "5 pictures as Y4M on a pipe" expect 0 '5 pictures' live 240 --frames 5 -o -
check "of the right size" grep -qaE '^YUV4MPEG2 W160 H120 ' /tmp/live.y4m
frames() { grep -ao FRAME /tmp/live.y4m | wc -l; }
check "five of them" test "$(frames)" = 5
# The Bayer camera sees all in orange: less blue and more red than grey, in the means of the last picture's planes.
plane() { tail -c 9600 /tmp/live.y4m | tail -c "+$1" | head -c 4800 | od -An -v -tu1 -w1 | awk '{n += $1} END {print int(n / NR)}'; }
check "in the colours of the scene" test "$(plane 1)" -lt 124 -a "$(plane 4801)" -gt 132

(
    for _ in {1..600}; do grep -qa FRAME /tmp/live.y4m && break; sleep 0.1; done
    kill -USR1 "$cameras"
    sleep 3
    kill -USR2 "$cameras"
) &
: >/tmp/live.y4m
check "unplugged and back: goes on" expect 0 'pictures' live 120 --frames 14 -o -
check "said so" grep -qiE 'away|gone|back|unplugged' $out
check "14 pictures" test "$(frames)" = 14
wait_for_lenses 4
to_a_reader_that_goes() {
    timeout -k 5 120 $chromafuse live --transfer guided --rig /mnt/share/rig/rig.yaml --mono "$mono" --color "$color" --mono-format R8 \
        --color-format SRGGB16 --size 160x120 --frames 30 -o - 2>$out | head -c 60000 >/dev/null
    return "${PIPESTATUS[0]}"
}
check "the reader goes away: one line" expect 1 'error: .*' to_a_reader_that_goes
