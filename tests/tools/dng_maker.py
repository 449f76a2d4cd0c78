# SPDX-License-Identifier: Apache-2.0
"""A minimal writer of DNG files, after the DNG and TIFF specifications; shares no code with the program."""
import struct

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8, 12: 8}


def rational(value):
    return int(round(value * 1000000)), 1000000


def pack(kind, values):
    if kind == 5 or kind == 10:
        return b"".join(struct.pack("<II" if kind == 5 else "<ii", *rational(v)) for v in values)
    if kind == 2:
        return values.encode() + b"\0"
    return struct.pack("<%d%s" % (len(values), {1: "B", 3: "H", 4: "I", 12: "d"}[kind]), *values)


def directory(entries, at):
    """The bytes of a directory that stands at offset `at`, its long values behind it."""
    entries = sorted(entries)
    head, tail = struct.pack("<H", len(entries)), b""
    after = at + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        data = pack(kind, values)
        count = len(data) // SIZES[kind]
        if len(data) <= 4:
            field = data.ljust(4, b"\0")
        else:
            field = struct.pack("<I", after + len(tail))
            tail += data + b"\0" * (len(data) % 2)
        head += struct.pack("<HHI", tag, kind, count) + field
    return head + b"\0\0\0\0" + tail


def write_dng(path, width, height, codes, black=0, white=4095, exposure=None, iso=None, cfa=None):
    """codes: bytes of little-endian 16-bit samples. cfa: four colours (0 1 2 for R G B) of a mosaic; None: mono."""
    assert len(codes) == 2 * width * height
    blacks = list(black) if isinstance(black, (list, tuple)) else [black]
    entries = [
        (254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]),
        (262, 3, [32803 if cfa else 34892]), (271, 2, "Test"), (272, 2, "Sensor"), (273, 4, [0]), (274, 3, [1]),
        (277, 3, [1]), (278, 4, [height]), (279, 4, [len(codes)]), (284, 3, [1]),
        (50706, 1, [1, 4, 0, 0]), (50707, 1, [1, 1, 0, 0]), (50708, 2, "Test Sensor"),
        (50714, 5, blacks), (50717, 4, [white]),
    ]
    if len(blacks) == 4:
        entries.append((50713, 3, [2, 2]))
    if cfa:
        entries += [(33421, 3, [2, 2]), (33422, 1, list(cfa)), (50721, 10, [1, 0, 0, 0, 1, 0, 0, 0, 1]),
                    (50728, 5, [1, 1, 1]), (50778, 3, [21])]
    exif = []
    if exposure is not None:
        exif.append((33434, 5, [exposure]))
    if iso is not None:
        exif.append((34855, 3, [iso]))
    if exif:
        entries.append((34665, 4, [0]))
    main = directory(entries, 8)
    where = {34665: 8 + len(main)}
    where[273] = where[34665] + len(directory(exif, 0)) if exif else where[34665]
    entries = [(tag, kind, [where[tag]] if tag in where else values) for tag, kind, values in entries]
    with open(path, "wb") as f:
        f.write(b"II*\0" + struct.pack("<I", 8) + directory(entries, 8))
        if exif:
            f.write(directory(exif, where[34665]))
        f.write(codes)
    return path
