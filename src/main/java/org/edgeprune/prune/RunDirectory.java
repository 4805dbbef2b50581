package org.edgeprune.prune;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Digest;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.mask.MaskValues;

/**
 * The files of one run.
 *
 * <ul>
 *   <li>{@code run.json}: everything needed to repeat it ({@link RunRecord})
 *   <li>{@code metrics.jsonl}: one line per step with its {@code seconds}, and one per evaluation
 *   <li>{@code checkpoints/}: to resume from
 *   <li>{@code data/}: the prompts, if the run generated them
 *   <li>{@code ranking.safetensors}: what a warm start has computed so far, until the masks have started
 *   <li>{@code start.safetensors}: the parameters before the first step, of a run with a warm start
 *   <li>{@code masks.safetensors}: the trained parameters
 *   <li>{@code edges.json}: the circuit, {@code [writer, reader]} pairs; {@code edges.graph.json}: of which graph it is
 *   <li>{@code positions.json}: in its place the circuit at each position ({@link PositionCircuit}), of a run with
 *       masks of positions; {@code positions.graph.json}: of which graph it is
 *   <li>{@code neurons.json}: the neurons that the circuit keeps of each MLP, of a run with masks of neurons
 *   <li>{@code metrics.json}: the final evaluation
 *   <li>{@code examples.jsonl}: the same, example by example
 * </ul>
 *
 * All but {@code metrics.jsonl} are replaced atomically. {@code metrics.json} contains the digests of the masks and
 * edges that it was measured on. Whoever writes holds the directory's {@link FolderLock}.
 *
 * @param path the directory, which need not exist
 */
public record RunDirectory(Path path) {
    private static final String FILES = "files";
    private static final int MAX_LINE = 1 << 20;

    /**
     * Checks the path.
     *
     * @throws InputException if the path is empty, which would mean the current directory
     */
    public RunDirectory {
        if (path.toString().isEmpty()) {
            throw new InputException("the run's folder: the path is empty: name a folder, or . for the current one");
        }
    }

    /** Names in files are in snake_case, as the field writes them. */
    static final Json JSON = Json.SNAKE_CASE;

    /**
     * Creates the directory if it does not exist.
     *
     * @param path the directory
     * @return its files
     * @throws InputException if it cannot be created
     */
    public static RunDirectory create(Path path) {
        try {
            Folders.make(path);
            return new RunDirectory(path);
        } catch (IOException e) {
            throw new InputException(
                    path + ": the run directory cannot be made: " + Complaint.reason(e) + ": choose another --out", e);
        }
    }

    /**
     * What the run is made from, see {@link RunRecord}.
     *
     * @return path of {@code run.json}
     */
    public Path runFile() {
        return path.resolve("run.json");
    }

    /**
     * Metrics of the steps and of the evaluations on the validation part, one JSON object per line.
     *
     * @return path of {@code metrics.jsonl}
     */
    public Path stepsFile() {
        return path.resolve("metrics.jsonl");
    }

    /**
     * The trained log_alphas and Lagrange multipliers.
     *
     * @return path of {@code masks.safetensors}
     */
    public Path masksFile() {
        return path.resolve("masks.safetensors");
    }

    /**
     * Where a warm start keeps what it has computed so far.
     *
     * @return {@code ranking.safetensors}, until the masks have started
     */
    public Path rankingFile() {
        return path.resolve("ranking.safetensors");
    }

    /**
     * The log_alphas that a run with a warm start began from.
     *
     * @return path of {@code start.safetensors}
     */
    public Path startFile() {
        return path.resolve("start.safetensors");
    }

    /**
     * The circuit.
     *
     * @return path of {@code edges.json}
     */
    public Path edgesFile() {
        return path.resolve("edges.json");
    }

    /**
     * The circuit at each position, if positions have masks of their own.
     *
     * @return path of {@code positions.json}
     */
    public Path positionsFile() {
        return path.resolve("positions.json");
    }

    /**
     * The circuit at each position of a run with masks of positions.
     *
     * @return empty for other runs
     * @throws InputException if its file is damaged
     */
    public Optional<PositionCircuit> readPositions() {
        return Files.exists(positionsFile()) ? Optional.of(PositionCircuit.read(positionsFile())) : Optional.empty();
    }

    /**
     * The neurons that the circuit keeps, if neurons have masks: an object with a list of numbers for each MLP.
     *
     * @return path of {@code neurons.json}
     */
    public Path neuronsFile() {
        return path.resolve("neurons.json");
    }

