package org.edgeprune.attribute;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.engine.GradientPoint;

/**
 * A method that scores an edge u -> v by gradients at what v reads (edge attribution patching):
 *
 * <pre>  score(u -> v) = mean over examples of sum_pos,d (a'_u - a_u) mean_k dL/d in_v at point k</pre>
 *
 * <p>with a_u what u adds for the clean prompt and a'_u in the ablation. The methods differ in the points.
 */
public sealed interface GradientMethod {
    /** Edge attribution patching (Nanda 2023; Syed et al. 2023): the gradient at the clean prompt. */
    record Eap() implements GradientMethod {
        @Override
        public List<GradientPoint> points(int layers) {
            return List.of(GradientPoint.CLEAN);
        }
    }

    /** The mean of the gradients at the clean and at the corrupted prompt. */
    record CleanCorrupted() implements GradientMethod {
        @Override
        public List<GradientPoint> points(int layers) {
            return List.of(GradientPoint.CLEAN, new GradientPoint.Embeddings(0));
        }
    }

    /**
     * EAP with integrated gradients over the inputs (Hanna et al. 2024): token embeddings at {@code e' + k/m (e - e')},
     * k = 0 .. m - 1, with e the clean and e' the corrupted ones.
     *
     * @param steps m
     */
    record InputGradients(int steps) implements GradientMethod {
        /** Checks the number of steps. */
        public InputGradients {
            requireSteps(steps);
        }

        @Override
        public List<GradientPoint> points(int layers) {
            return IntStream.range(0, steps)
                    .<GradientPoint>mapToObj(k -> new GradientPoint.Embeddings((double) k / steps))
                    .toList();
        }
    }

    /**
     * EAP with integrated gradients over activations, as EAP-IG's code has it: the embeddings, then each layer's heads
     * together and each MLP, are set to {@code k/m clean + (1 - k/m) corrupted}, k = 1 .. m, one source at a time, and
     * the gradients of all readers are averaged over all these points.
     *
     * @param steps m
     */
    record ActivationGradients(int steps) implements GradientMethod {
        /** Checks the number of steps. */
        public ActivationGradients {
            requireSteps(steps);
        }

        @Override
        public List<GradientPoint> points(int layers) {
            return IntStream.rangeClosed(1, steps)
                    .mapToObj(k -> sources(layers, (double) k / steps))
                    .flatMap(points -> points)
                    .toList();
        }

        private static Stream<GradientPoint> sources(int layers, double share) {
            Stream<GradientPoint> blocks = IntStream.range(0, layers).boxed().flatMap(layer -> Stream.of(true, false)
                    .map(heads -> new GradientPoint.Output(layer, heads, share)));
            return Stream.concat(Stream.of(new GradientPoint.ConstantEmbeddings(share)), blocks);
        }
    }

    /**
     * Where the model is differentiated; all points count alike.
     *
     * @param layers of the model
     * @return the points
     */
    List<GradientPoint> points(int layers);

    private static void requireSteps(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException(steps + " steps: at least 1 is needed");
        }
    }
}
