package org.edgeprune.model;

import java.nio.file.Path;
import org.edgeprune.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;

/** Opens HuggingFace model directories of every architecture that is supported. */
public final class Models {
    private Models() {}

    /**
     * Opens a model directory: {@code config.json} and safetensors. Computation is in f32 whatever the checkpoint's dtype.
     *
     * @throws InputException naming the file and field if anything is missing, malformed or not supported
     */
    public static TransformerModel open(Path directory, Device device) {
        ModelConfig config = ModelConfig.read(directory);
        return switch (config.modelType()) {
            case "gpt2" -> new Gpt2Model(Gpt2Config.of(config), weights(directory, device), device);
            default -> throw unsupported(config);
        };
    }

    /**
     * A model's sizes from its {@code config.json} alone.
     *
     * @throws InputException as {@link #open}
     */
    public static ModelSizes sizes(Path directory) {
        ModelConfig config = ModelConfig.read(directory);
        return switch (config.modelType()) {
            case "gpt2" -> Gpt2Config.of(config).sizes();
            default -> throw unsupported(config);
        };
    }

    private static InputException unsupported(ModelConfig config) {
        return config.error("model_type", "is '" + config.modelType() + "', which is not supported: known are gpt2");
    }

    private static Weights weights(Path directory, Device device) {
        return new CheckpointWeights(Checkpoint.open(directory), DType.F32, device);
    }
}
