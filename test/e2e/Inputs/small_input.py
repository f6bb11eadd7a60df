"""Writes windows for small.textproto: small_input.py X.npy."""

import sys

import numpy as np

np.save(sys.argv[1], np.random.default_rng(0).integers(-40, 40, (4, 1, 16)).astype(np.float32))
