package org.edgeprune.cli;

import java.util.List;
import java.util.Optional;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.WarmStart;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Example;

/** A start for several runs with the same training prompts, whose ranking is computed once. */
final class SharedStart implements WarmStart {
    private final WarmStart start;
    private Optional<Ranked> ranked = Optional.empty();

    private record Ranked(int edges, List<Example> train, int[] ranking) {}

    SharedStart(WarmStart start) {
        this.start = start;
    }

    /** The session with this start instead of its own, if it has one. */
    static PruneSession in(PruneSession session, Optional<SharedStart> shared) {
        return shared.map(start -> session.withWarmStart(
                        start, session.options().targets().edgeSparsity().start()))
                .orElse(session);
    }

    @Override
    public String name() {
        return start.name();
    }

    @Override
    public long passes(int examples) {
        return start.passes(examples);
    }

    @Override
    public int[] ranking(ComputationGraph graph, List<Example> train, Workers workers) {
        return shared(start, graph, train, workers);
    }

    @Override
    public WarmStart keeping(KeptState state) {
        return new Keeping(this, start.keeping(state));
    }

    private int[] shared(WarmStart computed, ComputationGraph graph, List<Example> train, Workers workers) {
        boolean known = ranked.filter(before -> before.edges() == graph.edgeCount())
                .filter(before -> before.train().equals(train))
                .isPresent();
        if (!known) {
            ranked = Optional.of(new Ranked(graph.edgeCount(), train, computed.ranking(graph, train, workers)));
        }
        return ranked.orElseThrow().ranking().clone();
    }

    /** The shared start in one of the runs, which keeps its state if the ranking is computed there. */
    private record Keeping(SharedStart all, WarmStart start) implements WarmStart {
        @Override
        public String name() {
            return all.name();
        }

        @Override
        public long passes(int examples) {
            return all.passes(examples);
        }

        @Override
        public int[] ranking(ComputationGraph graph, List<Example> train, Workers workers) {
            return all.shared(start, graph, train, workers);
        }
    }
}
