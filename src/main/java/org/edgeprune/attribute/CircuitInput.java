package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.JsonFields;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;

/**
 * A file or folder that a user named where a circuit or scores are wanted. What it is, is seen from its content.
 *
 * @param path the file, or the folder of a run or checkpoint
 * @param kind what it is
 * @param position which edges of a run with masks at each position are meant; empty where none were named
 */
public record CircuitInput(Path path, Kind kind, Optional<PositionChoice> position) {
    /** Name of the file of scores in a folder of an attribution. */
    public static final String SCORES_FILE = "scores.safetensors";

    private static final int LENGTH_BYTES = 8;

    /** What a path can be. */
    public enum Kind {
        /** A folder of a pruning run, or of a checkpoint of the published implementation. */
        MASKS,
        /** {@code scores.safetensors}. */
        SCORES,
        /** A graph file of EAP-IG. */
        EAP_IG,
        /** A list of {@code [writer, reader]} pairs. */
        EDGES
    }

    /**
     * An input of which no position is named.
     *
     * @param path the file, or the folder of a run or checkpoint
     * @param kind what it is
     */
    public CircuitInput(Path path, Kind kind) {
        this(path, kind, Optional.empty());
    }

    /**
     * Looks at what is there.
     *
     * @param path a file, or a folder of a run, of an attribution or of a checkpoint
     * @return the input; for a folder that holds scores, its file of scores
     */
    public static CircuitInput of(Path path) {
        if (Files.isDirectory(path)) {
            Path scores = path.resolve(SCORES_FILE);
            return Files.isRegularFile(scores)
                    ? new CircuitInput(scores, Kind.SCORES)
                    : new CircuitInput(path, Kind.MASKS);
        }
        if (isSafeTensors(path)) {
            return new CircuitInput(path, Kind.SCORES);
        }
        return new CircuitInput(path, EapIgFile.isOne(path) ? Kind.EAP_IG : Kind.EDGES);
    }

    /**
     * The same, of which the edges at a position are meant.
     *
     * @param choice which position
     * @return a new input
     * @throws InputException if it is not a run with masks at each position
     */
    public CircuitInput at(PositionChoice choice) {
        if (!byPosition()) {
            throw new InputException("--position: " + path + " is not a run with masks at each position"
                    + " (prune --positions): leave it out");
        }
        return new CircuitInput(path, kind, Optional.of(choice));
    }

    /**
     * Whether it is a run with masks at each position, whose edges are not one list.
     *
     * @return whether it was made by {@code prune --positions}
     * @throws InputException if its {@code run.json} is damaged
     */
    public boolean byPosition() {
        return kind == Kind.MASKS
                && SavedMasks.runOf(path)
                        .filter(run -> run.options().controls().positions())
                        .isPresent();
    }

    /** Refuses to take the edges at all positions together for a circuit where nobody asked for that. */
    private PositionChoice requirePosition(int positions) {
        return position.orElseThrow(() -> severalPositions(path, positions));
    }

    /**
     * The refusal of a run with masks at each position where one list of edges is needed.
     *
     * @param run its directory
     * @param positions number of positions
     * @return one line with the remedy
     */
    public static InputException severalPositions(Path run, int positions) {
        return new InputException(run + ": has masks at each of " + positions
                + " positions, which are not one list of edges: write those at one position, or at any, with edgeprune"
                + " edges " + run + " --position N|any --out edges.json");
    }

