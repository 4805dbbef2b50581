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
 * The trained masks in a run directory or in a checkpoint of the published implementation.
 *
 * @param run what the run was made from; empty for a published checkpoint
 * @param soft deterministic soft masks
 * @param thresholds at which binary masks are as sparse; for a published checkpoint those that its evaluation finds
 */
public record SavedMasks(Optional<RunRecord> run, MaskValues soft, MaskValues.Thresholds thresholds) {
    /**
     * Opens a directory.
     *
     * @param model the model that the masks belong to
     * @param noted hears that a run of an earlier version has no digests by which its files could be verified
     * @throws InputException if it is neither, belongs to another model, or holds other masks or edges than those that
     *     its metrics were measured on
     */
    public static SavedMasks open(Path directory, ModelSizes model, Consumer<String> noted) {
        Optional<RunRecord> run = runOf(directory);
        try (MaskParameters parameters = parameters(directory, model, noted)) {
            MaskValues soft = parameters.deterministic();
            return new SavedMasks(run, soft, run.isPresent() ? soft.thresholds() : soft.referenceThresholds());
        }
    }

    /**
     * What a run directory was made from; empty if it is another directory.
     *
     * @throws InputException if there is no such directory, or its {@code run.json} is damaged
     */
    public static Optional<RunRecord> runOf(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new InputException(directory + ": not there, or no folder; name the folder of a run");
        }
        RunDirectory run = new RunDirectory(directory);
        return run.holdsRun() ? Optional.of(run.readRecord()) : Optional.empty();
    }

    /** The parameters themselves, to be closed by the caller; otherwise as {@link #open}. */
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
        RunDirectory files = new RunDirectory(directory);
        Path masks = files.masksFile();
        if (Files.notExists(masks)) {
            throw new InputException(
                    masks + ": not there: the run has not ended; continue it with edgeprune prune --resume");
        }
        files.requireIntact(noted);
        ComputationGraph graph = run.get().options().graph().of(model.graph());
        return TrainingState.readParameters(masks, MaskLayout.edges(graph), HardConcrete.DEFAULT, Device.CPU);
    }

    /** The masks above their thresholds. */
    public MaskValues binary() {
        return soft.binary(thresholds);
    }

    /** The edges that are kept. */
    public Circuit circuit() {
        return binary().circuit();
    }
}
