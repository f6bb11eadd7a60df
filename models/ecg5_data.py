"""Rebuild the ECG-5 set (7,740 windows, classes N S V F Q) from the MIT-BIH Arrhythmia Database files."""

import argparse
import csv
from collections import Counter
from pathlib import Path

import numpy as np

CLASSES = "NSVFQ"
CLASS_COUNTS = {"N": 5186, "S": 545, "V": 1890, "F": 100, "Q": 19}
WINDOW = 3600
WINDOWS_PER_RECORD = 180
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Paced beats (102, 104, 107, 217), and a first lead that is not MLII (102, 104, 114).
EXCLUDED = {"102", "104", "107", "114", "217"}

# Annotation codes of the MIT format that are beats, and the AAMI class of each.
NORMAL = 1
BEATS = {
    1: "N", 2: "N", 3: "N", 11: "N", 34: "N",
    4: "S", 7: "S", 8: "S", 9: "S",
    5: "V", 10: "V",
    6: "F",
    12: "Q", 13: "Q", 38: "Q",
}  # fmt: skip

# Patients held apart: the split of de Chazal, O'Dwyer and Reilly, IEEE Trans. Biomed. Eng. 51(7), 2004.
DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230".split()
DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234".split()
SPLIT_SEED = 2026

INPUT_SCALE = 1 / 16  # of the networks' int8 input; a power of two, so dividing by it is exact and all runtimes round alike


def read_leads(header: Path) -> list[str]:
    """Names of the signals, from the .hea file."""
    lines = [s for s in header.read_text().splitlines() if s and not s.startswith("#")]
    return [line.split()[-1] for line in lines[1 : 1 + int(lines[0].split()[1])]]


def read_signal(dat: Path) -> np.ndarray:
    """First of the two signals of a format 212 file: two 12-bit samples in three bytes."""
    b = np.frombuffer(dat.read_bytes(), np.uint8).reshape(-1, 3).astype(np.int16)
    first = b[:, 0] | ((b[:, 1] & 15) << 8)
    return np.where(first > 2047, first - 4096, first).astype(np.int16)


def read_beats(atr: Path) -> list[tuple[int, int]]:
    """(sample, code) of every beat annotation in an MIT-format .atr file."""
    words = np.frombuffer(atr.read_bytes(), "<u2")
    beats, time, i = [], 0, 0
    while i < len(words) and words[i]:
        code, delta = int(words[i]) >> 10, int(words[i]) & 1023
        i += 1
        if code == 59:  # SKIP: the next two words hold a long interval, high half first
            long = int(words[i]) << 16 | int(words[i + 1])
            time += long - (1 << 32) if long >> 31 else long
            i += 2
        elif code == 63:  # AUX: text of `delta` bytes, padded to a word
            i += (delta + 1) // 2
        elif code < 60:  # 60..62 are NUM, SUB, CHN: they only modify a field
            time += delta
            if code in BEATS:
                beats.append((time, code))
    return beats


def label(codes: list[int]) -> str:
    """AAMI class of the most frequent code but NORMAL (bundle branch blocks do count); the last one wins a tie."""
    if not codes:  # ventricular flutter: waves but no beat
        return "Q"
    others = [c for c in codes if c != NORMAL]
    if not others:
        return "N"
    count = Counter(others)
    best = max(count.values())
    return BEATS[[c for c in dict.fromkeys(others) if count[c] == best][-1]]


def read_records(data: Path):
    """(record, lead, first signal, beats) of every record that is used, in order."""
    for header in sorted((data / "mitdb").glob("*.hea")):
        lead = read_leads(header)[0]
        if header.stem not in EXCLUDED and lead == "MLII":
            yield header.stem, lead, read_signal(header.with_suffix(".dat")), read_beats(header.with_suffix(".atr"))


def build(data: Path) -> tuple[np.ndarray, list[dict]]:
    """All windows as ADC values (int16, 7740 x 3600) and one row of facts for each."""
    windows, rows = [], []
    for record, lead, signal, beats in read_records(data):
        for i in range(WINDOWS_PER_RECORD):
            start = i * WINDOW
            codes = [c for t, c in beats if start <= t < start + WINDOW]
            windows.append(signal[start : start + WINDOW])
            rows.append({"record": record, "lead": lead, "start_sample": start, "class": label(codes)})
    counts = Counter(row["class"] for row in rows)
    assert len(rows) == 43 * WINDOWS_PER_RECORD, f"{len(rows)} windows, expected 7740"
    assert counts == CLASS_COUNTS, f"class counts {dict(counts)}, expected {CLASS_COUNTS}"
    return np.stack(windows), rows


def zscore(windows: np.ndarray) -> np.ndarray:
    """Each window to mean 0 and (unbiased) standard deviation 1, as float32."""
    x = windows.astype(np.float64)
    x -= x.mean(axis=1, keepdims=True)
    return (x / x.std(axis=1, ddof=1, keepdims=True)).astype(np.float32)


def quantize(x: np.ndarray) -> np.ndarray:
    """What QuantizeLinear does at the networks' input: int8 in steps of INPUT_SCALE, half to even."""
    return np.clip(np.rint(x / INPUT_SCALE), -128, 127).astype(np.int8)


def load(data: Path) -> tuple[np.ndarray, np.ndarray, list[dict]]:
    """(z-scored windows 7740 x 3600 float32, class indices int64, rows)."""
    windows, rows = build(data)
    return zscore(windows), np.array([CLASSES.index(r["class"]) for r in rows], np.int64), rows


def split(rows: list[dict], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Indices (train, test): `random` is 80/20 over windows, `patient` is DS1/DS2 over records."""
    if kind == "random":
        order = np.random.default_rng(SPLIT_SEED).permutation(len(rows))
        cut = len(rows) * 4 // 5
        return np.sort(order[:cut]), np.sort(order[cut:])
    records = np.array([r["record"] for r in rows])
    return np.flatnonzero(np.isin(records, DS1)), np.flatnonzero(np.isin(records, DS2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds mitdb/")
    parser.add_argument("--index", type=Path, help="write the index of the windows (CSV)")
    parser.add_argument("--compare", type=Path, help="check against an index (CSV) of the same columns")
    args = parser.parse_args()
    _, rows = build(args.data)
    for kind in ("random", "patient"):
        train, test = split(rows, kind)
        print(f"{kind}: {len(train)} train, {len(test)} test")
    if args.compare:
        with args.compare.open() as f:
            theirs = {(r["record"], int(r["start_sample"])): r["class"][-1] for r in csv.DictReader(f)}
        equal = sum(theirs.get((r["record"], r["start_sample"])) == r["class"] for r in rows)
        print(f"{equal} of {len(theirs)} windows have the class of {args.compare.name}")
    if args.index:
        with args.index.open("w", newline="") as f:
            writer = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