    /** A safetensors file begins with the length of its header in eight bytes, then the header's brace. */
    private static boolean isSafeTensors(Path file) {
        if (!Files.isRegularFile(file)) {
            return false; // a pipe would block
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] start = in.readNBytes(LENGTH_BYTES + 1);
            return start.length > LENGTH_BYTES
                    && start[LENGTH_BYTES - 1] == 0
                    && start[LENGTH_BYTES - 2] == 0
                    && start[LENGTH_BYTES] == '{';
        } catch (IOException e) {
            return false; // whoever reads it says why it cannot be read
        }
    }

    /**
     * What a run or an attribution was made from.
     *
     * @param model the model's directory or name
     * @param task the task's name
     * @param data path of its data; empty where they were generated
     * @param ablation what cut edges carried; empty where the record does not say
     * @param reference the prompts that means were taken of, or prompts resampled from; empty where the record does not
     *     say
     */
    public record Origin(
            String model,
            String task,
            Optional<String> data,
            Optional<Ablation> ablation,
            Optional<Reference> reference) {}

    /**
     * The reference prompts of a run or an attribution: the examples that it was made with.
     *
     * @param split part of the data
     * @param examples how many of its examples, from the first on
     * @param seed of resampling
     * @param batchSize prompts that were run together
     */
    public record Reference(Split split, int examples, long seed, int batchSize) {
        /**
         * Picks them from the data.
         *
         * @param data the data that the run was made with
         * @return the reference prompts
         */
        public ReferencePrompts of(Dataset data) {
            List<Example> part = data.part(split);
            return new ReferencePrompts(part.subList(0, Math.min(examples, part.size())), seed);
        }
    }

    /**
     * What a run or an attribution was made from, as its {@code run.json} says.
     *
     * @return empty for anything else
     * @throws InputException if its {@code run.json} is damaged
     */
    public Optional<Origin> origin() {
        return switch (kind) {
            case MASKS ->
                SavedMasks.runOf(path)
                        .map(run -> new Origin(
                                run.model(),
                                run.task(),
                                Optional.ofNullable(run.data()),
                                Optional.of(run.options().ablation()),
                                Optional.of(new Reference(
                                        Split.TRAIN,
                                        run.examples(),
                                        run.options().seed(),
                                        run.options().training().batchSize()))));
            case SCORES -> attribution();
            case EAP_IG, EDGES -> Optional.empty();
        };
    }

    private Optional<Origin> attribution() {
        Path record = path.resolveSibling("run.json");
        if (!Files.exists(record)) {
            return Optional.empty();
        }
        JsonNode run = Json.read(record, "is it of an attribution? Name the model with --model");
        if (!run.path("model").isTextual() || !run.path("task").isTextual()) {
            return Optional.empty();
        }
        return Optional.of(new Origin(
                run.get("model").textValue(),
                run.get("task").textValue(),
                text(run.path("data")),
                text(run.path("options").path("ablation")).map(Ablation::named),
                reference(new JsonFields(record, "", run))));
    }

    private static Optional<Reference> reference(JsonFields run) {
        JsonNode options = run.node().path("options");
        return Arrays.stream(Split.values())
                .filter(split -> split.key().equals(run.node().path("split").textValue()))
                .findFirst()
                .map(split -> new Reference(
                        split,
                        run.integer("examples", 1, Integer.MAX_VALUE),
                        options.path("seed").asLong(),
                        Math.max(1, options.path("batch_size").asInt())));
    }

    /**
     * What makes one of its scores the better one: log_alphas are signed, scores of an attribution rank as its method
     * says, and those of other files by their absolute values.
     *
     * @return how edges rank by its scores
     * @throws InputException if the {@code run.json} of an attribution is damaged
     * @see Ranking#ofMethod
     */
    public Ranking ranking() {
        Path record = path.resolveSibling("run.json");
        return switch (kind) {
            case MASKS -> Ranking.SIGNED;
            case SCORES ->
                Files.exists(record)
                        ? Ranking.ofMethod(Json.read(record, "is it of an attribution? Name the model with --model")
                                .path("options")
                                .path("method")
                                .asText())
                        : Ranking.ABSOLUTE;
            case EDGES, EAP_IG -> Ranking.ABSOLUTE;
        };
    }

    private static Optional<String> text(JsonNode value) {
        return Optional.of(value).filter(JsonNode::isTextual).map(JsonNode::textValue);
    }

    /**
     * What it holds, in the graph that it is of.
     *
     * @param model the model's sizes
     * @param noted told what is noteworthy about it
     * @return a circuit, scores, or both; without the scores of a file in which an edge has none
     * @throws InputException if it is damaged, or is of another model's graph
     */
    public ScoredCircuit open(ModelSizes model, Consumer<String> noted) {
        return switch (kind) {
            case MASKS -> new ScoredCircuit(Optional.of(circuit(model, noted)), Optional.of(scores(model, noted)));
            case SCORES -> new ScoredCircuit(Optional.empty(), Optional.of(scores(model, noted)));
            case EDGES -> new ScoredCircuit(Optional.of(circuit(model, noted)), Optional.empty());
            case EAP_IG -> {
                EapIgFile file = eapIg(model);
                yield new ScoredCircuit(
                        isScoresOnly(file) ? Optional.empty() : Optional.of(file.circuit()),
                        unscored(file).isEmpty() ? Optional.of(scores(file)) : Optional.empty());
            }
        };
    }

    /**
     * The circuit: the binary masks of a run, the edges of a list, or those that are {@code in_graph}.
     *
     * @param model the model's sizes
     * @param noted told what is noteworthy about it
     * @return a circuit of the model's graph, with or without embedding nodes
     * @throws InputException if it holds scores and no circuit, is damaged, or is of another model's graph
     */
    public Circuit circuit(ModelSizes model, Consumer<String> noted) {
        return switch (kind) {
            case MASKS -> edges(SavedMasks.open(path, model, noted), noted);
            case EDGES -> Circuit.read(path, model.graph());
            case EAP_IG -> circuit(eapIg(model), model.graph());
            case SCORES -> throw scoresOnly();
        };
    }

    private Circuit edges(SavedMasks masks, Consumer<String> noted) {
        if (masks.soft().hasNeurons()) {
            noteNeurons(noted);
        }
        return masks.soft().byPosition()
                ? requirePosition(masks.soft().positions()).of(masks.binary().positionCircuit())
                : masks.circuit();
    }

    private void noteNeurons(Consumer<String> noted) {
        noted.accept(path + ": also has masks of neurons, which are left out here: only its edges are used");
    }

    /**
     * The circuit in the graph that its own files name, without a model, with the scores that are there: log_alphas of
     * a run, scores in a graph file of EAP-IG. Where edges at any position are meant, the score is the number of
     * positions at which an edge is kept.
     *
     * @param noted told what is noteworthy about it
     * @return empty where the files do not say of which graph the edges are: a bare list, or a run of version 0.1
     * @throws InputException if it holds scores and no circuit, is damaged, or has masks at each position of which none
     *     was named
     */
    public Optional<ScoredCircuit> selfDescribed(Consumer<String> noted) {
        return switch (kind) {
            case MASKS -> {
                RunDirectory run = new RunDirectory(path);
                run.requireIntact(noted);
                if (Files.exists(run.neuronsFile())) {
                    noteNeurons(noted);
                }
                Optional<PositionCircuit> positions = run.readPositions();
                if (positions.isPresent()) {
                    yield Optional.of(at(run, positions.get()));
                }
                yield Circuit.readWithItsGraph(run.edgesFile())
                        .map(circuit -> new ScoredCircuit(Optional.of(circuit), logAlphas(run, circuit.graph())));
            }
            case EDGES -> Circuit.readWithItsGraph(path).map(c -> new ScoredCircuit(Optional.of(c), Optional.empty()));
            case EAP_IG -> {
                EapIgFile file = EapIgFile.read(path);
                if (isScoresOnly(file)) {
                    throw scoresOnly();
                }
                yield Optional.of(new ScoredCircuit(
                        Optional.of(file.circuit()),
                        unscored(file).isEmpty() ? Optional.of(scores(file)) : Optional.empty()));
            }
            case SCORES -> throw scoresOnly();
        };
    }

    /** With the log_alphas at one position, or the number of positions at which an edge is kept. */
    private ScoredCircuit at(RunDirectory run, PositionCircuit circuit) {
        PositionChoice choice = requirePosition(circuit.positions());
        ComputationGraph graph = circuit.graph();
        return new ScoredCircuit(
                Optional.of(choice.of(circuit)),
                switch (choice) {
                    case PositionChoice.At _ -> logAlphas(run, graph);
                    case PositionChoice.Anywhere _ -> {
                        float[] counts = new float[graph.edgeCount()];
                        for (int edge = 0; edge < counts.length; edge++) {
                            counts[edge] = circuit.positionsOf(edge).length;
                        }
                        yield Optional.of(EdgeScores.of(graph, counts));
                    }
                });
    }

    private Optional<EdgeScores> logAlphas(RunDirectory run, ComputationGraph graph) {
        if (!run.holdsRun() || !Files.exists(run.masksFile())) {
            return Optional.empty();
        }
        try (MaskParameters parameters = SavedMasks.parameters(run.path(), graph, note -> {})) {
            return Optional.of(logAlphas(parameters));
        }
    }

    /**
     * Refuses files that hold scores and no circuit, without a model.
     *
     * @throws InputException if it is one
     */
    public void requireCircuit() {
        if (kind == Kind.SCORES || (kind == Kind.EAP_IG && isScoresOnly(EapIgFile.read(path)))) {
            throw scoresOnly();
        }
    }

    private Circuit circuit(EapIgFile file, GraphShape model) {
        if (isScoresOnly(file)) {
            throw scoresOnly();
        }
        return file.circuitOf(path, new ComputationGraph(model));
    }

    /** No edge is in the graph, and some edge has a score. */
    private static boolean isScoresOnly(EapIgFile file) {
        return file.circuit().size() == 0
                && IntStream.range(0, file.scores().length).anyMatch(i -> file.scores()[i] != 0);
    }

    private InputException scoresOnly() {
        return new InputException(path + ": holds scores and no circuit: choose edges with edgeprune edges " + path
                + " --edges-kept N --out edges.json, or evaluate all sizes with edgeprune eval --curve");
    }

    /**
     * The scores, in the graph that they are of: the model's with or without embedding nodes, or EAP-IG's graph of it.
     * Of masks these are the log_alphas, that of an edge or of its writer, whichever is lower, because either cuts it;
     * at any of several positions the highest.
     *
     * @param model the model's sizes
     * @param noted told what is noteworthy about them
     * @return a finite score for every edge
     * @throws InputException if it is a list of edges, has an edge without a score, is damaged, or is of another
     *     model's graph
     */
    public EdgeScores scores(ModelSizes model, Consumer<String> noted) {
        return switch (kind) {
            case MASKS -> {
                try (MaskParameters parameters = SavedMasks.parameters(path, model, noted)) {
                    yield logAlphas(parameters);
                }
            }
            case SCORES -> EdgeScores.read(path, model.graph());
            case EAP_IG -> scores(eapIg(model));
            case EDGES ->
                throw new InputException(
                        path + (Files.exists(path) ? ": is a list of edges without scores" : ": not there")
                                + ": name a scores.safetensors, a graph"
                                + " file of EAP-IG, or the folder of a run");
        };
    }

    private EdgeScores logAlphas(MaskParameters parameters) {
        ComputationGraph graph = parameters.layout().graph();
        float[] all = parameters.edgeLogAlphas();
        float[] values = parameters.layout().byPosition()
                ? requirePosition(parameters.layout().positions()).of(all, graph.edgeCount())
                : all;
        float[] nodes = parameters.nodes().toFloats();
        for (ReaderGroup group : graph.groups()) {
            for (int i = 0; i < group.edgeCount(); i++) {
                int edge = group.firstEdge() + i;
                values[edge] = Math.min(values[edge], nodes[i % group.visibleWriters()]);
            }
        }
        return EdgeScores.of(graph, values);
    }

    private EdgeScores scores(EapIgFile file) {
        unscored(file).ifPresent(edge -> {
            throw new InputException(path + ": edge '" + EapIgGraph.name(edge.writer(), edge.reader())
                    + "' has no score (NaN or infinite), so that edges cannot be ranked: compute the scores again");
        });
        return EdgeScores.of(file.graph().graph(), file.scores());
    }

    /** The first edge without a score. */
    private static Optional<Edge> unscored(EapIgFile file) {
        return IntStream.range(0, file.scores().length)
                .filter(i -> Float.isNaN(file.scores()[i]))
                .mapToObj(file.graph().graph()::edge)
                .findFirst();
    }

    private EapIgFile eapIg(ModelSizes model) {
        EapIgFile file = EapIgFile.read(path);
        file.requireModel(path, model.graph());
        if (file.hidden() != model.hidden()) {
            throw new InputException(path + ": field 'cfg.d_model': is " + file.hidden() + ", and the model's width is "
                    + model.hidden() + ": name the model that it was made for");
        }
        return file;
    }
}
