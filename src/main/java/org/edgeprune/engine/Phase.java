package org.edgeprune.engine;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * An event of Java's flight recorder: a span of time in which a thread was at one part of a step. Costs next to nothing
 * while nothing is recorded. {@code run_scripts/profile.sh} adds them up.
 *
 * <pre>{@code
 * try (Phase _ = Phase.of(Phase.Part.MIXING)) {
 *     ...
 * }
 * }</pre>
 */
@Name("edgeprune.Phase")
@Label("Phase of a step")
@Category("edgeprune")
@StackTrace(false)
public final class Phase extends Event implements AutoCloseable {
    /** The parts of a step; none lies in another one. */
    public enum Part {
        /** Sampling the masks. */
        SAMPLE,
        /** The full model's runs of a micro-batch, or putting it together from the cache. */
        PROMPTS,
        /** Which masks and nodes matter in a pass. */
        LIVENESS,
        /** What readers see: masks times deltas. */
        MIX,
        /** Attention and MLPs, forward; in the backward too where they are recomputed. */
        BLOCKS,
        /** Unembedding and loss, forward and backward. */
        LOSS,
        /** Attention and MLPs, backward. */
        BLOCKS_BACKWARD,
        /** Gradients of the masks and of the deltas. */
        MIX_BACKWARD,
        /** Constraints, gradients of log_alpha and the optimiser. */
        UPDATE
    }

    @Label("Part")
    @Description("Which part of a step")
    @SuppressWarnings("UnusedVariable") // the flight recorder reads it
    private final String part;

    private Phase(Part part) {
        this.part = part.name();
        begin();
    }

    /**
     * Begins a span, which ends when it is closed.
     *
     * @param part which part of a step
     * @return the span, to be closed by the thread that began it
     */
    public static Phase of(Part part) {
        return new Phase(part);
    }

    @Override
    public void close() {
        commit();
    }
}
