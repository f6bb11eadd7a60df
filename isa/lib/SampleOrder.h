// The order in which a RUN samples.
#pragma once

#include "RunBounds.h"

namespace bnn::isa {

/// Walks the routine of `run` step by step, past the steps that only reduce, and
/// refuses a RUN that
///  * takes more than 2^24 steps,
///  * samples both SIGN and VALUE, or one that its OUT's mode does not take,
///  * samples a plane of a tile twice, or another tile before `done`,
///  * does not turn loop 4 inside loop 5, or loop 5 inside loops 6 and 7: the
///    channel tiles of a pixel tile and the pixel tiles of a stream come in
///    ascending order, and stream after stream,
///  * stops inside a tile or a stream,
///  * sends more values than the output buffer holds.
/// Such a RUN has no defined result: the RTL's output unit and the golden model
/// keep different things from tile to tile. Needs what RunBounds::check found good.
bool checkSampleOrder(const RunBounds &bounds, const Run &run,
                      const Target &target, const ControlStore &control,
                      std::string &error);

} // namespace bnn::isa
