package org.edgeprune.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.prune.MaskLevel;
import org.edgeprune.prune.PruneOptions;

/** The warnings at the end of a run whose circuit is less sparse than was asked for. */
final class MissedTarget {
    /** What may be missing without a word: a point of sparsity. */
    private static final double TOLERATED = 0.01;

    private static final String EDGE = "edge";
    private static final String NODE = "node";
    private static final String HOLD = "; with --hold-target runs of any length reach it";

    private MissedTarget() {}

    /**
     * Says why a run missed its targets, and what to change. The target of the nodes counts where edges have no masks:
     * otherwise it helps the edges to theirs, which is the circuit's size.
     *
     * @param options the run's
     * @param circuit its binary masks
     * @return one line for each target that was missed, except those above 1, which no circuit reaches
     */
    static List<String> warnings(PruneOptions options, MaskValues circuit) {
        MaskLevel level = options.controls().level();
        PruneOptions.LearningRates rates = options.learningRates();
        List<String> warnings = new ArrayList<>();
        if (level.edges()) {
            new Target(EDGE, options.targets().edgeSparsity(), rates.edgeMultiplierLearningRate())
                    .missed(circuit.effectiveEdgeSparsity(), options)
                    .ifPresent(warnings::add);
        } else if (level.nodes()) {
            new Target(NODE, options.targets().nodeSparsity(), rates.nodeMultiplierLearningRate())
                    .missed(circuit.nodeSparsity(), options)
                    .ifPresent(warnings::add);
        }
        if (level.neurons()) {
            new Target("neuron", options.neuronTarget(), rates.nodeMultiplierLearningRate())
                    .missed(circuit.neuronSparsity(), options)
                    .ifPresent(warnings::add);
        }
        return warnings;
    }

    /** What a constraint asks for, and the rate of its multipliers. */
    private record Target(String of, SparsitySchedule schedule, double rate) {
        Optional<String> missed(double reached, PruneOptions options) {
            double target = schedule.target();
            if (target > 1 || reached >= target - TOLERATED) {
                return Optional.empty();
            }
            int steps = options.training().steps();
            double last = schedule.at(steps);
            return Optional.of(
                    "the circuit's %s sparsity is %.3g, not the %s that was asked for: ".formatted(of, reached, target)
                            + (last < target - TOLERATED ? stillRising(steps, last) : tooFew(steps))
                            + (of.equals(EDGE) && !options.controls().holdTarget() ? HOLD : ""));
        }

        private String stillRising(int steps, double last) {
            return "the target rises in %d steps, and had come to %.3g after the run's %d; let it rise faster (--sparsity-warmup-steps) or run longer (--steps)"
                    .formatted(schedule.warmupSteps(), last, steps);
        }

        /** Neurons have the rates of nodes. */
        private String tooFew(int steps) {
            return "%d steps were too few at these rates; run longer (--steps), raise the multipliers' rate (--%s-reg-lr, now %s), or let the target rise faster (--sparsity-warmup-steps, now %d)"
                    .formatted(steps, of.equals(EDGE) ? EDGE : NODE, rate, schedule.warmupSteps());
        }
    }
}
