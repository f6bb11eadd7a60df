// RUN: bnn-opt %s -split-input-file -verify-diagnostics

engine.program target = "z020" {
  // expected-error @+1 {{memory must be lanes, weights, thresholds, control or output, but found heap}}
  engine.buffer "heap" at 0 size 4
}

// -----

engine.program target = "z020" {
  // expected-error @+1 {{address and size must not be negative}}
  engine.buffer "lanes" at 0 size -4
}

// -----

engine.program target = "z020" {
  // expected-error @+1 {{attribute 'colour' must be a field of load}}
  engine.load {dest = "lanes", region = "input", beats = 4 : i64, colour = 1 : i64}
}

// -----

engine.program target = "z020" {
  // expected-error @+1 {{field 'dest' must be a value of load_dest}}
  engine.load {dest = "heap", region = "input", beats = 4 : i64}
}

// -----

engine.program target = "z020" {
  // expected-error @+1 {{field 'beats' must be an integer}}
  engine.load {dest = "lanes", region = "input", beats = "four"}
}
