package org.edgeprune.attribute;

import java.util.List;
import java.util.Optional;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.PruneControls;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.WarmStart;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Example;

/** Starts the masks of a pruning run from scores of edges. */
public final class ScoredStart implements WarmStart {
    /** The name of the start from EAP-IG. */
    public static final String EAP_IG = "eap-ig";

    /** The name of the start from Matryoshka attribution. */
    public static final String MATTR = PruneControls.MATTR;

    /** Prompts that EAP-IG scores edges on, of which many more change little. */
    private static final int MOST_EXAMPLES = 100;

    private static final int POINTS = 20;

    /** Prompts that are run together. */
    private static final int BATCH = 16;

    private final String name;
    private final Ranking by;
    private final IntToLongFunction passes;
    private final Computation scores;
    private final Optional<KeptState> kept;

    private interface Computation {
        EdgeScores of(List<Example> train, Workers workers, Optional<KeptState> kept);
    }

    private ScoredStart(String name, Ranking by, IntToLongFunction passes, Computation scores) {
        this(name, by, passes, scores, Optional.empty());
    }

    private ScoredStart(
            String name, Ranking by, IntToLongFunction passes, Computation scores, Optional<KeptState> kept) {
        this.name = name;
        this.by = by;
        this.passes = passes;
        this.scores = scores;
        this.kept = kept;
    }

    /**
     * The start from scores that are there.
     *
     * @param scores of the model's graph, with or without embedding nodes
     * @param by what makes an edge the better one
     * @return a start whose name is a digest of the ranking
     */
    public static ScoredStart of(EdgeScores scores, Ranking by) {
        StringBuilder order = new StringBuilder();
        for (int edge : scores.ranked(by)) {
            Edge ranked = scores.graph().edge(edge);
            order.append(ranked.writer()).append(' ').append(ranked.reader()).append('\n');
        }
        return new ScoredStart("scores:" + Digest.sha256(order.toString()), by, _ -> 0, (_, _, _) -> scores);
    }

    /**
     * The session that {@code edgeprune prune} makes by default: it computes a ranking of the edges by Matryoshka
     * attribution and refines its best, see {@link PruneOptions#refining}.
     *
     * @param session with a published preset, which may have been changed
     * @param progress follows the computation of the scores, whose parts count from zero each
     * @return a new session
     */
    public static PruneSession refining(PruneSession session, AttributionSetting.Progress progress) {
        PruneSession refined = session.withOptions(session.options().refining());
        return refined.withWarmStart(
                mattr(refined, progress),
                refined.options().targets().edgeSparsity().start());
    }

    /**
     * The start with a name.
     *
     * @param name {@link #EAP_IG} or {@link #MATTR}
     * @param session the run that is started
     * @param progress follows the computation of the scores, whose parts count from zero each
     * @return the start, or empty if the name is that of scores which are there or of none
     */
    public static Optional<ScoredStart> computed(
            String name, PruneSession session, AttributionSetting.Progress progress) {
        return switch (name) {
            case EAP_IG -> Optional.of(eapIg(session, progress));
            case MATTR -> Optional.of(mattr(session, progress));
            default -> Optional.empty();
        };
    }

    /**
     * The start from {@link MatryoshkaAttribution.Options#annealed Matryoshka attribution} of the KL divergence on all
     * training prompts, which itself starts from EAP-IG.
     */
    private static ScoredStart mattr(PruneSession session, AttributionSetting.Progress progress) {
        int batch = together(session, MatryoshkaAttribution.Options.BATCH);
        long trained = (long) MatryoshkaAttribution.Options.STEPS * batch;
        return new ScoredStart(MATTR, Ranking.SIGNED, n -> integrated(n) + trained, (train, workers, kept) -> {
            try (AblationStates states = session.ablationStates(train)) {
                return MatryoshkaAttribution.fromEapIg(
                        setting(session, states, batch, workers),
                        MatryoshkaAttribution.Options.annealed(session.options().seed()),
                        train,
                        session.pace().cacheBytes(),
                        kept,
                        progress);
            }
        });
    }

    /**
     * The start from EAP-IG (inputs, 20 points) of the KL divergence on the first 100 training prompts, by absolute
     * score.
     */
    private static ScoredStart eapIg(PruneSession session, AttributionSetting.Progress progress) {
        return new ScoredStart(EAP_IG, Ranking.ABSOLUTE, ScoredStart::integrated, (train, workers, _) -> {
            try (AblationStates states = session.ablationStates(train)) {
                return eapIg(setting(session, states, together(session, BATCH), workers), train, workers, progress);
            }
        });
    }

    /**
     * The same for whatever is to be trained.
     *
     * @param setting model, graph, task and ablation; its objective and workers are not used, and its batch size only
     *     if it is small
     * @param progress follows the computation
     * @return a start named {@link #EAP_IG}
     */
    public static ScoredStart eapIg(AttributionSetting setting, AttributionSetting.Progress progress) {
        return new ScoredStart(
                EAP_IG,
                Ranking.ABSOLUTE,
                ScoredStart::integrated,
                (train, workers, _) -> eapIg(setting, train, workers, progress));
    }

    /** No more prompts are run together than in a step of the run, which is known to fit into memory. */
    private static int together(PruneSession session, int usual) {
        return Math.min(usual, session.options().training().batchSize());
    }

    private static AttributionSetting setting(
            PruneSession session, AblationStates states, int batchSize, Workers workers) {
        TransformerModel model = session.model().model();
        ComputationGraph graph = new ComputationGraph(model.graphShape());
        return new AttributionSetting(model, graph, session.scorer(), Objective.KL, states, batchSize, workers);
    }

    private static EdgeScores eapIg(
            AttributionSetting given, List<Example> train, Workers workers, AttributionSetting.Progress progress) {
        int batch = given.batchSize() < MatryoshkaAttribution.Options.BATCH ? given.batchSize() : BATCH;
        AttributionSetting setting = new AttributionSetting(
                given.model(), given.graph(), given.scorer(), Objective.KL, given.ablation(), batch, workers);
        return new GradientAttribution(setting, new GradientMethod.InputGradients(POINTS))
                .scores(train.subList(0, Math.min(MOST_EXAMPLES, train.size())), progress);
    }

    private static long integrated(int examples) {
        return (long) POINTS * Math.min(MOST_EXAMPLES, examples);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long passes(int examples) {
        return passes.applyAsLong(examples);
    }

    @Override
    public ScoredStart keeping(KeptState state) {
        return new ScoredStart(name, by, passes, scores, Optional.of(state));
    }

    @Override
    public int[] ranking(ComputationGraph graph, List<Example> train, Workers workers) {
        EdgeScores all = scores.of(train, workers, kept);
        Optional<Writer> unknown = graph.writers().stream()
                .filter(writer -> all.graph().writers().stream()
                        .noneMatch(known -> known.name().equals(writer.name())))
                .findFirst();
        if (unknown.isPresent()) {
            throw new InputException("the scores of the warm start have no writer " + unknown.get()
                    + ": use --no-embedding-nodes, or scores of the graph with embedding nodes");
        }
        float[] values = new float[graph.edgeCount()];
        IntStream.range(0, values.length).forEach(i -> {
            Edge edge = graph.edge(i);
            values[i] = all.at(
                    all.graph().writer(edge.writer().name()),
                    all.graph().reader(edge.reader().name()));
        });
        return EdgeScores.of(graph, values).ranked(by);
    }
}
