package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The progress line at widths of terminals, and how durations are written. */
class ProgressLineTest {
    private static final String SAID =
            "edge sparsity 83.1% (target 84.0%), KL 0.123, accuracy 0.98, node sparsity 20.0%";

    private static String line(long done, int width) {
        return new ProgressLine("steps").line("pruning", done, 800, 2.5, SAID, width);
    }

    @Test
    void itUsesTheWidthAndLeavesOutWhatDoesNotFit() {
        assertEquals(
                "pruning [=========>         ]  50% 400/800 steps, 2.5/s, 2m40s left, KL 0.1",
                new ProgressLine("steps").line("pruning", 400, 800, 2.5, "KL 0.1", 75));
        assertTrue(line(400, 120).contains("edge sparsity 83.1% (target 84.0%)"), line(400, 120));
        assertTrue(!line(400, 120).contains("node"), line(400, 120));
        assertTrue(line(400, 200).endsWith(SAID), line(400, 200));
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 80, 100, 120, 160, 200})
    void theBarIsNeverShorterThanAnyoneCanRead(int width) {
        for (long done : new long[] {0, 1, 400, 799, 800}) {
            String line = line(done, width);
            assertTrue(line.length() <= width, line);
            int cells = line.indexOf(']') - line.indexOf('[') - 1;
            assertTrue(cells >= 12 && cells <= 40, line);
        }
        assertTrue(line(800, width).contains("=]"), line(800, width));
        assertTrue(line(0, width).contains("[>"), line(0, width));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 20, 40})
    void narrowTerminalsGetTheTextAlone(int width) {
        assertTrue(line(400, width).length() <= width, line(400, width));
        assertTrue("pruning 50% 400/800 steps, 2.5/s, 2m40s left".startsWith(line(400, width)), line(400, width));
    }

    /** JLine, which the library asks for the width unless it is told, would take Ctrl-C away from Java. */
    @Test
    void theBarIsDrawnWithoutJLine() {
        assertThrows(ClassNotFoundException.class, () -> Class.forName("org.jline.terminal.Terminal"));
        ByteArrayOutputStream drawn = new ByteArrayOutputStream();
        try (ProgressBar bar = new Progress("pruning", "steps", 800).newBar(new PrintStream(drawn))) {
            bar.stepTo(400);
        }
        String line = drawn.toString(StandardCharsets.UTF_8).strip();
        assertTrue(
                line.substring(line.lastIndexOf('\r') + 1).startsWith("pruning [") && line.contains("400/800 steps"),
                line);
        assertTrue(Stream.of(line.split("\r")).allMatch(one -> one.length() < 80), line.replace("\r", "/"));
    }

    @ParameterizedTest
    @CsvSource({
        "0.4, 0s",
        "59.4, 59s",
        "59.6, 1m00s",
        "299.7, 5m00s",
        "3599.9, 1h00m",
        "7170, 2h00m",
        "7300, 2h02m",
        "86399, 1d00h",
        "100000, 1d04h"
    })
    void durationsAreRoundedBeforeTheyAreSplit(double seconds, String text) {
        assertEquals(text, Durations.text(seconds));
    }
}
