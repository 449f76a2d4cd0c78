# SPDX-License-Identifier: Apache-2.0
"""What training minimizes, and the colour bins of the distribution head."""
import torch
from torch.nn import functional as F

import color
from network import INPUTS, restore

DELTA = 0.25            # difference in display values where the loss turns from square to straight
OCCLUDED_WEIGHT = 1.5   # of pixels that the colour camera does not see
FLOOR = 3e-4            # added to the classical loss where the network's is divided by it; about 37 dB
AB_WEIGHT = 0.3         # of the mean distance in Lab ab, for pairs: PSNR is about the worst pixels, CIEDE2000 about all
ERROR_WEIGHT = 0.1      # of the predicted error's likelihood
BIN_WEIGHT = 0.05       # of the distribution's cross-entropy
BIN_SPREAD = 8.0        # Lab ab units over which a colour is spread to its nearest bins
BIN_NEAREST = 5
REBALANCE = 0.5         # 0: as frequent as in the data, 1: all colours alike (Zhang et al., equation 4)
BIN_MONO = 0.2          # response at which chroma is compared as Lab ab


def bin_ab(chroma):
    """Lab ab (M, 2) that chroma (M, 2) has at one response, for distances between colours."""
    spectral = color.constant(color.LUMINANCE, chroma.dtype, chroma.device)[None]
    picture = chroma.t().reshape(1, 2, -1, 1)
    mono = torch.full_like(picture[:, :1], BIN_MONO)
    rgb = color.limit(mono, color.compose(mono, picture, spectral))
    return color.lab_ab(rgb).reshape(2, -1).t()


def coarse_chroma(batch):
    """True chroma on a quarter of the grid."""
    truth = F.avg_pool2d(batch["truth"], 4)
    return color.chroma_of(truth, color.response(truth, batch["spectral"]).clamp_min(0))


def choose_bins(batches, count, seed):
    """Chroma centres (count, 2) from batches: k-means in Lab ab over the occupied cells of a grid, each counting with
    the root of its frequency, so that rare strong colours get bins."""
    samples = torch.cat([coarse_chroma(b).permute(0, 2, 3, 1).reshape(-1, 2) for b in batches])
    ab = bin_ab(samples)
    cells, where, frequency = torch.unique((ab / 5).round(), dim=0, return_inverse=True, return_counts=True)
    weight = frequency.float().sqrt()
    sums = torch.zeros(len(cells), 4).index_add_(0, where, torch.cat([ab, samples], 1))
    means = sums / frequency[:, None]
    generator = torch.Generator().manual_seed(seed)
    start = torch.multinomial(weight, min(count, len(cells)), generator=generator)
    centres = means[start]
    if len(centres) < count:    # a tiny set: the rest repeats, and is never the nearest
        centres = torch.cat([centres, centres[torch.arange(count - len(centres)) % len(centres)]])
    for _ in range(30):
        nearest = torch.cdist(means[:, :2], centres[:, :2]).argmin(1)
        total = torch.zeros(count).index_add_(0, nearest, weight)
        new = torch.zeros(count, 4).index_add_(0, nearest, means * weight[:, None]) / total.clamp_min(1e-9)[:, None]
        centres = torch.where(total[:, None] > 0, new, centres)
    return centres[:, 2:].contiguous()


def weigh_bins(batches, chroma):
    """Class weights (count) of the bins `chroma` (count, 2) in batches; their mean over the data is 1."""
    samples = torch.cat([coarse_chroma(b).permute(0, 2, 3, 1).reshape(-1, 2) for b in batches])
    nearest = torch.cat([torch.cdist(part, bin_ab(chroma)).argmin(1) for part in bin_ab(samples).split(1 << 16)])
    share = torch.bincount(nearest, minlength=len(chroma)).float() / len(nearest)
    weight = 1 / ((1 - REBALANCE) * share + REBALANCE / len(chroma))
    return weight / (weight * share).sum()


