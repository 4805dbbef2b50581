package org.edgeprune.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.nio.file.Path;

/** TOML as trees of JSON. */
public final class Toml {
    private Toml() {}

    /**
     * Reads a file of settings.
     *
     * @param file a TOML file in UTF-8
     * @return its tables and values
     * @throws InputException if it cannot be read or is not valid TOML
     */
    public static JsonNode read(Path file) {
        String text = TextReader.CONFIGURATION.read(file, "correct or remove it");
        try {
            return new TomlMapper().readTree(text);
        } catch (JsonProcessingException e) {
            // what is beyond the parser's limits, such as the depth of lists, has no place
            String line = e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr();
            throw new InputException(
                    file + line + ": not TOML: " + OneLine.of(Json.said(e)) + "; write lines such as steps = 100", e);
        }
    }
}
