package org.edgeprune.engine;

import org.edgeprune.mask.ReferenceFormat;

/** A tiny GPT-2 against the published implementation. */
class Gpt2GoldenTest extends GoldenTest {
    Gpt2GoldenTest() {
        super(new Reference("gpt2", ReferenceFormat.GPT2, 1e-6, 0.8, 0.6, false));
    }
}
