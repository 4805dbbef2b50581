package org.edgeprune.prune;

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
        PruneOptions options) {}
