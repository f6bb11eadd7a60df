"""Train the binarized ECG networks `ecg5` and `ecg5-wide`, and a teacher, on the ECG-5 set (PyTorch, CPU).

Checkpoints stay outside git. Without --holdout every run has a fixed length and sees the test part once, after its end.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import ecg5_cuts
import ecg5_data
from ecg5_data import INPUT_SCALE

DEFAULT_CHECKPOINTS = Path(__file__).resolve().parents[1] / "build" / "models"


class Binarize(torch.autograd.Function):
    """x >= 0 ? 1 : -1, with the gradient of the identity clipped to |x| < 1."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).to(x.dtype).mul_(2).sub_(1)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(grad, x, -1.0, 1.0)


class Relax:
    """What the present stage of training leaves real: weights, activations."""

    weights = activations = False


# What the convolutions of signs compute in while training: their sums are even and below 512, so bfloat16 holds them exactly,
# and only gradients are rounded.
COMPUTE = {"type": torch.float32}


def sign(x):
    return F.hardtanh(x) if Relax.activations else Binarize.apply(x)


def quantize_input(x):
    """What QuantizeLinear and DequantizeLinear do: int8 on the grid of INPUT_SCALE, half to even."""
    return torch.clamp(torch.round(x / INPUT_SCALE), -128, 127) * INPUT_SCALE


class BinaryWeight(nn.Module):
    """Holds latent weights; the forward uses their signs."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(*shape).uniform_(-0.5, 0.5))

    def signs(self):
        return self.weight if Relax.weights else Binarize.apply(self.weight)


class BinaryConv(BinaryWeight):
    """Convolution over time of n x channels x 1 x time, channels last in memory (several times faster on a CPU)."""

    def __init__(self, cin, cout, kernel, stride=1):
        super().__init__(cout, cin, kernel)
        self.stride = stride

    def forward(self, x):
        w = self.signs()[:, :, None]
        kind = COMPUTE["type"] if x.shape[1] > 1 and torch.is_grad_enabled() else torch.float32
        return F.conv2d(x.to(kind), w.to(kind, memory_format=torch.channels_last), stride=(1, self.stride)).float()


class BinaryLinear(BinaryWeight):
    def __init__(self, cin, cout):
        super().__init__(cout, cin)

    def forward(self, x):
        return F.linear(x, self.signs())


class Block(nn.Module):
    """pad 5 with -1, binary convolution k7, max-pool 7/2, PReLU, batch normalisation (the sign comes after)."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv = BinaryConv(cin, cout, 7, stride)
        self.prelu = nn.PReLU(init=0.25)
        self.bn = nn.BatchNorm2d(cout)

    def forward(self, x):
        x = self.conv(F.pad(x, (5, 5, 0, 0), value=-1.0))
        return self.bn(self.prelu(F.max_pool2d(x, (1, 7), (1, 2))))


class Ecg5(nn.Module):
    """Six blocks 1-8-16-32-32-64-5, then the sum over time: 28,280 weight bits."""

    CHANNELS = (1, 8, 16, 32, 32, 64, 5)

    def __init__(self):
        super().__init__()
        c = self.CHANNELS
        self.blocks = nn.ModuleList(Block(c[i], c[i + 1], 2 if i == 0 else 1) for i in range(6))

    def forward(self, x):
        x = quantize_input(x)[:, :, None].to(memory_format=torch.channels_last)
        for block in self.blocks[:-1]:
            x = sign(block(x))
        return 4 * self.blocks[-1](x).mean((2, 3))


class Ecg5Wide(nn.Module):
    """Convolutions 64@k80/s12, 64, 128, 128, 256 @k3, the mean over time, then 256-64-5: 206,144 weight bits."""

    CHANNELS = (64, 64, 128, 128, 256)

    def __init__(self):
        super().__init__()
        c = self.CHANNELS
        self.convs = nn.ModuleList([BinaryConv(1, c[0], 80, 12)])
        self.convs.extend(BinaryConv(c[i], c[i + 1], 3) for i in range(4))
        self.bns = nn.ModuleList(nn.BatchNorm2d(n) for n in c)
        self.fc1, self.bn1 = BinaryLinear(256, 64), nn.BatchNorm1d(64)
        self.fc2, self.bn2 = BinaryLinear(64, 5), nn.BatchNorm1d(5)

    def forward(self, x):
        x = F.pad(quantize_input(x), (34, 34))
        x = x.unfold(2, 80, 12).squeeze(1) @ self.convs[0].signs().view(64, 80).t()  # the same, as one product
        x = x[:, None].permute(0, 3, 1, 2)
        for i, bn in enumerate(self.bns):
            if i > 0:
                x = self.convs[i](F.pad(x, (1, 1, 0, 0), value=-1.0))
            if i < 4:  # the sign keeps order, so pooling before it equals pooling after it, and trains better
                x = sign(F.max_pool2d(bn(x), (1, 2)))
        x = sign(bn(x).mean((2, 3)) * 2)
        x = sign(self.bn1(self.fc1(x)))
        return self.bn2(self.fc2(x))


