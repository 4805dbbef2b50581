package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class CloseNamesTest {
    private static final List<String> COMMANDS = List.of("prune", "eval", "edges", "draw", "data");

    @Test
    void slipsAreForgivenAndOtherWordsAreNot() {
        assertEquals(List.of("prune"), CloseNames.to("prun", COMMANDS));
        assertEquals(List.of("prune"), CloseNames.to("prunne", COMMANDS));
        assertEquals(List.of("prune"), CloseNames.to("PURNE", COMMANDS));
        assertEquals(List.of("eval"), CloseNames.to("evla", COMMANDS));
        assertEquals(List.of(), CloseNames.to("chess", COMMANDS));
        assertEquals(List.of(), CloseNames.to("x", COMMANDS));
        assertEquals(List.of(), CloseNames.to("", COMMANDS));
        assertEquals(List.of(), CloseNames.to("prune", List.of()));
    }

    @Test
    void ofSeveralThoseWithTheSameFirstLetterComeFirst() {
        assertEquals(
                List.of("a3.h7.q", "a3.h7.k", "a3.h7.v"),
                CloseNames.to("a3.h7.", List.of("a3.h7.q", "a3.h7.k", "a3.h7.v", "m3")));
        assertEquals(List.of("gp", "ip"), CloseNames.to("gip", List.of("ip", "gp")));
    }

    @Test
    void aQuestionEndsAMessage() {
        assertEquals("; did you mean prune?", CloseNames.question("prun", COMMANDS));
        assertEquals("", CloseNames.question("chess", COMMANDS));
    }
}
