#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what test_vst_inverse.c expects: means of noisy samples by summing over scipy's Poisson and normal laws."""
import numpy as np
from scipy.stats import norm, poisson


def mean(f, electrons, read, white):
    """Mean of f(x), x = (Poisson(electrons) + read * N(0,1)) / white."""
    n = np.arange(poisson.ppf(1e-13, electrons), poisson.ppf(1 - 1e-13, electrons) + 2)
    g = np.linspace(-8, 8, 4001)
    x = (n[:, None] + read * g[None]) / white
    return (poisson.pmf(n, electrons)[:, None] * norm.pdf(g)[None] * f(x)).sum() * (g[1] - g[0])


for white, read, x in ((15, 2, .2), (15, 2, .02), (15, 2, 0), (150, 2, .5), (600, 2, .01), (6000, 0, .3)):
    s, o = 1 / white, (read / white) ** 2
    b = .375 * s * s + o
    d = mean(lambda v: 2 / s * np.sqrt(np.maximum(v, 0) * s + b) + np.minimum(v, 0) / b ** .5, x * white, read, white)
    print(f'{{{s:.9g}F, {o:.9g}F, {d:.6f}F, {x}F}},')
print('clipped at white:')
for white, read, x in ((15, 2, .8), (15, 2, 1.0), (150, 2, .95), (6000, 2, .995)):
    s, o = 1 / white, (read / white) ** 2
    print(f'{{{s:.9g}F, {o:.9g}F, {mean(lambda v: np.minimum(v, 1), x * white, read, white):.6f}F, {x}F}},')
