package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Optional;

/**
 * SentencePiece's {@code precompiled_charsmap}: the size of a double-array trie in bytes (32 bits, little endian), the
 * trie's units of 32 bits, and the replacements in UTF-8, each ended by a NUL. The library follows the trie wherever it
 * leads, so every step that some text can take is checked here to stay inside.
 */
final class PrecompiledMap {
    private final IntBuffer units;
    private final byte[] replacements;

    private PrecompiledMap(IntBuffer units, byte[] replacements) {
        this.units = units;
        this.replacements = replacements;
    }

    /** What is wrong with a map; empty if it is valid. */
    static Optional<String> fault(JsonNode base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64.asText());
        } catch (IllegalArgumentException e) {
            return Optional.of("not Base64");
        }
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 4) {
            return Optional.of("of " + bytes.length + " bytes");
        }
        int size = data.getInt();
        if (size < 4 || size % 4 != 0 || size > data.remaining()) {
            return Optional.of("the size of its trie does not fit its " + bytes.length + " bytes");
        }
        IntBuffer units = data.slice(4, size).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
        ByteBuffer rest = data.slice(4 + size, bytes.length - 4 - size);
        byte[] replacements = new byte[rest.remaining()];
        rest.duplicate().get(replacements);
        try {
            StandardCharsets.UTF_8.newDecoder().decode(rest);
        } catch (CharacterCodingException e) {
            return Optional.of("its replacements are not UTF-8");
        }
        return new PrecompiledMap(units, replacements).fault();
    }

    private Optional<String> fault() {
        BitSet seen = new BitSet();
        ArrayDeque<Integer> bases = new ArrayDeque<>();
        bases.add(offset(units.get(0)));
        while (!bases.isEmpty()) {
            int base = bases.remove();
            if (seen.get(base)) {
                continue;
            }
            seen.set(base);
            for (int c = 1; c < 256; c++) {
                int at = base ^ c;
                if (at >= units.capacity()) {
                    return Optional.of("its trie leads outside itself");
                }
                int unit = units.get(at);
                if ((unit & 0x800000ff) != c) {
                    continue; // no child of this byte
                }
                int next = at ^ offset(unit);
                if ((unit >> 8 & 1) == 1 && (next >= units.capacity() || !isReplacement(units.get(next)))) {
                    return Optional.of("its trie names a replacement that is not there");
                }
                bases.add(next);
            }
        }
        return Optional.empty();
    }

    /** Whether a leaf's value is where a replacement, or part of one, begins. */
    private boolean isReplacement(int leaf) {
        int at = leaf & 0x7fffffff;
        return at < replacements.length && (replacements[at] & 0xc0) != 0x80;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }
}
