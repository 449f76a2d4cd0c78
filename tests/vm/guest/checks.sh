# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the parts share: checks, devices, and the programs under test.

chromafuse=/mnt/build/tools/chromafuse
grab=/mnt/build/tests/vm/vm_grab
checked_grab=/mnt/checked/tests/vm/vm_grab # with sanitizers, several times slower
[ -x $checked_grab ] || checked_grab=$grab
show=/mnt/build/tests/vm/vm_show
out=/tmp/out.txt # what the latest program printed

# check NAME COMMAND...: passes when the command does; else shows the end of what the latest program printed.
check() {
    local name=$1 now
    shift
    read -r now _ </proc/uptime
    if "$@"; then
        echo "ok $name (${now%.*} s)"
    else
        echo "FAILED $name (${now%.*} s)"
        tail -n 12 $out | cut -c1-300 | sed 's/^/    /'
    fi
}

# run SECONDS COMMAND...: what it prints goes to $out; its exit status stays.
run() {
    timeout -k 5 "$@" >$out 2>&1
}
grab() { run 60 $grab "$@"; }

# expect STATUS PATTERN COMMAND...: this exit status, and a line that matches.
expect() {
    local status=$1 pattern=$2 got
    shift 2
    "$@"
    got=$?
    [ $got = "$status" ] && grep -qE -- "$pattern" $out && return
    echo "    exit status $got, expected $status and /$pattern/" >>$out
    return 1
}

capture() { run 90 $chromafuse capture "$@" --json; }
# json NAME [N]: the (N-th) value of this name in what capture printed.
json() { sed -n "s/^ *\"$1\": \"\?\([^\",]*\).*/\1/p" $out | sed -n "${2:-1}p"; }

# field NAME: the value after this word, of every frame line of the latest grab.
field() { sed -n "s/^frame .*$1 \\([-0-9.]*\\).*/\\1/p;" <(sed 's/^frame /frame sequence /' $out); }
# counted NAME: the value after this word in the line of counts.
counted() { sed -n "s/^counts .*$1 \\([0-9]*\\).*/\\1/p" $out; }

# gaps: how many numbers are missing among the sequence numbers seen.
gaps() { field sequence | awk 'NR > 1 {n += $1 - last - 1} {last = $1} END {print n + 0}'; }

between() { # VALUE LOW HIGH
    awk -v value="$1" -v low="$2" -v high="$3" 'BEGIN {exit !(value != "" && value + 0 >= low && value + 0 <= high)}' && return
    echo "    '$1' is not in $2..$3" >>$out
    return 1
}

start_udev() { # libcamera lists only what udev knows; group video as on any system
    mkdir -p /run/udev/rules.d
    echo 'SUBSYSTEM=="video4linux|media", GROUP="video", MODE="0660"' >/run/udev/rules.d/50-video.rules
    cp /mnt/cache/udev/bin/udevadm /tmp/
    cp /mnt/cache/udev/bin/udevadm /tmp/systemd-udevd # one binary, which goes by its name
    /tmp/systemd-udevd --daemon 2>/dev/null
}
load() { # MODULE [PARAMETERS]
    modprobe -d /mnt/cache/kernel "$@" && /tmp/udevadm settle
}
control() { # NODE NAME=VALUE...
    local node=$1
    shift
    v4l2-ctl -d "$node" -c "$(IFS=,; echo "$*")"
}
# vivid: 0 and 1 webcams, 2 an HDMI input and 3 the output that can be looped back to it; loaded once.
load_vivid() {
    [ -e /dev/video0 ] || load vivid n_devs=3 node_types=0x1,0x1,0x101 num_inputs=1,1,1 input_types=0,0,3 \
        num_outputs=1,1,1 output_types=0,0,1
}

# USB cameras; nodrop: damaged frames are handed on, flagged.
lenses() { cat /sys/class/video4linux/video*/name 2>/dev/null | grep -c lens; }
wait_for_lenses() { # HOW MANY: two nodes for each camera
    for _ in {1..100}; do
        [ "$(lenses)" = "$1" ] && break
        sleep 0.1
    done
    /tmp/udevadm settle
}
# plug OPTIONS: (re)starts vm_usb_cameras, whose process is $cameras.
plug() {
    if [ -n "${cameras-}" ]; then
        kill "$cameras" && wait "$cameras"
        wait_for_lenses 0
    else
        load vhci-hcd
        load uvcvideo nodrop=1
    fi
    /mnt/build/tests/vm/vm_usb_cameras /sys/devices/platform/vhci_hcd.0 "$@" >/tmp/usb.txt 2>&1 &
    cameras=$!
    wait_for_lenses 4
}
# mono, color: their names for libcamera; mono_node, color_node: for V4L2.
name_cameras() {
    local found
    found=$($grab list)
    mono=$(sed -n "s/^camera \(libcamera:.*\) 'Mono lens.*/\1/p" <<<"$found")
    color=$(sed -n "s/^camera \(libcamera:.*\) 'Bayer lens.*/\1/p" <<<"$found")
    mono_node=$(sed -n "s/^camera \(v4l2:.*\) 'Mono lens.*/\1/p" <<<"$found")
    color_node=$(sed -n "s/^camera \(v4l2:.*\) 'Bayer lens.*/\1/p" <<<"$found")
}
