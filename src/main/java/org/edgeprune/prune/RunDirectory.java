package org.edgeprune.prune;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Collectors;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * The files of one run.
 *
 * <ul>
 *   <li>{@code run.json}: everything needed to repeat it ({@link RunRecord})
 *   <li>{@code metrics.jsonl}: one line a step with its {@code seconds}, and one for each evaluation
 *   <li>{@code checkpoints/}: to resume from ({@link TrainingState})
 *   <li>{@code data/}: the prompts, where the run generated them
 *   <li>{@code masks.safetensors}: the trained parameters
 *   <li>{@code edges.json}: the circuit, {@code [writer, reader]} pairs
 *   <li>{@code metrics.json}: the final evaluation
 *   <li>{@code examples.jsonl}: the same, example by example
 * </ul>
 *
 * All but {@code metrics.jsonl} are replaced atomically.
 */
public record RunDirectory(Path path) {
    /** Names in files are in snake_case, as the field writes them. */
    static final Json JSON = Json.SNAKE_CASE;

    /** Makes the directory if it is not there. */
    public static RunDirectory create(Path path) {
        try {
            Files.createDirectories(path);
            return new RunDirectory(path);
        } catch (IOException e) {
            throw new InputException(path + ": the run directory cannot be made: " + e + ": choose another --out", e);
        }
    }

    public Path runFile() {
        return path.resolve("run.json");
    }

    public Path stepsFile() {
        return path.resolve("metrics.jsonl");
    }

    public Path masksFile() {
        return path.resolve("masks.safetensors");
    }

    public Path edgesFile() {
        return path.resolve("edges.json");
    }

    /** What {@link Minimizer} left of the circuit, where that was asked for. */
    public Path minimalFile() {
        return path.resolve("minimal.json");
    }

    public Path metricsFile() {
        return path.resolve("metrics.json");
    }

    public Path examplesFile() {
        return path.resolve("examples.jsonl");
    }

    /** The run's page, where one was made. */
    public Path reportFile() {
        return path.resolve("report.html");
    }

    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** Where generated prompts lie. */
    public Path data() {
        return path.resolve("data");
    }

    /** Whether a run was started here. */
    public boolean holdsRun() {
        return Files.exists(runFile());
    }

    public void write(RunRecord record) {
        ObjectNode tree = JSON.tree(record);
        Json.write(runFile(), tree.set("options", OptionsFormat.write(record.options())));
    }

    /** @throws InputException if there is no readable {@code run.json}, or it lacks what every run has */
    public RunRecord readRecord() {
        try {
            JsonNode tree = Json.read(runFile(), path + " is not a run directory");
            if (tree.get("options") instanceof ObjectNode options) {
                ((ObjectNode) tree).set("options", OptionsFormat.completed(options));
            }
            RunRecord record = JSON.value(runFile().toString(), tree, RunRecord.class, "is it of a run?");
            if (record == null
                    || record.model() == null
                    || record.task() == null
                    || record.device() == null
                    || record.threads() < 1
                    || record.options() == null) {
                throw new InputException(
                        runFile() + ": lacks one of model, task, device, threads and options: is it of a run?");
            }
            record.execution();
            return record;
        } catch (InputException e) {
            throw e.getMessage().startsWith(runFile().toString())
                    ? e
                    : new InputException(runFile() + ": " + e.getMessage(), e);
        }
    }

    public void write(Circuit circuit) {
        AtomicFile.writeText(edgesFile(), circuit.toJson());
    }

    public void writeMinimal(Circuit circuit) {
        AtomicFile.writeText(minimalFile(), circuit.toJson());
    }

    public Circuit readCircuit(ComputationGraph graph) {
        return Circuit.read(edgesFile(), graph);
    }

    /** Writes {@code metrics.json}. */
    public void writeMetrics(ObjectNode metrics) {
        Json.write(metricsFile(), metrics);
    }

    /** Writes {@code examples.jsonl}, the last file of a run. */
    void writeExamples(String lines) {
        AtomicFile.writeText(examplesFile(), lines);
    }

    /** Whether the run has come to its end. */
    public boolean holdsResult() {
        return Files.exists(metricsFile()) && Files.exists(examplesFile());
    }

    /** Appends a line to {@code metrics.jsonl}. */
    void append(ObjectNode line) {
        try {
            Files.writeString(stepsFile(), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new InputException(
                    stepsFile() + ": cannot be written: " + e + ": free some space, then continue with --resume", e);
        }
    }

    /** Drops the lines of steps that a resumed run will make again, and what a kill left half-written. */
    void forgetStepsFrom(int step) {
        if (!Files.exists(stepsFile())) {
            return;
        }
        String kept = TextReader.LARGE.lines(stepsFile(), "start the run again").stream()
                .filter(line -> stepOf(line) < step)
                .map(line -> line + "\n")
                .collect(Collectors.joining());
        AtomicFile.writeText(stepsFile(), kept);
    }

    private int stepOf(String line) {
        try {
            JsonNode step = Json.parse(stepsFile().toString(), line, "start the run again")
                    .path("step");
            return step.isInt() ? step.intValue() : Integer.MAX_VALUE;
        } catch (InputException halfWritten) {
            return Integer.MAX_VALUE;
        }
    }
}
