#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much the colour of a colorized video flickers, beside that of its frames coloured one by one.

usage: score_flicker.py PROGRAM PHOTOS|VIDEO [--size WxH] [--frames N] [--clips N] [--noise S] [--points N]
                        [--keep FOLDER] [-- OPTION...]

PROGRAM is chromafuse; OPTIONs go to `colorize`. From a folder of photographs clips with known motion are made: the
camera still, panning by fractions of a pixel, zooming, and a card moving before a pan. Of a video the motion is
OpenCV's DIS flow of its own grey frames, kept where it agrees forwards and backwards. Grey frames get normal noise of
S codes of 8 bits (default 2); results are compared on the luminance without it. With --points the first frame comes
with N points in their true colours (7x7 pixels at random places), what a user might give. Flicker is the mean distance in Lab's a, b plane, blurred by 2 pixels, of a pixel from
where it was in the frame before. The last line compares what flickers beyond the truth's own.

exit status 1 when that is more than half of frame by frame. Needs numpy and OpenCV.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np

KINDS = ("still", "pan", "zoom", "card")


def crop(photo, width, height, x, y, scale):
    """Window with its centre at x, y and `scale` pixels of the photo a pixel, and the map that made it."""
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    px = (u - (width - 1) / 2) * scale + x
    py = (v - (height - 1) / 2) * scale + y
    return cv2.remap(photo, px.astype(np.float32), py.astype(np.float32), cv2.INTER_CUBIC), (x, y, scale)


def made_clip(kind, photo, other, width, height, count):
    """Frames, and for each but the first where its pixels were (map x, map y) and whether they can be compared."""
    h, w = photo.shape[:2]
    room = min(w / width, h / height)
    scale = room / 1.35
    frames, views, cards = [], [], []
    for t in range(count):
        x, y, s = w / 2, h / 2, scale
        if kind in ("pan", "card"):
            x += scale * 1.3 * (t - count / 2)
            y += scale * 0.4 * (t - count / 2)
        if kind == "zoom":
            s = scale * 1.01 ** (t - count / 2)
        frame, view = crop(photo, width, height, x, y, s)
        card = None
        if kind == "card":
            side = height // 3
            card = (int(width * 0.2 + 3 * t), int(height * 0.3 + t), side)
            piece = cv2.resize(other, (side, side), interpolation=cv2.INTER_AREA)
            frame = frame.copy()
            frame[card[1]:card[1] + side, card[0]:card[0] + side] = piece[:height - card[1], :width - card[0]]
        frames.append(frame)
        views.append(view)
        cards.append(card)
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    maps = []
    for t in range(1, count):
        (x0, y0, s0), (x1, y1, s1) = views[t - 1], views[t]
        mx = ((u - (width - 1) / 2) * s1 + x1 - x0) / s0 + (width - 1) / 2
        my = ((v - (height - 1) / 2) * s1 + y1 - y0) / s0 + (height - 1) / 2
        good = (mx >= 0) & (mx <= width - 1) & (my >= 0) & (my <= height - 1)
        if cards[t]:
            inside = [card_mask(c, width, height) for c in (cards[t - 1], cards[t])]
            dx, dy = cards[t - 1][0] - cards[t][0], cards[t - 1][1] - cards[t][1]
            mx = np.where(inside[1], u + dx, mx)
            my = np.where(inside[1], v + dy, my)
            was = cv2.remap(inside[0].astype(np.float32), mx.astype(np.float32), my.astype(np.float32),
                            cv2.INTER_LINEAR)
            good &= np.where(inside[1], was > 0.99, was < 0.01)
        maps.append((mx.astype(np.float32), my.astype(np.float32), good))
    return frames, maps


def card_mask(card, width, height):
    mask = np.zeros((height, width), bool)
    mask[card[1]:card[1] + card[2], card[0]:card[0] + card[2]] = True
    return mask


def read_video(path, count=None):
    video = cv2.VideoCapture(path)
    frames = []
    while count is None or len(frames) < count:
        good, frame = video.read()
        if not good:
            break
        frames.append(frame)
    if not frames:
        sys.exit(f"{path}: no frames")
    return frames


def flow_maps(frames):
    """Motion of a real video by DIS, where forward and backward agree within half a pixel."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(f, cv2.COLOR_BGR2GRAY) for f in frames]
    height, width = gray[0].shape
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    maps = []
    for before, now in zip(gray, gray[1:]):
        back, forth = dis.calc(now, before, None), dis.calc(before, now, None)
        mx, my = u + back[..., 0], v + back[..., 1]
        again = cv2.remap(forth, mx, my, cv2.INTER_LINEAR)
        good = np.hypot(back[..., 0] + again[..., 0], back[..., 1] + again[..., 1]) < 0.5
        maps.append((mx, my, good & (mx >= 0) & (mx <= width - 1) & (my >= 0) & (my <= height - 1)))
    return maps


def linear_of(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def coded_of(v):
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 1e-9) ** (1 / 2.4) - 0.055)


WEIGHTS = (0.2126, 0.7152, 0.0722)


def luminance_of(frame):
    return linear_of(frame[..., ::-1].astype(np.float64) / 255) @ WEIGHTS


def noisy_pair(frame, noise, random):
    """8-bit grey with the picture's luminance, coded as sRGB, and noise; and the picture on that luminance: what a
    perfect colorization of it would be."""
    y = luminance_of(frame)
    gray = np.clip(255 * coded_of(y) + random.normal(0, noise, y.shape) + 0.5, 0, 255).astype(np.uint8)
    return gray, np.round(recolored(frame, linear_of(gray / 255))).astype(np.uint8)


def recolored(frame, y):
    """The frame's colours, as multiples of its luminance, on the luminance y: without the noise that grey brought."""
    rgb = linear_of(frame[..., ::-1].astype(np.float64) / 255)
    rgb *= ((y + 0.002) / (rgb @ WEIGHTS + 0.002))[..., None]
    return (255 * coded_of(np.clip(rgb, 0, 1)))[..., ::-1].astype(np.float32)


