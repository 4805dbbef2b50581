package org.edgeprune.tracr.circuit;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.CompiledModel;

/**
 * The ground truth of a compiled model's circuit.
 *
 * @param structural every edge that can matter, from the weights
 * @param zero the edges that matter under zero ablation
 * @param interchange the edges that matter if ablated edges carry what they carry on a corrupted input of the same
 *     length. Edges that do not depend on the tokens (positions, the length, BOS) cannot matter then.
 */
public record GroundTruth(StructuralCircuit structural, FunctionalCircuit zero, FunctionalCircuit interchange) {

    /** The ablations under which it is known. */
    public static final List<Ablation> ABLATIONS = List.of(Ablation.ZERO, Ablation.INTERCHANGE);

    /** Outputs that differ by no more count as equal, by default. */
    public static final double TOLERANCE = 1e-3;

    /**
     * The circuits on inputs of the model's maximal length, BOS not scored.
     *
     * @param model the model
     * @param limit about the most examples; every input occurs if it allows that
     * @return the ground truth, with {@link #TOLERANCE}
     */
    public static GroundTruth of(CompiledModel model, int limit) {
        List<ProgramExample> examples =
                ProgramExample.ofLength(model.vocabulary(), model.vocabulary().maxLength(), limit, 0);
        return of(model, examples, 1, TOLERANCE);
    }

    /**
     * The circuits on given examples.
     *
     * @param model the model
     * @param examples the examples
     * @param firstScored the first position whose output is compared: 1 leaves BOS out
     * @param tolerance outputs that differ by no more count as equal
     * @return the ground truth
     */
    public static GroundTruth of(
            CompiledModel model, List<ProgramExample> examples, int firstScored, double tolerance) {
        return new GroundTruth(
                StructuralCircuit.of(model),
                search(model, Ablation.ZERO, examples, firstScored, tolerance).find(),
                search(model, Ablation.INTERCHANGE, examples, firstScored, tolerance)
                        .find());
    }

    /**
     * The search on examples. Zero ablation does not read corrupted inputs, so it searches each distinct input once.
     *
     * @param model the model
     * @param ablation what ablated edges carry
     * @param examples the examples
     * @param firstScored the first position whose output is compared: 1 leaves BOS out
     * @param tolerance outputs that differ by no more count as equal
     * @return the search
     * @throws InputException as {@link #requireKnown}
     */
    public static CircuitSearch search(
            CompiledModel model, Ablation ablation, List<ProgramExample> examples, int firstScored, double tolerance) {
        requireKnown(ablation);
        List<ProgramExample> needed = ablation.needsCorruptedPrompt() ? examples : distinctInputs(examples);
        return new CircuitSearch(model, ablation, needed, firstScored, tolerance);
    }

    /** One example for each input. */
    private static List<ProgramExample> distinctInputs(List<ProgramExample> examples) {
        Set<List<Integer>> seen = new HashSet<>();
        return examples.stream()
                .filter(e -> seen.add(Arrays.stream(e.ids()).boxed().toList()))
                .toList();
    }

    /**
     * The circuit under an ablation.
     *
     * @param ablation zero or interchange
     * @return {@link #zero} or {@link #interchange}
     * @throws InputException if it is another one
     */
    public FunctionalCircuit functional(Ablation ablation) {
        return switch (ablation) {
            case Ablation.Zero _ -> zero;
            case Ablation.Interchange _ -> interchange;
            case Ablation.Mean _, Ablation.MeanPositional _, Ablation.Resample _ -> throw unknown(ablation);
        };
    }

    /**
     * Refuses ablations under which ground truths are not searched: those that depend on reference prompts.
     *
     * @param ablation what ablated edges carry
     * @throws InputException if it is neither zero nor interchange ablation
     */
    public static void requireKnown(Ablation ablation) {
        if (!ABLATIONS.contains(ablation)) {
            throw unknown(ablation);
        }
    }

    private static InputException unknown(Ablation ablation) {
        return new InputException("--ablation " + ablation.name()
                + ": the true circuit of a compiled program is known under zero and interchange ablation: use one of"
                + " these");
    }
}
