# SPDX-License-Identifier: Apache-2.0
"""The colorizer: a small U-Net on half the picture's resolution that corrects the classical transfer.

Inputs, N x planes x H x W on the network's grid, sides multiples of 16:
    mono         1  sqrt of the denoised linear mono picture, mean over the cell's pixels
    hint         2  chroma (fusion/chroma.h), mean weighted by confidence; 0 where none
    confidence   1  0..1, mean
    sigma        1  noise of sqrt-mono
    transferred  2  chroma of the classical transfer (stage `transfer`), mean
    doubt        1  its predicted error, Lab ab units, mean
    vivid        1 x 1 x 1 x 1  how boldly colour is made where none was measured: 0 only corrects what was, 0.5 the
                 nearest guess, 1 as colourful as the world
Outputs:
    chroma       2  with an untrained network exactly `transferred`
    error        1  predicted chroma error, Lab ab units; untrained exactly `doubt`

At the picture's resolution the result is  transferred + restore(chroma - mean(transferred)):  what was measured
keeps its own detail, and only the correction comes from the smaller grid, led by the mono picture (`restore`).

Half the resolution, because the network is the only step whose cost per pixel is thousands of operations, and because
corrections are smoother than chroma; cells are averaged and not stacked, for 8 planes cost a quarter of 32 in the
first layer and the full-resolution detail is added back after.

Where nothing is known, the regression's mean is dull. So a second head gives a distribution over BINS colours
(Zhang et al., "Colorful Image Colorization", ECCV 2016) on a quarter of the grid. Where the predicted error is large,
the middle between its mean and the regression is a nearer guess than the latter, for they err apart; beyond that
its annealed mean takes over with `vivid`.
"""
import torch
from torch import nn
from torch.nn import functional as F

BINS = 64
TEMPERATURE = 0.38          # Zhang et al., equation 5
GUESS_SHARE = 0.5           # of the distribution's mean in the nearest guess, where nothing at all is known
NO_HINT_ERROR = 36.8        # Lab ab units: what the classical transfer predicts without any hint, with its defaults
INVENTED_ERROR = 12.0       # Lab ab units from which provenance calls colour invented (fusion/provenance.h)
VIVID_ERROR = 8.0           # Lab ab units at which the vivid decode takes over by half
VIVID_GAIN = 1.36           # of the distribution's annealed mean, where half-sure colours are averaged with grey: held-out
                            # photos so get three quarters of the true mean chroma and more, at grey's PSNR or better
ERROR_TRUST = 0.4            # of the error's factor, as an exponent: scenes unlike the training set are ranked better
GATE_SIGMA = 0.012          # noise of sqrt-mono that is half-way from good light to the dark
BRIGHT_GATE_ERROR = 12.0    # as GATE_ERROR, in good light
GATE_ERROR = 10.0           # Lab ab units of doubt at which the correction counts by half: what is measured well stays
MOST_CORRECTION = 0.02      # chroma per Lab ab unit of doubt that a correction comes near, but never reaches
RESTORE_RANGE = 0.05        # difference in sqrt-mono that parts surfaces, for restore()
INPUTS = ("mono", "hint", "confidence", "sigma", "transferred", "doubt")
PLANES = (1, 2, 1, 1, 2, 1)


def squeeze(chroma):
    """Chroma in -1..1, for a convolution; saturated red or blue can reach 12."""
    return chroma / (1 + chroma.abs())


def gate(doubt, sigma):
    """How far the correction of chroma is let in: in good light only where little is known. With a gentler gate scenes
    unlike the training set lost 0.1 to 0.2 dB in good light; this keeps the gain in the dark."""
    power = doubt * doubt
    soft = power / (power + GATE_ERROR ** 2)
    power = power * power
    steep = power / (power + BRIGHT_GATE_ERROR ** 4)
    dark = sigma * sigma
    dark = dark / (dark + GATE_SIGMA ** 2)
    return steep + dark * (soft - steep)


def bounded(correction, doubt):
    """A correction that stays below what is doubted, about; small ones pass. Flat saturated surfaces, where a small
    change of chroma is a large one of blue, would else be repainted now and then."""
    most = MOST_CORRECTION * doubt + 1e-6
    return correction * (most / (most + correction.abs()))


