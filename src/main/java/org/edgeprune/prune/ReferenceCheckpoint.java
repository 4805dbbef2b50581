package org.edgeprune.prune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.ReferenceFormat;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Checkpoint directories of the published implementation: a HuggingFace model directory whose safetensors also hold the
 * {@code *_log_alphas} of all masks, beside the model's weights.
 */
public final class ReferenceCheckpoint {
    /** log_alpha of masks that belong to no edge: it is where training starts. */
    private static final float UNUSED = 10;

    private ReferenceCheckpoint() {}

    /**
     * Whether a directory is such a checkpoint of a model of this architecture.
     *
     * @param directory any directory
     * @param model sizes of the model that the masks would belong to
     * @return whether its safetensors hold log_alphas
     */
    public static boolean isOne(Path directory, ModelSizes model) {
        if (Files.notExists(directory.resolve(Checkpoint.SINGLE))
                && Files.notExists(directory.resolve(Checkpoint.INDEX))) {
            return false;
        }
        ReferenceFormat format = format(model);
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            return checkpoint.contains(format.heads(0));
        }
    }

    /**
     * Reads the parameters, in the published layout. Whether embeddings are nodes follows from the tensors that are
     * there.
     *
     * @param directory the checkpoint
     * @param model sizes of the model that the masks belong to
     * @return log_alphas and multipliers on the CPU, to be closed by the caller
     * @throws InputException if a tensor is missing or has another size than this model's masks
     */
    public static MaskParameters read(Path directory, ModelSizes model) {
        ReferenceFormat format = format(model);
        try (Checkpoint checkpoint = Checkpoint.open(directory);
                TensorScope _ = TensorScope.open()) {
            boolean embeddings = checkpoint.contains(format.embedding(0));
            GraphShape shape = embeddings ? model.graph() : model.graph().withoutEmbeddings();
            MaskLayout layout = MaskLayout.reference(new ComputationGraph(shape));
            return format.read(
                    layout,
                    distribution(format),
                    name -> checkpoint.tensor(name).toFloats(),
                    Device.CPU);
        }
    }

    /**
     * Writes parameters with the weights and files of their model, so that the published implementation can load them.
     *
     * @param directory must not exist, or hold nothing but hidden files
     * @param parameters log_alphas and multipliers
     * @param model sizes of the model that the masks belong to
     * @param modelDirectory that model's directory
     */
    public static void write(Path directory, MaskParameters parameters, ModelSizes model, Path modelDirectory) {
        ReferenceFormat format = format(model);
        try (Checkpoint weights = Checkpoint.open(modelDirectory);
                TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            boolean bare = weights.contains("wte.weight");
            for (String name : weights.names()) {
                tensors.put(bare && !name.startsWith("lm_head.") ? "transformer." + name : name, weights.tensor(name));
            }
            format.write(parameters, UNUSED)
                    .forEach((name, values) -> tensors.put(name, Tensor.of(values.values(), values.shape())));
            AtomicDirectory.write(directory, part -> {
                Files.copy(modelDirectory.resolve("config.json"), part.resolve("config.json"));
                SafeTensorsWriter.write(part.resolve(Checkpoint.SINGLE), tensors, Map.of("format", "pt"));
            });
        }
    }

    private static ReferenceFormat format(ModelSizes model) {
        return switch (model.architecture()) {
            case "gpt2" -> ReferenceFormat.GPT2;
            case "llama" -> ReferenceFormat.LLAMA;
            default ->
                throw new InputException("the published implementation has no checkpoints of architecture '"
                        + model.architecture() + "'");
        };
    }

    /** Its Llama code clamps noise and probabilities less than its GPT-2 code. */
    private static HardConcrete distribution(ReferenceFormat format) {
        return format == ReferenceFormat.LLAMA ? new HardConcrete(1e-8) : HardConcrete.DEFAULT;
    }
}
