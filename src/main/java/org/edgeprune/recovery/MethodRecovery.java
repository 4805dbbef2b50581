package org.edgeprune.recovery;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.methods.CircuitMethod;
import org.edgeprune.methods.Effort;
import org.edgeprune.methods.MethodRunner;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.tracr.circuit.TruthEdge;

/**
 * How well every method finds the circuit of a compiled program, whose edges are known.
 *
 * <p>All methods attribute the KL divergence to the full model. Each ranks the edges; its circuit is the smallest one
 * of best edges that halving the number of edges finds to be faithful on the training prompts, by the rule of
 * {@link Recovery}. Edge pruning ranks the edges of the circuit that it found before the others, and both by log_alpha.
 *
 * @param ablation what ablated edges carry
 * @param effort how much work each method may do
 * @param seed of all random choices
 */
public record MethodRecovery(Ablation ablation, Effort effort, long seed) {
    /** Small models: every prompt, and as many steps as the library needs. */
    public static final Effort EFFORT = new Effort(1000, 200, 1, 20, 1000, 1, 1);

    /** Methods that KL says something to: its gradient at the full model, which EAP takes, is zero. */
    public static final List<CircuitMethod> METHODS = List.of(
            CircuitMethod.EDGE_PRUNING,
            CircuitMethod.CLEAN_CORRUPTED,
            CircuitMethod.EAP_IG_INPUTS,
            CircuitMethod.EAP_IG_ACTIVATIONS,
            CircuitMethod.EXACT,
            CircuitMethod.MATTR,
            CircuitMethod.MATTR_PUBLISHED,
            CircuitMethod.ACDC,
            CircuitMethod.RANDOM);

    private static final int BATCH = 512;
    private static final long CACHE_BYTES = 1L << 30;

    /**
     * What a method found.
     *
     * @param method {@link CircuitMethod#key}
     * @param auroc how likely an edge of the ground truth ranks before another one; null where all edges or none are in
     *     the ground truth
     * @param edges of its circuit
     * @param precision share of these that are in the ground truth; 1 for none
     * @param recall share of the ground truth that is in the circuit; 1 where it is empty
     */
    public record Found(String method, Double auroc, int edges, double precision, double recall) {}

    /**
     * Lets every method find the circuit of a program that was recovered before.
     *
     * @param task the task of the program
     * @param directory that {@link Recovery#run} wrote
     * @param truth edges of the ground truth
     * @param device where the model is run
     * @return what each of {@link #METHODS} found
     * @throws org.edgeprune.io.InputException if the directory lacks something
     */
    public List<Found> run(TracrTask task, Path directory, List<TruthEdge> truth, Device device) {
        Path models = directory.resolve("model");
        try (LoadedModel model = LoadedModel.open(models.toString(), models, Execution.on(device))) {
            Dataset data = task.read(directory.resolve("data"), model.tokenizer());
            AblationStates states = AblationStates.of(ablation, model.model(), ReferencePrompts.NONE, BATCH);
            MethodRunner runner = new MethodRunner(model.model(), task.scorer(), Objective.KL, states, effort);
            Evaluator evaluator = new Evaluator(model.model(), task.scorer(), states, BATCH);
            try (RepeatedEvaluator repeated = new RepeatedEvaluator(evaluator, data.train(), CACHE_BYTES)) {
                List<Found> found = new ArrayList<>();
                for (CircuitMethod method : METHODS) {
                    EdgeScores scores = method == CircuitMethod.EDGE_PRUNING
                            ? pruned(directory, model)
                            : runner.scores(method, data.train(), seed, AttributionSetting.Progress.NONE);
                    found.add(found(method, scores, truth, repeated));
                }
                return found;
            }
        }
    }

    private static EdgeScores pruned(Path directory, LoadedModel model) {
        EdgeScores logAlphas =
                CircuitInput.of(directory.resolve("run")).scores(model.model().sizes(), note -> {});
        Circuit trained = Circuit.read(directory.resolve("trained.json"), logAlphas.graph());
        float[] scores = logAlphas.toArray();
        float low = Float.MAX_VALUE;
        float high = -Float.MAX_VALUE;
        for (float score : scores) {
            low = Math.min(low, score);
            high = Math.max(high, score);
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] += trained.contains(i) ? high - low + 1 : 0;
        }
        return EdgeScores.of(logAlphas.graph(), scores);
    }

    private static Found found(
            CircuitMethod method, EdgeScores scores, List<TruthEdge> truth, RepeatedEvaluator repeated) {
        Set<TruthEdge> right = new HashSet<>(truth);
        Circuit circuit = smallestFaithful(scores, method.ranking(), repeated);
        long shared = circuit.edges().stream()
                .filter(edge -> right.contains(named(edge)))
                .count();
        return new Found(
                method.key(),
                auroc(scores, method.ranking(), right),
                circuit.size(),
                circuit.size() == 0 ? 1 : (double) shared / circuit.size(),
                truth.isEmpty() ? 1 : (double) shared / truth.size());
    }

    private static TruthEdge named(Edge edge) {
        return new TruthEdge(edge.writer().name(), edge.reader().name());
    }

    private static Circuit smallestFaithful(EdgeScores scores, Ranking ranking, RepeatedEvaluator repeated) {
        ComputationGraph graph = scores.graph();
        double most = Recovery.FAITHFUL_SHARE * kl(repeated, Circuit.of(graph, new BitSet()));
        int faithful = scores.size();
        int unfaithful = -1;
        while (faithful - unfaithful > 1) {
            int middle = (faithful + unfaithful) >>> 1;
            if (kl(repeated, scores.top(middle, ranking)) <= most) {
                faithful = middle;
            } else {
                unfaithful = middle;
            }
        }
        return scores.top(faithful, ranking);
    }

    private static double kl(RepeatedEvaluator repeated, Circuit circuit) {
        return repeated.evaluate(MaskValues.of(circuit)).metrics().get("kl");
    }

    /**
     * The area under the ROC curve: the share of pairs of an edge of the ground truth and another one in which the
     * former ranks first; equal scores count half.
     */
    static Double auroc(EdgeScores scores, Ranking ranking, Set<TruthEdge> truth) {
        float[] keys = new float[scores.size()];
        boolean[] right = new boolean[scores.size()];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = ranking.key(scores.at(i));
            right[i] = truth.contains(named(scores.graph().edge(i)));
        }
        int[] others = IntStream.range(0, keys.length).filter(i -> !right[i]).toArray();
        int[] members = IntStream.range(0, keys.length).filter(i -> right[i]).toArray();
        if (others.length == 0 || members.length == 0) {
            return null;
        }
        double won = 0;
        for (int member : members) {
            for (int other : others) {
                won += keys[member] > keys[other] ? 1 : keys[member] == keys[other] ? 0.5 : 0;
            }
        }
        return won / ((double) members.length * others.length);
    }
}
