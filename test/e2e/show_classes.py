"""Print the classes of a batch of scores beside their labels. Usage: show_classes.py SCORES.npy LABELS.npy NAMES"""

import sys

import numpy as np


def main() -> None:
    scores, labels, names = np.load(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3]
    classes = scores.reshape(len(labels), -1).argmax(1)
    right = int((classes == labels).sum())
    print(f"{len(labels)} real ECG windows, {right} classified as labelled ({right / len(labels):.1%}):")
    print("  label    as " + "".join(f"{name:>6}" for name in names))
    for label, name in enumerate(names):
        counts = [int(((labels == label) & (classes == as_)).sum()) for as_ in range(len(names))]
        print(f"  {name:<10} " + "".join(f"{count:>6}" for count in counts))


if __name__ == "__main__":
    main()
