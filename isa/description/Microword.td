// The microword: one horizontal 64-bit word per step of the array.

def Micro : Microword<"One step of the array."> {
  let fields = [
    Flag<"mac", "read activation and weight words; 0: pop = 0, no read">,
    Choice<"first", AccOp, "operation when all counters of the reduce loops are 0">,
    Choice<"rest", AccOp, "operation otherwise">,
    Mask<"reduce", 8, "reduction loops; the step is last when all are at their limit">,
    Choice<"sample", Sample, "what the last step hands over">,
    Unsigned<"plane", 3, "planes", "threshold plane of the sample, plus the counter of loop 3">,
    Flag<"done", "this sample completes the tile's bits: combine, pool, stage">,
    Flag<"tail", "apply the tail mask when loop 0 is at its limit">,
    Flag<"hold_tail", "in the last iteration of loop 5 pixels from RUN.last_pixels on keep their accumulator">,
    Unsigned<"row", 2, "rows", "added to the threshold row">,
    Unsigned<"plane_a", 3, "planes", "multiplies the activation plane stride">,
    Unsigned<"plane_w", 3, "planes", "multiplies the weight plane stride">,
    Unsigned<"lo", 3, "loop", "innermost loop of the nest to advance">,
    Unsigned<"hi", 3, "loop", "outermost loop of the nest to advance">,
    Flag<"ends", "advance the nest lo..hi after this step">,
    Unsigned<"near", 6, "words", "next word when loop lo, or one up to mid, was incremented", below_="control_words">,
    Unsigned<"far", 6, "words", "next word when another loop was incremented", below_="control_words">,
    Flag<"halt", "on falling through, the RUN has issued its last step">,
    Unsigned<"mid", 3, "loop", "loops up to this one count as near too: near is taken when the incremented loop is lo or at most mid">
  ];
  let layout = [
    "mac | first | rest | reduce | sample | plane | done | tail | hold_tail | row | plane_a | plane_w | lo | hi | ends | near | far | halt | mid"
  ];
}