class Teacher(nn.Module):
    """Real-valued: convolutions 32@k15/s4, 64, 64, 96, 128 @k7/s2, mean and maximum over time, 256-5. It teaches the others."""

    CHANNELS = (1, 32, 64, 64, 96, 128)

    def __init__(self):
        super().__init__()
        c = self.CHANNELS
        kernels = [(15, 4)] + 4 * [(7, 2)]
        self.convs = nn.ModuleList(
            nn.Conv2d(c[i], c[i + 1], (1, k), (1, s), (0, k // 2), bias=False) for i, (k, s) in enumerate(kernels)
        )
        self.bns = nn.ModuleList(nn.BatchNorm2d(n) for n in c[1:])
        self.dropout, self.fc = nn.Dropout(0.3), nn.Linear(2 * c[-1], 5)

    def forward(self, x):
        x = quantize_input(x)[:, :, None].to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=COMPUTE["type"] == torch.bfloat16):
            for conv, bn in zip(self.convs, self.bns, strict=True):
                x = F.relu(bn(conv(x)))
        x = x.float()
        return self.fc(self.dropout(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)))


NETWORKS = {"ecg5": Ecg5, "ecg5-wide": Ecg5Wide, "teacher": Teacher}


def augment(x, rng, shift):
    """Roll each window by up to `shift` samples and stretch its amplitude a little."""
    n, _, length = x.shape
    if shift:
        index = np.arange(length)[None, :] + rng.integers(-shift, shift + 1, n)[:, None]
        x = torch.gather(x[:, 0], 1, torch.from_numpy(index % length))[:, None]
    return x * torch.from_numpy(rng.uniform(0.9, 1.1, (n, 1, 1)).astype(np.float32))


@torch.no_grad()
def recalibrate(net, x):
    """Statistics of the normalisations over `x` in mixed order, with the weights as they are now."""
    x = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]
    net.train()
    norms = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for i, part in enumerate(x.split(256)):
        for bn in norms:
            bn.momentum = 1 / (i + 1)
        net(part)
    for bn in norms:
        bn.momentum = 0.1


@torch.no_grad()
def predict(net, x):
    net.eval()
    return torch.cat([net(part) for part in x.split(256)])


def accuracy(net, x, y):
    return (predict(net, x).argmax(1) == y).double().mean().item()


class Bank:
    """A fixed set of cuts near each training window, with the scores of the teachers for them."""

    def __init__(self, cuts, index, count, paths, rng):
        drawn = [cuts.draw(index, rng) for _ in range(count)]
        self.x = torch.stack([torch.from_numpy(x) for x, _ in drawn])[:, :, None]
        self.y = torch.stack([torch.from_numpy(y) for _, y in drawn])
        self.scores = torch.zeros(*self.y.shape, 5)
        for path in paths:
            saved = torch.load(path)
            teacher = NETWORKS[saved["net"]]()
            teacher.load_state_dict(saved["state"])
            self.scores += torch.stack([predict(teacher, x) for x in self.x]) / len(paths)
        agree = (self.scores.argmax(2) == self.y).double().mean().item()
        print(f"{count} cuts a window; the teachers give {agree:.4f} of them their label", flush=True)

    def draw(self, chosen, rng):
        turn = torch.from_numpy(rng.integers(0, len(self.x), len(chosen)))
        return self.x[turn, chosen], self.y[turn, chosen], self.scores[turn, chosen]


def distillation(scores, teacher, temperature):
    """Cross-entropy to the teacher's softened classes, in the scale of the plain loss."""
    soft = F.softmax(teacher / temperature, 1)
    return -(soft * F.log_softmax(scores / temperature, 1)).sum(1).mean() * temperature**2


