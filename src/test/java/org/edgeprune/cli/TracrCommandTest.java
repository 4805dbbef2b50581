package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TracrCommandTest {
    @TempDir
    private Path folder;

    @Test
    void aCompiledModelWorksWithTheOrdinaryCommandsAndACircuitIsChecked() throws IOException {
        Path model = folder.resolve("shift");
        JsonNode compiled = Tool.run("tracr", "compile", "shift", "--vocab", "a,b", "--max-len", 3, "-o", model, "--json").ok().json();
        assertEquals(1, compiled.get("layers").asInt());
        assertEquals(4, compiled.get("vocab_size").asInt());
        Path run = folder.resolve("run");
        JsonNode pruned = Tool.run("prune", "--model", model, "--task", "tracr", "--steps", 3, "--minimal", "--out", run, "--json").ok().json();
        assertEquals(13, pruned.get("total_edges").asInt());
        assertEquals(1, new ObjectMapper().readTree(run.resolve("run.json").toFile()).get("threads").asInt(), "a small model needs no more");
        assertEquals(1, pruned.get("full_model_accuracy").asDouble());
        JsonNode minimal = Tool.run("tracr", "check", run.resolve("minimal.json"), "--model", model, "--json").ok().json();
        assertEquals(pruned.get("minimal_num_edges").asInt(), minimal.get("num_edges").asInt());
        assertTrue(minimal.get("precision").asDouble() == 1 && minimal.get("idle").isEmpty(), minimal.toString());
        JsonNode whole = Tool.run("eval", "--model", model, "--task", "tracr", "--json").ok().json();
        assertEquals(1, whole.get("accuracy").asDouble());
        JsonNode checked = Tool.run("tracr", "check", run, "--json").ok().json();
        assertEquals("zero", checked.get("ablation").asText());
        assertEquals(pruned.get("num_edges").asInt(), checked.get("num_edges").asInt());
        Path edges = Files.writeString(folder.resolve("edges.json"), "[[\"tok_embeds\", \"resid_post\"]]");
        JsonNode wrong = Tool.run("tracr", "check", edges, "--model", model, "--ablation", "interchange", "--json").ok().json();
        assertEquals(0, wrong.get("precision").asDouble());
        assertEquals("[[\"tok_embeds\",\"resid_post\"]]", wrong.get("extra").toString());
        assertEquals("[[\"tok_embeds\",\"a0.h0.v\"],[\"a0.h0\",\"resid_post\"]]", wrong.get("missing").toString());
        assertTrue(Tool.run("tracr", "check", edges).refused().contains("--model"));
    }

    @Test
    void aProgramOfOnesOwnIsReadFromAFile() throws IOException {
        Path program = Files.writeString(folder.resolve("own.rasp"), "return tokens == \"a\";\n");
        String missing = Tool.run("tracr", "compile", program, "-o", folder.resolve("own")).refused();
        assertTrue(missing.contains("--vocab"), missing);
        assertTrue(Tool.run("tracr", "compile", "no-such-program", "-o", folder.resolve("x")).refused().contains("reverse"));
    }

    @Test
    void theSuiteTabulatesProgramsBeforeAndAfterMinimizing() {
        Path out = folder.resolve("suite");
        JsonNode rows = Tool.run("tracr", "suite", "--programs", "length", "--steps", 100, "--out", out, "--json").ok().json();
        JsonNode row = rows.get(0);
        assertEquals("length", row.get("program").asText());
        assertEquals(2, row.get("minimal").get("edges").asInt());
        assertTrue(row.get("trained").get("edges").asInt() >= 2);
        assertTrue(row.get("perfect").asBoolean());
        assertTrue(Files.exists(out.resolve("length/minimal.json")) && Files.exists(out.resolve("length/trained.json")));
        assertTrue(Tool.run("tracr", "suite", "--programs", "nope", "--out", out).refused().contains("nope"));
    }
}
