package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;
import org.edgeprune.Version;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TracrCommandTest {
    @TempDir
    private Path folder;

    @Test
    void aCompiledModelWorksWithTheOrdinaryCommandsAndACircuitIsChecked() throws IOException {
        Path model = folder.resolve("shift");
        JsonNode compiled = InProcess.run(
                        "tracr", "compile", "shift", "--vocab", "a,b", "--max-len", 3, "-o", model, "--json")
                .ok()
                .json();
        assertEquals(1, compiled.get("layers").asInt());
        assertEquals(4, compiled.get("vocab_size").asInt());
        Path run = folder.resolve("run");
        JsonNode pruned = InProcess.run(
                        "prune", "--model", model, "--task", "tracr", "--steps", 3, "--minimal", "--out", run, "--json")
                .ok()
                .json();
        assertEquals(13, pruned.get("total_edges").asInt());
        assertEquals(
                1,
                new ObjectMapper()
                        .readTree(run.resolve("run.json").toFile())
                        .get("threads")
                        .asInt(),
                "a small model needs no more");
        assertEquals(1, pruned.get("full_model_accuracy").asDouble());
        JsonNode minimal = InProcess.run("tracr", "check", run.resolve("minimal.json"), "--model", model, "--json")
                .ok()
                .json();
        assertEquals(
                pruned.get("minimal_num_edges").asInt(),
                minimal.get("num_edges").asInt());
        assertTrue(
                minimal.get("precision").asDouble() == 1 && minimal.get("idle").isEmpty(), minimal.toString());
        JsonNode whole = InProcess.run("eval", "--model", model, "--task", "tracr", "--json")
                .ok()
                .json();
        assertEquals(1, whole.get("accuracy").asDouble());
        JsonNode checked = InProcess.run("tracr", "check", run, "--json").ok().json();
        assertEquals("zero", checked.get("ablation").asText());
        assertEquals(pruned.get("num_edges").asInt(), checked.get("num_edges").asInt());
        Path edges = Files.writeString(folder.resolve("edges.json"), "[[\"tok_embeds\", \"resid_post\"]]");
        JsonNode wrong = InProcess.run("tracr", "check", edges, "--model", model, "--ablation", "interchange", "--json")
                .ok()
                .json();
        assertEquals(0, wrong.get("precision").asDouble());
        assertEquals("[[\"tok_embeds\",\"resid_post\"]]", wrong.get("extra").toString());
        assertEquals(
                "[[\"tok_embeds\",\"a0.h0.v\"],[\"a0.h0\",\"resid_post\"]]",
                wrong.get("missing").toString());
        assertTrue(InProcess.run("tracr", "check", edges).refused().contains("--model"));
    }

    @Test
    void aProgramOfOnesOwnIsReadFromAFile() throws IOException {
        Path program = Files.writeString(folder.resolve("own.rasp"), """
                before = select(indices, indices, <=)
                share = aggregate(before, numerical(tokens == "a"), 0)
                """);
        Path model = folder.resolve("own");
        JsonNode compiled = InProcess.run(
                        "tracr", "compile", program, "--vocab", "a,b", "--max-len", 4, "-o", model, "--json")
                .ok()
                .json();
        assertEquals("numerical", compiled.get("output").asText());
        assertEquals(
                List.of(0.0, 0.5),
                CompiledModelFiles.read(model).run(List.of(Value.of("b"), Value.of("a"))).stream()
                        .map(value -> Math.round(1e6 * value.number()) / 1e6)
                        .toList());
        String missing = InProcess.run("tracr", "compile", program, "-o", folder.resolve("x"))
                .refused();
        assertTrue(missing.contains("--vocab"), missing);
        assertTrue(InProcess.run("tracr", "compile", "no-such-program", "-o", folder.resolve("x"))
                .refused()
                .contains("reverse"));
    }

    @Test
    void whatTheCompilerDoesNotSupportIsNamed() throws IOException {
        Path program = Files.writeString(
                folder.resolve("mean.rasp"), "mean = aggregate(select(tokens, tokens, true), tokens)\n");
        String message = InProcess.run(
                        "tracr", "compile", program, "--vocab", "1,2", "--max-len", 2, "-o", folder.resolve("x"))
                .refused();
        assertTrue(message.contains("mean: a categorical aggregate cannot average different values"), message);
        assertFalse(Files.exists(folder.resolve("x")));
    }

    @Test
    void aProgramOfOnesOwnIsAJavaClass() throws IOException {
        Path source = Files.createDirectories(folder.resolve("own")).resolve("Next.java");
        Files.writeString(source, """
                package own;

                import java.util.List;
                import org.edgeprune.tracr.rasp.*;

                public class Next implements RaspProgram {
                    @Override
                    public SOp build(List<Value> vocabulary, int maxLength) {
                        return Rasp.tokens().plus(1);
                    }
                }
                """);
        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", "target/classes", "-d", folder.toString(), source.toString());
        assertEquals(0, compiled);
        Path model = folder.resolve("next");
        InProcess.run(
                        "tracr",
                        "compile",
                        "own.Next",
                        "--class-path",
                        folder,
                        "--vocab",
                        "1,2",
                        "--max-len",
                        3,
                        "-o",
                        model)
                .ok();
        assertEquals(
                "[2, 3, 3]",
                CompiledModelFiles.read(model)
                        .run(List.of(Value.of(1), Value.of(2), Value.of(2)))
                        .toString());
        String nowhere = InProcess.run(
                        "tracr", "compile", "own.Next", "--class-path", folder.resolve("no"), "-o", model)
                .refused();
        assertTrue(nowhere.contains("--class-path") && nowhere.contains("does not exist"), nowhere);
    }

    private static Tool suite(Path out, int steps, String... more) {
        List<Object> arguments = new ArrayList<>(
                List.of("tracr", "suite", "--programs", "length", "--steps", steps, "--out", out, "--json"));
        arguments.addAll(List.of(more));
        return InProcess.run(arguments.toArray());
    }

    @Test
    void theSuiteTabulatesProgramsBeforeAndAfterMinimizing() throws IOException {
        Path out = folder.resolve("suite");
        JsonNode rows = suite(out, 100).ok().json();
        JsonNode row = rows.get(0);
        assertEquals("length", row.get("program").asText());
        assertEquals(2, row.get("minimal").get("edges").asInt());
        assertTrue(row.get("trained").get("edges").asInt() >= 2);
        assertTrue(row.get("perfect").asBoolean());
        assertTrue(
                Files.exists(out.resolve("length/minimal.json")) && Files.exists(out.resolve("length/trained.json")));
        Tool again = suite(out, 100, "--resume").ok();
        assertEquals(rows, again.json());
        assertTrue(again.err().contains("length: already finished"), again.err());
        Path saved = out.resolve("length/suite.json");
        String own = Files.readString(saved);
        Files.writeString(saved, own.replace("\"" + Version.number() + "\"", "\"0.0.1\""));
        String other = suite(out, 100, "--resume").refused();
        assertTrue(other.contains("suite.json: was made by edgeprune 0.0.1, and this is " + Version.number()), other);
        assertEquals(1, other.lines().count(), other);
        Files.writeString(saved, own);
        other = suite(out, 50, "--resume").refused();
        assertTrue(other.contains("was made with other options (--ablation zero --steps 100 --seed 42)"), other);
        other = suite(out, 100, "--resume", "--methods").refused();
        assertTrue(other.contains("was made with other options"), other);
        assertTrue(suite(out, 100).refused().contains("already has a finished run"));
        // what was cut off after its last file but one is made again, with the same result
        Files.delete(out.resolve("length/suite.json"));
        String minimal = Files.readString(out.resolve("length/minimal.json"));
        Path foreign = Files.writeString(out.resolve("length/notes.txt"), "");
        other = suite(out, 100, "--resume").refused();
        assertTrue(other.contains("has other files, such as notes.txt"), other);
        assertEquals(minimal, Files.readString(out.resolve("length/minimal.json")));
        Files.delete(foreign);
        JsonNode repeated = suite(out, 100, "--resume").ok().json();
        assertEquals(row.get("minimal"), repeated.get(0).get("minimal"));
        assertEquals(row.get("kl"), repeated.get(0).get("kl"));
        assertTrue(InProcess.run("tracr", "suite", "--programs", "nope", "--out", out)
                .refused()
                .contains("nope"));
    }
}
