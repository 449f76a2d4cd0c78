#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `chromafuse simulate` with an independent writer of the same rigs, ../shared/eval/rigfiles.py.

    compare_rig.py --eval DIR --chromafuse BIN            run both on every variant and ratio, field by field
    compare_rig.py --eval DIR --golden FILE               write what the test compares with where this cannot run

Exit 0: equal; 1: not; 77: numpy, opencv, tifffile or the writer is missing (the line says which).
"""
import argparse, os, re, subprocess, sys, tempfile

CASES = [('parallel', 1, 50), ('parallel', 2, 200), ('parallel', 1.5, 15), ('tilted', 1, 2000), ('tele', 2, 200),
         ('drifted', 1, 5), ('tilted', 3, 1e6), ('parallel', 4, 1e6)]
FOCAL, BASELINE, MAX_DISPARITY = 620.0, 0.16, 48
TAGS = (256, 257, 258, 259, 262, 277, 33421, 33422, 50706, 50707, 50708, 50714, 50717, 50721, 50728, 50778, 51041)

try:
    import numpy as np, cv2, tifffile
except ImportError as missing:
    print(f'compare_rig: {missing}: nothing compared'); sys.exit(77)


def wedge():
    """A left and a right picture: 16 grey steps above 16 tinted ones, and a texture below. The C test draws the same."""
    y, x = np.mgrid[0:300, 0:400]
    step = x * 16 // 400 * 17
    grey = np.stack([step] * 3, -1)
    tint = np.stack([step, 255 - step, (step * 5) % 256], -1)
    texture = np.stack([(x * 7 + y * 3) % 256, (x * x // 16 + y) % 256, (x ^ y) % 256], -1)
    left = np.where((y < 100)[..., None], grey, np.where((y < 200)[..., None], tint, texture)).astype(np.uint8)
    return left, np.where((y < 200)[..., None], left, np.roll(left, 4, 1))


def numbers(text):
    return [float(n) for n in re.findall(r'(?<![A-Za-z_\d])-?\d+\.?\d*(?:[eE][-+]?\d+)?', text)]


def words(text):
    return re.sub(r'-?\d+\.?\d*(?:[eE][-+]?\d+)?', '#', text).split()


def tags(path):
    with tifffile.TiffFile(path) as t:
        found = {}
        for page in [t.pages[0], *(t.pages[0].pages or [])]:
            for tag in page.tags:
                if tag.code in TAGS and tag.code not in found:
                    v = np.ravel(list(tag.value) if isinstance(tag.value, (bytes, tuple, list)) else tag.value)
                    found[tag.code] = v[0::2] / v[1::2] if tag.dtype in (5, 10) else v      # rationals
        return found, t.pages[0].asarray()


def value_of(raw):
    if isinstance(raw[0], (str, np.str_)):
        return [ord(c) for c in str(raw[0]).rstrip('\0')]
    return [float(v) for v in raw]


def levels(codes, is_color, ratio):
    """Mean and variance of the codes per grey step (25 pixels of the wedge wide, its edges left out) and mosaic site."""
    scale = 1 / ratio if is_color else 1
    rows = int(100 * scale)
    for k in range(16):
        band = codes[:rows // 2 * 2, int(np.ceil(k * 25 * scale / 2 + 1)) * 2:int((k + 1) * 25 * scale / 2 - 1) * 2].astype(float)
        for sy, sx in ((0, 0), (0, 1), (1, 0), (1, 1)) if is_color else ((0, 0),):
            part = band[sy::2, sx::2] if is_color else band
            if part.size >= 50: yield k, 2 * sy + sx, part.mean(), part.var(), part.size


def compare(name, ours, theirs, complain):
    for f in ('mono.cameramodel', 'color.cameramodel', 'rig.yaml'):
        a, b = (open(f'{d}/{f}').read() for d in (ours, theirs))
        if words(a) != words(b) or not np.allclose(numbers(a), numbers(b), rtol=2e-7, atol=1e-8):
            complain(f'{name}: {f}:\n{a}\nnot\n{b}')
    a, b = (cv2.imread(f'{d}/truth.png') for d in (ours, theirs))
    if a.shape != b.shape or (a != b).any():
        complain(f'{name}: truth.png differs')
    for f in ('mono.dng', 'color.dng'):
        (ta, ca), (tb, cb) = tags(f'{ours}/{f}'), tags(f'{theirs}/{f}')
        for code in sorted(tb):
            va, vb = value_of(ta[code]) if code in ta else None, value_of(tb[code])
            if code in (50706, 50707):                             # the DNG version may be newer
                ok = va is not None
            else:
                # rationals in 1/10000 by their writer
                ok = va is not None and len(va) == len(vb) and np.allclose(va, vb, rtol=1e-6, atol=6e-5 if code in (50721, 50728) else 0)
            if not ok: complain(f'{name}: {f}: tag {code} is {va}, not {vb}')
        if ca.shape != cb.shape:
            complain(f'{name}: {f}: {ca.shape}, not {cb.shape}'); continue
        variant, ratio = name.split()[0], float(name.split()[2])
        if variant in ('parallel',):
            for (k, site, ma, va, n), (_, _, mb, vb, _) in zip(levels(ca, f[0] == 'c', ratio), levels(cb, f[0] == 'c', ratio)):
                white = mb > 16300                                 # clipped: the variance is no Gaussian's
                if abs(ma - mb) > 5 * np.sqrt((va + vb) / n) + .05: complain(f'{name}: {f} level {k} site {site}: mean {ma:.2f}, not {mb:.2f}')
                if not white and abs(va - vb) > 7 * np.sqrt(4 / n) * vb + .1: complain(f'{name}: {f} level {k} site {site}: variance {va:.2f}, not {vb:.2f}')
        if float(name.split()[-1]) >= 1e6:                         # hardly any noise: pixel by pixel (8-bit rounding of the turned lens remains)
            d = np.abs(ca.astype(float) - cb)
            allowed = 40 if variant == 'parallel' else 160
            if np.percentile(d, 99) > allowed * 3 or d.mean() > allowed: complain(f'{name}: {f}: codes differ by {d.mean():.1f} on average, 99th percentile {np.percentile(d, 99):.0f}')


def golden(path):
    import rigfiles
    left, right = wedge()
    with open(path, 'w') as out, tempfile.TemporaryDirectory() as d:
        print(f'# python3 tests/capture/compare_rig.py --eval ../shared/eval --golden tests/capture/data/{os.path.basename(path)}', file=out)
        print(f'# numpy {np.__version__}, opencv {cv2.__version__}', file=out)
        for variant, ratio, electrons in CASES:
            rigfiles.write_rig(d, left, right, electrons, FOCAL, BASELINE, 0.0, MAX_DISPARITY, ratio, variant=variant)
            print(f'rig {variant} {ratio:g} {electrons:g}', file=out)
            for f in ('mono.cameramodel', 'color.cameramodel', 'rig.yaml'): print('text', f, *open(f'{d}/{f}').read().split(), file=out)
            for f in ('mono.dng', 'color.dng'):
                t, codes = tags(f'{d}/{f}')
                for code in sorted(t):
                    if code not in (50706, 50707, 50708): print('tag', f, code, *('%.9g' % v for v in value_of(t[code])), file=out)
                if variant == 'parallel':
                    for k, site, mean, var, n in levels(codes, f[0] == 'c', ratio): print('level', f, k, site, '%.3f %.3f %d' % (mean, var, n), file=out)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--eval', required=True); ap.add_argument('--chromafuse'); ap.add_argument('--golden')
    a = ap.parse_args(); sys.path.insert(0, a.eval)
    try:
        import rigfiles
    except ImportError as missing:
        print(f'compare_rig: {missing}: nothing compared'); return 77
    if a.golden: golden(a.golden); return 0
    left, right = wedge()
    bad = []
    with tempfile.TemporaryDirectory() as tmp:
        cv2.imwrite(f'{tmp}/l.png', left[..., ::-1]); cv2.imwrite(f'{tmp}/r.png', right[..., ::-1])
        for variant, ratio, electrons in CASES:
            name = f'{variant} ratio {ratio:g} electrons {electrons:g}'
            rigfiles.write_rig(f'{tmp}/theirs', left, right, electrons, FOCAL, BASELINE, 0.0, MAX_DISPARITY, ratio, variant=variant)
            subprocess.run([a.chromafuse, 'simulate', '--left', f'{tmp}/l.png', '--right', f'{tmp}/r.png', '--focal', str(FOCAL), '--baseline', str(BASELINE),
                            '--max-disparity', str(MAX_DISPARITY), '--electrons', str(electrons), '--ratio', str(ratio), '--variant', variant, '-o', f'{tmp}/ours'],
                           check=True, stdout=subprocess.DEVNULL)
            compare(name, f'{tmp}/ours', f'{tmp}/theirs', bad.append)
    print('\n'.join(bad) if bad else f'compare_rig: {len(CASES)} rigs agree in every field'); return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
