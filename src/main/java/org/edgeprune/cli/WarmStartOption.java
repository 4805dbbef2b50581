package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.io.InputException;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.PruneSession;
import picocli.CommandLine.Option;

/** {@code --warm-start}: log_alphas of edges that start from scores. */
final class WarmStartOption {
    /**
     * Where masks that are trained as published start if the target of the first step is 0, as it is without scores.
     */
    private static final double SPARSITY = 0.5;

    @Option(
            names = "--warm-start",
            paramLabel = "SCORES",
            description =
                    "Start log_alphas from a ranking of the edges: eap-ig or mattr, which are computed first, or a"
                            + " scores.safetensors, the directory of an attribution or run, or a graph file of EAP-IG (default: mattr; with"
                            + " --published none). Masks start as sparse as --start-edge-sparsity (default: the target; with --published 0.5).")
    private Optional<String> scores = Optional.empty();

    /** Whether a start was asked for. */
    boolean given() {
        return scores.isPresent();
    }

    /**
     * The session with the start that was asked for, or with the one that its options name.
     *
     * @param progress follows scores of a name that are computed
     */
    PruneSession over(PruneSession session, Function<String, AttributionSetting.Progress> progress) {
        if (scores.isPresent()) {
            if (!session.options().controls().level().edges()) {
                throw new InputException("--warm-start " + scores.get()
                        + ": starts masks of edges, which --level "
                        + session.options().controls().level().key()
                        + " does not have: leave one of them out");
            }
            if (session.options().controls().positions()) {
                throw new InputException(
                        "--warm-start " + scores.get()
                                + ": ranks edges, and with --positions they have a mask at each position: leave one of them out");
            }
            double given = session.options().targets().edgeSparsity().start();
            double sparsity = given == 0 ? SPARSITY : given;
            return session.withWarmStart(start(scores.get(), session, progress), sparsity);
        }
        return computed(session.options().controls().warmStart(), session, progress)
                .map(start -> session.withWarmStart(
                        start, session.options().targets().edgeSparsity().start()))
                .orElse(session);
    }

    private static ScoredStart start(
            String given, PruneSession session, Function<String, AttributionSetting.Progress> progress) {
        return computed(given, session, progress)
                .orElseGet(() -> read(given, session.model().model()));
    }

    private static Optional<ScoredStart> computed(
            String name, PruneSession session, Function<String, AttributionSetting.Progress> progress) {
        return ScoredStart.computed(name, session, progress.apply(name));
    }

    /**
     * The start from scores in a file.
     *
     * @throws InputException if there are none, or they are of another model
     */
    static ScoredStart read(String given, TransformerModel model) {
        CircuitInput input = CircuitInput.of(Path.of(given));
        EdgeScores read = input.scores(model.sizes(), note -> {});
        EdgeScores ofModel = new ScoredCircuit(Optional.empty(), Optional.of(read))
                .inModel(model.graphShape())
                .scores()
                .orElseThrow(() -> new InputException("--warm-start " + given + ": holds no scores"));
        return ScoredStart.of(ofModel, input.ranking());
    }
}
