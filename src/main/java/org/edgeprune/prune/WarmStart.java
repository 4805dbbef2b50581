package org.edgeprune.prune;

import java.util.List;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Example;

/** Ranks edges before a run, so that it need not start from masks that are all alike. */
public interface WarmStart {
    /**
     * What tells this ranking from others, as {@code run.json} notes it.
     *
     * @return a name such as {@code eap-ig}, or a digest of scores
     */
    String name();

    /**
     * What ranking costs, for the plan of a run.
     *
     * @param examples number of training examples
     * @return how often an example is run forward and backward through the masked model; 0 where the ranking is there
     */
    long passes(int examples);

    /**
     * Ranks the edges of a run's graph.
     *
     * @param graph the graph that is pruned, with or without embedding nodes
     * @param train the run's training examples
     * @param workers the run's, perhaps of several ranks, which all call this
     * @return the edges' numbers from the best to the worst, each once; the same for every number of workers and ranks
     */
    int[] ranking(ComputationGraph graph, List<Example> train, Workers workers);

    /**
     * The same start, which goes on where it was interrupted: it reads what it has computed from a file if there is
     * one, and writes it there when that is due. All ranks read the same file; only the first is ever asked to write.
     *
     * @param state the file, which the run removes once its masks have started
     * @return a start that keeps its state; by default this one, which begins anew
     */
    default WarmStart keeping(KeptState state) {
        return this;
    }
}
