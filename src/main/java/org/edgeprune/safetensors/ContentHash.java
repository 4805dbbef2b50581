package org.edgeprune.safetensors;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 over tensors: for each, its name and dtype (UTF-8, each after its length), its rank and sizes, and its bytes.
 * All numbers are big-endian 64-bit. No two different lists of tensors give the same input.
 */
final class ContentHash {
    private final MessageDigest digest;

    ContentHash() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** Begins a tensor; its bytes are to follow. */
    void begin(TensorInfo info) {
        text(info.name());
        text(info.dtype().name());
        long[] shape = info.shape();
        number(shape.length);
        for (long size : shape) {
            number(size);
        }
    }

    void update(byte[] bytes, int count) {
        digest.update(bytes, 0, count);
    }

    /** The hash in hex; this object cannot be used further. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length);
        digest.update(utf8);
    }

    private void number(long value) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, value));
    }
}
