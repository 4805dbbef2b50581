package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DigestTest {
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void theStandardsExampleIsDigested() throws IOException {
        assertEquals(ABC, Digest.sha256("abc"));
        Digest stream = Digest.sha256();
        stream.through(new ByteArrayInputStream("abc".getBytes(StandardCharsets.UTF_8)))
                .transferTo(OutputStream.nullOutputStream());
        assertEquals(ABC, stream.hex());
        Digest sha1 = Digest.sha1();
        sha1.update("abcd".getBytes(StandardCharsets.UTF_8), 3);
        assertEquals("a9993e364706816aba3e25717850c26c9cd0d89d", sha1.hex());
    }

    @Test
    void aLongTextIsDigestedInPiecesAsAWhole() throws IOException {
        String text = "x".repeat((1 << 16) - 1) + "\ud83d\ude00".repeat(70_000) + "\ud83d"; // a half at the end, too
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertEquals(Digest.sha256(bytes), Digest.sha256(text));
        Digest written = Digest.sha256();
        try (OutputStream out = written.through(OutputStream.nullOutputStream())) {
            out.write(bytes);
        }
        assertEquals(Digest.sha256(bytes), written.hex());
    }
}
