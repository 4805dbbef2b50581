package org.edgeprune.prune;

import java.util.Optional;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Placement;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Dataset;
import org.edgeprune.torch.DType;

/** Records of runs of tests, whose model, task and data have no names that anything depends on. */
final class TestRecords {
    private TestRecords() {}

    /** On the CPU, whole batches at a time. */
    static RunRecord of(Dataset data, PruneOptions options) {
        return of(data, options, "cpu", false, false, 0, 0L);
    }

    /** Run as a model's execution says. */
    static RunRecord of(Dataset data, PruneOptions options, TransformerModel model, long cacheBytes) {
        Execution execution = model.execution();
        return of(
                data,
                options,
                Placement.devices(execution.copies()),
                execution.offload(),
                execution.recompute(),
                execution.microBatchOf(model.sizes()),
                cacheBytes);
    }

    private static RunRecord of(
            Dataset data,
            PruneOptions options,
            String device,
            boolean offload,
            boolean recompute,
            int microBatch,
            long cacheBytes) {
        return new RunRecord(
                "test",
                "",
                "",
                "",
                "test",
                "",
                10,
                RunInputs.of(data, "architecture", "tokenizer", Optional.empty()),
                1,
                device,
                DType.F32,
                null,
                offload,
                recompute,
                microBatch,
                cacheBytes,
                null,
                options);
    }
}
