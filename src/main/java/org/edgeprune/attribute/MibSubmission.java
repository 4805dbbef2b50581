package org.edgeprune.attribute;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;

/**
 * One folder of a submission to the circuit track of the Mechanistic Interpretability Benchmark (MIB): the circuits of
 * one task in one model. It is named after both, such as {@code ioi_gpt2}, and holds either {@code importances.json},
 * the scores of all edges, or nine circuits of at most .1, .2, .5, 1, 2, 5, 10, 20 and 50 % of the edges. A submission
 * is the folder around it, with at least two tasks and two models.
 *
 * @param folder {@code TASK_MODEL}
 */
public record MibSubmission(Path folder) {
    /** The pairs of tasks and models that the track has. */
    private static final Set<String> FOLDERS = Set.of(
            "ioi_gpt2",
            "ioi_qwen2.5",
            "ioi_gemma2",
            "ioi_llama3",
            "ioi_interpbench",
            "mcqa_qwen2.5",
            "mcqa_gemma2",
            "mcqa_llama3",
            "arithmetic-addition_llama3",
            "arithmetic-subtraction_llama3",
            "arc-easy_gemma2",
            "arc-easy_llama3",
            "arc-challenge_llama3");

    /** Edges of EAP-IG's graph of each model. */
    private static final Map<String, Integer> EDGES =
            Map.of("gpt2", 32_491, "qwen2.5", 179_749, "gemma2", 74_218, "llama3", 1_592_881, "interpbench", 1_108);

    private static final String IMPORTANCES = "importances.json";
    private static final long LIMIT = 50_000_000;
    private static final int LEAST = 2;

    /** Percents of the edges, with names that sort in this order, in which the first nine files are taken. */
    private static final List<String> PERCENTS = List.of("0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50");

    /**
     * Checks the folder's name.
     *
     * @throws InputException if the track has no such pair of a task and a model
     */
    public MibSubmission {
        String name = name(folder);
        if (!FOLDERS.contains(name)) {
            throw new InputException(folder + ": the track has no task and model '" + name
                    + "': name the folder one of " + String.join(", ", new TreeSet<>(FOLDERS)));
        }
    }

    private static String name(Path folder) {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    private String model() {
        return name(folder).substring(name(folder).indexOf('_') + 1);
    }

    /**
     * Writes {@code importances.json}.
     *
     * @param scores of every edge, in EAP-IG's graph
     * @return the file
     * @throws InputException if the folder holds files, the graph is not the model's, or the file is too large
     */
    public List<Path> writeScores(EapIgFile scores) {
        prepare(scores);
        Path file = folder.resolve(IMPORTANCES);
        scores.write(file);
        return List.of(requireSmall(file));
    }

    /**
     * Writes nine circuits of a score's best edges, without those that lie on no path to the output.
     *
     * @param scores of every edge, in EAP-IG's graph
     * @param by what makes an edge the better one
     * @return the files, from the smallest circuit
     * @throws InputException as {@link #writeScores}
     */
    public List<Path> writeCircuits(EapIgFile scores, Ranking by) {
        prepare(scores);
        EdgeScores values = EdgeScores.of(scores.graph().graph(), scores.scores());
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < PERCENTS.size(); i++) {
            int most = most(i, values.size());
            Circuit circuit = new Selection.Top(most).from(values, by).connected();
            Path file = folder.resolve((i + 1) + "_" + PERCENTS.get(i) + "percent.json");
            new EapIgFile(scores.graph(), scores.hidden(), scores.scores(), circuit).writeCircuit(file);
            files.add(requireSmall(file));
        }
        return files;
    }

    private static int most(int number, int edges) {
        return (int) (FaithfulnessCurve.SIZES.get(number) * edges);
    }

    private void prepare(EapIgFile scores) {
        requireModel(folder, scores.graph());
        try {
            Folders.make(folder);
        } catch (IOException e) {
            throw new InputException(folder + ": cannot be made (" + e.getMessage() + "): choose another folder", e);
        }
        List<Path> there = Folders.visible(folder);
        if (!there.isEmpty()) {
            throw new InputException(folder + ": holds files already, such as "
                    + there.getFirst().getFileName() + ": choose another folder, or empty it");
        }
    }

    private void requireModel(Path named, EapIgGraph graph) {
        int expected = EDGES.get(model());
        if (graph.graph().edgeCount() != expected) {
            throw new InputException("%s: %s has %,d edges, and these are %,d: name the model that the scores are of"
                    .formatted(named, model(), expected, graph.graph().edgeCount()));
        }
    }

    private Path requireSmall(Path file) {
        try {
            long size = Files.size(file);
            if (size >= LIMIT) {
                throw new InputException("%s: is %,d bytes, and the track takes files of less than %,d: as a .pt of"
                                .formatted(file, size, LIMIT)
                        + " EAP-IG (Graph.from_json, then to_pt) it is small enough");
            }
            return file;
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
    }

    /**
     * Checks the folder against the track's rules: its files, their graph and sizes.
     *
     * @return how many files it has, one or nine
     * @throws InputException in one line, naming the file and the rule that it breaks
     */
    public int check() {
        List<Path> files = Folders.visible(folder);
        if (files.size() != 1 && files.size() != PERCENTS.size()) {
            throw new InputException(
                    folder + ": has " + files.size() + " files: the track takes one of scores, or nine of circuits");
        }
        List<Path> sorted = files.stream().sorted().toList();
        for (int i = 0; i < sorted.size(); i++) {
            check(sorted.get(i), sorted.size() == 1 ? -1 : i);
        }
        return sorted.size();
    }

    private void check(Path file, int number) {
        EapIgFile graph = EapIgFile.read(requireSmall(file));
        requireModel(file, graph.graph());
        if (number < 0) {
            for (float score : graph.scores()) {
                if (Float.isNaN(score)) {
                    throw new Complaint(file).about("has an edge without a score", "compute the scores again");
                }
            }
            return;
        }
        int most = most(number, graph.graph().graph().edgeCount());
        if (graph.circuit().size() > most) {
            throw new InputException(
                    "%s: file %d of nine has %,d edges, and %s %% are %,d: leave edges out, or give the"
                                    .formatted(file, number + 1, graph.circuit().size(), PERCENTS.get(number), most)
                            + " files names that sort from the smallest circuit");
        }
    }

    /**
     * What the submission around this folder still lacks.
     *
     * @return one line; empty where it has at least two tasks and two models
     */
    public Optional<String> lacking() {
        Set<String> tasks = new TreeSet<>();
        Set<String> models = new TreeSet<>();
        Path around = folder.toAbsolutePath().normalize().getParent();
        for (Path other : Folders.visible(around)) {
            String name = name(other);
            if (FOLDERS.contains(name)) {
                tasks.add(name.substring(0, name.indexOf('_')));
                models.add(name.substring(name.indexOf('_') + 1));
            }
        }
        return tasks.size() >= LEAST && models.size() >= LEAST
                ? Optional.empty()
                : Optional.of(around + ": has circuits of the tasks " + String.join(", ", tasks) + " in the models "
                        + String.join(", ", models) + ": a submission needs two tasks and two models");
    }
}
