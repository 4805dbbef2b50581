package org.edgeprune.task.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.task.PromptTokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each part that makes the tokenizers library panic is refused by its name. */
class DefinitionCheckTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"} | normalizer: Precompiled has a damaged map (of 3 bytes)
            "normalizer": {"type": "Replace", "pattern": {"String": ""}, "content": "x"} | normalizer: Replace has an empty pattern
            "normalizer": {"type": "Replace", "pattern": {"Regex": "^"}, "content": "x"} | normalizer: Replace has the pattern '^', which matches between characters
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "a*"}, "content": "x"}]} | normalizer[1]: Replace has the pattern 'a*', which matches between characters
            "normalizer": {"type": "Prepend", "prepend": ""} | normalizer: Prepend has an empty text
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "FixedLength", "length": 0}]} | pre_tokenizer[0]: FixedLength has length 0
            "decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": "a", "start": 5, "stop": 5}]} | decoder[1]: Strip takes 5 characters from the end of tokens, which may be shorter
            """)
    void partsThatPanicAreRefused(String part, String fault) {
        assertRefused(
                "\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}}, " + part,
                fault + ", at which the tokenizers library aborts the process; fetch the file again");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}} | "single" names the token '[CLS]', which it does not define
            {"Sequence": {"id": "B", "type_id": 0}} | "single" names the text 'B', but only 'A' exists
            {"SpecialToken": {"id": "<e>", "type_id": 0}} | the token '<e>' has no ids
            {"SpecialToken": {"id": "<n>", "type_id": 0}} | '<n>' has the id -1, which is not a token id
            {"SpecialToken": {"id": "<s>", "type_id": 0}} | "single" does not contain the text
            """)
    void templatesAreChecked(String single, String fault) {
        assertRefused("""
                "model": {"type": "WordLevel", "vocab": {"a": 0}}, "post_processor": {"type": "TemplateProcessing",
                "single": [%s], "pair": [], "special_tokens": {"<e>": {"ids": []}, "<n>": {"ids": [-1]},
                "<s>": {"ids": [0]}}}""".formatted(single), "post_processor: " + fault + "; fetch the file again");
    }

    @Test
    void modelsAreChecked() {
        assertRefused(
                """
                "model": {"type": "BPE", "continuing_subword_prefix": "##", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}
                """,
                "model.merges: 'b' does not begin with the continuing_subword_prefix '##', at which the tokenizers library"
                        + " aborts the process; fetch the file again");
        assertRefused(
                "\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 4294967295}}",
                "model.vocab: token 'a' has the id 4294967295, which is not a token id; fetch the file again");
    }

    @Test
    void aSoundMapIsUsed() {
        String map = map(1, 0);
        assertEquals(Optional.empty(), PrecompiledMap.fault(new TextNode(map)));
        String json = """
                {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "%s"},
                "model": {"type": "WordLevel", "vocab": {"b": 3, "?": 4}, "unk_token": "?"}}""".formatted(map);
        try (PromptTokenizer tokenizer = PromptTokenizer.fromJson(json, "map")) {
            assertArrayEquals(new int[] {3}, tokenizer.encode("A"), "the map makes a b of A");
            assertArrayEquals(new int[] {4}, tokenizer.encode("B"));
        }
    }

    @Test
    void mapsThatLeadOutsideAreFound() {
        assertEquals(
                Optional.of("its trie names a replacement that is not there"),
                PrecompiledMap.fault(new TextNode(map(1, 2))));
        assertEquals(
                Optional.of("its trie names a replacement that is not there"),
                PrecompiledMap.fault(new TextNode(map(4096, 0))));
        assertEquals(Optional.of("not Base64"), PrecompiledMap.fault(new TextNode("?")));
    }

    /** A map of A to b: the leaf of A is reached by {@code offset}, and its value is where b begins. */
    private static String map(int offset, int value) {
        int units = 512;
        ByteBuffer map = ByteBuffer.allocate(4 + 4 * units + 2).order(ByteOrder.LITTLE_ENDIAN);
        map.putInt(0, 4 * units);
        map.putInt(4, 256 << 10);
        map.putInt(4 + 4 * (256 ^ 'A'), 'A' | 1 << 8 | offset << 10);
        map.putInt(4 + 4 * (256 ^ 'A' ^ 1), 1 << 31 | value);
        map.put(4 + 4 * units, (byte) 'b');
        return Base64.getEncoder().encodeToString(map.array());
    }

    private static void assertRefused(String fields, String fault) {
        JsonNode json = Json.parse("t.json", "{" + fields + "}", "write JSON");
        assertEquals(
                "t.json: " + fault,
                assertThrows(InputException.class, () -> TokenizerDefinition.of("t.json", json))
                        .getMessage());
    }
}
