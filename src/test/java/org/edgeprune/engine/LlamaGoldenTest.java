package org.edgeprune.engine;

import org.edgeprune.mask.ReferenceFormat;

/**
 * A tiny Llama with grouped-query attention against the published implementation, whose faults are kept for this
 * comparison alone: its optimiser gives edges the learning rate of nodes and the other way round, and its embedding
 * node is cut off from the KL loss.
 */
class LlamaGoldenTest extends GoldenTest {
    LlamaGoldenTest() {
        super(new Reference("llama", ReferenceFormat.LLAMA, 1e-8, 0.6, 0.8, true));
    }
}
