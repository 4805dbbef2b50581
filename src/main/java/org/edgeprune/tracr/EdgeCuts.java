package org.edgeprune.tracr;

import java.util.Optional;

/**
 * Edges that are cut: their readers see zero in place of the writer's output, or what the writer gives on another
 * input.
 *
 * @param cut {@code [reader][writer]}
 * @param corrupted the states to take for cut edges; empty for zero ablation
 */
public record EdgeCuts(boolean[][] cut, Optional<ReferenceForward.States> corrupted) {}
