package org.edgeprune.prune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskParameters.Multiplier;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Checkpoints of a run: parameters, optimiser state and step. Noise and batches are pure functions of seed and step, so
 * there is no generator state, and a resumed run continues to bit-identical results.
 *
 * @param directory where checkpoints lie
 * @param runIdentity what the run was made from; a checkpoint of another run is refused
 */
record TrainingState(Path directory, String runIdentity) {
    private static final int KEPT = 2;
    private static final String STEP = "step";
    private static final String IDENTITY = "run";

    /** Writes the state after {@code step} steps, atomically, and removes all but the newest checkpoints. */
    void save(int step, MaskParameters parameters, AdamW optimizer) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new InputException(directory + ": cannot be made: " + e, e);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>(parameterTensors(parameters));
        for (int i = 0; i < optimizer.firstMoments().size(); i++) {
            tensors.put("optimizer.m." + i, optimizer.firstMoments().get(i));
            tensors.put("optimizer.v." + i, optimizer.secondMoments().get(i));
        }
        Map<String, String> metadata = Map.of(STEP, Integer.toString(step), IDENTITY, runIdentity);
        SafeTensorsWriter.write(directory.resolve("step-%06d.safetensors".formatted(step)), tensors, metadata);
        List<Path> all = newestFirst();
        for (Path old : all.subList(Math.min(KEPT, all.size()), all.size())) {
            try {
                Files.deleteIfExists(old);
            } catch (IOException e) {
                throw new InputException(old + ": the old checkpoint cannot be removed: " + e, e);
            }
        }
    }

    static Map<String, Tensor> parameterTensors(MaskParameters parameters) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("edges.log_alpha", parameters.edges());
        tensors.put("nodes.log_alpha", parameters.nodes());
        for (Multiplier which : Multiplier.values()) {
            tensors.put(multiplierName(which), parameters.multiplier(which));
        }
        return tensors;
    }

    private static String multiplierName(Multiplier which) {
        return "lambda." + which.name().toLowerCase(java.util.Locale.ROOT);
    }

    /** The newest checkpoint, if there is one. */
    Optional<Path> newest() {
        return newestFirst().stream().findFirst();
    }

    private List<Path> newestFirst() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.getFileName().toString().matches("step-\\d+\\.safetensors"))
                    .sorted(Comparator.comparing((Path f) -> f.getFileName().toString())
                            .reversed())
                    .toList();
        } catch (IOException e) {
            throw new InputException(directory + ": cannot be listed: " + e, e);
        }
    }

    /** The parameters in a checkpoint or in a run's {@code masks.safetensors}. */
    static MaskParameters readParameters(Path file, MaskLayout layout, HardConcrete distribution, Device device) {
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            float[] multipliers = new float[Multiplier.values().length];
            for (Multiplier which : Multiplier.values()) {
                multipliers[which.ordinal()] = floats(tensors, multiplierName(which), 1)[0];
            }
            return new MaskParameters(
                    layout,
                    distribution,
                    floats(tensors, "edges.log_alpha", layout.size()),
                    floats(tensors, "nodes.log_alpha", layout.graph().nodeCount()),
                    multipliers,
                    device);
        }
    }

    /** Puts a checkpoint's optimiser state into {@code optimizer}. @return the steps made until then */
    int restore(Path file, AdamW optimizer) {
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            if (!runIdentity.equals(tensors.metadata().get(IDENTITY))) {
                throw new InputException(file + ": belongs to a run with other options, data or model (field '"
                        + IDENTITY + "'): resume with the options in run.json, or start anew in another --out");
            }
            int step = Integer.parseInt(tensors.metadata().getOrDefault(STEP, "0"));
            List<float[]> first = new ArrayList<>();
            List<float[]> second = new ArrayList<>();
            for (int i = 0; i < optimizer.firstMoments().size(); i++) {
                int size = (int) optimizer.firstMoments().get(i).elementCount();
                first.add(floats(tensors, "optimizer.m." + i, size));
                second.add(floats(tensors, "optimizer.v." + i, size));
            }
            optimizer.restore(step, first, second);
            return step;
        }
    }

    private static float[] floats(SafeTensorsFile file, String name, int size) {
        if (!file.contains(name) || file.info(name).elementCount() != size) {
            throw new InputException(file.path() + ": tensor '" + name + "' "
                    + (file.contains(name) ? "has " + file.info(name).elementCount() + " values" : "is missing")
                    + ", expected " + size + ": is it of this model, with the same embedding nodes?");
        }
        try (TensorScope scope = TensorScope.open()) {
            return file.tensor(name).toFloats();
        }
    }
}
