package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.edgeprune.Version;
import org.edgeprune.io.Digest;
import org.edgeprune.io.Json;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Placement;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RunInputs;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.torch.LibTorch;

/**
 * {@code run.json} of an attribution: what scores were made from, enough to make them again.
 *
 * @param command {@value #COMMAND}, which tells the file from that of a pruning run
 * @param version of edgeprune
 * @param libtorch version of libtorch
 * @param model the model's directory or name as it was given
 * @param modelSha256 identity of its weights
 * @param architecture digest of what the model reads from its {@code config.json}
 * @param tokenizer digest of the tokenizer's definition
 * @param task the task's name, {@code task:mode} where it has modes
 * @param data the data's path as it was given; null where they were generated from the seed
 * @param split part of the data
 * @param examples how many examples
 * @param examplesSha256 digest of these, see {@link RunInputs#digest}
 * @param threads CPU threads; sums depend on it in their last digits
 * @param device where it ran
 * @param computeDtype in what
 * @param deviceMap where its layers were; null for all on {@code device}
 * @param offload whether its weights stayed in the checkpoint
 * @param recompute whether blocks were computed again in the backward
 * @param options method and what belongs to it
 */
public record AttributionRecord(
        String command,
        String version,
        String libtorch,
        String model,
        String modelSha256,
        String architecture,
        String tokenizer,
        String task,
        String data,
        String split,
        int examples,
        String examplesSha256,
        int threads,
        String device,
        String computeDtype,
        String deviceMap,
        boolean offload,
        boolean recompute,
        Options options) {
    /** See {@link #command}. */
    public static final String COMMAND = "attribute";

    /**
     * What a user chooses.
     *
     * @param method its name: an {@link AttributionMethod#key}, {@code mattr} or {@code acdc}
     * @param steps of integration or of training; null for methods without
     * @param objective its {@link Objective#key}
     * @param ablation its name
     * @param batchSize examples that are run together
     * @param seed of every random choice
     * @param parameters of the method, by name; empty where it has none
     */
    public record Options(
            String method,
            Integer steps,
            String objective,
            String ablation,
            int batchSize,
            long seed,
            Map<String, Object> parameters) {
        /** Copies the parameters. */
        public Options {
            parameters = parameters == null
                    ? Map.of()
                    : Collections.unmodifiableMap(new TreeMap<>(parameters)); // in one order
        }
    }

    /**
     * Notes what scores are made from.
     *
     * @param loaded the model; all its weights are read
     * @param task the task's full name
     * @param data the data's path; null where they were generated
     * @param split part of the data
     * @param examples that are attributed
     * @param options the user's choices
     * @return the record
     */
    public static AttributionRecord of(
            LoadedModel loaded, String task, String data, Split split, List<Example> examples, Options options) {
        Execution execution = loaded.model().execution();
        return new AttributionRecord(
                COMMAND,
                Version.number(),
                LibTorch.version(),
                loaded.name(),
                loaded.sha256(),
                loaded.architectureSha256(),
                loaded.tokenizer().sha256(),
                task,
                data,
                split.key(),
                examples.size(),
                RunInputs.digest(examples),
                LibTorch.threads(),
                Placement.devices(execution.copies()),
                execution.dtype().toString(),
                Placement.maps(execution.copies()).orElse(null),
                execution.offload(),
                execution.recompute(),
                options);
    }

    /** A digest of what decides the scores: not of where they are computed. */
    String identity() {
        ObjectNode json = Json.SNAKE_CASE.objectTree(this);
        json.retain(
                "command",
                "model_sha256",
                "architecture",
                "tokenizer",
                "task",
                "examples_sha256",
                "compute_dtype",
                "options");
        return Digest.sha256(Json.canonical(json));
    }

    /**
     * In what these scores are others than those of an earlier record.
     *
     * @param before the earlier record
     * @return what differs, in words; empty if the scores are the same
     */
    public List<String> differencesFrom(AttributionRecord before) {
        List<String> differences = new ArrayList<>();
        if (!Objects.equals(modelSha256, before.modelSha256)) {
            differences.add("the model's weights");
        }
        if (!Objects.equals(architecture, before.architecture)) {
            differences.add("the architecture (config.json)");
        }
        if (!Objects.equals(tokenizer, before.tokenizer)) {
            differences.add("the tokenizer");
        }
        if (!Objects.equals(task, before.task)) {
            differences.add("task (" + task + ", was " + before.task + ")");
        }
        if (!Objects.equals(examplesSha256, before.examplesSha256)) {
            differences.add("the examples");
        }
        if (!Objects.equals(computeDtype, before.computeDtype)) {
            differences.add("compute_dtype (" + computeDtype + ", was " + before.computeDtype + ")");
        }
        if (!Objects.equals(options, before.options)) {
            differences.add("options (" + Json.SNAKE_CASE.tree(options) + ", was "
                    + Json.SNAKE_CASE.tree(before.options) + ")");
        }
        return differences;
    }
}
