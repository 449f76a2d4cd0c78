#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the values that test_denoise.c expects: the two passes of one level, written with scipy's DCT."""
import numpy as np
from scipy.fft import dctn, idctn

x, y = np.meshgrid(np.arange(19), np.arange(13))
noisy = 10 + 6 * (x > y) + ((7 * x + 13 * y + 5 * x * y) % 11 - 5) * 0.4


def blocks(v, oracle, step):
    pad = np.pad(v, 32, mode='symmetric')
    orc = None if oracle is None else np.pad(oracle, 32, mode='symmetric')
    total, weight = np.zeros(pad.shape), np.zeros(pad.shape)
    for row in range(-8 + step, v.shape[0], step):
        for col in range(-8 + (row // step) % 2, v.shape[1], 2):
            at = (slice(row + 32, row + 40), slice(col + 32, col + 40))
            c = dctn(pad[at], norm='ortho')
            if orc is None:
                gain = np.clip(np.abs(c) * 5 / 2.7 - 4.5, 0, 1)
            else:
                p = dctn(orc[at], norm='ortho') ** 2
                gain = p / (p + 1)
            gain[0, 0] = 1
            w = 1 / (gain ** 2).sum()
            total[at] += w * idctn(c * gain, norm='ortho')
            weight[at] += w
    inside = (slice(32, 32 + v.shape[0]), slice(32, 32 + v.shape[1]))
    return total[inside] / weight[inside], weight[inside]


first, _ = blocks(noisy, None, 4)
clean, weight = blocks(noisy, first, 2)
for px, py in ((0, 0), (9, 6), (18, 12), (5, 11), (12, 3)):
    print(f'{{{px}, {py}, {clean[py, px]:.5f}F, {np.sqrt(0.75 / (weight[py, px] + 0.5)):.5f}F}},')
