"""Keep every value before a sign away from zero, so that float32 and real arithmetic decide alike at each reachable sum."""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np

from ecg5_data import INPUT_SCALE

# Smallest |value| allowed: over the size of the terms it is the sum of (float32 rounds at about 1e-7), and in lattice steps.
MARGIN, MARGIN_STEPS = 2e-5, 1 / 64
SCORE_EPS = 2.0**-17


@dataclass
class Lattice:
    """The sums a channel can reach: -limit, -limit + step, ..., limit."""

    limit: float
    step: float
    spread: float = 0.0  # size of what a mean adds up, when that is larger than the mean

    @staticmethod
    def of_input(weight: np.ndarray) -> "Lattice":
        """int8 inputs on the grid of INPUT_SCALE (pad values lie on it) times +-1 weights."""
        return Lattice(128 * INPUT_SCALE * weight[0].size, INPUT_SCALE)

    @staticmethod
    def of_bipolar(fan_in: int) -> "Lattice":
        return Lattice(float(fan_in), 2.0)

    def mean(self, count: int) -> "Lattice":
        """The mean of `count` such sums; its sign is the sum's."""
        return Lattice(self.limit, self.step / count, self.limit)

    def points(self) -> np.ndarray:
        return -self.limit + self.step * np.arange(round(2 * self.limit / self.step) + 1)


def clearance(bn: dict, eps: float, c: int, lattice: Lattice, slope: float) -> float:
    """Smallest |gamma (x - mean) / s + beta| over the lattice, over the smallest allowed; x is the PReLU of the sum."""
    points = lattice.points()
    slopes = np.where(points >= 0, 1.0, slope)
    k = float(bn["weight"][c]) / np.sqrt(float(bn["running_var"][c]) + np.float64(np.float32(eps)))
    shift, beta = k * float(bn["running_mean"][c]), float(bn["bias"][c])
    size = np.abs(k) * (np.abs(slopes * points) + lattice.spread) + abs(shift) + abs(beta)
    allowed = np.maximum(MARGIN * size, MARGIN_STEPS * np.abs(k * slopes) * lattice.step)
    return float(np.min(np.abs(k * slopes * points - shift + beta) / np.maximum(allowed, 1e-30)))


def settle(name: str, bn: dict, lattice: Lattice, eps: float, slope: float = 1.0) -> None:
    """Move the bias of channels that come too near zero by the least amount that clears them (in place), and prove it."""
    moved = 0
    for c in range(len(bn["bias"])):
        if clearance(bn, eps, c, lattice, slope) < 1:
            clear(name, bn, lattice, eps, slope, c)
            moved += 1
        prove(name, bn, lattice, eps, slope, c)
    if moved:
        print(f"  {name}: moved the bias of {moved} of {len(bn['bias'])} channels off a tie")


def clear(name: str, bn: dict, lattice: Lattice, eps: float, slope: float, c: int) -> None:
    """Move the bias to the nearest place that is clear; that crosses no reachable sum unless PReLU's two sides collide."""
    original = float(bn["bias"][c])
    k = float(bn["weight"][c]) / np.sqrt(float(bn["running_var"][c]) + eps)
    step = abs(k) * lattice.step / 256
    for n in range(2, 4096):
        # upwards first: at an exact tie the training's sign is +1
        bn["bias"][c] = original + n // 2 * step * (1 if n % 2 == 0 else -1)
        if clearance(bn, eps, c, lattice, slope) >= 1:
            return
    raise ValueError(f"{name} channel {c}: no bias keeps every sum away from zero")


def prove(name: str, bn: dict, lattice: Lattice, eps: float, slope: float, c: int) -> None:
    """In exact arithmetic on the float constants, no reachable sum gives zero: its root lies between two lattice points."""
    gamma, beta, mean, var = (Fraction(float(bn[k][c])) for k in ("weight", "bias", "running_mean", "running_var"))
    if gamma == 0:
        assert beta != 0, f"{name} channel {c}: constant zero"
        return
    square, bits = var + Fraction(float(np.float32(eps))), 1 << 60
    root = isqrt(square.numerator * bits * bits // square.denominator)
    # gamma (x - mean) / s + beta = 0  <=>  x = mean - beta s / gamma, with s between two fractions 2^-60 apart
    zeros = [mean - beta * Fraction(r, bits) / gamma for r in (root, root + 1)]
    branches = [[z for z in zeros if z >= 0], [z / Fraction(slope) for z in zeros if slope and z / Fraction(slope) < 0]]
    unit, limit = Fraction(lattice.step).limit_denominator(10**6), Fraction(lattice.limit)
    for ends in filter(None, branches):
        places = [(z + limit) / unit for z in ends]
        between = len({p // 1 for p in places}) == 1 and all(p.denominator != 1 for p in places)
        assert between, f"{name} channel {c}: zero at a reachable sum"
    assert slope or beta - gamma * mean / Fraction(root, bits) != 0, f"{name} channel {c}: zero at negative sums"


def round_scores(bn: dict, slope: np.ndarray | None = None) -> np.float32 | None:
    """Round the last normalisation (in place) and slope to few bits: float32 then computes the scores nearly unrounded.

    With SCORE_EPS, var + eps is 1: the scale is gamma, of 10 bits, and the offset is a multiple of its last bit.
    """
    k = bn["weight"] / np.sqrt(bn["running_var"].astype(np.float64) + 1e-5)
    b = bn["bias"] - k * bn["running_mean"]
    unit = 2.0 ** (np.floor(np.log2(np.abs(k).max())) - 9)
    bn["weight"][:], bn["bias"][:] = np.round(k / unit) * unit, np.round(b / unit) * unit
    bn["running_mean"][:], bn["running_var"][:] = 0, 1 - SCORE_EPS
    return None if slope is None else np.round(slope * 256).astype(np.float32) / 256
