package org.edgeprune.tracr.circuit;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.edgeprune.graph.Ablation;
import org.edgeprune.tracr.CompiledModel;

/**
 * What is known for certain about the circuit of a compiled model.
 *
 * @param structural every edge that can matter, from the weights
 * @param zero the edges that matter if cut edges are replaced by zero
 * @param interchange the edges that matter if cut edges carry what they carry on a corrupted input of the same length.
 *     What does not depend on the tokens (positions, the length, BOS) cannot matter then.
 */
public record GroundTruth(StructuralCircuit structural, FunctionalCircuit zero, FunctionalCircuit interchange) {

    /** Outputs that differ by no more are the same, unless said otherwise. */
    public static final double TOLERANCE = 1e-3;

    /** The circuits on the model's longest inputs, BOS not scored: all inputs, and up to {@code limit} corruptions. */
    public static GroundTruth of(CompiledModel model, int limit) {
        List<Example> examples =
                Example.ofLength(model.vocabulary(), model.vocabulary().maxLength(), limit, 0);
        return of(model, examples, 1, TOLERANCE);
    }

    public static GroundTruth of(CompiledModel model, List<Example> examples, int firstScored, double tolerance) {
        return new GroundTruth(
                StructuralCircuit.of(model),
                search(model, Ablation.ZERO, examples, firstScored, tolerance).find(),
                search(model, Ablation.INTERCHANGE, examples, firstScored, tolerance)
                        .find());
    }

    /** The search on these examples, or under zero ablation on their inputs. */
    public static CircuitSearch search(
            CompiledModel model, Ablation ablation, List<Example> examples, int firstScored, double tolerance) {
        List<Example> needed = ablation.needsCorruptedPrompt() ? examples : distinctInputs(examples);
        return new CircuitSearch(model, ablation, needed, firstScored, tolerance);
    }

    /** Zero ablation looks at no corruption: one example for each input will do. */
    private static List<Example> distinctInputs(List<Example> examples) {
        Set<List<Integer>> seen = new HashSet<>();
        return examples.stream()
                .filter(e -> seen.add(Arrays.stream(e.ids()).boxed().toList()))
                .toList();
    }

    public FunctionalCircuit functional(Ablation ablation) {
        return switch (ablation) {
            case Ablation.Zero z -> zero;
            case Ablation.Interchange i -> interchange;
        };
    }
}
