"""Windows cut anywhere within the training part of the recordings, each with the label of its own beats."""

from bisect import bisect_left
from pathlib import Path

import numpy as np

from ecg5_data import CLASSES, WINDOW, WINDOWS_PER_RECORD, label, read_records, zscore


class Cuts:
    """Draws a 10 s cut near each window asked for; no sample of a window outside `index` enters a cut."""

    def __init__(self, data: Path, index: np.ndarray):
        self.signals, self.times, self.codes = [], [], []
        for _, _, signal, beats in read_records(data):
            self.signals.append(signal)
            self.times.append([t for t, _ in beats])
            self.codes.append([c for _, c in beats])
        used = np.zeros((len(self.signals), WINDOWS_PER_RECORD), bool)
        used.reshape(-1)[index] = True
        self.first, self.last = np.empty(used.size, int), np.empty(used.size, int)  # run of used windows around each
        for record in range(len(used)):
            for i in range(WINDOWS_PER_RECORD):
                inside = i > 0 and used[record, i - 1] and used[record, i]
                at = record * WINDOWS_PER_RECORD + i
                self.first[at] = self.first[at - 1] if inside else i
            for i in reversed(range(WINDOWS_PER_RECORD)):
                at = record * WINDOWS_PER_RECORD + i
                inside = i + 1 < WINDOWS_PER_RECORD and used[record, i] and used[record, i + 1]
                self.last[at] = self.last[at + 1] if inside else i

    def draw(self, windows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(z-scored cuts n x 3600 float32, classes): each starts up to half a window off the start of its window."""
        cuts, classes = np.empty((len(windows), WINDOW), np.int16), np.empty(len(windows), np.int64)
        for n, (at, offset) in enumerate(zip(windows, rng.integers(-WINDOW // 2, WINDOW // 2 + 1, len(windows)), strict=True)):
            record, i = divmod(int(at), WINDOWS_PER_RECORD)
            start = int(np.clip(i * WINDOW + offset, self.first[at] * WINDOW, self.last[at] * WINDOW))
            cuts[n] = self.signals[record][start : start + WINDOW]
            times = self.times[record]
            begin, end = bisect_left(times, start), bisect_left(times, start + WINDOW)
            classes[n] = CLASSES.index(label(self.codes[record][begin:end]))
        return zscore(cuts), classes
