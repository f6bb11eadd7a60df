"""Copies a model with all its weights in weights.data: with_external_data.py IN.onnx OUT.onnx."""

import sys

import onnx

onnx.save_model(onnx.load(sys.argv[1]), sys.argv[2], save_as_external_data=True, location="weights.data", size_threshold=0)
