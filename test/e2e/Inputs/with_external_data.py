"""Copies a model with all its weights in weights.data: with_external_data.py IN.onnx OUT.onnx."""

import sys

import onnx
from onnx import numpy_helper

model = onnx.load(sys.argv[1])
for tensor in model.graph.initializer:  # only raw bytes can lie outside
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
onnx.save_model(model, sys.argv[2], save_as_external_data=True, location="weights.data", size_threshold=0)