def share_left(transferred):
    """1, or where a channel has only a share s of what it has in grey (chroma below 0), about its root: so that a change of
    chroma changes the picture, whose values are about the roots of light, as much as it does in grey. In yellow light,
    with blue at a fifth of grey's, corrections that are good on the whole cost a scene 1 dB in the dark."""
    red, blue = (F.relu(-c) for c in transferred.split(1, 1))
    share = F.relu(1 - (red + F.relu(blue - red)))
    return 1.5 * share / (share + 0.5)


class Block(nn.Module):
    """Convolution and ReLU: 3x3, or 2x2 with stride 2."""

    def __init__(self, inputs, outputs, halve=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 2, 2) if halve else nn.Conv2d(inputs, outputs, 3, padding=1)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return F.relu(self.conv(x))


class Sense(nn.Module):
    """What hints say that `transferred` does not: means over square cells of a level, weighted by confidence, less the
    transferred chroma there, times the share that a Kalman filter would give them (confidence is about the hint's
    precision in units of how chroma varies in scenes, so that of a cell is the sum of its confidences). In the dark
    a single hint has a confidence of a hundredth, which a convolution of the hints would hardly see."""

    def __init__(self, outputs, cells):
        super().__init__()
        self.cells = cells * cells
        self.conv = nn.Conv2d(3, outputs, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv.weight)

    def forward(self, means):
        """means: of hint * confidence, confidence and transferred over the cells."""
        weighted, certain, transferred = means.split((2, 1, 2), 1)
        share = certain * self.cells
        share = share / (share + 1)
        doubted = squeeze(weighted / (certain + 1e-5)) - squeeze(transferred)
        return self.conv(torch.cat([doubted * share, share], 1))


class Network(nn.Module):
    """`widths`: channels on the grid and on 1/2, 1/4, 1/8, 1/16 of it; multiples of 16."""

    def __init__(self, widths=(16, 32, 64, 96, 160), deep=3, bins=BINS):
        super().__init__()
        self.config = {"widths": list(widths), "deep": deep, "bins": bins}
        w = widths
        self.enter = Block(sum(PLANES), w[0])
        self.down = nn.ModuleList(Block(w[i], w[i + 1], halve=True) for i in range(4))
        self.sense = nn.ModuleList(Sense(w[i + 1], 2 << i) for i in range(4))
        self.left = nn.ModuleList([Block(w[2], w[2]), Block(w[3], w[3])])
        self.bottom = nn.Sequential(*(Block(w[4], w[4]) for _ in range(deep)))
        self.overall = nn.Conv2d(w[4], w[4], 1)
        self.narrow = nn.ModuleList(nn.Conv2d(w[i + 1], w[i], 1) for i in range(4))
        self.up = nn.ModuleList(Block(w[i], w[i]) for i in range(4))
        self.last_chroma = nn.Conv2d(w[0], 2, 1)
        self.last_error = nn.Conv2d(w[0], 1, 1)
        self.bin_hidden = nn.Conv2d(w[2], w[2], 1)
        self.bin_logits = nn.Conv2d(w[2], bins, 1)
        self.inventor = None            # another Network that invents colours in this one's place (export.py)
        self.register_buffer("bin_chroma", torch.zeros(bins, 2))   # centres, set from data
        self.register_buffer("bin_weight", torch.ones(bins))       # class rebalancing, mean 1 over the data
        for layer in (self.last_chroma, self.last_error, self.bin_logits):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def features(self, mono, hint, confidence, sigma, transferred, doubt):
        return torch.cat([mono, squeeze(hint) * confidence, confidence, sigma * 8, squeeze(transferred),
                          doubt / (doubt + 10)], 1)

    def heads(self, *inputs):
        """(correction of chroma, factor of the error as a logarithm, logits of the bins on 1/4 of the grid)."""
        x = self.enter(self.features(*inputs))
        hint, confidence, transferred = (inputs[INPUTS.index(name)] for name in ("hint", "confidence", "transferred"))
        means = torch.cat([hint * confidence, confidence, transferred], 1)
        skips = []
        for i in range(4):
            skips.append(x)
            means = F.avg_pool2d(means, 2)
            x = F.relu(self.down[i].conv(x) + self.sense[i](means))
            if i in (1, 2):
                x = self.left[i - 1](x)
        x = self.bottom(x)
        x = x + self.overall(x.mean((2, 3), keepdim=True))
        logits = None
        for i in (3, 2, 1, 0):
            x = F.interpolate(self.narrow[i](x), scale_factor=2, mode="bilinear", align_corners=False)
            x = self.up[i](x + skips[i])
            if i == 2:
                logits = self.bin_logits(F.relu(self.bin_hidden(x)))
        doubt, sigma = (inputs[INPUTS.index(name)] for name in ("doubt", "sigma"))
        let_in = gate(doubt, sigma) * share_left(transferred)
        return bounded(self.last_chroma(x) * let_in, doubt), self.last_error(x), logits

    def decode(self, logits, temperature):
        """Annealed mean of the bins' colours."""
        share = torch.softmax(logits / temperature, 1)
        return F.conv2d(share, self.bin_chroma.t()[:, :, None, None])

    def forward(self, mono, hint, confidence, sigma, transferred, doubt, vivid):
        inputs = (mono, hint, confidence, sigma, transferred, doubt)
        correction, log_factor, logits = self.heads(*inputs)
        chroma = transferred + correction
        error = doubt * torch.exp(ERROR_TRUST * log_factor)
        unsure = error
        if self.inventor is not None:
            _, log_factor, logits = self.inventor.heads(*inputs)
            unsure = doubt * torch.exp(ERROR_TRUST * log_factor)
        invent, bold = 1 - F.relu(1 - 2 * vivid), F.relu(2 * vivid - 1)
        guess, colour = (F.interpolate(self.decode(logits, t), scale_factor=4, mode="bilinear", align_corners=False)
                         for t in (1.0, TEMPERATURE))
        invented = torch.sigmoid((unsure - VIVID_ERROR) * 0.5) * (1 - confidence)
        nearer = (guess - chroma) * doubt * (GUESS_SHARE / NO_HINT_ERROR)
        return chroma + invent * invented * (nearer + bold * (VIVID_GAIN * colour - chroma - nearer)), error


