package org.edgeprune.safetensors;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.edgeprune.io.Digest;

/**
 * SHA-256 over tensors: for each, its name and dtype (UTF-8, each after its length), its rank and sizes, and its bytes.
 * All numbers are big-endian 64-bit. No two different lists of tensors give the same input. Metadata may follow: their
 * number, and each key and value in the order of the keys.
 */
final class ContentHash {
    private final Digest digest = Digest.sha256();

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
        digest.update(bytes, count);
    }

    /** Where to write a tensor's bytes to. */
    OutputStream stream() {
        return new OutputStream() {
            @Override
            public void write(int one) {
                digest.update(new byte[] {(byte) one}, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int count) {
                digest.update(ByteBuffer.wrap(bytes, offset, count));
            }
        };
    }

    /** Adds a file's metadata, after all tensors. */
    void metadata(Map<String, String> metadata) {
        number(metadata.size());
        new TreeMap<>(metadata).forEach((key, value) -> {
            text(key);
            text(value);
        });
    }

    /** The hash in hex; this object cannot be used further. */
    String hex() {
        return digest.hex();
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length);
        digest.update(utf8, utf8.length);
    }

    private void number(long value) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, value));
    }
}
