//===- Vector.h - Loops for the processor at hand ---------------*- C++ -*-===//
//
// VECTOR_CLONES before a function makes a second version of it and of what is
// inlined, for processors with AVX2 and FMA; the program chooses when it starts.
// Products and sums are never fused on the way (-ffp-contract=off): both
// versions give the same numbers.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_VECTOR_H
#define BNNCC_COMPILER_REFERENCE_VECTOR_H

#if defined(__x86_64__)
#define VECTOR_CLONES __attribute__((target_clones("arch=haswell", "default")))
#else
#define VECTOR_CLONES
#endif

#endif // BNNCC_COMPILER_REFERENCE_VECTOR_H
