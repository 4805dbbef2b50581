package org.edgeprune.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.InputException;
import org.edgeprune.hub.Hub;
import org.edgeprune.hub.HubSettings;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;

/** Opens HuggingFace model directories of every architecture that is supported. */
public final class Models {
    private Models() {}

    /**
     * The directory of a model that somebody names.
     *
     * @param name {@value BundledModel#NAME}; else a directory that exists; else a repository of the HuggingFace Hub, like
     *     {@code openai-community/gpt2} or {@code openai-community/gpt2@REVISION}, which is taken from the cache, or downloaded if it is
     *     not whole there
     * @param listener hears of a download
     * @throws InputException if it is none of these or cannot be downloaded
     */
    public static Path locate(String name, Hub.Listener listener) {
        if (name.equals(BundledModel.NAME)) {
            return BundledModel.directory();
        }
        Path path = Path.of(name);
        int at = name.indexOf('@');
        String repository = at < 0 ? name : name.substring(0, at);
        if (Files.exists(path) || !Hub.isName(repository)) {
            return path;
        }
        String revision = at < 0 ? Hub.MAIN : name.substring(at + 1);
        try {
            Hub hub = new Hub(HubSettings.fromEnvironment());
            return hub.cached(repository, revision).orElseGet(() -> hub.download(repository, revision, listener)).directory();
        } catch (InputException e) {
            throw new InputException(name + ": no such directory; on the Hub: " + e.getMessage(), e);
        }
    }

    /**
     * Opens a model directory: {@code config.json} and safetensors. Computation is in f32 whatever the checkpoint's dtype.
     *
     * @throws InputException naming the file and field if anything is missing, malformed or not supported
     */
    public static TransformerModel open(Path directory, Device device) {
        ModelConfig config = ModelConfig.read(directory);
        return switch (Family.of(config)) {
            case GPT2 -> {
                Gpt2Config gpt2 = Gpt2Config.of(config);
                yield new Gpt2Model(gpt2, weights(directory, device), device);
            }
            case LLAMA -> {
                LlamaConfig llama = LlamaConfig.of(config);
                yield new LlamaModel(llama, weights(directory, device), device);
            }
            case GPT_NEOX -> {
                GptNeoXConfig neox = GptNeoXConfig.of(config);
                yield new GptNeoXModel(neox, weights(directory, device), device);
            }
            case TRACR -> {
                TracrConfig tracr = TracrConfig.of(config);
                yield new TracrModel(tracr, weights(directory, device), device);
            }
        };
    }

    /**
     * A model's sizes from its {@code config.json} alone.
     *
     * @throws InputException as {@link #open}
     */
    public static ModelSizes sizes(Path directory) {
        ModelConfig config = ModelConfig.read(directory);
        return switch (Family.of(config)) {
            case GPT2 -> Gpt2Config.of(config).sizes();
            case LLAMA -> LlamaConfig.of(config).sizes();
            case GPT_NEOX -> GptNeoXConfig.of(config).sizes();
            case TRACR -> TracrConfig.of(config).sizes();
        };
    }

    /** Architectures that one class computes, by their {@code model_type}. */
    private enum Family {
        GPT2("gpt2"),
        LLAMA("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3"),
        GPT_NEOX("gpt_neox"),
        /** The name that the published implementation has for compiled models. */
        TRACR("erazr");

        private final List<String> modelTypes;

        Family(String... modelTypes) {
            this.modelTypes = List.of(modelTypes);
        }

        static Family of(ModelConfig config) {
            return Arrays.stream(values())
                    .filter(family -> family.modelTypes.contains(config.modelType()))
                    .findFirst()
                    .orElseThrow(() -> config.error("model_type", "is '" + config.modelType()
                            + "', which is not supported: known are "
                            + String.join(", ", Arrays.stream(values()).flatMap(f -> f.modelTypes.stream()).toList())));
        }
    }

    private static Weights weights(Path directory, Device device) {
        return new CheckpointWeights(Checkpoint.open(directory), DType.F32, device);
    }
}
