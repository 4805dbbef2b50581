package org.edgeprune.prune;

import java.util.Optional;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.model.Execution;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;

/**
 * {@code run.json}: what a run was made from, enough to repeat it.
 *
 * @param version of edgeprune
 * @param libtorch version of libtorch
 * @param model the model's directory or name as it was given
 * @param modelSha256 identity of its weights
 * @param task the task's name, {@code task:mode} where it has modes and one was chosen
 * @param data the data's path as it was given; null where it was generated into {@link RunDirectory#data}
 * @param examples how many examples the run trains on
 * @param threads CPU threads; sums depend on it in their last digits
 * @param device where it ran
 * @param computeDtype in what
 * @param deviceMap where its layers were; null for all on {@code device}
 * @param offload whether its weights stayed in the checkpoint
 * @param recompute whether blocks were computed again in the backward
 * @param cacheBytes memory for the full model's runs; sums depend in their last digits on whether these were kept. Null
 *     in runs of before it was noted
 * @param options hyper-parameters
 */
public record RunRecord(
        String version,
        String libtorch,
        String model,
        String modelSha256,
        String task,
        String data,
        int examples,
        int threads,
        String device,
        DType computeDtype,
        String deviceMap,
        boolean offload,
        boolean recompute,
        Long cacheBytes,
        PruneOptions options) {
    /** Runs of before there was a choice were in F32. */
    public RunRecord {
        computeDtype = computeDtype == null ? DType.F32 : computeDtype;
    }

    public RunRecord(
            String version,
            String libtorch,
            String model,
            String modelSha256,
            String task,
            String data,
            int examples,
            int threads,
            Execution execution,
            long cacheBytes,
            PruneOptions options) {
        this(
                version,
                libtorch,
                model,
                modelSha256,
                task,
                data,
                examples,
                threads,
                execution.device().toString(),
                execution.dtype(),
                execution.layers().map(DeviceMap::toString).orElse(null),
                execution.offload(),
                execution.recompute(),
                cacheBytes,
                options);
    }

    /**
     * How the run's model was run.
     *
     * @throws org.edgeprune.io.InputException if a field has no such value
     */
    public Execution execution() {
        return new Execution(
                Device.parse(device),
                computeDtype,
                Optional.ofNullable(deviceMap).map(DeviceMap::parse),
                offload,
                recompute);
    }
}
