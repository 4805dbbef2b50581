package org.edgeprune.prune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.edgeprune.Version;
import org.edgeprune.io.Digest;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Placement;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.LibTorch;

/**
 * {@code run.json}: what a run was made from, enough to repeat it.
 *
 * <p>Its components are the fields of the file. Those that say so are null in files of earlier versions.
 *
 * @param version version of edgeprune
 * @param libtorch version of libtorch
 * @param model the model's directory or name as it was given
 * @param modelSha256 SHA-256 of its weights, in hex
 * @param task the task's name, {@code task:mode} where a mode was chosen
 * @param data the prompts' path as it was given; null if they were generated into {@link RunDirectory#data}
 * @param examples number of training examples that the run uses
 * @param inputs digests of the examples, of the architecture and of the tokenizer; null in runs that did not note them
 * @param threads number of CPU threads; the last bits of sums depend on it
 * @param device the device that it ran on; several with commas between them, where each had a copy of the model
 * @param computeDtype dtype of weights and states; null is read as F32
 * @param deviceMap the devices of its layers, with slashes between those of several copies; null if all were on
 *     {@code device}
 * @param offload whether its weights stayed in the checkpoint and were loaded layer by layer
 * @param recompute whether the backward ran blocks again instead of keeping them
 * @param microBatch largest number of tokens of a micro-batch, 0 for whole batches, as in runs that did not note it;
 *     the last bits of sums depend on it
 * @param cacheBytes memory for the full model's runs; the last bits of sums depend on whether these were kept. Null in
 *     runs that did not note it
 * @param minimal how much KL a {@link Minimizer} may cost the circuit afterwards, nats; null if it was not asked for
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
        RunInputs inputs,
        int threads,
        String device,
        DType computeDtype,
        String deviceMap,
        boolean offload,
        boolean recompute,
        int microBatch,
        Long cacheBytes,
        Double minimal,
        PruneOptions options) {
    private static final String TEMPLATES = "the templates of ";

    /** Reads a missing dtype as F32, which was the only one at first. */
    public RunRecord {
        computeDtype = computeDtype == null ? DType.F32 : computeDtype;
    }

    /**
     * The record of a run that is about to begin with this version, this libtorch and its number of threads. Reads all
     * weights for their digest.
     *
     * @param model the full model
     * @param task the task, in its mode; the templates of its prompts are read if every epoch has new ones
     * @param data where the prompts were read from; empty if they are generated into the run directory
     * @param dataset the examples that the run uses
     * @param cacheBytes memory for the full model's runs, bytes
     * @param minimal how much KL a {@link Minimizer} may cost afterwards, nats; empty if none is to run
     * @param options hyper-parameters
     * @return the record
     */
    public static RunRecord of(
            LoadedModel model,
            Task task,
            Optional<Path> data,
            Dataset dataset,
            long cacheBytes,
            OptionalDouble minimal,
            PruneOptions options) {
        Execution execution = model.model().execution();
        return new RunRecord(
                Version.number(),
                LibTorch.version(),
                model.name(),
                model.sha256(),
                task.fullName(),
                data.map(Path::toString).orElse(null),
                dataset.train().size(),
                RunInputs.of(
                        dataset, model, options.controls().freshData() ? task.templatesSha256() : Optional.empty()),
                LibTorch.threads(),
                Placement.devices(execution.copies()),
                execution.dtype(),
                Placement.maps(execution.copies()).orElse(null),
                execution.offload(),
                execution.recompute(),
                execution.microBatchOf(model.model().sizes()),
                cacheBytes,
                minimal.isPresent() ? minimal.getAsDouble() : null,
                options);
    }

    /**
     * A digest of what determines the run's numbers: weights, prompts, architecture, tokenizer and options, but not
     * where it runs. It is written to checkpoints.
     */
    String identity() {
        ObjectNode json = RunDirectory.JSON.objectTree(this);
        json.retain("model_sha256", "task", "examples", "inputs", "compute_dtype", "options");
        json.set("options", OptionsFormat.identity(options));
        return Digest.sha256(json.toString());
    }

    /** The digest in checkpoints of runs that did not note their inputs. */
    String earlierIdentity() {
        ObjectNode json = RunDirectory.JSON.objectTree(this);
        json.retain("model_sha256", "task", "data", "examples", "options");
        json.set("options", OptionsFormat.identity(options));
        return Digest.sha256(json.toString());
    }

    /**
     * Compares this run with another one. If one of them did not note its inputs, the paths of the data are compared.
     *
     * @param before the other run
     * @return the differences in words, such as {@code the tokenizer} or {@code edge_learning_rate (0.1, was 0.8)};
     *     empty if this run continues the other one
     */
    public List<String> differencesFrom(RunRecord before) {
        List<String> differences = inputDifferencesFrom(before);
        ObjectNode mine = OptionsFormat.identity(options);
        ObjectNode theirs = OptionsFormat.identity(before.options());
        Set<String> names = new LinkedHashSet<>();
        mine.fieldNames().forEachRemaining(names::add);
        theirs.fieldNames().forEachRemaining(names::add);
        names.forEach(name -> note(differences, name, mine.get(name), theirs.get(name)));
        return differences;
    }

    /**
     * Compares this run's model and inputs with another one's, but not the options.
     *
     * @param before the other run
     * @return the differences in words; empty if there are none
     */
    public List<String> inputDifferencesFrom(RunRecord before) {
        List<String> differences = new ArrayList<>();
        if (!Objects.equals(modelSha256, before.modelSha256())) {
            differences.add("the model's weights");
        }
        note(differences, "task", task, before.task());
        note(differences, "compute_dtype", computeDtype, before.computeDtype());
        note(differences, "number of training examples", examples, before.examples());
        if (inputs == null || before.inputs() == null) {
            note(differences, "data", data, before.data());
            return differences;
        }
        Map<String, Function<RunInputs, String>> parts = new LinkedHashMap<>();
        parts.put("the architecture (config.json)", RunInputs::architecture);
        parts.put("the tokenizer", RunInputs::tokenizer);
        parts.put("the training examples", RunInputs::train);
        parts.put("the validation examples", RunInputs::validation);
        parts.put("the test examples", RunInputs::test);
        parts.put(TEMPLATES + task, RunInputs::templates);
        parts.forEach((name, part) -> {
            String theirs = part.apply(before.inputs());
            // a record of before templates were noted has none
            boolean known = theirs != null || !name.startsWith(TEMPLATES);
            if (known && !Objects.equals(part.apply(inputs), theirs)) {
                differences.add(name);
            }
        });
        return differences;
    }

    /**
     * Compares a model with the one that the run was made with. Reads all weights.
     *
     * @param model the model
     * @return which of weights, architecture and tokenizer changed, in words; of runs that did not note their inputs
     *     only the weights are compared
     */
    public List<String> changedIn(LoadedModel model) {
        List<String> changed = new ArrayList<>();
        if (!Objects.equals(modelSha256, model.sha256())) {
            changed.add("the weights");
        }
        if (inputs != null && !inputs.architecture().equals(model.architectureSha256())) {
            changed.add("the architecture (config.json)");
        }
        if (inputs != null && !inputs.tokenizer().equals(model.tokenizer().sha256())) {
            changed.add("the tokenizer");
        }
        return changed;
    }

    /**
     * Whether examples are those of one part of the run's data.
     *
     * @param split which part
     * @param part its examples; of the training part the run may have used only the first
     * @return whether they have the digest that the run noted; true if it noted none
     */
    public boolean hadExamples(Split split, List<Example> part) {
        List<Example> used = split == Split.TRAIN && part.size() > examples ? part.subList(0, examples) : part;
        return inputs == null || inputs.part(split).equals(RunInputs.digest(used));
    }

    private static void note(List<String> differences, String name, Object mine, Object theirs) {
        if (!Objects.equals(mine, theirs)) {
            differences.add(name + " (" + mine + ", was " + theirs + ")");
        }
    }

    /**
     * How the run's model was run.
     *
     * @return device, dtype, device map, offloading and recomputation
     * @throws org.edgeprune.io.InputException if a field does not have a valid value
     */
    public Execution execution() {
        return new Execution(
                Placement.parse(device, Optional.ofNullable(deviceMap)),
                computeDtype,
                offload,
                recompute,
                OptionalInt.of(microBatch),
                OptionalInt.empty());
    }
}
