package org.edgeprune.validate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Models;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.FreshPrompts;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Task;

/**
 * Edge pruning in a model of the same architecture with random weights, which does not do the task: if a circuit of the
 * same size and quality is found there, the method finds one whether or not a model does the task.
 *
 * @param loaded the model whose architecture is taken
 * @param task of the run
 * @param data of the run
 * @param run what the run was made from; a warm start is one from EAP-IG in the random model
 */
public record RandomModel(LoadedModel loaded, Task task, Dataset data, RunRecord run) {
    /**
     * What was found.
     *
     * @param edges size of the circuit
     * @param kl its mean KL(full || circuit) on the tested prompts, nats
     * @param klWithoutEdges that of the circuit without edges, nats
     */
    public record Found(int edges, double kl, double klWithoutEdges) {}

    /**
     * Prunes the random model as the run was pruned.
     *
     * @param examples prompts that the circuit is tested on
     * @param seed of the weights
     * @param listener follows the steps
     * @return the circuit's size and quality
     */
    public Found prune(List<Example> examples, long seed, Pruner.Listener listener) {
        PruneOptions options = run.options();
        try (TransformerModel random = TransformerModel.of(
                Models.decoder(loaded.directory()),
                new RandomWeights(seed),
                loaded.model().execution())) {
            Path scratch = Files.createTempDirectory("edgeprune-random-weights");
            try {
                PruneResult result = new Pruner(
                                random,
                                data,
                                scorer(),
                                run,
                                RunDirectory.create(scratch),
                                new Pruner.Pace(0, 0, Pruner.Pace.REFERENCE.cacheBytes()),
                                new Pruner.Sources(
                                        Optional.of(start(random)),
                                        FreshPrompts.of(
                                                task,
                                                loaded,
                                                options,
                                                data.train().size()),
                                        Map.of()))
                        .run(false, listener);
                Circuit found = result.circuit();
                Circuit none = Circuit.of(found.graph(), new BitSet());
                try (AblationStates states = AblationStates.of(
                        options.ablation(),
                        random,
                        new ReferencePrompts(data.train(), options.seed()),
                        options.training().batchSize())) {
                    Evaluator evaluator = new Evaluator(random, scorer(), states, Evaluator.BATCH_SIZE);
                    return new Found(found.size(), kl(evaluator, examples, found), kl(evaluator, examples, none));
                }
            } finally {
                remove(scratch);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Scorer scorer() {
        return task.scorer(loaded.tokenizer());
    }

    private ScoredStart start(TransformerModel random) {
        LoadedModel model = new LoadedModel(
                loaded.name(), loaded.directory(), random, loaded.tokenizer(), loaded.architectureSha256());
        String name =
                run.options().controls().warmStart().equals(ScoredStart.MATTR) ? ScoredStart.MATTR : ScoredStart.EAP_IG;
        return ScoredStart.computed(
                        name, PruneSession.of(model, task).withOptions(run.options()), AttributionSetting.Progress.NONE)
                .orElseThrow();
    }

    private static double kl(Evaluator evaluator, List<Example> examples, Circuit circuit) {
        return evaluator.evaluate(examples, MaskValues.of(circuit)).metrics().get("kl");
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
