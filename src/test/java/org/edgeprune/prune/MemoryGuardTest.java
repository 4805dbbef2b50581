package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run of 32 prompts of 20 tokens on GPT-2 small, with 2 GB of cache, on machines of any size. */
class MemoryGuardTest {
    private static final Decoder GPT2 = Gpt2.decoder(Gpt2Config.small());
    private static final StepMemory.Work WORK = StepMemory.Work.of(
                    GPT2,
                    0,
                    new ComputationGraph(GPT2.sizes().graph()),
                    Execution.on(Device.CPU).withWorkers(4),
                    Ablation.INTERCHANGE,
                    StepMemory.Tokens.of(32, 20))
            .withCacheBytes(2_000_000_000);
    private static final MemoryGuard GUARD = new MemoryGuard(WORK, 32);

    @Test
    void whatFitsRuns() {
        assertDoesNotThrow(() -> GUARD.require(StepMemory.of(WORK).total()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            5.0 | use --cache-mb 0 (
            2.5 | use --workers 1 --cache-mb 0 (
            1.0 | use --recompute --workers 1 --cache-mb 0 (
            0.6 | use --offload --micro-batch 160 --workers 1 --cache-mb 0 (
            0.37 | use --offload --micro-batch 40 --workers 1 --cache-mb 0 (
            0.1 | not even one prompt
            """)
    void theMildestRemedyThatFitsIsNamed(double gigabytes, String remedy) {
        String message = assertThrows(InputException.class, () -> GUARD.require((long) (gigabytes * 1e9)))
                .getMessage();
        String start = "a step of 32 prompts (640 tokens) needs %.1f GB of memory, and %.1f GB are available: "
                .formatted(StepMemory.of(WORK).total() / 1e9, gigabytes);
        assertEquals(
                start + remedy, message.substring(0, Math.min(message.length(), start.length() + remedy.length())));
    }
}
