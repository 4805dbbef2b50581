package org.edgeprune.io;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A cryptographic digest of bytes, in lower-case hex. One object digests one sequence of bytes. */
public final class Digest {
    private final MessageDigest digest;

    private Digest(String algorithm) {
        try {
            digest = MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has " + algorithm, e);
        }
    }

    public static Digest sha256() {
        return new Digest("SHA-256");
    }

    /** For the names that git gives to files; it does not protect against forgery. */
    public static Digest sha1() {
        return new Digest("SHA-1");
    }

    /** The SHA-256 of some bytes. */
    public static String sha256(byte[] bytes) {
        Digest digest = sha256();
        digest.update(bytes, bytes.length);
        return digest.hex();
    }

    /** The SHA-256 of a text in UTF-8. */
    public static String sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds the first {@code count} of some bytes. */
    public void update(byte[] bytes, int count) {
        digest.update(bytes, 0, count);
    }

    /** Adds the bytes between a buffer's position and its limit. */
    public void update(ByteBuffer bytes) {
        digest.update(bytes);
    }

    /** A stream of the same bytes; those that are read from it are added. */
    public InputStream through(InputStream in) {
        return new DigestInputStream(in, digest);
    }

    /** The digest of all bytes that were added. No more can be added. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
