"""Small binary networks as people write them in PyTorch: one ordinary ECG classifier and its variations."""

import torch
import torch.nn.functional as functional
from signs import BinaryConv1d, BinaryConv2d, BinaryLinear, Sign
from torch import nn

SAMPLES, WIDTH, CLASSES = 96, 8, 5


class Lambda(nn.Module):
    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def block(cin: int, cout: int, sign: str = "where", pool: nn.Module | None = None, act: nn.Module | None = None, **conv: object) -> list:
    """conv, pool, norm, activation, sign; `pool` and `act` None: MaxPool of 2 and nothing."""
    conv = {"padding": 3, **conv}
    layers = [BinaryConv1d(cin, cout, 7, sign=sign, **conv), pool or nn.MaxPool1d(2), nn.BatchNorm1d(cout)]
    return [*layers, *([act] if act else []), Sign(sign)]


def body(leads: int = 1, **options: object) -> list:
    return [*block(leads, WIDTH, stride=2, **options), *block(WIDTH, WIDTH, **options)]


def with_first(first: nn.Module, *rest: nn.Module) -> list:
    """A first layer of another kind before the second block."""
    return [first, nn.MaxPool1d(2), nn.BatchNorm1d(WIDTH), Sign(), *block(WIDTH, WIDTH), *rest]


def head() -> list:
    """A binary convolution to the classes, normalised; the mean over time follows."""
    return [BinaryConv1d(WIDTH, CLASSES, 3, padding=1), nn.BatchNorm1d(CLASSES)]


def net(*layers: nn.Module, end: object = None) -> nn.Sequential:
    return nn.Sequential(*layers, Lambda(end or (lambda x: x.mean(2))))