def bin_loss(network, logits, batch):
    """Cross-entropy with soft targets, rebalanced, mostly where no colour is given."""
    chroma = coarse_chroma(batch).permute(0, 2, 3, 1).reshape(-1, 2)
    distance = torch.cdist(bin_ab(chroma), bin_ab(network.bin_chroma))
    near, index = distance.topk(BIN_NEAREST, dim=1, largest=False)
    share = torch.softmax(-near ** 2 / (2 * BIN_SPREAD ** 2), 1)
    log_p = F.log_softmax(logits.float(), 1).permute(0, 2, 3, 1).reshape(len(chroma), -1)
    entropy = -(share * log_p.gather(1, index)).sum(1)
    known = F.avg_pool2d(batch["confidence"], 4).reshape(-1)
    weight = network.bin_weight[index[:, 0]] * (1 - 0.9 * known)
    return (entropy * weight).mean()


def colour_distance(chroma, truth, spectral, weight=None):
    """Robust squared difference of display values, one number per picture; both have the true mono response."""
    response = color.response(truth, spectral).clamp_min(0)
    mono = response.clamp(max=1)
    target = truth * (mono / response.clamp_min(1e-4)).clamp(max=1)
    difference = color.perceptual(color.compose(mono, chroma, spectral)) - color.perceptual(target)
    square = (difference ** 2).sum(1)
    loss = DELTA ** 2 * ((1 + square / DELTA ** 2).sqrt() - 1)
    return (loss * weight if weight is not None else loss).mean((1, 2))


def colour_loss(chroma, classical, *rest):
    """Mean over the pictures of the loss as a share of the classical transfer's: 1 is as good as that. Figures are
    means of decibels, so a picture in good light has to count as much as one in the dark."""
    with torch.no_grad():
        least = colour_distance(classical, *rest)
    return (colour_distance(chroma, *rest) / (least + FLOOR)).mean()


def ab_distance(chroma, truth, spectral):
    """Distance to the truth in Lab ab, both with the true mono response."""
    mono = color.response(truth, spectral).clamp(0, 1)
    made = color.limit(mono, color.compose(mono, chroma, spectral))
    square = (color.lab_ab(made) - color.lab_ab(truth)).square().sum(1, keepdim=True)
    return (square + 1e-4).sqrt()


def ab_loss(distance, classical, batch):
    """Mean over the pictures of the mean distance as a share of the classical transfer's."""
    with torch.no_grad():
        least = ab_distance(classical, batch["truth"], batch["spectral"]).mean((1, 2, 3))
    return (distance.mean((1, 2, 3)) / (least + 1)).mean()


def error_loss(distance, error):
    """Negative log-likelihood of the Lab ab distance under an exponential law of mean `error`."""
    error = error.clamp(0.05, 500)
    return (error.log() + distance / error).mean()


def losses(network, kind, batch, autocast=False):
    """Dict of the parts and their weighted sum `loss`."""
    inputs = [batch[name] for name in INPUTS]
    device = inputs[0].device.type
    with torch.autocast(device, torch.bfloat16, enabled=autocast, cache_enabled=False):
        correction, log_factor, logits = network.heads(*inputs)
    correction, log_factor = correction.float(), log_factor.float()
    chroma = batch["transferred"] + correction
    if kind == "pairs":
        full = batch["picture_transferred"] + restore(correction, batch["mono"], batch["picture_mono"])
        weight = 1 + (OCCLUDED_WEIGHT - 1) * (batch["visibility"][:, 0] > 1)
        colour = colour_loss(full, batch["picture_transferred"], batch["picture_truth"], batch["spectral"], weight)
        with torch.no_grad():   # of pixels: what the means of cells hide is an error, too
            off = F.avg_pool2d(ab_distance(full, batch["picture_truth"], batch["spectral"]), 2)
    else:
        colour = colour_loss(chroma, batch["transferred"], batch["truth"], batch["spectral"])
    distance = ab_distance(chroma, batch["truth"], batch["spectral"])
    error = error_loss(off if kind == "pairs" else distance.detach(), batch["doubt"] * log_factor.clamp(-6, 6).exp())
    bins = bin_loss(network, logits, batch)
    ab = ab_loss(distance, batch["transferred"], batch) if kind == "pairs" else torch.zeros_like(colour)
    return {"colour": colour, "ab": ab, "error": error, "bins": bins,
            "loss": colour + AB_WEIGHT * ab + ERROR_WEIGHT * error + BIN_WEIGHT * bins}
