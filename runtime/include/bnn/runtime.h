/* The loader's C API: open a compiled program, open a device, run batches of
 * windows with the ONNX graph's own input and output.
 *
 *   char error[256];
 *   bnn_program *program;
 *   bnn_device *device;
 *   if (bnn_program_open("ecg.bnn", &program, error, sizeof error) ||
 *       bnn_device_open("sim", NULL, &device, error, sizeof error) ||
 *       bnn_run(program, device, n, samples, scores, NULL, error, sizeof error))
 *     fprintf(stderr, "error: %s\n", error);
 *
 * Errors. Every function that can fail returns a bnn_status, BNN_OK being 0,
 * and then writes one line without a newline into `error` (cut to `error_size`
 * bytes, always terminated; NULL and 0 are allowed). On success the buffer holds
 * the empty string. No function throws, exits or prints.
 *
 * Threads. A bnn_program never changes once it is open and may be shared by any
 * number of threads. A device does one thing at a time: concurrent bnn_run calls
 * on it wait for each other. Do not close what another thread still uses.
 *
 * Ownership. Strings and shapes that are handed out belong to the program (or
 * device) and live until it is closed. A device keeps what it needs of the
 * program it ran last: either may be closed first. */
#ifndef BNN_RUNTIME_H
#define BNN_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a struct below grows or a function changes its meaning. 2: the
 * structs of predictions and counters grew; several outputs. */
#define BNN_API_VERSION 2

typedef struct bnn_program bnn_program;
typedef struct bnn_device bnn_device;

typedef enum bnn_status {
  BNN_OK = 0,
  BNN_ERROR_ARGUMENT = 1, /* a null pointer, a batch of no windows */
  BNN_ERROR_FILE = 2,     /* the file cannot be read */
  BNN_ERROR_PROGRAM = 3,  /* not a program file, damaged, or not well formed */
  BNN_ERROR_TARGET = 4,   /* no such target, or the program is for another one */
  BNN_ERROR_DEVICE = 5,   /* no such device */
  BNN_ERROR_INPUT = 6,    /* an input value that the graph's quantiser refuses */
  BNN_ERROR_TRAP = 7,     /* the engine trapped; the outputs are not valid */
  BNN_ERROR_OUTPUT = 8,   /* a result that the output type cannot hold */
  BNN_ERROR_MEMORY = 9    /* out of memory */
} bnn_status;

/* Element types, little endian as the host's own. */
typedef enum bnn_type {
  BNN_FLOAT32 = 0,
  BNN_FLOAT64 = 1,
  BNN_INT8 = 2,
  BNN_UINT8 = 3,
  BNN_INT32 = 4,
  BNN_INT64 = 5,
  BNN_FLOAT16 = 6, /* IEEE binary16 */
  BNN_BOOL = 7,    /* one byte, 0 or 1 */
  BNN_INT16 = 8,
  BNN_UINT16 = 9,
  BNN_UINT32 = 10,
  BNN_UINT64 = 11
} bnn_type;

/* One tensor of one window: the ONNX graph's name, type and shape (with its
 * leading batch axis 1, if the graph has it), C order. */
typedef struct bnn_tensor {
  const char *name;
  bnn_type type;
  size_t rank;
  const int64_t *shape;
  size_t elements; /* product of the shape */
  size_t bytes;    /* elements times the size of the type */
} bnn_tensor;

typedef struct bnn_program_info {
  const char *model;         /* the ONNX file it was compiled from, or "" */
  const char *target;        /* name of the engine it was compiled for */
  const char *target_fields; /* "isa=2 clusters=4 ...": what must agree */
  uint32_t clock_mhz;        /* of that target, for microseconds only */
  size_t input_bytes;        /* one window in the engine's memory, in bytes */
  size_t output_bytes;       /* likewise */
  size_t image_bytes;        /* code, microcode, weights and thresholds */
  uint64_t predicted_cycles; /* the compiler's steady cycles per window; 0: unknown */
  uint64_t predicted_latency; /* cycles of one window by itself; 0: unknown */
  /* Bounds behind a Zynq HP port: N windows end within hp_latency + (N - 1) *
   * hp_cycles cycles of their start; 0: unknown. */
  uint64_t hp_cycles, hp_latency;
} bnn_program_info;

/* What one bnn_run did. Cycles and counters are the engine's, seconds the host's.
 * Devices that cannot count something leave it 0. */
