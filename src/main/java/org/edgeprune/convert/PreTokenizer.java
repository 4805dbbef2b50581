package org.edgeprune.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.edgeprune.io.Json;

/**
 * How text is split before byte-level BPE merges it, by llama.cpp's names of the published tokenizers' rules. The
 * byte-level alphabet comes after all of these; GPT-2's own pattern belongs to that step.
 */
enum PreTokenizer {
    /** Splits off each digit, then applies GPT-2's pattern. */
    DIGITS(""),
    LLAMA3("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    QWEN2("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    TEKKEN("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
            + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    GPT4O(
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                    + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    private static final Set<String> LLAMA3_NAMES = Set.of("llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral");
    private static final Map<String, List<PreTokenizer>> NAMED = named();

    private final String pattern;

    PreTokenizer(String pattern) {
        this.pattern = pattern;
    }

    private static Map<String, List<PreTokenizer>> named() {
        Map<String, List<PreTokenizer>> named = new TreeMap<>();
        for (String name : List.of("gpt-2", "phi-2", "mpt", "olmo", "jais", "mellum", "exaone4", "trillion")) {
            named.put(name, List.of());
        }
        for (String name : List.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")) {
            named.put(name, List.of(DIGITS));
        }
        LLAMA3_NAMES.forEach(name -> named.put(name, List.of(LLAMA3)));
        for (String name : List.of("dbrx", "smaug-bpe")) {
            named.put(name, List.of(LLAMA3));
        }
        for (String name : List.of("qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan")) {
            named.put(name, List.of(QWEN2));
        }
        named.put("tekken", List.of(TEKKEN));
        for (String name : List.of("gpt-4o", "llama4")) {
            named.put(name, List.of(GPT4O));
        }
        return named;
    }

    /** The steps before the byte-level one. */
    static Optional<List<PreTokenizer>> named(String name) {
        return Optional.ofNullable(NAMED.get(name));
    }

    static String known() {
        return String.join(", ", NAMED.keySet());
    }

    static boolean isLlama3(String name) {
        return LLAMA3_NAMES.contains(name);
    }

    /** Whether it replaces GPT-2's pattern. */
    boolean splitsWords() {
        return this != DIGITS;
    }

    ObjectNode json() {
        ObjectNode step = Json.object();
        if (this == DIGITS) {
            return step.put("type", "Digits").put("individual_digits", true);
        }
        step.put("type", "Split");
        step.putObject("pattern").put("Regex", pattern);
        return step.put("behavior", "Isolated").put("invert", false);
    }
}
