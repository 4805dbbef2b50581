package org.edgeprune.prune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskParameters.Multiplier;
import org.edgeprune.mask.NeuronParameters;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Checkpoints of a run: parameters, optimiser state and step. Noise and batches are pure functions of seed and step, so
 * there is no generator state, and a resumed run continues to bit-identical results.
 *
 * <p>A checkpoint holds a digest of all that is in it, and the step in its name, so that a damaged one is known and the
 * one before it used: the result is the same bits. Checkpoints of earlier versions have no digest.
 *
 * @param directory where checkpoints lie
 * @param run what the run is made from; a checkpoint of another run is refused
 */
record TrainingState(Path directory, RunRecord run) {
    private static final Pattern NAME = Pattern.compile("step-(\\d{1,9})\\.safetensors");
    private static final int KEPT = 2;
    private static final String STEP = "step";
    private static final String IDENTITY = "run";
    private static final String STABLE = "stable.edges";
    private static final String EDGES = "edges.log_alpha";
    private static final String NEURONS = "neurons.log_alpha";
    private static final List<String> NEURON_MULTIPLIERS = List.of("lambda.neurons_1", "lambda.neurons_2");
    private static final String STABLE_SINCE = "stable_since";

    /** Writes the state after {@code step} steps, atomically, and removes all but the newest checkpoints. */
    void save(int step, MaskParameters parameters, AdamW optimizer, Optional<StableCircuit> stable) {
        try {
            Folders.make(directory);
        } catch (IOException e) {
            throw new InputException(
                    directory + ": cannot be made (" + Complaint.reason(e) + "): check its permissions", e);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>(parameterTensors(parameters));
        for (int i = 0; i < optimizer.firstMoments().size(); i++) {
            tensors.put("optimizer.m." + i, optimizer.firstMoments().get(i));
            tensors.put("optimizer.v." + i, optimizer.secondMoments().get(i));
        }
        Map<String, String> metadata =
                new LinkedHashMap<>(Map.of(STEP, Integer.toString(step), IDENTITY, run.identity()));
        try (TensorScope _ = TensorScope.open()) {
            stable.ifPresent(circuit -> {
                int neurons = parameters.neurons().map(NeuronParameters::count).orElse(0);
                tensors.put(STABLE, flags(circuit.kept(), parameters.layout().size() + neurons));
                metadata.put(STABLE_SINCE, Integer.toString(circuit.since()));
            });
            SafeTensorsWriter.writeWithDigest(
                    directory.resolve("step-%06d.safetensors".formatted(step)), tensors, metadata);
        }
        List<Path> all = newestFirst();
        for (Path old : all.subList(Math.min(KEPT, all.size()), all.size())) {
            try {
                Files.deleteIfExists(old);
            } catch (IOException e) {
                throw new InputException(
                        old + ": the old checkpoint cannot be removed (" + Complaint.reason(e)
                                + "): check the permissions",
                        e);
            }
        }
    }

    private static Tensor flags(BitSet edges, int count) {
        float[] flags = new float[count];
        edges.stream().forEach(edge -> flags[edge] = 1);
        return Tensor.of(flags, count);
    }

    /** The stable circuit in a checkpoint; empty if none was noted. */
    Optional<StableCircuit> readStable(Path file) {
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            if (!tensors.contains(STABLE)) {
                return Optional.empty();
            }
            float[] flags =
                    floats(tensors, STABLE, Math.toIntExact(tensors.info(STABLE).elementCount()));
            BitSet kept = new BitSet(flags.length);
            IntStream.range(0, flags.length).filter(mask -> flags[mask] != 0).forEach(kept::set);
            return Optional.of(
                    new StableCircuit(Integer.parseInt(tensors.metadata().get(STABLE_SINCE)), kept));
        }
    }

