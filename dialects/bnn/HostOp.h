// A real operation of the bnn dialect as the loader has it.

#ifndef BNNCC_DIALECTS_BNN_HOSTOP_H
#define BNNCC_DIALECTS_BNN_HOSTOP_H

#include "bnn/BnnDialect.h"
#include "bnn/isa/host/Part.h"

namespace bnncc::bnn {

/// `op` without its operands. Its first operand may hold integers, of which pools
/// and reshapes are the same operations.
::bnn::host::Op hostOp(mlir::Operation *op);

} // namespace bnncc::bnn

#endif // BNNCC_DIALECTS_BNN_HOSTOP_H
