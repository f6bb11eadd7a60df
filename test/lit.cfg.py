"""lit configuration: the tools under test and what the RUN lines may use."""

import os
import shutil

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "bnncc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["bench", "unit", "Inputs", "CMakeLists.txt", "requirements.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.bnncc_test_exec_dir

if not os.access(config.python, os.X_OK):
    lit_config.fatal(f"no Python at {config.python}: run .ci/install")

llvm_config.with_system_environment(["ASAN_OPTIONS", "UBSAN_OPTIONS"])
llvm_config.use_default_substitutions()  # FileCheck, not, count

# Helper programs that unit tests build are found by their names.
llvm_config.with_environment("PATH", config.bnncc_tools_dir, append_path=True)
llvm_config.add_tool_substitutions(
    ["split-file"] + [ToolSubst(tool, unresolved="ignore") for tool in ("bnncc", "bnn-opt", "bnn-objdump", "bnn-run")],
    [config.bnncc_tools_dir, config.llvm_tools_dir],
)

source = config.bnncc_source_dir
proto = f"{source}/compiler/import"
protoc = config.protoc or shutil.which("protoc")
e2e = f"{source}/test/e2e"

config.substitutions = [(key, value) for key, value in config.substitutions if key != "%python"]
config.substitutions += [
    # A model in protobuf's text format on standard input, as bytes on standard output.
    ("%encode", f"{protoc} --encode=bnncc.onnxpb.ModelProto -I {proto} {proto}/onnx.proto"),
    # expect_error.py OUTPUT-FOLDER COMMAND...: see there.
    ("%expect_error", f"{config.python} {e2e}/expect_error.py"),
    ("%e2e", e2e),
    ("%models", f"{source}/models"),
    ("%python", config.python),
]
