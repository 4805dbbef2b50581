package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LibTorchTest {
    @Test
    void loadsAndCountsThreads() {
        LibTorch.load();
        assertTrue(LibTorch.threads() >= 1);
    }
}
