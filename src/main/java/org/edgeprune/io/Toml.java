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
            throw new InputException(
                    file + ":" + e.getLocation().getLineNr() + ": not TOML: " + OneLine.of(Json.said(e))
                            + "; write lines such as steps = 100",
                    e);
        }
    }
}
