package org.edgeprune.io;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Reads a user's text file as a whole.
 *
 * <p>The encoding is UTF-8, or UTF-16 where a byte order mark says so; marks are not part of the text. A
 * gzip-compressed file is decompressed. Bytes that are not of the encoding are never replaced: they are refused with
 * their line and byte. Only regular files are read (a pipe would block, a device may never end), and no more than a
 * limit, which also bounds what a small compressed file expands to. A thread's interruption does not break the reading.
 */
public final class TextReader {
    /** Reads up to 1 GiB, for files of data. */
    public static final TextReader LARGE = new TextReader(1 << 30);

    /** Reads up to 200 MB, for files that become a tree of JSON: the largest are tokenizers. */
    public static final TextReader TREE = new TextReader(200_000_000);

    /** Reads up to 16 MiB, for configurations: the largest are those of compiled models with many tokens. */
    public static final TextReader CONFIGURATION = new TextReader(1 << 24);

    private static final int BUFFER = 1 << 16;

    private final int limit;

    private TextReader(int limit) {
        this.limit = limit;
    }

    /**
     * A reader with a size limit.
     *
     * @param bytes the largest size of a file after decompression
     * @return the reader
     */
    public static TextReader upTo(int bytes) {
        if (bytes < 0 || bytes > Integer.MAX_VALUE - BUFFER) {
            throw new IllegalArgumentException("limit " + bytes);
        }
        return new TextReader(bytes);
    }

    /**
     * Reads a text.
     *
     * @param file a regular file
     * @param remedy what to do if the file does not exist, such as "name an edges.json"
     * @return its text
     * @throws InputException naming the file and what is wrong with it: it is missing, not a regular file, too large,
     *     cannot be read, or is not text; then with line and byte, both from 1
     */
    public String read(Path file, String remedy) {
        return read(file, remedy, true);
    }

    /**
     * Reads a file that other programs read too, and only as UTF-8, such as a model's {@code config.json}: UTF-16 is
     * refused.
     *
     * @param file a regular file
     * @param remedy what to do if the file does not exist
     * @return its text
     * @throws InputException as {@link #read}
     */
    public String readUtf8(Path file, String remedy) {
        return read(file, remedy, false);
    }

    /**
     * The text of a UTF-8 file that was read already.
     *
     * @param bytes the content of the file
     * @param file named by errors
     * @return the text, without a byte order mark
     * @throws InputException if it is not text in UTF-8
     */
    public static String utf8(byte[] bytes, Path file) {
        return decode(bytes, false, new Complaint(file));
    }

    private String read(Path file, String remedy, boolean utf16) {
        Complaint complaint = new Complaint(file);
        if (Files.isDirectory(file)) {
            throw complaint.about("is a directory", "name a file");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw complaint.about("is a pipe, socket or device", "name a regular file");
        }
        try {
            return decode(Uninterrupted.run(() -> bytes(file, complaint)), utf16, complaint);
        } catch (NoSuchFileException e) {
            throw complaint.about("not there", remedy, e);
        } catch (IOException e) {
            throw complaint.about(
                    "cannot be read (" + Complaint.reason(e) + ")", "check the file and its permissions", e);
        }
    }

    /**
     * Reads a text as lines, which end with a line feed, a carriage return, or both.
     *
     * @param file a regular file
     * @param remedy what to do if the file does not exist
     * @return the lines without their ends
     * @throws InputException as {@link #read}
     */
    public List<String> lines(Path file, String remedy) {
        return read(file, remedy).lines().toList();
    }

    private byte[] bytes(Path file, Complaint complaint) throws IOException {
        try (InputStream in = decompressed(Files.newInputStream(file))) {
            byte[] bytes = in.readNBytes(limit + 1);
            if (bytes.length > limit) {
                throw complaint.about("is larger than the limit of " + limit + " bytes", "name a smaller file");
            }
            return bytes;
        }
    }

    /**
     * The content of a stream, decompressed if it is gzip.
     *
     * @param content the stream
     * @return a stream whose closing closes {@code content}
     * @throws IOException if it cannot be read
     */
    public static InputStream decompressed(InputStream content) throws IOException {
        BufferedInputStream in = new BufferedInputStream(content, BUFFER);
        in.mark(2);
        boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        try {
            return gzip ? new GZIPInputStream(in, BUFFER) : in;
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private static String decode(byte[] bytes, boolean utf16, Complaint complaint) {
        if (startsWith(bytes, 0xff, 0xfe, 0, 0) || startsWith(bytes, 0, 0, 0xfe, 0xff)) {
            throw complaint.about("is UTF-32", "save it as UTF-8");
        }
        if (!utf16 && (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff))) {
            throw complaint.about("is UTF-16, and other programs read it as UTF-8", "save it as UTF-8");
        }
        if (startsWith(bytes, 0xff, 0xfe)) {
            return decode(bytes, 2, StandardCharsets.UTF_16LE, complaint);
        }
        if (startsWith(bytes, 0xfe, 0xff)) {
            return decode(bytes, 2, StandardCharsets.UTF_16BE, complaint);
        }
        return decode(bytes, startsWith(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0, StandardCharsets.UTF_8, complaint);
    }

    private static boolean startsWith(byte[] bytes, int... start) {
        for (int i = 0; i < start.length; i++) {
            if (i >= bytes.length || Byte.toUnsignedInt(bytes[i]) != start[i]) {
                return false;
            }
        }
        return true;
    }

    private static String decode(byte[] bytes, int from, Charset charset, Complaint complaint) {
        String text = new String(bytes, from, bytes.length - from, charset);
        // Java puts U+FFFD in place of what it cannot decode; a text may also hold one of its own
        if (text.indexOf('\ufffd') >= 0) {
            requireDecodable(bytes, from, charset, complaint);
        }
        int nul = text.indexOf('\0');
        if (nul >= 0) {
            throw complaint.about(
                    "line " + line(text, nul) + " holds a NUL character, so it is not a text file",
                    "name a text file, in UTF-8");
        }
        return text;
    }

    private static void requireDecodable(byte[] bytes, int from, Charset charset, Complaint complaint) {
        CharsetDecoder decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes, from, bytes.length - from);
        CharBuffer out = CharBuffer.allocate(BUFFER);
        CoderResult result;
        do {
            out.clear();
            result = decoder.decode(in, out, true);
        } while (result.isOverflow());
        if (result.isError()) {
            int at = in.position();
            String before = new String(bytes, from, at - from, charset);
            throw complaint.about(
                    "line " + line(before, before.length())
                            + ", byte %d (0x%02x) is not %s".formatted(at + 1, bytes[at], charset),
                    "save it as UTF-8");
        }
    }

    /** The number, from 1, of the line that holds a character. */
    private static int line(String text, int at) {
        return 1 + (int) text.substring(0, at).chars().filter(c -> c == '\n').count();
    }

    /**
     * The text of a resource of this program, in UTF-8.
     *
     * @param neighbour a class of the package in which the resource is
     * @param name its name
     * @return its text
     */
    public static String resource(Class<?> neighbour, String name) {
        try (InputStream in = neighbour.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("resource " + name + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("resource " + name, e);
        }
    }
}
