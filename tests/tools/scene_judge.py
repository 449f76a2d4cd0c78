# SPDX-License-Identifier: Apache-2.0
"""An outsider's view of two camera models: reads mrcal's text files, projects by OpenCV's five-term lens, and tells how
far matching points lie off each other's rows once the models have rectified them. Standard library only."""
import ast
import math
import re


class Model:
    """One *.cameramodel of LENSMODEL_PINHOLE or LENSMODEL_OPENCV5."""

    def __init__(self, path):
        with open(path) as f:
            told = ast.literal_eval(re.sub(r"#.*", "", f.read()).strip())
        assert told["lensmodel"] in ("LENSMODEL_PINHOLE", "LENSMODEL_OPENCV5"), told["lensmodel"]
        self.size = told["imagersize"]
        self.fx, self.fy, self.cx, self.cy = told["intrinsics"][:4]
        self.k = list(told["intrinsics"][4:]) or [0.0] * 5
        self.r = rodrigues(told["extrinsics"][:3])
        self.t = told["extrinsics"][3:]

    def place(self):
        """The lens in the rig's coordinates."""
        return [-sum(self.r[j][i] * self.t[j] for j in range(3)) for i in range(3)]

    def distort(self, x, y):
        k1, k2, p1, p2, k3 = self.k
        r = x * x + y * y
        g = 1 + r * (k1 + r * (k2 + r * k3))
        return x * g + 2 * p1 * x * y + p2 * (r + 2 * x * x), y * g + p1 * (r + 2 * y * y) + 2 * p2 * x * y

    def project(self, point):
        """The pixel of a point of the rig's coordinates."""
        v = [sum(self.r[i][j] * point[j] for j in range(3)) + self.t[i] for i in range(3)]
        x, y = self.distort(v[0] / v[2], v[1] / v[2])
        return self.fx * x + self.cx, self.fy * y + self.cy

    def ray(self, pixel):
        """The direction of a pixel, in the rig's axes: fixed-point iteration."""
        a, b = (pixel[0] - self.cx) / self.fx, (pixel[1] - self.cy) / self.fy
        x, y = a, b
        for _ in range(60):
            u, v = self.distort(x, y)
            x, y = x + a - u, y + b - v
        return [self.r[0][i] * x + self.r[1][i] * y + self.r[2][i] for i in range(3)]


def rodrigues(w):
    a = math.sqrt(sum(v * v for v in w))
    x, y, z = [v / a for v in w] if a else (1, 0, 0)
    c, s, d = math.cos(a), math.sin(a), 1 - math.cos(a)
    return [[c + x * x * d, x * y * d - z * s, x * z * d + y * s],
            [y * x * d + z * s, c + y * y * d, y * z * d - x * s],
            [z * x * d - y * s, z * y * d + x * s, c + z * z * d]]


def dot(a, b):
    return sum(u * v for u, v in zip(a, b))


def offsets(mono, color, pairs):
    """Vertical offsets in pixels of the mono picture, colour less mono, of (mono pixel, colour pixel)."""
    x = [b - a for a, b in zip(mono.place(), color.place())]
    length = math.sqrt(dot(x, x))
    x = [v / length for v in x]
    ahead = mono.r[2]
    z = [a - dot(ahead, x) * v for a, v in zip(ahead, x)]
    length = math.sqrt(dot(z, z))
    z = [v / length for v in z]
    y = [z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]]
    out = []
    for m, c in pairs:
        a, b = mono.ray(m), color.ray(c)
        out.append(mono.fy * (dot(b, y) / dot(b, z) - dot(a, y) / dot(a, z)))
    return out


def rms(values):
    return math.sqrt(sum(v * v for v in values) / len(values))


def true_pairs(mono, color, depths, columns=12, rows=9):
    """Points that both true cameras see, at the given depths (metres)."""
    pairs = []
    for i in range(columns * rows):
        m = (mono.size[0] * (i % columns + 0.5) / columns, mono.size[1] * (i // columns + 0.5) / rows)
        ray, at = mono.ray(m), mono.place()
        for depth in depths:
            c = color.project([p + depth * v for p, v in zip(at, ray)])
            if 0 <= c[0] < color.size[0] and 0 <= c[1] < color.size[1]:
                pairs.append((m, c))
    return pairs