def flat(layers: list, last: nn.Module | None = None) -> nn.Sequential:
    """Flattened into a dense layer: binary, or as given."""
    dense = [last] if last else [BinaryLinear(WIDTH * (SAMPLES // 8), CLASSES), nn.BatchNorm1d(CLASSES)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


class TwoOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*body(), *head())

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.body(x).mean(2)
        return logits, logits.argmax(1)


class MapAndMean(nn.Module):
    """Scores at every position, and their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*body(), *head())

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.body(x)
        return scores.mean(2), scores


def image(*layers: nn.Module) -> nn.Sequential:
    """The window as a picture of 8 rows."""
    return nn.Sequential(Lambda(lambda x: x.reshape(x.shape[0], 1, 8, SAMPLES // 8)), *layers)


class ReActNet(nn.Module):
    """Learnable shifts before the sign and around PReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = BinaryConv1d(1, WIDTH, 7, stride=4, padding=3), nn.BatchNorm1d(WIDTH)
        self.shift, self.before, self.after = (nn.Parameter(torch.randn(1, WIDTH, 1)) for _ in range(3))
        self.slopes = nn.PReLU(WIDTH)
        self.last = BinaryConv1d(WIDTH, CLASSES, 7, padding=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.slopes(self.norm(self.first(x)) - self.before) + self.after
        x = torch.where(x + self.shift >= 0, 1.0, -1.0)
        return self.last(x).mean(2)


class AsImage(nn.Module):
    """One row of a 2-D network."""

    def __init__(self) -> None:
        super().__init__()
        self.first = BinaryConv2d(1, WIDTH, (1, 7), stride=(1, 4), padding=(0, 3), bias=False)
        self.norm = nn.BatchNorm2d(WIDTH)
        self.second = BinaryConv2d(WIDTH, CLASSES, (1, 7), padding=(0, 3), bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.first(x.unsqueeze(2)))
        return self.second(torch.where(x >= 0, 1.0, -1.0)).mean((2, 3))


def dense_tail() -> list:
    n = WIDTH * (SAMPLES // 8)
    return [nn.Flatten(), BinaryLinear(n, 16), nn.BatchNorm1d(16), nn.Hardtanh(), Sign(), nn.Linear(16, CLASSES)]


SIGN_NAMES = ("where", "detached", "detached-polynomial", "bool", "greater", "masked", "assigned")
NETS: dict[str, object] = {f"sign-{name}": (lambda name=name: flat(body(sign=name))) for name in SIGN_NAMES}
# torch.sign gives 0 at 0: batch normalisation with a mean beside the integers keeps the sums away from it.
NETS |= {f"sign-{name}": (lambda name=name: flat(body(sign=name))) for name in ("function", "detached-tanh")}
NETS |= {
    "mean": lambda: net(*body(), *head()),
    "bias": lambda: net(*body(bias=True), *head()),
    "same": lambda: nn.Sequential(BinaryConv1d(1, WIDTH, 7, padding="same"), nn.BatchNorm1d(WIDTH), Sign(), *head(), Lambda(lambda x: x.mean(2))),
    "unpadded": lambda: net(*body(padding=0), *head()),
    "leads": lambda: net(*body(leads=12), *head()),
    "magnitudes": lambda: net(*body(scale="mean"), *head()),
    "ir-net": lambda: net(*body(scale="power"), *head()),
    "hardtanh": lambda: net(*body(act=nn.Hardtanh()), *head()),
    "relu": lambda: net(*body(act=nn.ReLU()), *head()),
    "prelu": lambda: net(*body(act=nn.PReLU(WIDTH)), *head()),
    "tanh": lambda: net(*body(act=nn.Tanh()), *head()),
    "reactnet": ReActNet,
    "softmax": lambda: net(*body(), *head(), end=lambda x: functional.softmax(x.mean(2), 1)),
    "log-softmax": lambda: net(*body(), *head(), end=lambda x: functional.log_softmax(x.mean(2), 1)),
    "sigmoid": lambda: net(*body(), *head(), end=lambda x: torch.sigmoid(x.mean(2))),
    "argmax": lambda: net(*body(), *head(), end=lambda x: x.mean(2).argmax(1)),
    "topk": lambda: net(*body(), *head(), end=lambda x: torch.topk(x.mean(2), 1)[1]),
    "max": lambda: net(*body(), *head(), end=lambda x: x.max(2)[0]),
    "two-outputs": TwoOutputs,
    "map-and-mean": MapAndMean,
    # More values than the output buffer holds: 96 positions of 24 channels, and 8 x 12 pixels of 48 channels of bits.
    "map": lambda: nn.Sequential(BinaryConv1d(1, WIDTH, 7, padding=3), nn.BatchNorm1d(WIDTH), Sign(), BinaryConv1d(WIDTH, 24, 3, padding=1, bias=True)),
    "bits": lambda: image(BinaryConv2d(1, 48, 3, padding=1), nn.BatchNorm2d(48), Sign()),
    "dropout": lambda: flat([*body(), nn.Dropout(0.3)]),
    "as-image": AsImage,
    "pool-ceil": lambda: net(*body(pool=nn.MaxPool1d(3, 2, 1, ceil_mode=True)), *head()),
    "pool-average": lambda: net(*body(pool=nn.AvgPool1d(2)), *head()),
    "pool-behind-sign": lambda: net(BinaryConv1d(1, WIDTH, 7, padding=3), nn.BatchNorm1d(WIDTH), Sign(), nn.MaxPool1d(2), *head()),
    "norm-first": lambda: net(nn.BatchNorm1d(1), Sign(), *body(), *head()),
    "float-last": lambda: flat(body(), nn.Linear(WIDTH * (SAMPLES // 8), CLASSES)),
    "float-last-mean": lambda: nn.Sequential(*body(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES)),
    "float-last-parts": lambda: nn.Sequential(*body(), nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(4 * WIDTH, CLASSES)),
    "float-last-two": lambda: nn.Sequential(*body(), nn.Flatten(), nn.Linear(96, 16), nn.ReLU(), nn.Linear(16, CLASSES)),
    "binary-float-last": lambda: nn.Sequential(*body(), *dense_tail()),
    "float-first": lambda: flat(with_first(nn.Conv1d(1, WIDTH, 7, stride=2, padding=3, bias=False))),
    "float-first-bias": lambda: flat(with_first(nn.Conv1d(1, WIDTH, 7, stride=2, padding=3))),
    "float-both": lambda: flat(with_first(nn.Conv1d(1, WIDTH, 7, stride=2, padding=3, bias=False)), nn.Linear(WIDTH * (SAMPLES // 8), CLASSES)),
    "float-both-mean": lambda: nn.Sequential(
        *with_first(nn.Conv1d(1, WIDTH, 7, stride=2, padding=3)), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES)
    ),
}
# These read what an ADC gives after a z-score; the others whole numbers of eight bits.
FLOAT_INPUT = {name for name in NETS if name.startswith(("float-first", "float-both", "norm-first"))}
