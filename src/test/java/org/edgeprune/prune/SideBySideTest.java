package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;

/** Runs of 32 prompts of 20 tokens on GPT-2 small, on machines of several sizes. */
class SideBySideTest {
    private static final Decoder GPT2 = Gpt2.decoder(Gpt2Config.small());

    private static StepMemory.Work work(Execution execution) {
        return StepMemory.Work.of(
                GPT2,
                0,
                new ComputationGraph(GPT2.sizes().graph()),
                execution,
                Ablation.INTERCHANGE,
                StepMemory.Tokens.of(32, 20));
    }

    private static final StepMemory.Work WORK = work(Execution.on(Device.CPU));

    @Test
    void coresAreDividedAmongTheRuns() {
        assertEquals(new SideBySide(4, OptionalInt.of(2)), SideBySide.fitting(WORK, 4, 8, OptionalLong.empty()));
        assertEquals(new SideBySide(8, OptionalInt.of(1)), SideBySide.fitting(WORK, 20, 8, OptionalLong.empty()));
        assertEquals(SideBySide.ALONE, SideBySide.fitting(WORK, 4, 1, OptionalLong.empty()));
        StepMemory.Work ofThree = work(Execution.on(Device.CPU).withWorkers(3));
        assertEquals(new SideBySide(2, OptionalInt.of(3)), SideBySide.fitting(ofThree, 4, 8, OptionalLong.empty()));
    }

    @Test
    void asManyRunsAsFitIntoMemory() {
        SideBySide two = new SideBySide(2, OptionalInt.of(4));
        long needed = two.memory(WORK);
        assertEquals(two, SideBySide.fitting(WORK, 2, 8, OptionalLong.of(needed)));
        assertEquals(SideBySide.ALONE, SideBySide.fitting(WORK, 2, 8, OptionalLong.of(needed - 1)));
        // fewer workers in all take less: five runs of one each, where four of two do not fit
        long ofFive = new SideBySide(5, OptionalInt.of(1)).memory(WORK);
        assertEquals(new SideBySide(5, OptionalInt.of(1)), SideBySide.fitting(WORK, 8, 8, OptionalLong.of(ofFive)));
    }

    @Test
    void aGivenNumberIsRefusedWithItsOption() {
        SideBySide three = new SideBySide(3, OptionalInt.of(2));
        long needed = three.memory(WORK);
        assertEquals(three, SideBySide.exactly(WORK, 3, 8, OptionalLong.of(needed)));
        String much = refusal(WORK, OptionalLong.of(needed - 1));
        assertTrue(much.startsWith("--side-by-side 3: so many runs at a time need "), much);
        assertTrue(much.endsWith(" GB are available: give 1"), much);
        String gpu = refusal(work(Execution.on(Device.cuda(0))), OptionalLong.of(needed));
        assertTrue(gpu.startsWith("--side-by-side 3: the runs would share the GPU's memory"), gpu);
    }

    private static String refusal(StepMemory.Work work, OptionalLong available) {
        return assertThrows(InputException.class, () -> SideBySide.exactly(work, 3, 8, available))
                .getMessage();
    }

    @Test
    void weightsAreNeededOnce() {
        StepMemory one = StepMemory.of(WORK.with(WORK.execution().withWorkers(1)));
        long all = new SideBySide(3, OptionalInt.of(1)).memory(WORK);
        assertEquals(3 * one.total() - 2 * (one.weights() + one.mapped() + one.process()), all);
        assertTrue(one.mapped() > 400_000_000, "the weights of GPT-2 small");
    }
}
