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
 * A model with its tokenizer. Closing it closes both, as soon as no thread uses the model any more, see
 * {@link TransformerModel#close}.
 *
 * @param name the name under which the model was asked for
 * @param directory folder with its files
 * @param model weights and architecture
 * @param tokenizer the model's tokenizer
 * @param architectureSha256 SHA-256 of what was read from {@code config.json}, in hex
 */
public record LoadedModel(
        String name, Path directory, TransformerModel model, PromptTokenizer tokenizer, String architectureSha256)
        implements AutoCloseable {
    /**
     * Loads a model in F32 onto one device. Loads libtorch first if that has not been done yet.
     *
     * @param name as {@link ModelDirectories#locate} takes it: {@code mini-gpt2}, a directory, or a name on the
     *     HuggingFace Hub
     * @param device where weights and states are
     * @return the model; the caller closes it
     * @throws org.edgeprune.io.InputException if there is no such model, or it cannot be used
     */
    public static LoadedModel open(String name, Device device) {
        return open(name, Execution.on(device));
    }

    /**
     * Loads a model to be run in a chosen dtype, on one or several devices, or with offloaded weights.
     *
     * @param name as for {@link #open(String, Device)}
     * @param execution how the model is run
     * @return the model; the caller closes it
     * @throws org.edgeprune.io.InputException if there is no such model, or it cannot be used
     */
    public static LoadedModel open(String name, Execution execution) {
        return open(name, ModelDirectories.locate(name, Hub.Listener.NONE), execution);
    }

    /**
     * Loads a model whose directory is known.
     *
     * @param name the name that messages and {@code run.json} give
     * @param directory folder with {@code config.json}, weights and tokenizer
     * @param execution how the model is run
     * @return the model; the caller closes it
     * @throws org.edgeprune.io.InputException if a file is missing or cannot be used
     */
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

    /**
     * Digest of the weights. Reads all of them.
     *
     * @return SHA-256 in hex
     * @throws org.edgeprune.io.InputException if the file was changed since the model was loaded
     */
    public String sha256() {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            String sha256 = checkpoint.sha256();
            model.requireUnchanged(); // else these are not the weights that the model has
            return sha256;
        }
    }

    /**
     * Size of the weights in the checkpoint.
     *
     * @return bytes
     */
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
