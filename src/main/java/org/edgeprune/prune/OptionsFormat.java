package org.edgeprune.prune;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/**
 * {@link PruneOptions} in {@code run.json}: one flat object.
 *
 * <p>A hyper-parameter that was added later is absent from the files of earlier runs; its value there is that of
 * {@link PruneOptions#gpt2}. For the same reason it is part of a run's identity only where it has another value, so
 * that checkpoints of earlier runs still belong to them.
 */
final class OptionsFormat {
    /** The fields that every run has, in the order in which its identity has been made of them since 0.1. */
    private static final List<String> FIRST = List.of(
            "steps",
            "batch_size",
            "seed",
            "edge_learning_rate",
            "node_learning_rate",
            "edge_multiplier_learning_rate",
            "node_multiplier_learning_rate",
            "warmup_steps",
            "edge_sparsity",
            "node_sparsity",
            "node_loss",
            "relax_sparser_nodes",
            "linear_term",
            "embedding_nodes",
            "ablation",
            "max_grad_norm",
            "initial_log_alpha");

    private OptionsFormat() {}

    /** All fields. */
    static ObjectNode write(PruneOptions options) {
        return inOrder(Json.SNAKE_CASE.objectTree(options));
    }

    /** The fields that tell a run from others. */
    static ObjectNode identity(PruneOptions options) {
        ObjectNode fields = write(options);
        earlier().properties().stream()
                .filter(field ->
                        !FIRST.contains(field.getKey()) && field.getValue().equals(fields.get(field.getKey())))
                .forEach(field -> fields.remove(field.getKey()));
        return fields;
    }

    /**
     * Adds the fields that a file of an earlier version lacks.
     *
     * @throws InputException if a field is missing that every run has, or has no value
     */
    static ObjectNode completed(ObjectNode options) {
        String missing = FIRST.stream().filter(name -> !options.has(name)).collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            throw new InputException("options: lacks " + missing + ": is it of a run?");
        }
        options.properties().stream()
                .filter(field -> field.getValue().isNull())
                .findFirst()
                .ifPresent(field -> {
                    throw new InputException("options: " + field.getKey() + " is null: is it of a run?");
                });
        ObjectNode complete = earlier();
        complete.setAll(options);
        return complete;
    }

    /** What runs did before a field existed. */
    private static ObjectNode earlier() {
        return Json.SNAKE_CASE.objectTree(PruneOptions.gpt2());
    }

    private static ObjectNode inOrder(ObjectNode options) {
        ObjectNode ordered = Json.object();
        FIRST.forEach(name -> ordered.set(name, options.get(name)));
        for (Map.Entry<String, JsonNode> field : options.properties()) {
            ordered.set(field.getKey(), field.getValue());
        }
        return ordered;
    }
}