    /**
     * What {@link Minimizer} left of the circuit, if the run was asked for it.
     *
     * @return path of {@code minimal.json}
     */
    public Path minimalFile() {
        return path.resolve("minimal.json");
    }

    /**
     * The evaluation on the test part.
     *
     * @return path of {@code metrics.json}
     */
    public Path metricsFile() {
        return path.resolve("metrics.json");
    }

    /**
     * The evaluation on the test part, example by example.
     *
     * @return path of {@code examples.jsonl}
     */
    public Path examplesFile() {
        return path.resolve("examples.jsonl");
    }

    /**
     * What each node of the circuit does, if that was measured.
     *
     * @return path of {@code heads.json}
     */
    public Path headsFile() {
        return path.resolve("heads.json");
    }

    /**
     * The run's report, if one was made.
     *
     * @return path of {@code report.html}
     */
    public Path reportFile() {
        return path.resolve("report.html");
    }

    /**
     * Folder of the checkpoints.
     *
     * @return path of {@code checkpoints}
     */
    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /**
     * Folder of the prompts that the run generated.
     *
     * @return path of {@code data}
     */
    public Path data() {
        return path.resolve("data");
    }

    /**
     * Whether a run was started here.
     *
     * @return whether {@code run.json} exists
     */
    public boolean holdsRun() {
        return Files.exists(runFile());
    }

    /**
     * Refuses a folder that holds other files than a run's, so that they are not overwritten. A start that was
     * interrupted leaves nothing but hidden files before {@code run.json}.
     *
     * @throws InputException naming a file that is there
     */
    public void requireRunOrEmpty() {
        List<Path> files = Folders.visible(path);
        if (!holdsRun() && !files.isEmpty()) {
            throw new InputException(path + ": holds files but no run, such as "
                    + files.getFirst().getFileName() + ": choose another --out, or an empty folder");
        }
    }

    /** Removes what a killed process left half-written. The caller must hold the lock. */
    void removeTemporary() {
        Stream.of(path, checkpoints(), data()).forEach(Folders::removeTemporary);
    }

    /** Writes {@code run.json}. */
    void write(RunRecord record) {
        ObjectNode tree = JSON.objectTree(record);
        Json.write(runFile(), tree.set("options", OptionsFormat.write(record.options())));
    }