    static Map<String, Tensor> parameterTensors(MaskParameters parameters) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put(EDGES, parameters.edges());
        tensors.put("nodes.log_alpha", parameters.nodes());
        for (Multiplier which : Multiplier.values()) {
            tensors.put(multiplierName(which), parameters.multiplier(which));
        }
        parameters.neurons().ifPresent(neurons -> {
            tensors.put(NEURONS, neurons.logAlphas());
            tensors.put(NEURON_MULTIPLIERS.get(0), neurons.linear());
            tensors.put(NEURON_MULTIPLIERS.get(1), neurons.quadratic());
        });
        return tensors;
    }

    private static String multiplierName(Multiplier which) {
        return "lambda." + which.name().toLowerCase(java.util.Locale.ROOT);
    }

    /** The step in a checkpoint's name. */
    private static int step(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Integer.parseInt(name.group(1)) : -1;
    }

    /**
     * The newest checkpoint that is intact, if there is any checkpoint. Damaged ones get {@code .damaged} appended to
     * their names, so that nothing is lost.
     *
     * @param noted receives which ones are damaged, and which one is used instead
     * @throws InputException if a checkpoint is intact but of another run, or if all are damaged
     */
    Optional<Path> newestIntact(Consumer<String> noted) {
        List<Path> all = newestFirst();
        List<DamagedException> damages = new ArrayList<>();
        for (Path file : all) {
            try {
                boolean withDigest = check(file);
                for (int i = 0; i < damages.size(); i++) {
                    setAside(all.get(i));
                    noted.accept(damages.get(i).getMessage() + ": going on from " + file.getFileName());
                }
                if (!withDigest) {
                    noted.accept(file + ": is of an earlier version, without a digest: taken as it is, unverified");
                }
                return Optional.of(file);
            } catch (DamagedException e) {
                damages.add(e);
            }
        }
        if (!damages.isEmpty()) {
            throw new InputException(
                    damages.getFirst().getMessage()
                            + ", and there is no other one that is intact: start anew in another" + " --out, or remove "
                            + directory + " to repeat all steps",
                    damages.getFirst());
        }
        return Optional.empty();
    }

    /** A checkpoint whose content is not what was written. */
    private static final class DamagedException extends Exception {
        private static final long serialVersionUID = 1L;

        DamagedException(Path file, String fault, Throwable cause) {
            super(file + ": the checkpoint is damaged (" + fault + ")", cause);
        }
    }

    /** Whether a checkpoint of this run has a digest, with which it then agrees. */
    private boolean check(Path file) throws DamagedException {
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            if (tensors.hasDigest()) {
                tensors.requireDigest();
            } else if (run.identity().equals(tensors.metadata().get(IDENTITY))) {
                throw new InputException(file + ": the digest in its header is gone");
            }
            String step = tensors.metadata().get(STEP);
            if (!Integer.toString(step(file)).equals(step)) {
                throw new InputException(file + ": is of step " + step + ", not of that in its name");
            }
            String identity = tensors.metadata().get(IDENTITY);
            if (tensors.hasDigest()
                    ? run.identity().equals(identity)
                    : run.earlierIdentity().equals(identity)) {
                return tensors.hasDigest();
            }
        } catch (InputException e) {
            String fault = e.getMessage().replace(file + ": ", "").replace(": " + Complaint.REPLACE, "");
            throw new DamagedException(file, fault, e);
        }
        throw new InputException(file + ": belongs to a run with other options, data or model (field '" + IDENTITY
                + "'): resume with the options in run.json, or start anew in another --out");
    }

    private static void setAside(Path file) {
        try {
            Files.move(file, file.resolveSibling(file.getFileName() + ".damaged"), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            // It stays where it is, and is found to be damaged again.
        }
    }

    /** The newest checkpoint; empty if there is none. */
    Optional<Path> newest() {
        return newestFirst().stream().findFirst();
    }

    private List<Path> newestFirst() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(
                            file -> NAME.matcher(file.getFileName().toString()).matches())
                    .sorted(Comparator.comparingLong(TrainingState::step).reversed())
                    .toList();
        } catch (IOException e) {
            throw new InputException(
                    directory + ": cannot be listed (" + Complaint.reason(e) + "): check its permissions", e);
        }
    }

    /** The parameters in a checkpoint or in a run's {@code masks.safetensors}. */
    static MaskParameters readParameters(Path file, MaskLayout layout, HardConcrete distribution, Device device) {
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            float[] multipliers = new float[Multiplier.values().length];
            for (Multiplier which : Multiplier.values()) {
                multipliers[which.ordinal()] = floats(tensors, multiplierName(which), 1)[0];
            }
            MaskParameters parameters = new MaskParameters(
                    layout,
                    distribution,
                    floats(tensors, EDGES, layout.size()),
                    floats(tensors, "nodes.log_alpha", layout.graph().nodeCount()),
                    multipliers,
                    device);
            return tensors.contains(NEURONS)
                    ? parameters.withNeurons(
                            readNeurons(tensors, layout.graph().shape().layers(), device))
                    : parameters;
        }
    }

    /**
     * The layout of the masks in a file: where positions have masks of their own, their number follows from that of the
     * masks.
     */
    static MaskLayout layout(Path file, ComputationGraph graph, boolean positions) {
        if (!positions) {
            return MaskLayout.edges(graph);
        }
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            long count = tensors.contains(EDGES) ? tensors.info(EDGES).elementCount() : 0;
            if (count == 0 || count % graph.edgeCount() != 0 || count > Integer.MAX_VALUE) {
                throw new InputException(
                        file + ": tensor '" + EDGES + "' has " + count + " values, which are not those of "
                                + graph.edgeCount() + " edges at each position: is it of this model?");
            }
            return MaskLayout.positions(graph, Math.toIntExact(count / graph.edgeCount()));
        }
    }

    private static NeuronParameters readNeurons(SafeTensorsFile tensors, int layers, Device device) {
        int count = Math.toIntExact(tensors.info(NEURONS).elementCount());
        float[] multipliers = new float[NEURON_MULTIPLIERS.size()];
        for (int i = 0; i < multipliers.length; i++) {
            multipliers[i] = floats(tensors, NEURON_MULTIPLIERS.get(i), 1)[0];
        }
        if (count == 0 || count % layers != 0) {
            throw new InputException(tensors.path() + ": tensor '" + NEURONS + "' has " + count + " values, which "
                    + layers + " layers cannot share: is it of this model?");
        }
        return new NeuronParameters(layers, floats(tensors, NEURONS, count), multipliers, device);
    }

    /** Puts a checkpoint's optimiser state into {@code optimizer}. @return the steps made until then */
    int restore(Path file, AdamW optimizer) {
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            int step = step(file);
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
        try (TensorScope _ = TensorScope.open()) {
            return file.tensor(name).toFloats();
        }
    }
}
