# SPDX-License-Identifier: Apache-2.0
"""Writes small ONNX models and NumPy files byte by byte, from their specifications. Standard library only."""
import struct

FLOAT, INT64, HALF = 1, 7, 10


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, values, kind=FLOAT, raw=True):
    """A TensorProto; values as floats or integers by kind."""
    out = b"".join(number(1, d) for d in dims) + number(2, kind) + data(8, name)
    code, field = {FLOAT: ("f", 4), INT64: ("q", 7), HALF: ("e", 5)}[kind]
    if raw:
        return out + data(9, struct.pack("<%d%s" % (len(values), code), *values))
    if kind == INT64:
        return out + data(field, b"".join(varint(v) for v in values))
    return out + data(field, struct.pack("<%df" % len(values), *values))


def value(name, dims, kind=FLOAT):
    """A ValueInfoProto; dims may hold names for open dimensions, or be None."""
    shape = b""
    if dims is not None:
        parts = (data(2, d) if isinstance(d, str) else number(1, d) for d in dims)
        shape = data(2, b"".join(data(1, part) for part in parts))
    return data(1, name) + data(2, data(1, number(1, kind) + shape))


def attribute(name, given):
    out = data(1, name)
    if isinstance(given, bytes):
        return out + data(5, given) + number(20, 4)
    if isinstance(given, str):
        return out + data(4, given) + number(20, 3)
    if isinstance(given, float):
        return out + varint(2 << 3 | 5) + struct.pack("<f", given) + number(20, 1)
    if isinstance(given, int):
        return out + number(3, given) + number(20, 2)
    if given and isinstance(given[0], float):
        return out + b"".join(varint(7 << 3 | 5) + struct.pack("<f", v) for v in given) + number(20, 6)
    return out + b"".join(number(8, v) for v in given) + number(20, 7)


def node(op, inputs, outputs, name="", domain="", **attributes):
    return (b"".join(data(1, i) for i in inputs) + b"".join(data(2, o) for o in outputs) + data(3, name) + data(4, op)
            + b"".join(data(5, attribute(k, v)) for k, v in attributes.items()) + (data(7, domain) if domain else b""))


def model(nodes, inputs, outputs, tensors=(), opset=17, ir=8):
    graph = (b"".join(data(1, n) for n in nodes) + data(2, "graph") + b"".join(data(5, t) for t in tensors)
             + b"".join(data(11, i) for i in inputs) + b"".join(data(12, o) for o in outputs))
    return number(1, ir) + data(2, "hand") + data(7, graph) + data(8, number(2, opset))


def fields(message):
    """Each field of a message as its number, content (bytes, or an integer) and all of its bytes."""
    at = 0

    def take():
        nonlocal at
        result, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    while at < len(message):
        start, tag = at, take()
        if tag & 7 == 0:
            content = take()
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or take()
            content = message[at:at + size]
            at += size
        yield tag >> 3, content, message[start:at]


def npy(shape, values, descr="<f4"):
    """A NumPy file of format 1.0."""
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (descr, "".join("%d, " % d for d in shape))
    head = head.ljust(118 - len("\n")) + "\n"
    code = {"<f4": "f", "<i8": "q", "<f8": "d", "<i4": "i"}[descr]
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + struct.pack(
        "<%d%s" % (len(values), code), *values)


def read_npy(data_):
    """shape and values of a NumPy file of format 1.0."""
    assert data_[:8] == b"\x93NUMPY\x01\0"
    size = struct.unpack("<H", data_[8:10])[0]
    assert (size + 10) % 64 == 0
    head = eval(data_[10:10 + size].decode(), {"__builtins__": {}})  # a literal of our own program
    assert not head["fortran_order"]
    code = {"<f4": "f", "<i8": "q"}[head["descr"]]
    body = data_[10 + size:]
    return head["shape"], struct.unpack("<%d%s" % (len(body) // struct.calcsize(code), code), body)
