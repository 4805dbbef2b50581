package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.Blueprint;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Placement;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;

/** A step of 32 prompts of 20 tokens on GPT-2 small. */
class GpuMemoryTest {
    private static final Decoder GPT2 = Gpt2.decoder(Gpt2Config.small());
    private static final long WEIGHTS = 4 * Blueprint.of(GPT2, name -> true).count();

    private static StepMemory.Work work(Execution execution) {
        return StepMemory.Work.of(
                GPT2,
                WEIGHTS,
                new ComputationGraph(GPT2.sizes().graph()),
                execution,
                Ablation.INTERCHANGE,
                StepMemory.Tokens.of(32, 20));
    }

    private static List<GpuMemory> on(String devices, String maps) {
        return GpuMemory.of(
                work(Execution.on(Device.CPU).withCopies(Placement.parse(devices, Optional.ofNullable(maps)))));
    }

    /** Equal but for the rest of a division by layers. */
    private static void requireClose(long expected, long actual) {
        assertTrue(Math.abs(expected - actual) <= 12, expected + " and " + actual);
    }

    /** All of the step but Java and its arrays of masks; masks are sampled and updated in several operations there. */
    @Test
    void oneGpuHasTheWholeStep() {
        StepMemory step = StepMemory.of(work(Execution.on(Device.cuda(0))));
        List<GpuMemory> gpus = on("cuda:0", null);
        assertEquals("cuda:0", gpus.getFirst().device());
        requireClose(
                step.own() - step.process() - step.masks() + 15 * step.ofOneMaskTensor(),
                gpus.getFirst().bytes());
        assertTrue(step.weights() == WEIGHTS && gpus.size() == 1, step + " " + gpus);
    }

    @Test
    void eachCopyHasItsWeightsAndTheFirstTheOptimiser() {
        List<GpuMemory> gpus = on("cuda:3,cuda:1,cuda:2", null);
        assertEquals(
                List.of("cuda:3", "cuda:1", "cuda:2"),
                gpus.stream().map(GpuMemory::device).toList());
        assertEquals(gpus.get(1).bytes(), gpus.get(2).bytes());
        StepMemory all = StepMemory.of(
                work(Execution.on(Device.CPU).withCopies(Placement.parse("cuda:3,cuda:1,cuda:2", Optional.empty()))));
        assertEquals(3 * WEIGHTS, all.weights());
        long ofMasks = gpus.get(0).bytes() - gpus.get(1).bytes();
        assertTrue(ofMasks > 0 && ofMasks < all.masks(), gpus.toString());
        assertTrue(gpus.get(1).bytes() > WEIGHTS, gpus.toString());
    }

    @Test
    void layersCountWhereTheyAre() {
        long whole = on("cuda:0", null).getFirst().bytes();
        List<GpuMemory> halves = on("cuda:0", "cuda:0,cuda:1");
        assertEquals(whole, halves.get(0).bytes() + halves.get(1).bytes());
        List<GpuMemory> uneven = on("cuda:0", "cuda:0=2,cuda:1=10");
        assertEquals(whole, uneven.get(0).bytes() + uneven.get(1).bytes());
        assertTrue(uneven.get(1).bytes() > halves.get(1).bytes(), uneven.toString());
        assertEquals(halves.subList(0, 1), on("cuda:0", "cuda:0=6,cpu=6"));
    }

    @Test
    void offloadedWeightsAreThoseOfOneBlock() {
        GpuMemory offloaded =
                GpuMemory.of(work(Execution.on(Device.cuda(0)).offloading())).getFirst();
        StepMemory step = StepMemory.of(work(Execution.on(Device.cuda(0)).offloading()));
        assertEquals(0, step.blocks());
        requireClose(step.own() - offloaded.bytes(), step.process() + step.masks() - 15 * step.ofOneMaskTensor());
        assertTrue(step.weights() < WEIGHTS / 2, step.toString());
    }

    @Test
    void nothingIsOnAGpuOfACpu() {
        assertTrue(GpuMemory.of(work(Execution.on(Device.CPU))).isEmpty());
    }
}
