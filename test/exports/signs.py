"""Signs with straight-through gradients as training code writes them, and layers that sign their weights."""

import torch
import torch.nn.functional as functional
from torch import nn


class SignFunction(torch.autograd.Function):
    """A sign of its own gradient: the exporters leave Sign."""

    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return torch.sign(x)

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1)


def where(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))


def detached(x: torch.Tensor) -> torch.Tensor:
    """The identity's gradient."""
    hard = torch.where(x >= 0, 1.0, -1.0)
    return (hard - x).detach() + x


def detached_tanh(x: torch.Tensor) -> torch.Tensor:
    """Hard tanh's gradient, and Sign(0) = 0."""
    soft = functional.hardtanh(x)
    return (torch.sign(x) - soft).detach() + soft


def detached_polynomial(x: torch.Tensor) -> torch.Tensor:
    """Bi-Real Net's gradient: pieces of a parabola."""
    soft = torch.where(x < 0, x * x + 2 * x, -x * x + 2 * x)
    soft = torch.where(x < -1, -torch.ones_like(x), torch.where(x < 1, soft, torch.ones_like(x)))
    return where(x).detach() - soft.detach() + soft


def from_bool(x: torch.Tensor) -> torch.Tensor:
    return (x >= 0).float() * 2 - 1


def from_greater(x: torch.Tensor) -> torch.Tensor:
    return 2.0 * (x > 0).float() - 1.0


def masked(x: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(x).masked_fill(x < 0, -1.0)


def assigned(x: torch.Tensor) -> torch.Tensor:
    """In place, at the places that a mask chooses."""
    y = x.clone()
    y[x >= 0] = 1.0
    y[x < 0] = -1.0
    return y


SIGNS = {
    "function": SignFunction.apply,
    "where": where,
    "detached": detached,
    "detached-tanh": detached_tanh,
    "detached-polynomial": detached_polynomial,
    "bool": from_bool,
    "greater": from_greater,
    "masked": masked,
    "assigned": assigned,
}


class Sign(nn.Module):
    def __init__(self, name: str = "where") -> None:
        super().__init__()
        self.function = SIGNS[name]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class BinaryConv1d(nn.Conv1d):
    """`scale`: none, `mean` of magnitudes (XNOR-Net), `power` of two of standardised weights (IR-Net)."""

    def __init__(self, *sizes: int, sign: str = "where", scale: str = "none", bias: bool = False, **options: object) -> None:
        super().__init__(*sizes, bias=bias, **options)
        self.sign, self.scale = SIGNS[sign], scale

    def binary(self) -> torch.Tensor:
        w = self.weight
        if self.scale == "mean":
            return self.sign(w) * w.abs().mean(dim=(1, 2), keepdim=True)
        if self.scale == "power":
            w = w - w.mean(dim=(1, 2), keepdim=True)
            w = w / w.std(dim=(1, 2), keepdim=True)
            return self.sign(w) * 2.0 ** torch.round(torch.log2(w.abs().mean(dim=(1, 2), keepdim=True)))
        return self.sign(w)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(x, self.binary(), self.bias)


class BinaryConv2d(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(x, where(self.weight), self.bias)


class BinaryLinear(nn.Linear):
    def __init__(self, *sizes: int, sign: str = "where", bias: bool = False) -> None:
        super().__init__(*sizes, bias=bias)
        self.sign = SIGNS[sign]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.sign(self.weight), self.bias)
