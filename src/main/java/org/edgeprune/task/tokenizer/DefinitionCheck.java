package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/**
 * Refuses parts of a definition that are known to abort the process in tokenizers 0.21, by name. The library panics at
 * them on some or all texts, and the panic cannot be caught.
 */
final class DefinitionCheck {
    private final String source;

    private DefinitionCheck(String source) {
        this.source = source;
    }

    /**
     * Checks a definition.
     *
     * @throws InputException naming the part
     */
    static void check(String source, JsonNode json) {
        DefinitionCheck check = new DefinitionCheck(source);
        check.normalizer("normalizer", json.path("normalizer"));
        check.preTokenizer("pre_tokenizer", json.path("pre_tokenizer"));
        check.model(json.path("model"));
        check.decoder("decoder", json.path("decoder"));
    }

    private void normalizer(String place, JsonNode step) {
        switch (step.path("type").asText()) {
            case "Sequence" -> each(place, step.path("normalizers"), this::normalizer);
            case "Precompiled" ->
                PrecompiledMap.fault(step.path("precompiled_charsmap")).ifPresent(fault -> {
                    throw wrong(place, "Precompiled has a damaged map (" + fault + ")");
                });
            // inserted text before the first character cannot be aligned with the original text
            case "Prepend" -> require(!step.path("prepend").asText().isEmpty(), place, "Prepend has an empty text");
            case "Replace" -> replace(place, step);
            default -> {
                // the other types have no dangerous values
            }
        }
    }

    private void preTokenizer(String place, JsonNode step) {
        switch (step.path("type").asText()) {
            case "Sequence" -> each(place, step.path("pretokenizers"), this::preTokenizer);
            case "FixedLength" -> require(step.path("length").asLong(5) != 0, place, "FixedLength has length 0");
            default -> {
                // the other types have no dangerous values
            }
        }
    }

    private void replace(String place, JsonNode step) {
        JsonNode pattern = step.path("pattern");
        require(!pattern.path("String").asText("x").isEmpty(), place, "Replace has an empty pattern");
        String regex = pattern.path("Regex").asText("x");
        require(
                !KnownParts.matchesNothing(regex),
                place,
                "Replace has the pattern " + Complaint.quote(regex) + ", which matches between characters");
    }

    private void model(JsonNode model) {
        String prefix = model.path("continuing_subword_prefix").asText("");
        if (model.path("type").asText("BPE").equals("BPE")
                && !model.path("continuing_subword_prefix").isNull()) {
            for (JsonNode merge : model.path("merges")) {
                String second = merge.isArray()
                        ? merge.path(1).asText()
                        : merge.asText().substring(merge.asText().indexOf(' ') + 1);
                require(
                        second.startsWith(prefix),
                        "model.merges",
                        Complaint.quote(second) + " does not begin with the continuing_subword_prefix "
                                + Complaint.quote(prefix));
            }
        }
        if (model.path("vocab").isArray()) {
            for (JsonNode piece : model.path("vocab")) {
                require(!piece.path(0).asText().isEmpty(), "model.vocab", "a piece is empty");
            }
        }
    }

    private void decoder(String place, JsonNode step) {
        switch (step.path("type").asText()) {
            case "Sequence" -> each(place, step.path("decoders"), this::decoder);
            case "Strip" ->
                require(
                        step.path("stop").asLong() == 0,
                        place,
                        "Strip takes " + step.path("stop")
                                + " characters from the end of tokens, which may be shorter");
            default -> {
                // the other types have no dangerous values
            }
        }
    }

    private interface Check {
        void check(String place, JsonNode step);
    }

    private static void each(String place, JsonNode steps, Check check) {
        for (int i = 0; i < steps.size(); i++) {
            check.check(place + "[" + i + "]", steps.get(i));
        }
    }

    private void require(boolean good, String place, String fault) {
        if (!good) {
            throw wrong(place, fault);
        }
    }

    private InputException wrong(String place, String fault) {
        return new InputException(source + ": " + place + ": " + fault
                + ", at which the tokenizers library aborts the process; fetch the file again");
    }
}