def train(args):
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    COMPUTE["type"] = torch.bfloat16 if args.bf16 else torch.float32
    rng = np.random.default_rng(args.seed)
    windows, labels, rows = ecg5_data.load(args.data)
    train_index, test_index = ecg5_data.split(rows, args.split)
    part = "test"
    if args.holdout:  # what a trial is judged by, so that the test part chooses nothing
        order = np.random.default_rng(ecg5_data.SPLIT_SEED).permutation(train_index)
        cut = int(len(order) * args.holdout)
        train_index, test_index, part = np.sort(order[cut:]), np.sort(order[:cut]), "held out"
    cuts = ecg5_cuts.Cuts(args.data, train_index) if args.cuts or args.teacher else None
    bank = Bank(cuts, train_index, args.bank, args.teacher, rng) if args.teacher else None
    x, y = torch.from_numpy(windows)[:, None], torch.from_numpy(labels)
    x_train, y_train, x_test, y_test = x[train_index], y[train_index], x[test_index], y[test_index]

    net = NETWORKS[args.net]()
    if args.init:
        net.load_state_dict(torch.load(args.init)["state"])
    weight = torch.bincount(y_train, minlength=5).clamp(min=1).float() ** -args.class_power
    loss_of = nn.CrossEntropyLoss(weight=weight / weight[y_train].mean(), label_smoothing=args.smoothing)
    latent = [m.weight for m in net.modules() if isinstance(m, BinaryWeight)]
    real = [p for p in net.parameters() if not any(p is w for w in latent)]
    steps = len(y_train) // args.batch
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    path = args.checkpoints / f"{args.name or args.net + '-' + args.split}.pt"
    start, done = time.time(), 0
    if args.resume and path.exists():
        saved = torch.load(path)
        net.load_state_dict(saved["state"])
        done = saved["epoch"]
    begin = 0
    for stage in args.stages.split(","):
        mode, epochs, rate = stage.split(":")
        epochs, rate = int(epochs), float(rate)
        Relax.weights, Relax.activations = mode in ("float", "sign"), mode == "float"
        rates = [rate, rate * args.real_rate]
        optimizer = torch.optim.Adam([{"params": latent}, {"params": real}], lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rates, total_steps=epochs * steps, pct_start=0.1, div_factor=10, final_div_factor=100
        )
        for epoch in range(begin + 1, begin + epochs + 1):
            if epoch <= done:
                for _ in range(steps):
                    schedule.step()
                continue
            net.train()
            total = 0.0
            order = torch.from_numpy(rng.permutation(len(y_train))[: steps * args.batch])
            for chosen in order.split(args.batch):
                x_batch, y_batch = x_train[chosen], y_train[chosen]
                if bank:
                    x_batch, y_batch, taught = bank.draw(chosen, rng)
                elif cuts:
                    drawn, classes = cuts.draw(train_index[chosen], rng)
                    x_batch, y_batch = torch.from_numpy(drawn)[:, None], torch.from_numpy(classes)
                scores = net(augment(x_batch, rng, args.shift))
                loss = loss_of(scores, y_batch)
                if bank:
                    loss = (1 - args.taught) * loss + args.taught * distillation(scores, taught, args.temperature)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
                with torch.no_grad():
                    for w in latent:
                        w.clamp_(-1, 1)
                    if args.rising and args.net == "ecg5":
                        net.blocks[0].prelu.weight.clamp_(min=0)
                total += loss.item() / steps
            torch.save({"net": args.net, "split": args.split, "epoch": epoch, "state": net.state_dict()}, path)
            if epoch % args.every == 0 or epoch == begin + epochs:
                seen = f"held out {accuracy(net, x_test, y_test):.4f} " if args.holdout else ""  # the test part: at the end
                print(f"{mode} {epoch} loss {total:.4f} {seen}{time.time() - start:.0f} s", flush=True)
        begin += epochs
    recalibrate(net, x_train)
    torch.save({"net": args.net, "split": args.split, "epoch": begin, "state": net.state_dict()}, path)
    print(f"train {accuracy(net, x_train, y_train):.4f} {part} {accuracy(net, x_test, y_test):.4f} -> {path.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("net", choices=NETWORKS)
    parser.add_argument("--split", choices=("random", "patient"), default="random")
    parser.add_argument("--data", type=Path, default=ecg5_data.DEFAULT_DATA, help="folder that holds mitdb/")
    parser.add_argument("--checkpoints", type=Path, default=DEFAULT_CHECKPOINTS, help="folder for checkpoints")
    parser.add_argument("--name", help="name of the checkpoint (default: NET-SPLIT)")
    parser.add_argument(
        "--stages",
        default="binary:45:0.05,binary:32:0.03",
        help="MODE:EPOCHS:RATE,...; float: all real; sign: binary activations, real weights; binary: the network",
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--real-rate", type=float, default=0.4, help="rate of slopes and normalisation over the weights'")
    parser.add_argument("--shift", type=int, default=100, help="largest shift in time of the augmentation, samples")
    parser.add_argument("--cuts", action="store_true", help="train on cuts anywhere in the training part (ecg5_cuts.py)")
    parser.add_argument("--holdout", type=float, default=0.0, help="judge by this share of the training windows, left out")
    parser.add_argument("--bf16", action="store_true", help="convolutions of signs in bfloat16 (sums stay exact)")
    parser.add_argument("--teacher", type=Path, nargs="*", help="checkpoints whose mean scores teach, on a bank of cuts")
    parser.add_argument("--bank", type=int, default=8, help="cuts a window in that bank")
    parser.add_argument("--taught", type=float, default=0.5, help="share of the teachers in the loss")
    parser.add_argument("--temperature", type=float, default=1.0, help="softens the teachers' classes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--class-power", type=float, default=0.0, help="classes weigh count ** -POWER")
    parser.add_argument("--smoothing", type=float, default=0.0, help="label smoothing")
    parser.add_argument(
        "--rising",
        action="store_true",
        help="ecg5: keep the first slope >= 0, so that its signs need one threshold a channel, not two",
    )
    parser.add_argument("--every", type=int, default=2, help="evaluate every so many epochs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--init", type=Path, help="start from the weights of this checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
