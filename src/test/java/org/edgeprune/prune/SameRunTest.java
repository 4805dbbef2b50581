package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.edgeprune.fixture.ThreadRanks;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import org.junit.jupiter.api.Test;

class SameRunTest {
    private static final RunInputs INPUTS = new RunInputs("a", "b", "c", "d", "e", null);

    private static RunRecord record(String data, RunInputs inputs, int threads, PruneOptions options) {
        return new RunRecord(
                "1",
                "2.11",
                data + "-model",
                "00",
                "ioi",
                data,
                10,
                inputs,
                threads,
                "cpu",
                DType.F32,
                null,
                false,
                false,
                160,
                0L,
                null,
                options);
    }

    @Test
    void pathsMayDiffer() {
        ThreadRanks.run(2, ranks -> {
            SameRun.require(record("/host" + ranks.rank(), INPUTS, 1, PruneOptions.gpt2()), ranks);
            return 0;
        });
    }

    @Test
    void whatDiffersIsNamedOnAllRanks() {
        ThreadRanks.run(3, ranks -> {
            boolean last = ranks.rank() == 2;
            RunInputs inputs = last ? new RunInputs("a", "b", "x", "d", "e", null) : INPUTS;
            String message = assertThrows(
                            InputException.class,
                            () -> SameRun.require(record("d", inputs, last ? 3 : 1, PruneOptions.gpt2()), ranks))
                    .getMessage();
            assertTrue(message.startsWith("rank 2 would make another run than rank 0, by its inputs ("), message);
            assertTrue(message.contains("threads (3, and 1 on rank 0)"), message);
            assertEquals(1, message.lines().count());
            return 0;
        });
    }

    @Test
    void optionsAreCompared() {
        ThreadRanks.run(2, ranks -> {
            PruneOptions options = PruneOptions.gpt2();
            PruneOptions other =
                    ranks.isFirst() ? options : options.with(options.controls().withHoldTarget(true));
            String message = assertThrows(
                            InputException.class, () -> SameRun.require(record("d", INPUTS, 1, other), ranks))
                    .getMessage();
            assertTrue(message.contains("options ("), message);
            return 0;
        });
    }
}