def write_y4m(path, frames):
    height, width = frames[0].shape
    chroma = np.full(2 * ((width + 1) // 2) * ((height + 1) // 2), 128, np.uint8).tobytes()
    with open(path, "wb") as f:
        f.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\n" % (width, height))
        for frame in frames:
            luma = np.round(16 + frame.astype(np.float64) * 219 / 255).astype(np.uint8)
            f.write(b"FRAME\n" + luma.tobytes() + chroma)


def write_points(path, frame, count, random):
    """Points of the first frame: squares in their mean colour."""
    height, width = frame.shape[:2]
    places = [(int(random.integers(3, width - 3)), int(random.integers(3, height - 3))) for _ in range(count)]
    points = [{"frame": 0, "x": x, "y": y, "size": 7,
               "rgb": frame[y - 3:y + 4, x - 3:x + 4, ::-1].reshape(-1, 3).mean(0).round(1).tolist()} for x, y in places]
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"points": points}, f)


def colorize(program, path, out, options):
    run = subprocess.run([program, "colorize", path, "-o", out, "--codec", "ffv1", *options], capture_output=True,
                         text=True, check=False)
    if run.returncode:
        sys.exit(f"{program} colorize {path}: {run.stderr.strip()}")
    return read_video(out)


def ab_of(frame):
    """The eye sees colour coarsely: over some pixels, which also averages what rounding to 8 bits does."""
    ab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)[..., 1:]
    return cv2.GaussianBlur(ab, (0, 0), 2)


def flicker(frames, maps):
    """Mean distance over all comparable pixels of all frames."""
    total, count = 0.0, 0
    ab = [ab_of(f) for f in frames]
    for before, now, (mx, my, good) in zip(ab, ab[1:], maps):
        change = np.linalg.norm(now - cv2.remap(before, mx, my, cv2.INTER_LINEAR), axis=2)
        total += change[good].sum()
        count += int(good.sum())
    return total / max(count, 1)


def psnr(frames, truth):
    error = np.mean([np.mean((a.astype(np.float64) - b) ** 2) for a, b in zip(frames, truth)])
    return 10 * np.log10(255 ** 2 / error)


def load_photos(folder, count):
    """The largest of the folder's photos, in a fixed order."""
    photos = []
    for name in sorted(os.listdir(folder)):
        photo = cv2.imread(os.path.join(folder, name))
        if photo is not None:
            photos.append(photo)
        if len(photos) == max(40, 2 * count):
            break
    photos.sort(key=lambda p: -p.shape[0] * p.shape[1])
    return photos[:max(count, 2)]


def clips_of(args, width, height):
    if not os.path.isdir(args.source):
        frames = read_video(args.source, args.frames)
        yield os.path.basename(args.source), frames, flow_maps(frames)
        return
    photos = load_photos(args.source, args.clips)
    if len(photos) < 2:
        sys.exit(f"{args.source}: needs two photographs at least")
    for i in range(args.clips):
        kind, photo = KINDS[i % len(KINDS)], photos[i % len(photos)]
        yield kind, *made_clip(kind, photo, photos[(i + 1) % len(photos)], width, height, args.frames)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--noise", type=float, default=2)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--keep")
    line = sys.argv[1:]
    cut = line.index("--") if "--" in line else len(line)
    args = parser.parse_args(line[:cut])
    args.options = line[cut + 1:]
    width, height = (int(v) for v in args.size.split("x"))
    random = np.random.default_rng(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = args.keep or folder
        os.makedirs(folder, exist_ok=True)
        for number, (name, truth, maps) in enumerate(clips_of(args, width, height)):
            path = os.path.join(folder, f"{number}.y4m")
            clean = [luminance_of(f) for f in truth]
            grays, truth = zip(*(noisy_pair(f, args.noise, random) for f in truth))
            write_y4m(path, grays)
            hints = []
            if args.points:
                hints = ["--hints", os.path.join(folder, f"{number}.json")]
                write_points(hints[1], truth[0], args.points, random)
            row = [flicker([recolored(f, y) for f, y in zip(truth, clean)], maps)]
            for mode in ("off", "on"):
                out = colorize(args.program, path, os.path.join(folder, f"{number}-{mode}.mkv"),
                               ["--temporal", mode, *hints, *args.options])
                if len(out) != len(truth):
                    sys.exit(f"{path}: {len(truth)} frames went in, {len(out)} came out")
                row += [flicker([recolored(f, y) for f, y in zip(out, clean)], maps), psnr(out, truth)]
            rows.append(row)
            print(f"{number} {name:8s} flicker: truth {row[0]:.3f}, frame by frame {row[1]:.3f}, with memory "
                  f"{row[3]:.3f}; {row[2]:.2f} dB, {row[4]:.2f} dB", flush=True)
    truth, off, off_psnr, on, on_psnr = np.mean(rows, axis=0)
    beyond = max(on - truth, 0) / max(off - truth, 1e-9)
    print(f"all        flicker: truth {truth:.3f}, frame by frame {off:.3f}, with memory {on:.3f}: {beyond:.0%} of what "
          f"is beyond the truth's; {off_psnr:.2f} dB, {on_psnr:.2f} dB")
    return int(beyond > 0.5)


if __name__ == "__main__":
    sys.exit(main())
