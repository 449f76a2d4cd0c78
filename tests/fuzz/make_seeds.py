#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small valid inputs for the fuzz targets: make_seeds.py FOLDER makes FOLDER/fuzz_NAME/*. Standard library only."""
import base64
import pathlib
import struct
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "../tools"))
from onnx_maker import data, fields, model, node, npy, tensor, value  # noqa: E402
from onnx_maker import number as number_  # noqa: E402

OFFICIAL = pathlib.Path("/usr/share/libonnx-testdata/data/node")  # package libonnx-testdata

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6j"
    "q62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
    "pKSkpKSkpKT/wgARCAAJABEDASIAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAIEA//EABQBAQAAAAAAAAAAAAAAAAAAAAD/"
    "2gAMAwEAAhADEAAAAcnociLw/8QAFxAAAwEAAAAAAAAAAAAAAAAAAAIRIP/aAAgBAQABBQKIRM//xAAUEQEAAAAAAAAAAAAAAAAA"
    "AAAQ/9oACAEDAQE/AT//xAAUEQEAAAAAAAAAAAAAAAAAAAAQ/9oACAECAQE/AT//xAAZEAADAAMAAAAAAAAAAAAAAAAAAjIgM6H/"
    "2gAIAQEABj8CliWNfcP/xAAYEAEBAQEBAAAAAAAAAAAAAAABAOHwEP/aAAgBAQABPyExiMYu8Ijz/9oADAMBAAIAAwAAABBQz//E"
    "ABQRAQAAAAAAAAAAAAAAAAAAABD/2gAIAQMBAT8QP//EABQRAQAAAAAAAAAAAAAAAAAAABD/2gAIAQIBAT8QP//EABgQAAMBAQAA"
    "AAAAAAAAAAAAAACx8BEg/9oACAEBAAE/EKEyhMzhf//Z")

RIG = b"""version: 1
mono:
  model: mono.cameramodel
  spectral: [0.33, 0.48, 0.19]
  noise:
    - {gain: 1, scale: 1e-4, offset: 1e-6}
color:
  model: color.cameramodel
  ccm: [1, 0, 0, 0, 1, 0, 0, 0, 1]
  black: [64, 64, 64, 64]
sync: {offset_us: 5, jitter_us: 1}
scene: {depth_min_m: 0.5}
"""

MODEL = b"""{ 'lensmodel': 'LENSMODEL_OPENCV5',
  'intrinsics': [ 500, 500, 159.5, 119.5, -0.25, 0.1, 0.001, -0.001, 0 ],
  'extrinsics': [ 0.01, -0.007, 0.014, -0.05, 0, 0 ],
  'imagersize': [ 320, 240 ] }
"""


OPENCV = b"""camera_matrix_left: [[500, 0, 320], [0, 500, 240], [0, 0, 1]]
K2: [500, 0, 320, 0, 500, 240, 0, 0, 1]
dist_coeffs_left: [0.1, 0, 0, 0]
D2: {rows: 0, cols: 0, dt: d, data: []}
rotation: [0, 0.1, 0]
T: {rows: 1, cols: 1, dt: "3d", data: [-60, 0, 0]}
size: [640, 480]
fisheye_model: 0
"""


