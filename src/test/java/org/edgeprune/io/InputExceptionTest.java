package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class InputExceptionTest {
    @Test
    void controlCharactersAreEscaped() {
        assertEquals(
                "a\\u000ab\\u001b[31m\\u0085\\u2028\\u202e\\ud800 \ud83d\ude00 ü",
                new InputException("a\nb\u001b[31m\u0085\u2028\u202e\ud800 \ud83d\ude00 ü").getMessage());
    }

    @Test
    void longMessagesKeepTheirBeginningAndEnd() {
        String shown = new InputException("file.json: " + "x".repeat(10_000) + ": do this", null).getMessage();
        assertEquals(OneLine.MAX_LENGTH, shown.length());
        assertTrue(shown.startsWith("file.json: xx") && shown.contains("x [...] x") && shown.endsWith("x: do this"));
        String whole = "x".repeat(OneLine.MAX_LENGTH);
        assertEquals(whole, new InputException(whole).getMessage());
    }

    @Test
    void noCutDividesACharacter() {
        for (int shift = 0; shift < 2; shift++) {
            String shown = OneLine.of("x".repeat(shift) + "\ud83d\ude00".repeat(400));
            assertTrue(shown.length() <= OneLine.MAX_LENGTH);
            assertEquals(OneLine.escape(shown), shown, "half a pair would be escaped");
        }
    }
}
