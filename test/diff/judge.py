"""Compiles and runs one case, and says how the result stands to an outside executor and to the exact evaluation."""

import resource
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from exact import Evaluator, Unsupported
from nets import Case
from references import NoReference, batch_of, reference

TARGETS = ("z010", "z020", "z035")
SECONDS = 30
BYTES = 6 << 30


@dataclass
class Verdict:
    """`kind`: equal, refused, float32 (the executor rounds otherwise), DIFFERENT, CRASH, HANG, RUN-REFUSED, none (no reference)."""

    kind: str
    text: str = ""
    executor: str = ""
    windows: int = 0
    details: dict = field(default_factory=dict)


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def tool(command: list) -> tuple[int | None, str]:
    """Exit code (None: out of time) and standard error."""
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace", timeout=4 * SECONDS, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return None, ""
    return (None if done.returncode in (-24, -9) else done.returncode), done.stderr


def sign_zero(flags: list[str]) -> int | None:
    """What the flags say of Sign(0); the last counts, as bnncc has it."""
    return {"--sign-zero=plus": 1, "--sign-zero=minus": -1}.get(next((f for f in reversed(flags) if f.startswith("--sign-zero")), ""))


def zero_of(case: Case) -> int | None:
    return None if case.padded_zeros else sign_zero(case.flags)


def exact_outputs(case: Case, windows: np.ndarray) -> list[np.ndarray] | None:
    """Outputs as exact numbers, or None where the evaluator leaves an operation out."""
    try:
        evaluator = Evaluator(case.model, zero_of(case))
        evaluator.whole_input = any(flag.startswith("--input-type") for flag in case.flags)
        batch = batch_of(case.model)
        rows = [evaluator.run(windows[i : i + batch]) for i in range(0, len(windows), batch)]
    except Unsupported:
        return None
    return [np.stack([row[k].real() if row[k].is_float else row[k].native for row in rows]) for k in range(len(rows[0]))]


def agree(got: np.ndarray, expected: np.ndarray, relative: float) -> np.ndarray:
    """For each window whether all its values agree: integers exactly, floats relative to the window's largest."""
    got, expected = got.reshape(len(got), -1), expected.reshape(len(got), -1)  # runs of several windows lie apart
    if got.shape != expected.shape:
        return np.zeros(len(got), bool)
    if got.dtype.kind != "f":
        return (got.astype(np.int64) == expected.astype(np.int64)).all(axis=1)
    relative = max(relative, 2.0**-10 if got.dtype == np.float16 else 0)
    with np.errstate(all="ignore"):
        e = expected.astype(np.float64)
        g = got.astype(np.float64)
        scale = np.max(np.abs(np.where(np.isfinite(e), e, 0)), axis=1, keepdims=True, initial=0.0)
        return ((np.abs(g - e) <= relative * np.maximum(np.abs(e), 0.1 * scale) + 1e-30) | (g == e) | (np.isnan(g) & np.isnan(e))).all(axis=1)


def near(got: np.ndarray, expected: np.ndarray, distance: float) -> np.ndarray:
    """For each window whether no value is farther off."""
    with np.errstate(all="ignore"):
        difference = got.astype(np.float64).reshape(len(got), -1) - expected.astype(np.float64).reshape(len(got), -1)
    return (np.abs(difference) <= distance).all(axis=1)


def compile_case(case: Case, target: str, tools: Path, folder: Path, flags: tuple[str, ...] = ()) -> Verdict | None:
    """None where it compiled."""
    model, program = folder / "model.onnx", folder / "model.bnn"
    onnx.save(case.model, model)
    rc, err = tool([tools / "bnncc", model, "-o", program, f"--target={target}", *case.flags, *flags])
    lines = err.replace(f"{folder}/", "").strip("\n").split("\n")
    if rc == 0:
        return None if not err else Verdict("CRASH", "standard error on success: " + lines[0])
    if rc is None:
        return Verdict("HANG", "bnncc")
    good = rc == 1 and len(lines) == 1 and lines[0].startswith("error: ")
    if good and sorted(p.name for p in folder.iterdir()) == ["model.onnx"]:
        return Verdict("refused", lines[0])
    return Verdict("CRASH", f"bnncc exit code {rc}: " + " | ".join(lines[:2]))


def run_case(case: Case, tools: Path, folder: Path) -> Verdict | list[np.ndarray]:
    """The outputs of bnn-run, or what went wrong."""
    np.save(folder / "x.npy", case.windows)
    files = {o.name: folder / f"y{k}.npy" for k, o in enumerate(case.model.graph.output)}
    writes = [f"--output={name}={file}" for name, file in files.items()]
    rc, err = tool([tools / "bnn-run", folder / "model.bnn", f"--input={folder / 'x.npy'}", *writes])
    if rc == 0:
        return [np.load(file) for file in files.values()]
    if rc is None:
        return Verdict("HANG", "bnn-run")
    return Verdict("RUN-REFUSED" if rc == 1 and err.startswith("error: ") else "CRASH", f"bnn-run exit code {rc}: {err.strip()[:300]}")


def judge(case: Case, target: str, tools: Path, keep: Callable | None = None) -> Verdict:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        verdict = compile_case(case, target, tools, folder)
        if verdict:
            return verdict
        got = run_case(case, tools, folder)
        if isinstance(got, Verdict):
            return got
    return compare(case, got)


def compare(case: Case, got: list[np.ndarray]) -> Verdict:
    exact = exact_outputs(case, case.windows)
    try:
        executor, outside = reference(case.model, case.windows, zero_of(case))
    except NoReference as error:
        executor, outside = "", None
        if exact is None:
            return Verdict("none", str(error)[:300])
    windows = len(case.windows)
    alike = np.ones(windows, bool)
    rounded = np.zeros(windows, bool)
    for k, output in enumerate(got):
        tight = agree(output, exact[k], 1e-5) if exact is not None else None
        loose = agree(output, outside[k], 1e-4) if outside is not None else None
        if tight is None:
            alike &= loose
        else:
            if loose is not None:
                # What doubles and the executor round to 0 alike: 1 - sigmoid(40).
                lost = loose & ~tight & near(output, exact[k], 2.0**-40)
                tight, rounded = tight | lost, rounded | ~loose | lost
            alike &= tight
    if not alike.all():
        window = int(np.argmin(alike))
        values = {"window": window, "got": [o[window].tolist() for o in got]}
        if exact is not None:
            values["exact"] = [np.asarray(e[window]).astype(float).tolist() for e in exact]
        if outside is not None:
            values[executor] = [o[window].tolist() for o in outside]
        both = exact is None or outside is None or all((agree(np.asarray(o), e, 1e-4) | alike).all() for o, e in zip(outside, exact, strict=True))
        return Verdict(
            "DIFFERENT",
            f"window {window} of {int((~alike).sum())} of {windows}; executors {'agree' if both else 'differ'}",
            executor,
            windows,
            values,
        )
    if rounded.any():
        return Verdict("float32", f"{int(rounded.sum())} of {windows} windows", executor, windows)
    return Verdict("equal" if executor else "exact", "", executor, windows)