def opencv_file(name):
    return (HERE / "../calib/data" / name).read_bytes()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, color, channels, extra=b""):
    row = bytes((width * channels * depth + 7) // 8)
    body = zlib.compress(b"".join(bytes([y % 5]) + row for y in range(height)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)) + extra
            + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def tiff(tags, pixels, order="<"):
    """tags: (number, type, values) with type H, I, B, d or s; strip tags are added."""
    kinds = {"B": 1, "s": 2, "H": 3, "I": 4, "d": 12}
    tags = sorted(tags + [(273, "I", [8]), (279, "I", [len(pixels)])])
    at = 8 + len(pixels) + len(pixels) % 2
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    entries, late = b"", b""
    end = at + 2 + 12 * len(tags) + 4
    for number, kind, values in tags:
        data = values if kind == "s" else struct.pack(order + str(len(values)) + kind, *values)
        field = data.ljust(4, b"\0")
        if len(data) > 4:
            field = struct.pack(order + "I", end + len(late))
            late += data + b"\0" * (len(data) % 2)
        entries += struct.pack(order + "HHI", number, kinds[kind], len(values)) + field
    return head + pixels.ljust(at - 8, b"\0") + struct.pack(order + "H", len(tags)) + entries + struct.pack("I", 0) + late


def plain(width, height, samples, bits, photometric, extra=(), order="<", compression=1, pixels=None):
    tags = [(256, "H", [width]), (257, "H", [height]), (258, "H", [bits] * samples), (259, "H", [compression]),
            (262, "H", [photometric]), (277, "H", [samples]), (278, "H", [height])] + list(extra)
    return tiff(tags, pixels or bytes(width * height * samples * bits // 8), order)


def official_model(folder, first_constant):
    """One of the official operator tests; inputs from number first_constant on are made constants."""
    parts, graph = [], b""
    for number, content, whole in fields((folder / "model.onnx").read_bytes()):
        if number == 7:
            graph = content
        elif number != 8:
            parts.append(whole)
        else:  # older tests of operators that stayed the same
            opset = {n: c for n, c, _ in fields(content)}
            parts.append(data(8, data(1, opset.get(1, b"")) + number_(2, max(opset.get(2, 0), 11))))
    inputs = [dict((n, c) for n, c, _ in fields(content))[1] for number, content, _ in fields(graph) if number == 11]
    for i, name in enumerate(inputs):
        values = folder / "test_data_set_0" / ("input_%d.pb" % i)
        if i >= first_constant and values.exists():
            graph += data(5, values.read_bytes() + data(8, name))
    return b"".join(parts) + data(7, graph)


def colorizer():
    """The ports and metadata of a published colorizer with hints."""
    notes = b"".join(data(14, data(1, "chromafuse." + key) + data(2, text)) for key, text in
                     (("lightness", "-50 50"), ("ab", "110")))
    ports = [value("l", (1, 1, 8, 8)), value("hint_ab", (1, 2, "h", "w")), value("mask", (1, 1, "h", "w"))]
    return model([node("Mul", ["hint_ab", "mask"], ["seen"]), node("Add", ["seen", "l"], ["ab"])], ports,
                 [value("ab", (1, 2, "h", "w"))]) + notes


def models():
    """Networks by hand, and what the official tests make of each operator."""
    yield colorizer()
    yield model([node("Conv", ["x", "w"], ["t"], pads=[1, 1, 1, 1], auto_pad="NOTSET"), node("Relu", ["t"], ["y"], "act"),
                 node("Constant", [], ["c"], value=tensor("", (2,), [1.0, 2.0]))],
                [value("x", (1, 1, "h", "w"))], [value("y", None)], [tensor("w", (2, 1, 3, 3), [0.5] * 18)])
    four = [tensor(name, (4,), [1.0, 2.0, -1.0, 0.5]) for name in ("s", "b")]
    for op, more in (("LayerNormalization", dict(axis=1)), ("GroupNormalization", dict(num_groups=2, epsilon=1e-3)),
                     ("InstanceNormalization", {}), ("BatchNormalization", {})):
        names = ["x", "s", "b", "b", "s"] if op[0] == "B" else ["x", "s", "b"]
        yield model([node(op, names, ["t"], **more), node("Sigmoid", ["t"], ["u"]), node("Mul", ["u", "t"], ["y"])],
                    [value("x", (1, 4, 4, 4) if op[0] != "L" else (3, 4))], [value("y", None)], four, opset=18)
    for folder in sorted(OFFICIAL.glob("test_*")):
        made = {official_model(folder, first) for first in (0, 1, 99)}
        yield from sorted(m for m in made if len(m) < 3000)


def chart(head, row):
    """24 rows of made-up colours of a chart."""
    return (head + "".join(row % (i + 1, 20 + 3 * i, 10 - i, i - 5) for i in range(24))).encode()


def corners(*names):
    """A table of three views of a 3x3 board."""
    lines = ["%s %d.5 %d %d" % (name % view, 100 + 20 * (i % 3) + view, 50 + 20 * (i // 3), i % 2)
             for view in range(3) for name in names for i in range(9)]
    return ("# filename x y level\n" + "\n".join(lines) + "\n").encode()


def recording(*indices):
    """The log of pairs in this order."""
    lines = ['{"camera": "%s", "index": %d, "sequence": %d, "t_ns": %d, "t_ref": "mid", "exposure_ns": 10000000, '
             '"gain": 1.5, "file": "%s/%06d.dng"}\n' % (camera, i, i + 4, 33333333 * i + 5, camera, i)
             for i in indices for camera in ("mono", "color")]
    return "".join(lines).encode()


def main(folder):
    noise = (51041, "d", [1e-3, 1e-6])
    dng = [(50706, "B", [1, 4, 0, 0]), (50708, "s", b"maker model\0"), (50717, "I", [1023]), noise]
    bayer = dng + [(33421, "H", [2, 2]), (33422, "B", [0, 1, 1, 2])]
    crop = bayer + [(50829, "I", [3, 5, 29, 31]), (50713, "H", [2, 2]), (50714, "H", [64, 60, 61, 66])]
    seeds = {
        "fuzz_raw": [(HERE / "../capture/data" / name).read_bytes() for name in ("rigfiles_mono.dng", "rigfiles_color.dng")]
        + [plain(32, 32, 1, 16, 32803, crop), plain(32, 32, 1, 16, 32803, bayer, ">"), plain(8, 6, 1, 16, 34892, dng),
           plain(32, 32, 1, 8, 34892, dng)],
        "fuzz_picture": [JPEG, png(5, 4, 8, 2, 3), png(5, 4, 16, 0, 1), png(9, 4, 4, 3, 1, chunk(b"PLTE", bytes(48))),
                         png(5, 4, 8, 6, 4, chunk(b"eXIf", b"II*\0\x08\0\0\0\0\0")), plain(5, 4, 3, 8, 2), plain(5, 4, 1, 16, 0, order=">"),
                         plain(6, 4, 1, 8, 1, compression=8, pixels=zlib.compress(bytes(24)))],
        "fuzz_recording": [recording(0, 1, 2), recording(2, 0, 2)[:-40], b"{}\n" + recording(7)],
        "fuzz_rig": [RIG],
        "fuzz_corners": [corners("l%d.png", "r%d.png"), corners("left%d", "rope-%d") + b"l9 - -\n",
                         b"# filename x y level\nl1 1 2 0\nl1 - - -\nr1 1e3 2.5e-1 1\n"],
        "fuzz_chart": [chart("name,L,a,b\n", "p%d,%d,%d,%d\n"), chart("", "%d;%d;%d;%d\r\n"),
                       chart("CGATS.17\nBEGIN_DATA_FORMAT\nSAMPLE_ID SAMPLE_NAME XYZ_X XYZ_Y XYZ_Z\nEND_DATA_FORMAT\n"
                             "BEGIN_DATA\n", "%d \"dark skin\" %d %d %d\n")],
        "fuzz_rig_edit": [RIG, b"{version: 1, mono: {black: 1}, color: {}}", b"mono: # empty\ncolor:\n- 1\n",
                          b"\xef\xbb\xbfmono:\r\n  black:\r\n  - 1 # one\r\n"],
        "fuzz_model": models(),
        "fuzz_npy": [npy((2, 3), [1.0] * 6), npy((), [7], "<i8"), npy((4,), [1.5] * 4, "<f8")],
        "fuzz_cameramodel": [MODEL],
        "fuzz_opencv_stereo": [opencv_file("opencv_stereo.yml"), opencv_file("opencv_rational.yml"),
                               opencv_file("opencv_intrinsics.yml") + opencv_file("opencv_extrinsics.yml").split(b"---\n")[1], OPENCV],
    }
    for name, inputs in seeds.items():
        place = pathlib.Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(inputs):
            (place / f"seed{i}").write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
