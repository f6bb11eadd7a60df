// Buffers and instructions print as they are read.
// RUN: bnn-opt %s | FileCheck %s

// CHECK: engine.program target = "z020"
engine.program target = "z020" {
  // CHECK: engine.buffer "lanes" at 0 size 452 {node = "/block1/conv"}
  engine.buffer "lanes" at 0 size 452 {node = "/block1/conv"}
  // CHECK: engine.load {beats = 452 : i64, dest = "lanes", region = "input"}
  engine.load {dest = "lanes", region = "input", beats = 452 : i64}
  // CHECK: engine.end
  engine.end
}
