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
import java.util.Set;
import java.util.function.Function;
import org.edgeprune.Version;
import org.edgeprune.io.Digest;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.model.Execution;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;

/**
 * {@code run.json}: what a run was made from, enough to repeat it.
 *
 * @param version of edgeprune
 * @param libtorch version of libtorch
 * @param model the model's directory or name as it was given
 * @param modelSha256 identity of its weights
 * @param task the task's name, {@code task:mode} where it has modes and one was chosen
 * @param data the data's path as it was given; null where it was generated into {@link RunDirectory#data}
 * @param examples how many examples the run trains on
 * @param inputs digests of these, of the architecture and of the tokenizer; null in runs of before they were noted
 * @param threads CPU threads; sums depend on it in their last digits
 * @param device where it ran
 * @param computeDtype in what
 * @param deviceMap where its layers were; null for all on {@code device}
 * @param offload whether its weights stayed in the checkpoint
 * @param recompute whether blocks were computed again in the backward
 * @param cacheBytes memory for the full model's runs; sums depend in their last digits on whether these were kept. Null
 *     in runs of before it was noted
 * @param minimal how much KL the circuit may lose afterwards to a {@link Minimizer}, nats; null where none was asked
 *     for
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
        Long cacheBytes,
        Double minimal,
        PruneOptions options) {
    /** Runs of before there was a choice were in F32. */
    public RunRecord {
        computeDtype = computeDtype == null ? DType.F32 : computeDtype;
    }

    /**
     * The record of a run that is about to begin with this version, this libtorch and its number of threads. Reads all
     * weights for their digest.
     *
     * @param model the full model
     * @param task the task's name, {@code task:mode} where a mode was chosen
     * @param data where the prompts were read from; empty if they are generated into the run directory
     * @param dataset the examples that the run uses
     * @param cacheBytes memory for the full model's runs, bytes
     * @param minimal how much KL a {@link Minimizer} may cost afterwards, nats; empty if none is to run
     * @param options hyper-parameters
     * @return the record
     */
    public static RunRecord of(
            LoadedModel model,
            String task,
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
                task,
                data.map(Path::toString).orElse(null),
                dataset.train().size(),
                RunInputs.of(dataset, model),
                LibTorch.threads(),
                execution.device().toString(),
                execution.dtype(),
                execution.layers().map(DeviceMap::toString).orElse(null),
                execution.offload(),
                execution.recompute(),
                cacheBytes,
                minimal.isPresent() ? minimal.getAsDouble() : null,
                options);
    }

    /**
     * A digest of what decides the run's numbers: weights, what the model is fed, and options; not where it runs. Kept
     * in checkpoints.
     */
    String identity() {
        ObjectNode json = RunDirectory.JSON.objectTree(this);
        json.retain("model_sha256", "task", "examples", "inputs", "compute_dtype", "options");
        json.set("options", OptionsFormat.identity(options));
        return Digest.sha256(json.toString());
    }

    /** The same as runs of before the inputs were noted have it in their checkpoints. */
    String earlierIdentity() {
        ObjectNode json = RunDirectory.JSON.objectTree(this);
        json.retain("model_sha256", "task", "data", "examples", "options");
        json.set("options", OptionsFormat.identity(options));
        return Digest.sha256(json.toString());
    }

    /**
     * In what this run is another than {@code before}, in words such as {@code the tokenizer} or
     * {@code edge_learning_rate (0.1, was 0.8)}; empty if it goes on where that one ended. Data of a run of before the
     * inputs were noted are compared by their path.
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

    /** The same without the options: in what the model is another, or what it is fed. */
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
        parts.forEach((name, part) -> {
            if (!Objects.equals(part.apply(inputs), part.apply(before.inputs()))) {
                differences.add(name);
            }
        });
        return differences;
    }

    /** What of a model is not as it was when the run was made; reads all weights. Empty for runs of before. */
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

    /** Whether these are the examples of one part of the run's data: of the training part, those that it used. */
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
     * @throws org.edgeprune.io.InputException if a field has no such value
     */
    public Execution execution() {
        return new Execution(
                Device.parse(device),
                computeDtype,
                Optional.ofNullable(deviceMap).map(DeviceMap::parse),
                offload,
                recompute);
    }
}
