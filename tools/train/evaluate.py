# SPDX-License-Identifier: Apache-2.0
"""The network beside the classical transfer on held-out samples, by light level; and colour without hints."""
import numpy as np
import torch

import color
from dataset import no_colour
from network import INPUTS, restore

RUNGS = (3, 10, 30, 100, 300, 1000, 5001)   # electrons: edges of the light levels
POINTS = (1, 5, 20, 80, 1000)               # edges of the numbers of colour points


def rung_of(scene, level):
    """Name of the row that a sample counts for."""
    if level["measured"]:
        k = next(i for i in range(len(RUNGS) - 1) if level["electrons"] < RUNGS[i + 1])
        return f"{RUNGS[k]}-{RUNGS[k + 1] - 1} electrons"
    if not level["points"]:
        return "no hints" + ("" if scene["kind"] == "points" else ", dark")
    k = next(i for i in range(len(POINTS) - 1) if level["points"] < POINTS[i + 1])
    return f"{POINTS[k]}-{POINTS[k + 1] - 1} points"


def rank_correlation(a, b):
    ranks = [np.argsort(np.argsort(v, kind="stable"), kind="stable").astype(float) for v in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def chroma_size(rgb):
    return color.lab_ab(rgb).norm(dim=1).mean((1, 2))


def fused(batch, chroma):
    """Display picture of chroma on the denoised mono picture."""
    mono = batch["picture_mono"] ** 2
    return color.encode(color.limit(mono, color.compose(mono, chroma, batch["spectral"])))


def run(network, batch, vivid=0.0):
    """(chroma on the grid, error, chroma at the picture's resolution or None)."""
    chroma, error = network(*(batch[n] for n in INPUTS), torch.full((1, 1, 1, 1), vivid, device=batch["mono"].device))
    if "picture_mono" not in batch:
        return chroma, error, None
    correction = chroma - batch["transferred"]
    return chroma, error, batch["picture_transferred"] + restore(correction, batch["mono"], batch["picture_mono"])


def part_psnr(picture, truth, mask):
    """dB over the masked pixels of one picture, or None."""
    if int(mask.sum()) < 50:
        return None
    return float(-10 * torch.log10(((picture - truth) ** 2).mean(0)[mask].mean().clamp_min(1e-9)))


def judge_batch(network, batch, names, rows):
    chroma, error, full = run(network, batch)
    truth = color.encode(batch["picture_truth"])
    ours, classical = fused(batch, full), fused(batch, batch["picture_transferred"])
    mono = color.response(batch["truth"], batch["spectral"]).clamp(0, 1)
    made = color.limit(mono, color.compose(mono, chroma, batch["spectral"]))
    distance = (color.lab_ab(made) - color.lab_ab(batch["truth"])).norm(dim=1)
    psnr = color.psnr(ours, truth), color.psnr(classical, truth)
    for i, name in enumerate(names):
        hidden = batch["visibility"][i, 0] > 1
        rows.setdefault(name, []).append({
            "network": float(psnr[0][i]), "classical": float(psnr[1][i]),
            "hidden_network": part_psnr(ours[i], truth[i], hidden),
            "hidden_classical": part_psnr(classical[i], truth[i], hidden),
            "ab_error": float(distance[i].mean()),
            "error_rank": rank_correlation(error[i].flatten().cpu().numpy(), distance[i].flatten().cpu().numpy())})


def judge_photos(network, photos, count, batch_size, error):
    """Mean dB over grey, and vividness, of photos without hints."""
    rows = []
    for first in range(0, min(count, len(photos)), batch_size):
        batch = photos.get(range(first, min(first + batch_size, count, len(photos))), error=error)
        batch = {k: v.to(next(network.parameters()).device) for k, v in batch.items()}
        truth = color.encode(batch["truth"])
        mono = (batch["mono"] ** 2).clamp(0, 1)
        pictures = {"grey": color.encode(mono.repeat(1, 3, 1, 1))}
        for name, vivid in (("mean", 0.5), ("vivid", 1.0)):
            chroma, _, _ = run(network, batch, vivid)
            rgb = color.limit(mono, color.compose(mono, chroma, batch["spectral"]))
            pictures[name] = color.encode(rgb)
            pictures[name + "_size"] = chroma_size(rgb)
        size = chroma_size(batch["truth"]).clamp_min(1)
        psnr = {k: color.psnr(pictures[k], truth) for k in ("grey", "mean", "vivid")}
        for i in range(len(truth)):
            rows.append([float(psnr[k][i]) for k in psnr] + [float(pictures[f"{k}_size"][i].mean()) for k in
                                                             ("mean", "vivid")] + [float(size[i])])
    means = np.mean(rows, 0)
    return {"grey": means[0], "mean": means[1], "vivid": means[2], "mean_chroma": means[3] / means[5],
            "vivid_chroma": means[4] / means[5], "count": len(rows)}


@torch.no_grad()
def evaluate(network, pairs, photos, count, batch_size, no_hint_error):
    """Table: {row name: {figure: mean}}; `count` samples of pairs (0: all) and as many photos."""
    network.eval()
    rows = {}
    step = max(1, len(pairs) // count) if count else 1
    chosen = list(range(0, len(pairs), step))
    device = next(network.parameters()).device
    for first in range(0, len(chosen), batch_size):
        indices = chosen[first:first + batch_size]
        batch = {k: v.to(device) for k, v in pairs.get(indices).items()}
        names = [rung_of(*pairs.facts(i)) for i in indices]
        judge_batch(network, batch, names, rows)
        if first % (4 * batch_size) == 0:
            no_colour(batch, torch.ones(len(indices), dtype=torch.bool, device=device), no_hint_error)
            judge_batch(network, batch, ["no hints, dark"] * len(indices), rows)
    table = {}
    for name in sorted(rows, key=lambda n: (n.split()[-1], float(n.split("-")[0]) if n[0].isdigit() else 0)):
        table[name] = {"samples": len(rows[name])}
        for figure in rows[name][0]:
            values = [r[figure] for r in rows[name] if r[figure] is not None and np.isfinite(r[figure])]
            table[name][figure] = float(np.mean(values)) if values else float("nan")
    if photos is not None:
        table["photos"] = judge_photos(network, photos, count or len(photos), batch_size, no_hint_error)
    return table


def print_table(table):
    print(f"{'held-out samples':22} {'n':>5} {'classical':>9} {'network':>8} {'gain':>6}   hidden: {'gain':>6}"
          f" {'ab error':>9} {'error rank':>10}")
    for name, r in table.items():
        if name == "photos":
            continue
        gain = r["network"] - r["classical"]
        note = "  WORSE" if gain < -0.02 else ""
        print(f"{name:22} {r['samples']:5d} {r['classical']:9.2f} {r['network']:8.2f} {gain:+6.2f}           "
              f"{r['hidden_network'] - r['hidden_classical']:+6.2f} {r['ab_error']:9.2f} {r['error_rank']:10.2f}{note}")
    if "photos" in table:
        p = table["photos"]
        print(f"photos without hints ({p['count']}): grey {p['grey']:.2f} dB, mean decode {p['mean'] - p['grey']:+.2f} with "
              f"{100 * p['mean_chroma']:.0f} % of the chroma, vivid {p['vivid'] - p['grey']:+.2f} with "
              f"{100 * p['vivid_chroma']:.0f} %", flush=True)
