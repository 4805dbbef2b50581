package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.edgeprune.io.TextReader;

/**
 * Recognises definitions made only of parts that cannot make tokenizers 0.21 panic, according to its source: the parts
 * of nearly all published models of the supported architectures. Definitions with other parts are tried first.
 */
final class KnownParts {
    private static final Set<String> NORMALIZERS = Set.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "ByteLevel");
    private static final Set<String> PRE_TOKENIZERS = Set.of(
            "ByteLevel", "Digits", "Metaspace", "Whitespace", "WhitespaceSplit", "BertPreTokenizer", "Punctuation");
    private static final Set<String> DECODERS = Set.of("ByteLevel", "ByteFallback", "Fuse", "Metaspace", "WordPiece");

    /** Regular expressions of published tokenizers. Each matches at least one character and backtracks little. */
    private static final Set<String> PATTERNS = new HashSet<>(TextReader.resource(KnownParts.class, "patterns.txt")
            .lines()
            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
            .toList());

    /** Texts in which an expression that can match the empty text does so. */
    private static final List<String> PROBES = List.of("", "a", "ab", "aa b", " ", "\n", "1", "é", "▁");

    private KnownParts() {}

    /** Whether a definition needs no trial. */
    static boolean only(JsonNode json) {
        return all(json.path("normalizer"), "normalizers", KnownParts::normalizer)
                && all(json.path("pre_tokenizer"), "pretokenizers", KnownParts::preTokenizer)
                && all(json.path("decoder"), "decoders", KnownParts::decoder)
                && model(json.path("model"));
    }

    /** Whether an expression matches the empty text somewhere, as far as Java's regular expressions can tell. */
    static boolean matchesNothing(String regex) {
        try {
            Pattern pattern = Pattern.compile(regex);
            return PROBES.stream()
                    .anyMatch(text -> pattern.matcher(text).results().anyMatch(match -> match.start() == match.end()));
        } catch (PatternSyntaxException otherDialect) {
            return false;
        }
    }

    private interface Part {
        boolean isKnown(JsonNode step, String type);
    }

    private static boolean all(JsonNode step, String children, Part part) {
        if (step.isNull() || step.isMissingNode()) {
            return true;
        }
        String type = step.path("type").asText();
        if (!type.equals("Sequence")) {
            return part.isKnown(step, type);
        }
        for (JsonNode child : step.path(children)) {
            if (!child.isObject() || !all(child, children, part)) {
                return false;
            }
        }
        return true;
    }

    private static boolean normalizer(JsonNode step, String type) {
        return NORMALIZERS.contains(type)
                || (type.equals("Prepend") && !step.path("prepend").asText().isEmpty())
                || (type.equals("Replace") && !step.path("content").asText().isEmpty() && isKnownPattern(step));
    }

    private static boolean preTokenizer(JsonNode step, String type) {
        return PRE_TOKENIZERS.contains(type) || (type.equals("Split") && isKnownPattern(step));
    }

    private static boolean decoder(JsonNode step, String type) {
        return DECODERS.contains(type)
                || (type.equals("Replace") && isKnownPattern(step))
                || (type.equals("Strip") && step.path("stop").asInt(1) == 0);
    }

    private static boolean isKnownPattern(JsonNode step) {
        JsonNode pattern = step.path("pattern");
        return pattern.has("Regex")
                ? PATTERNS.contains(pattern.get("Regex").asText())
                : !pattern.path("String").asText().isEmpty();
    }

    private static boolean model(JsonNode model) {
        return switch (model.path("type").asText()) {
            case "BPE" ->
                model.path("continuing_subword_prefix").asText("").isEmpty()
                        && model.path("end_of_word_suffix").asText("").isEmpty()
                        && model.path("dropout").asDouble(0) == 0;
            case "Unigram" -> {
                for (JsonNode piece : model.path("vocab")) {
                    if (!(Math.abs(piece.path(1).asDouble(Double.NaN)) < 1e6)) {
                        yield false;
                    }
                }
                yield true;
            }
            case "WordLevel" -> true;
            default -> false;
        };
    }
}