    /**
     * Reads {@code run.json}.
     *
     * @return the record; fields that an earlier version did not write are null or have the value that it used
     * @throws InputException if there is no readable {@code run.json}, or a field is missing that every run has
     */
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
            if (record.inputs() != null && !record.inputs().complete()) {
                throw new InputException(runFile()
                        + ": field 'inputs': lacks one of train, validation, test, architecture and tokenizer: take run.json"
                        + " from a copy, or prune again");
            }
            if (record.examples() < 1) {
                throw new InputException(runFile() + ": field 'examples': "
                        + (tree.has("examples")
                                ? "is " + tree.get("examples") + ", not a number of training examples"
                                : "is missing")
                        + ": take run.json from a copy, or prune again");
            }
            record.execution();
            return record;
        } catch (InputException e) {
            throw e.getMessage().startsWith(runFile().toString())
                    ? e
                    : new InputException(runFile() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes {@code edges.json}, or {@code positions.json} if positions have masks of their own, and the graph of it.
     */
    void writeCircuit(MaskValues binary) {
        if (binary.byPosition()) {
            binary.positionCircuit().write(positionsFile());
        } else {
            binary.circuit().write(edgesFile());
        }
    }

    /** Writes {@code neurons.json}. */
    void writeNeurons(MaskValues binary) {
        ObjectNode mlps = Json.object();
        for (int layer = 0; layer < binary.graph().shape().layers(); layer++) {
            mlps.set("m" + layer, Json.PLAIN.tree(binary.keptNeurons(layer)));
        }
        Json.write(neuronsFile(), mlps);
    }

    /**
     * Writes {@code minimal.json}.
     *
     * @param circuit what {@link Minimizer} left of the circuit
     */
    public void writeMinimal(Circuit circuit) {
        circuit.write(minimalFile());
    }

    Circuit readCircuit(ComputationGraph graph) {
        return Circuit.read(edgesFile(), graph);
    }

    /** The files that {@code metrics.json} is about; the last are of runs with masks of positions and of neurons. */
    private List<Path> measured() {
        return List.of(masksFile(), edgesFile(), positionsFile(), neuronsFile());
    }

    /** Writes {@code metrics.json}, with the digests of the masks, edges and neurons that are there. */
    void writeMetrics(Map<String, Object> metrics) {
        ObjectNode all = JSON.objectTree(metrics);
        ObjectNode files = all.putObject(FILES);
        for (Path file : measured()) {
            if (Files.exists(file)) {
                files.put(file.getFileName().toString(), digest(file));
            }
        }
        Json.write(metricsFile(), all);
    }

    /**
     * If the run has ended, checks that masks and edges are those that {@code metrics.json} was measured on.
     *
     * @param noted receives a note if the run is of an earlier version, which did not write digests
     * @throws InputException naming the file that was changed
     */
    public void requireIntact(Consumer<String> noted) {
        if (!Files.exists(metricsFile())) {
            return;
        }
        JsonNode files =
                Json.read(metricsFile(), path + " is not a run directory").path(FILES);
        if (files.isMissingNode()) {
            noted.accept(
                    path + ": is of an earlier version, without digests: its files are taken as they are, unverified");
        }
        for (Path file : measured()) {
            String digest = files.path(file.getFileName().toString()).asText("");
            if (!files.isMissingNode() && Files.exists(file) && !digest(file).equals(digest)) {
                throw new InputException(file + ": is not the file that metrics.json was measured on: put it back, or"
                        + " write it again with edgeprune prune --resume --out " + path);
            }
        }
    }

    private static String digest(Path file) {
        requireRegular(file);
        Digest digest = Digest.sha256();
        try (InputStream in = digest.through(Files.newInputStream(file))) {
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read (" + Complaint.reason(e) + "): check its permissions", e);
        }
        return digest.hex();
    }

    /** Writes {@code examples.jsonl}, the last file of a run. */
    void writeExamples(String lines) {
        AtomicFile.writeText(examplesFile(), lines);
    }

    /**
     * Whether the run has ended.
     *
     * @return whether {@code metrics.json} and {@code examples.jsonl} exist
     */
    public boolean holdsResult() {
        return Files.exists(metricsFile()) && Files.exists(examplesFile());
    }

    /** Appends a line to {@code metrics.jsonl}. */
    void append(ObjectNode line) {
        try {
            Files.writeString(stepsFile(), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new InputException(
                    stepsFile() + ": cannot be written: " + Complaint.reason(e)
                            + ": free some space, then continue with --resume",
                    e);
        }
    }

    /** Makes the lines appended so far durable, before a file that relies on them is written. */
    void syncSteps() {
        try {
            if (Files.exists(stepsFile())) {
                Folders.syncFile(stepsFile());
            }
        } catch (IOException e) {
            throw new InputException(
                    stepsFile() + ": cannot be written: " + Complaint.reason(e)
                            + ": free some space, then continue with --resume",
                    e);
        }
    }

    /** A pipe would block, and a device may never end. */
    private static void requireRegular(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new Complaint(file).about("is not a regular file", "put the run's own file back, or remove it");
        }
    }

    /** Drops the lines of steps that a resumed run will make again, and lines that are not of a run. */
    void forgetStepsFrom(int step) {
        if (!Files.exists(stepsFile())) {
            return;
        }
        requireRegular(stepsFile());
        AtomicFile.write(stepsFile(), out -> {
            try (InputStream in = new BufferedInputStream(Files.newInputStream(stepsFile()))) {
                ByteArrayOutputStream line = new ByteArrayOutputStream();
                for (int next = in.read(); next >= 0; next = in.read()) {
                    if (next != '\n') {
                        // a line longer than any of ours is not one of ours: its beginning is enough to find that out
                        if (line.size() < MAX_LINE) {
                            line.write(next);
                        }
                        continue;
                    }
                    if (stepOf(line.toByteArray()) < step) {
                        line.write('\n');
                        line.writeTo(out);
                    }
                    line.reset();
                }
            }
        });
    }

    /** The step of a line of {@code metrics.jsonl}; the highest number for text that is not such a line. */
    private int stepOf(byte[] bytes) {
        String line = new String(bytes, StandardCharsets.UTF_8);
        if (!Arrays.equals(bytes, line.getBytes(StandardCharsets.UTF_8))) {
            return Integer.MAX_VALUE;
        }
        try {
            JsonNode step = Json.parse(stepsFile().toString(), line, "start the run again")
                    .path("step");
            return step.isInt() ? step.intValue() : Integer.MAX_VALUE;
        } catch (InputException halfWritten) {
            return Integer.MAX_VALUE;
        }
    }
}
