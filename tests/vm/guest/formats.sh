# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Every raw format that vivid has, judged by its test pattern: layout, bit depth, mosaic order.
load_vivid
check "vivid is there" test -c /dev/video0 -a -c /dev/video1
control /dev/video0 test_pattern=1 osd_text_mode=2

# judged FORMAT ABOUT: of the list below, this one was what it should be and showed the bars.
judged() { sed -n "/^source .* $1 640x360 $2 /,/^status/p" $out | grep -qx 'status ok'; }
run 150 $grab v4l2:/dev/video0 size=640x360 frames=1 bars=1 \
    format=GREY,Y10,Y12,Y16,RGGB,GRBG,GBRG,BA81,RG10,BA10,GB10,BG10,RG12,BA12,GB12,BG12,RG16,GR16,GB16,BYR2
grep ^bar $out # what is wrong, if something is
while read -r format about; do
    check "format $format: bars, $about" judged "$format" "$about"
done <<'END'
GREY 8 bits mono white 255
Y10 10 bits mono white 1023
Y12 12 bits mono white 4095
Y16 16 bits mono white 65535
RGGB 8 bits RGGB white 255
GRBG 8 bits GRBG white 255
GBRG 8 bits GBRG white 255
BA81 8 bits BGGR white 255
RG10 10 bits RGGB white 1023
BA10 10 bits GRBG white 1023
GB10 10 bits GBRG white 1023
BG10 10 bits BGGR white 1023
RG12 12 bits RGGB white 4095
BA12 12 bits GRBG white 4095
GB12 12 bits GBRG white 4095
BG12 12 bits BGGR white 4095
RG16 16 bits RGGB white 65535
GR16 16 bits GRBG white 65535
GB16 16 bits GBRG white 65535
BYR2 16 bits BGGR white 65535
END

# The judge itself: a wrong pattern must not pass.
control /dev/video0 test_pattern=6
check "a white picture is not taken for bars" expect 1 '^bar 1: code' grab v4l2:/dev/video0 format=RG10 size=640x360 bars=1
control /dev/video0 test_pattern=1
