"""Makes a failing case smaller while its failure stays of the same kind: fewer windows, nodes, channels, taps, positions, plainer numbers."""

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from judge import Verdict, judge
from nets import Case
from onnx import helper, numpy_helper

TRIES = 400


def same(a: Verdict, b: Verdict) -> bool:
    """Whether two failures are of one kind; messages count by their first words behind the node's name."""
    return (
        a.kind == b.kind
        and a.text.rpartition("):")[2][:24].strip(" 0123456789") == b.text.rpartition("):")[2][:24].strip(" 0123456789")
        or (a.kind == b.kind == "DIFFERENT")
    )


def fewer_windows(case: Case) -> Iterator[Case]:
    n = len(case.windows)
    if n > 1:
        for keep in (slice(0, n // 2), slice(n // 2, n), *(slice(i, i + 1) for i in range(n))):
            yield Case(case.model, case.flags, case.windows[keep])


def pruned(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """Without nodes and initializers that no output needs; None if the input is no longer needed."""
    needed = {o.name for o in model.graph.output}
    nodes = []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= {name for name in node.input if name}
    if model.graph.input[0].name not in needed:
        return None
    nodes = [copy.deepcopy(node) for node in reversed(nodes)]
    constants = [copy.deepcopy(t) for t in model.graph.initializer if t.name in needed]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
    return model


def without_node(case: Case) -> Iterator[Case]:
    """Each node bypassed by its first computed input, from the end; then the graph cut after it."""
    constants = {t.name for t in case.model.graph.initializer}
    for index in reversed(range(len(case.model.graph.node))):
        node = case.model.graph.node[index]
        for source in [name for name in node.input if name and name not in constants][:2]:
            model = copy.deepcopy(case.model)
            del model.graph.node[index]
            for other in model.graph.node:
                for i, name in enumerate(other.input):
                    if name in node.output:
                        other.input[i] = source
            for output in model.graph.output:
                if output.name in node.output:
                    output.name = source
            smaller = pruned(model)
            if smaller:
                yield Case(smaller, case.flags, case.windows)


def one_output(case: Case) -> Iterator[Case]:
    for output in case.model.graph.output if len(case.model.graph.output) > 1 else []:
        model = copy.deepcopy(case.model)
        del model.graph.output[:]
        model.graph.output.append(output)
        smaller = pruned(model)
        if smaller:
            yield Case(smaller, case.flags, case.windows)


def cut_axis(case: Case) -> Iterator[Case]:
    """All initializers with an axis of some size lose its last elements together; so does the input."""
    model = case.model
    sizes = sorted({n for t in model.graph.initializer if t.data_type != onnx.TensorProto.INT64 for n in t.dims if n > 1}, reverse=True)
    for size in sizes:
        for left in {max(size // 2, 1), size - 1}:
            smaller = copy.deepcopy(model)
            for t in smaller.graph.initializer:
                if t.data_type != onnx.TensorProto.INT64 and size in t.dims:
                    array = numpy_helper.to_array(t)
                    array = array[tuple(slice(0, left if n == size else n) for n in array.shape)]
                    t.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), t.name))
            for node in smaller.graph.node:
                for a in node.attribute:
                    if a.name == "kernel_shape":
                        a.ints[:] = [left if k == size else k for k in a.ints]
            yield Case(smaller, case.flags, case.windows)
            yield resized(Case(smaller, case.flags, case.windows), size, left)


def resized(case: Case, size: int, left: int) -> Case:
    model = copy.deepcopy(case.model)
    cut = []
    for d, n in zip(model.graph.input[0].type.tensor_type.shape.dim[1:], case.windows.shape[1:], strict=True):
        cut.append(slice(0, left if n == size else n))
        if n == size:
            d.dim_value = left
    return Case(model, case.flags, np.ascontiguousarray(case.windows[(slice(None), *cut)]))


def shorter_input(case: Case) -> Iterator[Case]:
    for n in sorted(set(case.windows.shape[1:]), reverse=True):
        for left in {max(n // 2, 1), n - 1} - {0, n}:
            yield resized(case, n, left)


def plainer_numbers(case: Case) -> Iterator[Case]:
    for index, t in enumerate(case.model.graph.initializer):
        array = numpy_helper.to_array(t)
        if array.dtype.kind != "f" or not array.size:
            continue
        for plain in (np.rint(array), np.full_like(array, array.reshape(-1)[0])):
            if not (plain == array).all() and np.isfinite(plain).all():
                model = copy.deepcopy(case.model)
                model.graph.initializer[index].CopyFrom(numpy_helper.from_array(plain.astype(array.dtype), t.name))
                yield Case(model, case.flags, case.windows)


def fewer_attributes(case: Case) -> Iterator[Case]:
    for index, node in enumerate(case.model.graph.node):
        for a in node.attribute:
            if a.name not in ("to", "value", "axis", "perm"):
                model = copy.deepcopy(case.model)
                kept = {b.name: helper.get_attribute_value(b) for b in node.attribute if b.name != a.name}
                new = helper.make_node(node.op_type, node.input, node.output, name=node.name, domain=node.domain, **kept)
                model.graph.node[index].CopyFrom(new)
                yield Case(model, case.flags, case.windows)


STEPS = (fewer_windows, one_output, without_node, cut_axis, shorter_input, fewer_attributes, plainer_numbers)


def reduce(case: Case, target: str, tools: Path, verdict: Verdict) -> tuple[Case, Verdict]:
    """Takes the first smaller case that fails alike, again and again, up to TRIES trials."""
    tries, progress = 0, True
    while progress and tries < TRIES:
        progress = False
        for step in STEPS:
            for smaller in step(case):
                tries += 1
                try:
                    found = judge(smaller, target, tools)
                except Exception:  # noqa: BLE001,S112 (a model that the executors cannot even read)
                    continue
                if same(found, verdict):
                    case, verdict, progress = smaller, found, True
                    break
                if tries >= TRIES:
                    return case, verdict
            if progress:
                break
    return case, verdict
