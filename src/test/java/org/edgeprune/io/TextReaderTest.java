package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextReaderTest {
    private static final String TEXT = "Grüße\n\ud83d\ude00 two\n";

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE"})
    void aByteOrderMarkNamesTheEncodingAndIsNotText(String charset) throws IOException {
        Path file = write(("\ufeff" + TEXT).getBytes(Charset.forName(charset)));
        assertEquals(TEXT, TextReader.LARGE.read(file, ""));
        assertEquals(TEXT, TextReader.LARGE.read(write(gzip(Files.readAllBytes(file))), ""));
    }

    @Test
    void withoutAMarkItIsUtf8() throws IOException {
        assertEquals(TEXT, TextReader.LARGE.read(write(TEXT.getBytes(StandardCharsets.UTF_8)), ""));
        assertEquals("", TextReader.LARGE.read(write(new byte[0]), ""));
    }

    @Test
    void aReplacementCharacterInTheTextIsText() throws IOException {
        assertEquals("a\ufffdb", TextReader.LARGE.read(write("a\ufffdb".getBytes(StandardCharsets.UTF_8)), ""));
    }

    @Test
    void linesEndAsOnAnySystem() throws IOException {
        assertEquals(
                List.of("a", "b", "", "c"),
                TextReader.LARGE.lines(write("a\r\nb\r\rc\n".getBytes(StandardCharsets.UTF_8)), ""));
    }

    @Test
    void otherBytesAreRefusedWithLineAndByte() throws IOException {
        Path file = write("first\nM\u00fcller".getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(file + ": line 2, byte 8 (0xfc) is not UTF-8: save it as UTF-8", refusal(file));
        write("\ufffd\ufffd\n\n\n".repeat(50_000).getBytes(StandardCharsets.UTF_8));
        Files.write(file, new byte[] {(byte) 0xc3}, java.nio.file.StandardOpenOption.APPEND);
        assertEquals(file + ": line 150001, byte 450001 (0xc3) is not UTF-8: save it as UTF-8", refusal(file));
    }

    @Test
    void halfASurrogatePairInUtf16IsRefused() throws IOException {
        Path file = write(new byte[] {(byte) 0xff, (byte) 0xfe, 'a', 0, 0, (byte) 0xd8, 'b', 0});
        assertEquals(file + ": line 1, byte 5 (0x00) is not UTF-16LE: save it as UTF-8", refusal(file));
    }

    @Test
    void whatIsNotTextIsRefused() throws IOException {
        Path file = write("a\nb\0".getBytes(StandardCharsets.UTF_8));
        assertEquals(
                file + ": line 2 holds a NUL character, so it is not a text file: name a text file, in UTF-8",
                refusal(file));
        write("\ufeffa".getBytes(Charset.forName("UTF-32LE")));
        assertEquals(file + ": is UTF-32: save it as UTF-8", refusal(file));
    }

    @Test
    void theLimitHoldsAfterDecompression() throws IOException {
        byte[] expanded = new byte[1000];
        java.util.Arrays.fill(expanded, (byte) 'a');
        Path file = write(gzip(expanded));
        assertTrue(Files.size(file) < 100);
        assertEquals(1000, TextReader.upTo(1000).read(file, "").length());
        InputException e =
                assertThrows(InputException.class, () -> TextReader.upTo(999).read(file, ""));
        assertEquals(file + ": is larger than the limit of 999 bytes: name a smaller file", e.getMessage());
    }

    @Test
    void aCutGzipFileIsRefused() throws IOException {
        byte[] whole = gzip(TEXT.repeat(100).getBytes(StandardCharsets.UTF_8));
        Path file = write(java.util.Arrays.copyOf(whole, whole.length / 2));
        assertTrue(refusal(file).startsWith(file + ": cannot be read ("), refusal(file));
    }

    @Test
    void missingFilesAndDirectoriesAreNamed() {
        Path missing = directory.resolve("none.json");
        assertEquals(
                missing + ": not there: name a list",
                assertThrows(InputException.class, () -> TextReader.LARGE.read(missing, "name a list"))
                        .getMessage());
        assertEquals(directory + ": is a directory: name a file", refusal(directory));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    @Timeout(60)
    void aPipeIsRefusedAndNotWaitedFor() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor(5, TimeUnit.SECONDS));
        assertEquals(pipe + ": is a pipe, socket or device: name a regular file", refusal(pipe));
    }

    @Test
    void anInterruptedThreadReadsAndStaysInterrupted() throws IOException {
        Path file = write(TEXT.getBytes(StandardCharsets.UTF_8));
        Thread.currentThread().interrupt();
        String text = TextReader.LARGE.read(file, "");
        assertTrue(Thread.interrupted());
        assertEquals(TEXT, text);
    }

    private String refusal(Path file) {
        return assertThrows(InputException.class, () -> TextReader.LARGE.read(file, ""))
                .getMessage();
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(directory.resolve("file"), bytes);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    void filesOfOtherProgramsAreUtf8(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("config.json");
        Files.write(file, "\ufeff{}".getBytes(StandardCharsets.UTF_16LE));
        assertEquals("{}", TextReader.LARGE.read(file, "make it"));
        assertEquals(
                file + ": is UTF-16, and other programs read it as UTF-8: save it as UTF-8",
                assertThrows(InputException.class, () -> TextReader.LARGE.readUtf8(file, "make it"))
                        .getMessage());
        assertThrows(InputException.class, () -> JsonFields.read(file, "make it"));
        Files.write(file, "\ufeff{}".getBytes(StandardCharsets.UTF_8));
        assertEquals("{}", TextReader.LARGE.readUtf8(file, "make it"));
    }
}
