package org.edgeprune.prune;

import java.nio.file.Path;
import org.edgeprune.hub.Hub;
import org.edgeprune.hub.ModelDirectories;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.torch.Device;

/**
 * A model with its tokenizer. Closing it closes both, once nobody uses the model, see {@link TransformerModel#close}.
 *
 * @param name as it was asked for
 * @param directory where its files are
 * @param architectureSha256 identity of what was read from {@code config.json}
 */
public record LoadedModel(
        String name, Path directory, TransformerModel model, PromptTokenizer tokenizer, String architectureSha256)
        implements AutoCloseable {
    /**
     * Loads a model; libtorch is loaded first where that is not done yet.
     *
     * @param name as {@link ModelDirectories#locate} takes it: {@code mini-gpt2}, a directory, or a name on the
     *     HuggingFace Hub
     * @throws org.edgeprune.io.InputException if there is no such model, or it cannot be used
     */
    public static LoadedModel open(String name, Device device) {
        return open(name, Execution.on(device));
    }

    /** The same, run in some other way than in F32 on one device. */
    public static LoadedModel open(String name, Execution execution) {
        return open(name, ModelDirectories.locate(name, Hub.Listener.NONE), execution);
    }

    /** The same for a model that was located. */
    public static LoadedModel open(String name, Path directory, Execution execution) {
        ModelConfig config = ModelConfig.read(directory);
        TransformerModel model = Models.open(directory, Models.decoder(config), execution);
        try {
            return new LoadedModel(name, directory, model, PromptTokenizer.open(directory), config.sha256());
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** Identity of the weights. Reads every byte of them. */
    public String sha256() {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            String sha256 = checkpoint.sha256();
            model.requireUnchanged(); // else these are not the weights that the model has
            return sha256;
        }
    }

    /** Bytes of the weights as they are stored. */
    public long storedBytes() {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            return checkpoint.byteSize();
        }
    }

    @Override
    public void close() {
        model.close();
        tokenizer.close();
    }
}
