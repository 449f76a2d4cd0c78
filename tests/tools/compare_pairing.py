#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pairs of small random streams beside SciPy's linear assignment, which shares nothing with the program.

Where the limit is below half the shortest frame duration: the assignment of least cost, a pair costing its distance
less the limit and a frame alone nothing. In general "nearest first" is also an assignment, that of greatest worth when
a candidate is worth twice the next farther one (so none is outweighed by all farther ones together); exact in doubles
for up to 50 candidates. Limits of a whole frame duration and more are left out: only there nearest first may cross.
Does not prove anything of clocks that step or frames that are lost (capture/pairing_faults, capture/pairing_day).
Usage: compare_pairing.py TEST_CAPTURE_PAIRING [--cases N] [--seed N]
"""
import argparse
import subprocess
import sys

try:
    import numpy
    from scipy.optimize import linear_sum_assignment
except ImportError:
    print("!! numpy and SciPy are not there (CHROMAFUSE_PYTHON): pairing was not held against linear assignment; "
          "capture/pairing compares with brute force")
    sys.exit(77)

MOST_CANDIDATES = 50


def assign(worth):
    """Pairs of greatest total worth, frames alone being worth nothing: their columns by row, -1 for none."""
    rows, columns = worth.shape
    padded = numpy.zeros((rows, columns + rows))  # a column for each row that stays alone
    padded[:, :columns] = worth
    chosen = -numpy.ones(rows, int)
    for i, j in zip(*linear_sum_assignment(padded, maximize=True)):
        if j < columns and worth[i, j] > 0:
            chosen[i] = j
    return chosen


def least_cost(distance, limit):
    return assign(limit + 1 - distance)


def nearest_first(distance, limit):
    candidates = sorted((distance[i, j], i, j) for i, j in numpy.argwhere(distance <= limit))
    if len(candidates) > MOST_CANDIDATES:
        return None
    worth = numpy.zeros(distance.shape)
    for rank, (_, i, j) in enumerate(candidates):
        worth[i, j] = 2.0 ** (MOST_CANDIDATES - rank)
    return assign(worth)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lines = subprocess.run([options.program, "--print", str(options.cases), str(options.seed)], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    lines = [line for line in lines if ";" in line]
    counts = {"least cost": 0, "nearest first": 0, "left out": 0, "pairs": 0, "where both differ": 0}
    for line in lines:
        limit, mono, color, pairs = (numpy.array(part.split(), int) for part in line.split(";"))
        limit = limit[0]
        counts["pairs"] += int((pairs >= 0).sum())
        if len(mono) == 0 or len(color) == 0:
            assert (pairs < 0).all(), line
            continue
        distance = abs(mono[:, None] - color[None, :])
        shortest = min([10 ** 9, *numpy.diff(mono), *numpy.diff(color)])
        if limit >= shortest or nearest_first(distance, limit) is None:
            counts["left out"] += 1
            continue
        wanted = nearest_first(distance, limit)
        assert (pairs == wanted).all(), "nearest first would be %s: %s" % (wanted, line)
        counts["nearest first"] += 1
        cheapest = least_cost(distance, limit)
        if 2 * limit < shortest:
            assert (pairs == cheapest).all(), "least cost would be %s: %s" % (cheapest, line)
            counts["least cost"] += 1
        counts["where both differ"] += int((cheapest != wanted).any())
    print("pairing: %d cases: %s" % (len(lines), ", ".join("%s %d" % item for item in counts.items())))
    assert len(lines) == options.cases and counts["least cost"] > 0 and counts["where both differ"] > 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
