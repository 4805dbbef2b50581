package org.edgeprune.validate;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Models;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Task;

/**
 * Edge pruning in a model of the same architecture with random weights, which does not do the task: if a circuit of the
 * same size and quality is found there, the method finds one whether or not a model does the task.
 *
 * @param loaded the model whose architecture is taken
 * @param task of the run
 * @param data of the run, of the training part what it used
 * @param run what the run was made from; where it started from scores, the random model starts from EAP-IG
 */
public record RandomModel(LoadedModel loaded, Task task, Dataset data, RunRecord run) {
    /**
     * What was found.
     *
     * @param edges size of the circuit
     * @param kl its mean KL(full || circuit) on the tested prompts, nats
     * @param klWithoutEdges that of the circuit without edges, nats
     */
    public record Found(int edges, double kl, double klWithoutEdges) {
        /**
         * Compares it with a circuit of the trained model.
         *
         * @param closed the share that the circuit closes, see {@link CircuitValidation}
         * @return whether the circuit closes more
         */
        public Check check(double closed) {
            double here = CircuitValidation.closed(kl, klWithoutEdges);
            Map<String, Double> values = new LinkedHashMap<>();
            values.put("edges", (double) edges);
            values.put("kl", kl);
            values.put("kl_without_edges", klWithoutEdges);
            values.put("closed", here);
            return new Check(
                    "random weights",
                    closed > here,
                    "the circuit closes more than one that was found in the same way in a model with random weights",
                    values);
        }
    }

    /**
     * Prunes the random model as the run was pruned.
     *
     * @param examples prompts that the circuit is tested on
     * @param seed of the weights
     * @param listener follows the steps
     * @return the circuit's size and quality
     */
    public Found prune(List<Example> examples, long seed, Pruner.Listener listener) {
        try (TransformerModel random = TransformerModel.of(
                Models.decoder(loaded.directory()),
                new RandomWeights(seed),
                loaded.model().execution())) {
            Repetition repetition = new Repetition(
                    new LoadedModel(
                            loaded.name(), loaded.directory(), random, loaded.tokenizer(), loaded.architectureSha256()),
                    task,
                    run);
            Circuit found = repetition.prune(data, listener);
            Circuit none = Circuit.of(found.graph(), new BitSet());
            try (AblationStates states = repetition.states(data)) {
                Evaluator evaluator =
                        new Evaluator(random, task.scorer(loaded.tokenizer()), states, Evaluator.BATCH_SIZE);
                return new Found(found.size(), kl(evaluator, examples, found), kl(evaluator, examples, none));
            }
        }
    }

    private static double kl(Evaluator evaluator, List<Example> examples, Circuit circuit) {
        return evaluator.evaluate(examples, MaskValues.of(circuit)).metrics().get("kl");
    }
}