typedef struct bnn_stats {
  uint64_t windows;
  uint64_t cycles;          /* first instruction to the last window's end */
  uint64_t latency;         /* first instruction to the first window's end */
  double cycles_per_window; /* mean distance of consecutive ends; 0 for one window */
  uint64_t cold_cycles;     /* loading weights; 0 if the program was resident */
  uint64_t cold_bytes;      /* bytes moved for that */
  uint64_t load_bytes, store_bytes; /* bytes moved for the windows */
  uint64_t steps, idle;             /* array steps; cycles without one */
  uint64_t writer_stall, value_stall, load_wait, store_wait; /* of the idle cycles */
  uint64_t lane_beats; /* 8-byte writes to the lane memories */
  uint64_t hazards;    /* reads before their write: 0 unless the program is wrong */
  uint32_t clock_mhz;
  double prologue_seconds, device_seconds, epilogue_seconds;
} bnn_stats;

/* BNN_API_VERSION of the library in use. */
int bnn_api_version(void);

/* "float32", "int64", ...; "?" for anything else. */
const char *bnn_type_name(bnn_type type);
/* Bytes of one element; 0 for anything else. */
size_t bnn_type_size(bnn_type type);

/* Opens a program from a file, or from memory (which is copied). Every length,
 * offset and checksum is verified; nothing is run yet. *program is NULL on error. */
bnn_status bnn_program_open(const char *path, bnn_program **program, char *error,
                            size_t error_size);
bnn_status bnn_program_open_memory(const void *data, size_t size,
                                   bnn_program **program, char *error,
                                   size_t error_size);
/* NULL is allowed. */
void bnn_program_close(bnn_program *program);

/* One window's input and first output, and what the program file says of itself. */
bnn_tensor bnn_program_input(const bnn_program *program);
bnn_tensor bnn_program_output(const bnn_program *program);
/* The number of outputs, at least 1, and one of them in the graph's order; all
 * zeros from the number of outputs on. */
size_t bnn_program_output_count(const bnn_program *program);
bnn_tensor bnn_program_output_at(const bnn_program *program, size_t index);
bnn_program_info bnn_program_describe(const bnn_program *program);

/* Opens a device. `name`: "sim", the golden engine model. `target` says which
 * engine it is: a built-in name (z010, z020, z035) or a JSON target file; NULL:
 * the target of each program it is given. */
bnn_status bnn_device_open(const char *name, const char *target,
                           bnn_device **device, char *error, size_t error_size);
/* NULL is allowed. */
void bnn_device_close(bnn_device *device);
/* The device's name, and the fields of its engine ("" until it has a target). */
const char *bnn_device_name(const bnn_device *device);
const char *bnn_device_target_fields(const bnn_device *device);

/* Puts the program's weights into the engine (its cold code), unless this
 * program is the one there already. bnn_run does so by itself. */
bnn_status bnn_device_load(bnn_device *device, const bnn_program *program,
                           char *error, size_t error_size);

/* Runs `windows` >= 1 windows. `input` holds windows * bnn_program_input().bytes,
 * `output` gets windows * bnn_program_output().bytes: window after window, each
 * in C order. Both must be aligned for their type. `stats` may be NULL. On error
 * the contents of `output` are not specified. Other outputs than the first are
 * not given. */
bnn_status bnn_run(const bnn_program *program, bnn_device *device, size_t windows,
                   const void *input, void *output, bnn_stats *stats, char *error,
                   size_t error_size);

/* The same for all outputs: `outputs` has bnn_program_output_count() pointers,
 * outputs[i] to windows * bnn_program_output_at(i).bytes bytes; NULL for an output
 * that is not wanted. */
bnn_status bnn_run_outputs(const bnn_program *program, bnn_device *device,
                           size_t windows, const void *input,
                           void *const *outputs, bnn_stats *stats, char *error,
                           size_t error_size);

/* A decision of the host that a float runtime could make otherwise: the exact
 * value is as near its threshold as the rounded sums of such a runtime may be
 * off, in whatever order it adds them. */
typedef struct bnn_close_decision {
  size_t window;
  int before;    /* 1: of a float layer before the engine, 0: behind it */
  uint32_t decision; /* which of those, from 0 */
  int64_t channel, row, position; /* of the value */
  int64_t best, other; /* of ArgMax: the two classes; -1 of a threshold */
  double value;     /* the exact one, rounded once */
  double threshold; /* what it is compared with, or the other class's value */
  double bound;     /* how far a runtime's value may be from the exact one */
} bnn_close_decision;

/* bnn_run_outputs, which also hands over each close decision: `found` is called
 * with `context`, of some windows before the engine, then of these behind it. Costs a second evaluation of the host's
 * layers. bnn_program_decides: whether there can be any. */
int bnn_program_decides(const bnn_program *program);
bnn_status bnn_run_examined(const bnn_program *program, bnn_device *device,
                            size_t windows, const void *input,
                            void *const *outputs, bnn_stats *stats,
                            void (*found)(void *context,
                                          const bnn_close_decision *decision),
                            void *context, char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
