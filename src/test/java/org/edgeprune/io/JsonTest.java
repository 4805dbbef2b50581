package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonTest {
    record Pair(int firstNumber, String secondText) {}

    @TempDir
    Path directory;

    @Test
    void faultsHaveLineColumnAndRemedy() throws IOException {
        Path file = Files.writeString(directory.resolve("a.json"), "{\n  \"a\": ?\n}");
        String message = assertThrows(InputException.class, () -> Json.read(file, "fetch it again"))
                .getMessage();
        assertTrue(message.startsWith(file + ": not JSON (line 2, column "), message);
        assertTrue(message.endsWith(": fetch it again"), message);
    }

    @Test
    void nothingFollowsTheValue() {
        assertThrows(InputException.class, () -> Json.parse("a", "{} {}", ""));
        assertThrows(InputException.class, () -> Json.parse("a", "[1]]", ""));
        assertEquals(1, Json.parse("a", " [1] \n", "").size());
    }

    @Test
    void deepNestingIsAFaultAndNotAnOverflow() {
        assertEquals(1, Json.parse("a", nested(Json.MAX_DEPTH), "").size());
        assertThrows(InputException.class, () -> Json.parse("a", nested(Json.MAX_DEPTH + 1), ""));
        assertThrows(InputException.class, () -> Json.parse("a", "[".repeat(1_000_000), ""));
        assertThrows(InputException.class, () -> strict(nested(6), new StrictJson.Limits(100, 6)));
        strict(nested(5), new StrictJson.Limits(100, 6));
    }

    @Test
    void limitsAreNamedWithoutMethodsOfTheParser() {
        String said = assertThrows(InputException.class, () -> Json.parse("a", nested(Json.MAX_DEPTH + 1), "mend it"))
                .getMessage();
        assertTrue(said.contains("exceeds the maximum allowed (200)"), said);
        assertFalse(said.contains("`"), said);
        for (String cut : new String[] {"[1", "{\"a\": [2", "[1] [2]"}) {
            String message = assertThrows(InputException.class, () -> Json.parse("a", cut, "mend it"))
                    .getMessage();
            assertFalse(message.matches("(?s).*(`|Source|com\\.|Feature).*"), message);
        }
    }

    @Test
    void strictJsonHasALimitOfBytes() {
        strict("[]", new StrictJson.Limits(8, 6));
        assertThrows(InputException.class, () -> strict("[]", new StrictJson.Limits(7, 6)));
    }

    private static void strict(String value, StrictJson.Limits limits) {
        byte[] utf8 = ("{\"a\":" + value + "}").getBytes(StandardCharsets.UTF_8);
        try (StrictJson in = new StrictJson(utf8, "header", limits, new Complaint(Path.of("x")))) {
            in.nextKey();
            in.skip();
            in.nextKey();
            in.end();
        }
    }

    @Test
    void recordsHaveSnakeCaseNames() {
        JsonNode tree = Json.SNAKE_CASE.tree(new Pair(3, null));
        assertEquals("{\"first_number\":3,\"second_text\":null}", tree.toString());
        assertEquals(
                "{\"first_number\":3}",
                Json.SNAKE_CASE_WITHOUT_NULLS.tree(new Pair(3, null)).toString());
        assertEquals(new Pair(3, null), Json.SNAKE_CASE.value("a", tree, Pair.class, ""));
    }

    @Test
    void fieldsAreNamedWithTheObjectsAroundThem() {
        JsonFields fields = JsonFields.parse(Path.of("c.json"), "{\"a\":{\"n\":0,\"t\":\"x\"}}")
                .object("a");
        assertEquals("x", fields.text("t"));
        assertEquals(0, fields.integer("n", 0, 9));
        assertEquals(
                "c.json: field 'a.n' is 0, expected a positive integer up to 9",
                assertThrows(InputException.class, () -> fields.integer("n", 1, 9))
                        .getMessage());
        assertEquals(
                "c.json: field 'a.z' is missing",
                assertThrows(InputException.class, () -> fields.flag("z")).getMessage());
    }

    private static String nested(int depth) {
        return "[".repeat(depth) + "]".repeat(depth);
    }

    @Test
    void valuesOfTheWrongTypeAreNamedWithoutTypesOfJava() {
        record Inner(String text) {}
        record Outer(Inner inner) {}
        JsonNode tree = Json.parse("f.json", "{\"inner\": {\"text\": [1]}}", "remedy");
        String message = assertThrows(
                        InputException.class, () -> Json.PLAIN.value("f.json", tree, Outer.class, "remedy"))
                .getMessage();
        assertTrue(
                message.startsWith("f.json: field 'inner.text': ")
                        && message.endsWith(": remedy")
                        && !message.contains("java."),
                message);
    }
}
