# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Two vimc cameras in libcamera (VIMC=1): listed, and refused with one line, for they offer no raw format.
load vimc
load vimc-pair
check "both vimc are listed" expect 0 'libcamera:platform/vimc.0 Sensor B' run 60 $chromafuse devices --cameras
check "two of them" grep -q 'libcamera:platform/vimc.1 Sensor B' $out
check "no raw format: said, with what there is" expect 1 '^error: libcamera:.*vimc.0.*raw' grab 'libcamera:platform/vimc.0 Sensor B'
check "no more than one line" test "$(grep -c '^error: ' $out)" = 1
