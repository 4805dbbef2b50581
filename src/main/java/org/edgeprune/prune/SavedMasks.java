package org.edgeprune.prune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.torch.Device;

/**
 * The trained masks in a run directory, or in a checkpoint of the published implementation.
 *
 * @param run what the run was made from; empty for a published checkpoint
 * @param soft masks in [0, 1] without noise
 * @param thresholds thresholds at which the binary masks are as sparse; for a published checkpoint, those that the
 *     published evaluation finds
 */
public record SavedMasks(Optional<RunRecord> run, MaskValues soft, MaskValues.Thresholds thresholds) {
    /**
     * Reads the masks of a directory.
     *
     * @param directory a run directory or a published checkpoint
     * @param model sizes of the model that the masks belong to
     * @param noted receives a note if the run is of an earlier version, whose files have no digests
     * @return the masks
     * @throws InputException if the directory is neither, belongs to another model, or holds other masks or edges than
     *     those that its metrics were measured on
     */
    public static SavedMasks open(Path directory, ModelSizes model, Consumer<String> noted) {
        Optional<RunRecord> run = runOf(directory);
        try (MaskParameters parameters = parameters(directory, model, noted)) {
            MaskValues soft = parameters.deterministic();
            return new SavedMasks(
                    run,
                    soft,
                    run.map(made -> made.options()
                                    .thresholds(soft, made.options().training().steps()))
                            .orElseGet(soft::referenceThresholds));
        }
    }

    /**
     * Reads what a run directory was made from.
     *
     * @param directory an existing directory
     * @return the record; empty if the directory does not hold a run
     * @throws InputException if there is no such directory, or its {@code run.json} is damaged
     */
    public static Optional<RunRecord> runOf(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new InputException(directory + ": not there, or no folder; name the folder of a run");
        }
        RunDirectory run = new RunDirectory(directory);
        return run.holdsRun() ? Optional.of(run.readRecord()) : Optional.empty();
    }

    /**
     * Reads the parameters that the masks are computed from; otherwise as {@link #open}.
     *
     * @param directory a run directory or a published checkpoint
     * @param model sizes of the model that the masks belong to
     * @param noted receives a note if the run is of an earlier version, whose files have no digests
     * @return log_alphas and multipliers on the CPU, to be closed by the caller
     */
    public static MaskParameters parameters(Path directory, ModelSizes model, Consumer<String> noted) {
        Optional<RunRecord> run = runOf(directory);
        if (run.isEmpty()) {
            if (!ReferenceCheckpoint.isOne(directory, model)) {
                throw new InputException(
                        directory
                                + ": neither a run (no run.json) nor a published checkpoint (no *_log_alphas in model.safetensors)");
            }
            return ReferenceCheckpoint.read(directory, model);
        }
        return parameters(directory, run.get().options().graph().of(model.graph()), noted);
    }

    /**
     * Reads the parameters of a run whose graph is known.
     *
     * @param directory a run directory
     * @param graph the graph that the run pruned
     * @param noted receives a note if the run is of an earlier version, whose files have no digests
     * @return log_alphas and multipliers on the CPU, to be closed by the caller
     * @throws InputException if the run has not ended, or holds masks of another graph, or other masks or edges than
     *     those that its metrics were measured on
     */
    public static MaskParameters parameters(Path directory, ComputationGraph graph, Consumer<String> noted) {
        RunDirectory files = new RunDirectory(directory);
        Path masks = files.masksFile();
        if (Files.notExists(masks)) {
            throw new InputException(
                    masks + ": not there: the run has not ended; continue it with edgeprune prune --resume");
        }
        files.requireIntact(noted);
        MaskLayout layout = TrainingState.layout(
                masks, graph, files.readRecord().options().controls().positions());
        return TrainingState.readParameters(masks, layout, HardConcrete.DEFAULT, Device.CPU);
    }

    /**
     * The masks as zeros and ones: one where a mask is above its threshold.
     *
     * @return binary masks
     */
    public MaskValues binary() {
        return soft.binary(thresholds);
    }

    /**
     * The circuit that the binary masks keep.
     *
     * @return the edges whose mask and whose writer's mask are one
     */
    public Circuit circuit() {
        return binary().circuit();
    }
}
