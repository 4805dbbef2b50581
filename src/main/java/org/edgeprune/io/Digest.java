package org.edgeprune.io;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A cryptographic digest of bytes, in lower-case hex. One object digests one sequence of bytes. */
public final class Digest {
    /** Characters of a text that are encoded at a time: a list of edges can have a hundred million. */
    private static final int PIECE = 1 << 16;

    private final MessageDigest digest;

    private Digest(String algorithm) {
        try {
            digest = MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has " + algorithm, e);
        }
    }

    /**
     * Begins a SHA-256.
     *
     * @return a digest of no bytes yet
     */
    public static Digest sha256() {
        return new Digest("SHA-256");
    }

    /**
     * Begins a SHA-1, for the names that git gives to files. It does not protect against forgery.
     *
     * @return a digest of no bytes yet
     */
    public static Digest sha1() {
        return new Digest("SHA-1");
    }

    /**
     * The SHA-256 of bytes.
     *
     * @param bytes all of them
     * @return in hex, 64 characters
     */
    public static String sha256(byte[] bytes) {
        Digest digest = sha256();
        digest.update(bytes, bytes.length);
        return digest.hex();
    }

    /**
     * The SHA-256 of a text in UTF-8.
     *
     * @param text the text
     * @return in hex, 64 characters
     */
    public static String sha256(String text) {
        Digest digest = sha256();
        int to;
        for (int from = 0; from < text.length(); from = to) {
            to = Math.min(text.length(), from + PIECE);
            if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
                to++; // the two halves of a character are encoded together
            }
            byte[] piece = text.substring(from, to).getBytes(StandardCharsets.UTF_8);
            digest.update(piece, piece.length);
        }
        return digest.hex();
    }

    /**
     * Adds bytes.
     *
     * @param bytes an array
     * @param count how many of its first bytes to add
     */
    public void update(byte[] bytes, int count) {
        digest.update(bytes, 0, count);
    }

    /**
     * Adds the bytes between a buffer's position and its limit.
     *
     * @param bytes the buffer, which is then at its limit
     */
    public void update(ByteBuffer bytes) {
        digest.update(bytes);
    }

    /**
     * A stream whose bytes are added when they are read.
     *
     * @param in the stream to read from
     * @return a stream of the same bytes
     */
    public InputStream through(InputStream in) {
        return new DigestInputStream(in, digest);
    }

    /**
     * A stream whose bytes are added when they are written.
     *
     * @param out the stream to write to
     * @return a stream of the same bytes
     */
    public OutputStream through(OutputStream out) {
        return new DigestOutputStream(out, digest);
    }

    /**
     * The digest of all bytes that were added. No more can be added.
     *
     * @return in lower-case hex
     */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
