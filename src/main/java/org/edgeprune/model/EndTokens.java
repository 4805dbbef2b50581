package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.edgeprune.io.InputException;
import org.edgeprune.io.JsonFields;

/**
 * The tokens after which generation ends: {@code eos_token_id} of {@code generation_config.json}, one or a list, as in
 * transformers; if that file or field is absent, that of {@code config.json}.
 */
public final class EndTokens {
    private static final String FIELD = "eos_token_id";

    private EndTokens() {}

    /**
     * Reads the end tokens of a model directory.
     *
     * @param modelDirectory the directory
     * @return token ids; empty if neither file names any
     * @throws InputException if the field is neither a token id nor a list of them
     */
    public static Set<Integer> of(Path modelDirectory) {
        Path file = modelDirectory.resolve("generation_config.json");
        if (Files.exists(file)) {
            JsonFields generation = JsonFields.read(file, "fetch the file again");
            if (generation.has(FIELD)) {
                return ids(generation);
            }
        }
        return ModelConfig.read(modelDirectory).endTokens();
    }

    private static Set<Integer> ids(JsonFields fields) {
        JsonNode value = fields.required(FIELD);
        Set<Integer> ids = new LinkedHashSet<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isInt() || id.intValue() < 0) {
                throw fields.error(FIELD, "is " + value + ", expected a token id or a list of token ids");
            }
            ids.add(id.intValue());
        }
        return ids;
    }
}
