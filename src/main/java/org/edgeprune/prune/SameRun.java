package org.edgeprune.prune;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.edgeprune.engine.Ranks;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/** Compares what ranks are about to run, before they begin. */
public final class SameRun {
    /** How the other ranks name what is compared by its content does not matter. */
    private static final List<String> NAMES = List.of("model", "data");

    private SameRun() {}

    /**
     * Compares versions, weights, prompts, options and execution of all ranks.
     *
     * @param record this rank's
     * @param ranks all of them
     * @throws InputException on every rank, naming one that differs from rank 0, and in what
     */
    static void require(RunRecord record, Ranks ranks) {
        if (ranks.size() > 1) {
            ObjectNode mine = RunDirectory.JSON.objectTree(record);
            mine.set("options", OptionsFormat.write(record.options()));
            // each rank has devices of its own
            mine.put("device", record.execution().copies().getFirst().kind()).remove("device_map");
            require(mine, ranks);
        }
    }

    /**
     * Compares what ranks are about to compute, field by field.
     *
     * @param record what this rank computes from; {@code model} and {@code data}, which are paths, may differ
     * @param ranks all of them
     * @throws InputException on every rank, naming one that differs from rank 0, and in what
     */
    public static void require(ObjectNode record, Ranks ranks) {
        if (ranks.size() == 1) {
            return;
        }
        ObjectNode mine = record.deepCopy();
        mine.remove(NAMES);
        List<JsonNode> all = ranks.gather(mine.toString().getBytes(StandardCharsets.UTF_8)).stream()
                .map(bytes -> Json.parse("a rank", new String(bytes, StandardCharsets.UTF_8), "start the run again"))
                .toList();
        for (int rank = 1; rank < all.size(); rank++) {
            JsonNode first = all.getFirst();
            JsonNode other = all.get(rank);
            List<String> differences = StreamSupport.stream(((Iterable<String>) first::fieldNames).spliterator(), false)
                    .filter(field -> !Objects.equals(first.get(field), other.get(field)))
                    .map(field -> field + " (" + other.get(field) + ", and " + first.get(field) + " on rank 0)")
                    .toList();
            if (!differences.isEmpty()) {
                throw new InputException(ranks.name(rank) + " would make another run than " + ranks.name(0)
                        + ", by its " + String.join(", ", differences)
                        + ": give all ranks the same files, options and versions");
            }
        }
    }
}
