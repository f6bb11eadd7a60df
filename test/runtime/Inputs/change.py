"""change.py IN.npy OUT.npy WINDOW INDEX FACTOR: one value multiplied by 1 + FACTOR."""

import sys

import numpy as np

source, target, window, index, factor = sys.argv[1:]
array = np.load(source)
array[int(window), int(index)] *= 1 + float(factor)
np.save(target, array)
