package org.edgeprune.cli;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.WarmStart;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Example;

/** A start for several runs with the same training prompts, whose ranking is computed once. */
final class SharedStart implements WarmStart {
    private final WarmStart start;
    private final AtomicReference<Optional<Ranked>> ranked;

    private record Ranked(int edges, List<Example> train, int[] ranking) {}

    SharedStart(WarmStart start) {
        this(start, new AtomicReference<>(Optional.empty()));
    }

    private SharedStart(WarmStart start, AtomicReference<Optional<Ranked>> ranked) {
        this.start = start;
        this.ranked = ranked;
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

    /** In one of the runs, which keeps the state if the ranking of all is computed there. */
    @Override
    public SharedStart keeping(KeptState state) {
        return new SharedStart(start.keeping(state), ranked);
    }

    @Override
    public int[] ranking(ComputationGraph graph, List<Example> train, Workers workers) {
        boolean known = ranked.get()
                .filter(before -> before.edges() == graph.edgeCount())
                .filter(before -> before.train().equals(train))
                .isPresent();
        if (!known) {
            ranked.set(Optional.of(new Ranked(graph.edgeCount(), train, start.ranking(graph, train, workers))));
        }
        return ranked.get().orElseThrow().ranking().clone();
    }
}
