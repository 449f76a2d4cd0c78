# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Two USB cameras on one frame clock, each by itself, through libcamera and through V4L2.
plug fps=10
check "libcamera lists the mono one" expect 0 '^camera libcamera:.*Mono lens.* mono 1 color 0 .*R8 .*R10 ' grab list
check "and the Bayer one" grep -qE '^camera libcamera:.*Bayer lens.* mono 0 color 1 .*SRGGB16 ' $out
check "V4L2 lists both too" test "$(grep -cE '^camera v4l2:.* driver uvcvideo' $out)" = 2
name_cameras

while read -r camera format bits cfa; do
    check "$format of ${!camera%%:*}" expect 0 "^source .* $format 160x120 $bits bits $cfa" \
        grab "${!camera}" format="$format" size=160x120 frames=6
    check "its ticks and counts go together" awk 'NR > 1 && ($2 - t < $1 - s || $2 - t > $1 - s + 20) {exit 1}
        {s = $1; t = $2}' <(paste <(field sequence) <(field tick))
done <<'END'
mono R8 8 mono
mono R10 10 mono
color SRGGB8 8 RGGB
color SRGGB16 16 RGGB
mono_node GREY 8 mono
mono_node Y10 10 mono
color_node RGGB 8 RGGB
color_node RG16 16 RGGB
END

# After three frames: exposure 5 ms, gain 2. The pictures themselves say what came of it (libcamera maps gain 1 to 4 on
# the driver's range).
check "exposure and gain reach libcamera's camera" expect 0 '^frame .*exposed 50 gained 96$' \
    grab "$mono" frames=14 after=3 exposure_us=5000 gain=2
check "exposure and gain reach V4L2's" expect 0 '^frame .*exposed 50 gained 32$' \
    grab "$mono_node" frames=14 after=3 exposure_us=5000 gain=2
check "and frames say so" grep -qE '^frame .* mid exposure_ns 5000000 gain 2\.0' $out

for camera in color color_node; do
    check "a ${!camera%%:*} camera that stalls: no frame in time" expect 1 '^status .*time' \
        grab "${!camera}" frames=100 after=2 do="kill -HUP $cameras"
    kill -HUP "$cameras"
    check "a ${!camera%%:*} camera unplugged: one clear line" expect 1 '^error: .*(unplugged|gone|[Nn]o such device)' \
        grab "${!camera}" frames=100 after=2 do="kill -USR1 $cameras"
    check "and no more than one" test "$(grep -c '^error: ' $out)" = 1
    kill -USR2 "$cameras"
    wait_for_lenses 4
    name_cameras
    check "plugged in again: works" expect 0 '^counts frames 3' grab "${!camera}" frames=3
done

plug fps=10 error_every=4
for camera in color color_node; do
    check "damaged frames of ${!camera%%:*} are not given out" expect 0 '^counts frames 12 damaged [1-9]' grab "${!camera}" frames=12
done