def restore(low, mono_low, mono, spread=RESTORE_RANGE):
    """low (N, P, h, w) on the network's grid to mono's size (N, 1, 2h, 2w): bilinear weights of the four cells
    around, times exp(-(mono - mono_low)^2 / (2 spread^2)); a part in 1000 of the bilinear weights keeps 0/0 out.
    Cells beyond the border are those at the border."""
    h, w = low.shape[2:]
    both = F.pad(torch.cat([low, mono_low], 1), (1, 1, 1, 1), mode="replicate")
    out = []
    for py in (0, 1):
        for px in (0, 1):
            here = mono[:, :, py::2, px::2]
            total, weights = 0, 0
            for dy in (0, 1):
                for dx in (0, 1):
                    y, x = py + dy, px + dx
                    near = both[:, :, y:y + h, x:x + w]
                    bilinear = (0.75 if dy != py else 0.25) * (0.75 if dx != px else 0.25)
                    weight = bilinear * (1e-3 + torch.exp((here - near[:, -1:]) ** 2 * (-0.5 / spread ** 2)))
                    total = total + weight * near[:, :-1]
                    weights = weights + weight
            out.append(total / weights)
    stacked = torch.stack(out, 2)   # N, P, 4, h, w
    return F.pixel_shuffle(stacked.flatten(1, 2), 2)


def count_weights(network):
    return sum(p.numel() for p in network.parameters())


def count_flops(network, height, width):
    """2 x multiplications of all convolutions on a grid of that size."""
    total = 0

    def hook(module, _, output):
        nonlocal total
        k = module.kernel_size[0] * module.kernel_size[1] * module.in_channels // module.groups
        total += 2 * k * output[0].numel()

    hooks = [m.register_forward_hook(hook) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        device = next(network.parameters()).device
        network.heads(*(torch.zeros(1, p, height, width, device=device) for p in PLANES))
    for h in hooks:
        h.remove()
    return total
