# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a user may do wrong with one camera: one clear line each.
load_vivid
plug fps=10
name_cameras
hold() { # URI: keeps a camera open for some seconds
    $grab "$1" frames=2 after=1 do='touch /tmp/held; sleep 8' >/tmp/held.txt 2>&1 &
    for _ in {1..100}; do [ ! -e /tmp/held ] || break; sleep 0.1; done
    rm -f /tmp/held
}
nobody() {
    cp -u $grab /tmp/vm_grab
    run 60 setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/vm_grab "$@"
}

check "no such node" expect 1 '^error: /dev/video77: .*[Nn]o such' grab v4l2:/dev/video77
check "no video node at all" expect 1 '^error: /dev/null: ' grab v4l2:/dev/null
check "an output node" expect 1 '^error: /dev/video3: ' grab v4l2:/dev/video3
check "no such camera, and which there are" expect 1 '^error: libcamera:nothing: .*VHCI-1.*VHCI-2' grab libcamera:nothing
check "a format it has not, and which it has" expect 1 '^error: .*RG14.*RG10' grab v4l2:/dev/video0 format=RG14
check "a size it has not, and which it has" expect 1 '^error: .*100x100.*640x360' grab v4l2:/dev/video0 size=100x100
check "colour of a mono camera" expect 1 '^error: .*(R8|R10)' grab "$mono" kind=color
check "the same through V4L2" expect 1 '^error: .*(GREY|Y10)' grab "$mono_node" kind=color
check "no permission: which group" expect 1 '^error: /dev/video0: .*group .?video' nobody v4l2:/dev/video0
check "no permission through libcamera" expect 1 '^error: libcamera:.*group .?video' nobody "$mono"
for camera in v4l2:/dev/video0 "$mono_node" "$mono"; do
    hold "$camera"
    check "busy: ${camera%%:*} ${camera##*[:/]}" expect 1 '^error: .*(busy|in use|use)' grab "$camera"
    wait $!
done
