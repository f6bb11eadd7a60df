// See SampleWatch.h.
#include "SampleWatch.h"

#include <algorithm>

namespace bnn::bench {

void SampleWatch::see(const isa::CycleRecord &record) {
  if (record.cycle == 0)
    *this = SampleWatch();
  if (record.begins) {
    disorder |= unfinished();
    planes = nextTile = 0;
    open = false;
    mode = record.out.mode;
  }
  if (record.issued && (record.sign || record.value))
    sample(record);
}

void SampleWatch::sample(const isa::CycleRecord &record) {
  const isa::SamplePoint &at = record.at;
  Place place;
  std::copy_n(at.counter.begin() + 4, 4, place.begin());
  disorder |= record.sign != (mode == isa::OutMode::Bits);
  if (record.sign) {
    uint32_t plane = 1u << (at.plane & 7);
    disorder |= (planes != 0 && place != tile) || (planes & plane) != 0;
    tile = place;
    planes |= plane;
    if (!record.done)
      return;
    planes = 0;
  }
  finishTile(at, place);
}

/// Channel tiles turn inside pixel tiles, those inside streams, each from 0 up.
void SampleWatch::finishTile(const isa::SamplePoint &at, const Place &place) {
  bool begins = at.pixelsReduced || place[1] == 0;
  bool sameStream = std::equal(place.begin() + 2, place.end(), before.begin() + 2);
  if (nextTile != 0)
    disorder |= !sameStream || place[1] != before[1];
  else if (open)
    disorder |= !sameStream || begins || place[1] != before[1] + 1;
  else
    disorder |= !begins;
  disorder |= place[0] != nextTile;
  before = place;
  bool lastTile = at.atLimit[4];
  nextTile = lastTile ? 0 : nextTile + 1;
  open = !lastTile || !(at.pixelsReduced || at.atLimit[5]);
}

} // namespace bnn::bench
