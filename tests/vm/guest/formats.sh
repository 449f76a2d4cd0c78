# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Every raw format that vivid has, judged by its test pattern: layout, bit depth, mosaic order.
load_vivid
check "vivid is there" test -c /dev/video0 -a -c /dev/video1
control /dev/video0 test_pattern=1 osd_text_mode=2

while read -r format about; do
    check "format $format: bars, $about" expect 0 "^source .* 640x360 $about .*" \
        grab v4l2:/dev/video0 format="$format" size=640x360 frames=2 bars=1
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
