package org.edgeprune.tracr;

import java.util.Optional;

/**
 * The edges that are ablated: their readers get zero, or the writer's output on another input, in place of the writer's
 * output.
 *
 * @param cut {@code [reader][writer]}, in the order of {@link Wiring}
 * @param corrupted the states of the other input for interchange ablation; empty for zero ablation
 */
public record EdgeAblation(boolean[][] cut, Optional<ReferenceForward.States> corrupted) {}
