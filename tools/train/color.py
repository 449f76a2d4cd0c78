# SPDX-License-Identifier: Apache-2.0
"""Colour in tensors (N, planes, H, W): the project's chroma and back, display encoding, Lab ab.

Chroma is ((R - m) / (m + eps), (B - m) / (m + eps)) for a mono response m = spectral . (R, G, B), as in
fusion/chroma.h; spectral is (N, 3).
"""
import functools

import torch

EPS = 0.004
LUMINANCE = (0.2126, 0.7152, 0.0722)
_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)


@functools.lru_cache
def constant(values, dtype, device):
    """Made once: copies from the host have no place in a step that is recorded for the device."""
    return torch.tensor(values, dtype=dtype, device=device)


def response(rgb, spectral):
    """Mono response of linear RGB: (N, 1, H, W)."""
    return (rgb * spectral[:, :, None, None]).sum(1, keepdim=True)


def chroma_of(rgb, mono):
    """Chroma (N, 2, H, W) of linear RGB whose mono response is mono."""
    return (rgb[:, 0::2] - mono) / (mono + EPS)


def compose(mono, chroma, spectral):
    """Linear RGB of mono and chroma, not limited to 0..1 (the C stage `compose` limits at constant mono)."""
    w = spectral[:, :, None, None]
    rb = mono + chroma * (mono + EPS)
    green = (mono - w[:, 0:1] * rb[:, 0:1] - w[:, 2:3] * rb[:, 1:2]) / w[:, 1:2]
    return torch.cat([rb[:, :1], green, rb[:, 1:]], 1)


def limit(mono, rgb):
    """Scales colours towards grey at constant mono until they lie in 0..1, as the C stage `compose`."""
    mono = mono.clamp(0, 1)
    off = rgb - mono
    room = torch.where(off > 0, 1 - mono, mono)
    share = (room / off.abs().clamp_min(1e-6)).amin(1, keepdim=True).clamp(max=1)
    return mono + off * share


def encode(linear):
    """sRGB transfer function with clipping, 0..1."""
    v = linear.clamp(0, 1)
    return torch.where(v <= 0.0031308, 12.92 * v, 1.055 * v.clamp_min(1e-8) ** (1 / 2.4) - 0.055)


def decode(srgb):
    """Inverse of encode."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def perceptual(rgb):
    """Nearly the display encoding, with a gradient everywhere: what the loss compares. Out of 0..1 it goes on
    flatly, so that colours beyond the gamut are still drawn back."""
    inside = rgb.clamp(0, 1)
    return (inside + 0.0025) ** (1 / 2.2) + 0.1 * (rgb - inside)


def lab_ab(rgb):
    """CIE Lab a and b (N, 2, H, W) of linear Rec.709 in 0..1, D65."""
    matrix = constant(_TO_XYZ, rgb.dtype, rgb.device)
    white = constant(_WHITE, rgb.dtype, rgb.device)[None, :, None, None]
    xyz = torch.einsum("ij,njhw->nihw", matrix, rgb.clamp(0, 1)) / white
    f = torch.where(xyz > 0.008856, xyz.clamp_min(1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    return torch.cat([500 * (f[:, 0:1] - f[:, 1:2]), 200 * (f[:, 1:2] - f[:, 2:3])], 1)


def psnr(a, b):
    """dB per picture of display-encoded pictures in 0..1."""
    return -10 * torch.log10(((a - b) ** 2).flatten(1).mean(1).clamp_min(1e-9))
