package org.edgeprune.prune;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Placement;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;

/**
 * The memory that a pruning step needs on a GPU while every edge is alive. What CUDA itself takes there, some hundred
 * megabytes, is not counted.
 *
 * @param device the GPU, such as {@code cuda:0}
 * @param bytes predicted peak of the step's tensors
 */
public record GpuMemory(String device, long bytes) {
    /** Masks, samples, noise, gradients and optimiser state, by their number of tensors of one number for each mask. */
    private static final int MASK_TENSORS = 15;

    /**
     * Divides the memory of a step among the GPUs that hold the model's copies.
     *
     * @param work what the step has to do
     * @return each GPU once, in the order of the copies; none if everything is on the CPU
     */
    public static List<GpuMemory> of(StepMemory.Work work) {
        Map<Device, Long> bytes = new LinkedHashMap<>();
        for (int copy = 0; copy < work.execution().copies().size(); copy++) {
            add(bytes, work, copy);
        }
        List<GpuMemory> gpus = new ArrayList<>();
        bytes.forEach((device, its) -> {
            if (device.isCuda()) {
                gpus.add(new GpuMemory(device.toString(), its));
            }
        });
        return gpus;
    }

    /** States, loss and masks are on the copy's own device, weights and blocks on those of the layers. */
    private static void add(Map<Device, Long> bytes, StepMemory.Work work, int number) {
        ModelSizes model = work.model();
        Placement copy = work.execution().copies().get(number);
        Execution alone = work.execution()
                .withMicroBatch(work.execution().microBatchOf(model))
                .withWorkers(1)
                .withCopies(List.of(copy));
        StepMemory memory = StepMemory.of(work.with(alone));
        DType dtype = alone.dtype();
        int layers = model.graph().layers();
        int maskTensors = number == 0 ? MASK_TENSORS : StepMemory.MASK_TENSORS_OF_A_COPY;
        long states = memory.fullModel()
                + memory.outbox()
                + Math.max(memory.loss(), memory.backward())
                + maskTensors * memory.ofOneMaskTensor()
                + memory.cache();
        boolean resident = !alone.offload();
        bytes.merge(
                copy.device(),
                states + (resident ? work.parameters().ofEnds() * dtype.byteSize() : memory.weights()),
                Long::sum);
        List<Device> ofLayers = copy.map().over(layers);
        for (int layer = 0; layer < layers; layer++) {
            long weights = resident ? work.parameters().ofLayer(layer) * dtype.byteSize() : 0;
            bytes.merge(ofLayers.get(layer), weights + memory.blocks() / layers, Long::sum);
        }
        if (!resident) {
            copy.devices().stream()
                    .filter(device -> !device.equals(copy.device()))
                    .forEach(device -> bytes.merge(device, memory.weights(), Long::sum));
        }
    }
}
