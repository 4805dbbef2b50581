package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.Value;

/** The MLPs of maps: lookup tables for categorical s-ops, sums of steps for numerical ones. */
final class MlpBuilder {
    /** The ramp of a step is at most the gap that it lies in divided by this, so it stays clear of both values. */
    private static final double RAMPS_PER_GAP = 3;

    private final ValueSets values;
    private final Direction bos;
    private final double exactness;

    MlpBuilder(ValueSets values, Direction bos, double exactness) {
        this.values = values;
        this.bos = bos;
        this.exactness = exactness;
    }

    Block.Mlp map(ProgramGraph.Node node, Fn.Unary f) {
        ProgramGraph.Node input = node.input(0);
        if (input.sop().isNumerical()) {
            Steps steps = Steps.of(values.of(input), f);
            return steps(steps, values.space(input).single(), node, false);
        }
        return node.sop().isNumerical() ? numericalLookup(node, f) : categoricalLookup(node, f);
    }

    /** One hidden unit for each output value. */
    private Block.Mlp categoricalLookup(ProgramGraph.Node node, Fn.Unary f) {
        Space output = values.space(node);
        Linear first = new Linear(values.space(node.input(0)), output);
        for (Direction input : first.from().basis()) {
            Value y = f.apply(input.value());
            if (y.isDefined()) {
                first.add(input, new Direction(node.label(), y), 1);
            }
        }
        Linear second = new Linear(output, output);
        output.basis().forEach(direction -> second.add(direction, direction, 1));
        return new Block.Mlp(first, second);
    }

    /** One hidden unit for the outputs above zero and, where there are any, one for those below. */
    private Block.Mlp numericalLookup(ProgramGraph.Node node, Fn.Unary f) {
        Direction output = values.space(node).single();
        Direction above = new Direction("above");
        Direction below = new Direction("below");
        boolean signed = !values.of(node).isEmpty() && values.of(node).first().number() < 0;
        Space hidden = signed ? Space.of(above, below) : Space.of(above);
        Linear first = new Linear(values.space(node.input(0)), hidden);
        for (Direction input : first.from().basis()) {
            Value y = f.apply(input.value());
            if (y.isDefined()) {
                first.add(input, y.number() < 0 ? below : above, Math.abs(y.number()));
            }
        }
        Linear second = new Linear(hidden, Space.of(output));
        second.add(above, output, 1);
        if (signed) {
            second.add(below, output, -1);
        }
        return new Block.Mlp(first, second);
    }

    /** One hidden unit for each pair of values, {@code relu(x + y - 1)}: their logical and. */
    Block.Mlp sequenceMap(ProgramGraph.Node node, Fn.Binary f) {
        Space xs = values.space(node.input(0));
        Space ys = values.space(node.input(1));
        List<Direction> pairs = new ArrayList<>();
        for (Direction x : xs.basis()) {
            ys.basis().forEach(y -> pairs.add(pair(x, y)));
        }
        Space hidden = new Space(pairs);
        Linear first = new Linear(Space.join(List.of(xs, ys, Space.of(Direction.ONE))), hidden);
        Linear second = new Linear(hidden, values.space(node));
        for (Direction x : xs.basis()) {
            for (Direction y : ys.basis()) {
                first.add(x, pair(x, y), 1);
                first.add(y, pair(x, y), 1);
                first.add(Direction.ONE, pair(x, y), -1);
                Value z = f.apply(x.value(), y.value());
                if (z.isDefined()) {
                    second.add(pair(x, y), new Direction(node.label(), z), 1);
                }
            }
        }
        return new Block.Mlp(first, second);
    }

    private static Direction pair(Direction x, Direction y) {
        return new Direction("pair", Value.tuple(x.value(), y.value()));
    }

    /** {@code a x + b y} as {@code a (relu(x) - relu(-x)) + b (relu(y) - relu(-y))}. */
    Block.Mlp linear(ProgramGraph.Node node, double a, double b) {
        Direction output = values.space(node).single();
        List<Direction> inputs = List.of(
                values.space(node.input(0)).single(),
                values.space(node.input(1)).single());
        List<Direction> units = new ArrayList<>();
        for (String name : List.of("x", "y")) {
            units.add(new Direction(name, Value.of(1)));
            units.add(new Direction(name, Value.of(-1)));
        }
        Linear first = new Linear(new Space(inputs), new Space(units));
        Linear second = new Linear(new Space(units), Space.of(output));
        for (int i = 0; i < units.size(); i++) {
            double sign = units.get(i).value().number();
            first.add(inputs.get(i / 2), units.get(i), sign);
            second.add(units.get(i), output, sign * (i < 2 ? a : b));
        }
        return new Block.Mlp(first, second);
    }

    /** Turns {@code 1 / (d + 1)} into {@code d}, and removes from BOS what it and its head wrote there. */
    Block.Mlp width(ProgramGraph.Node node, Direction fraction) {
        SortedSet<Value> fractions = new TreeSet<>();
        values.of(node).forEach(d -> fractions.add(Value.of(1 / (d.number() + 1))));
        Steps steps = Steps.of(fractions, x -> Value.of(Math.rint(1 / x.number() - 1)));
        return steps(steps, fraction, node, true);
    }

    /** A function of a number as its least value and the steps from there. */
    private record Steps(Value start, List<Step> steps) {

        /** Between two neighbouring inputs the output changes. */
        private record Step(double threshold, double gap, Value before, Value after) {}

        /** Inputs for which {@code f} is undefined do not occur, so they take what their neighbour has. */
        static Steps of(SortedSet<Value> inputs, Fn.Unary f) {
            List<Step> steps = new ArrayList<>();
            Value start = Value.NONE;
            Value last = Value.NONE;
            double lastInput = 0;
            for (Value input : inputs) {
                Value y = f.apply(input);
                if (!y.isDefined()) {
                    continue;
                }
                if (!last.isDefined()) {
                    start = y;
                } else if (!y.equals(last)) {
                    double gap = input.number() - lastInput;
                    steps.add(new Step(lastInput + gap / 2, gap, last, y));
                }
                last = y;
                lastInput = input.number();
            }
            return new Steps(start, steps);
        }
    }

    /**
     * For a step at t two hidden units, {@code relu(L (x - t) + 1) - relu(L (x - t))}: 0 up to t - 1/L, 1 from t on.
     * The published compiler takes the same L for all steps; here it grows where two values lie close together.
     *
     * @param cleanBos whether x is 1 at BOS (a selector width) and has to be removed with the output. Otherwise x is 0
     *     there, and all units are kept at 0 by a constant that is 1 everywhere else.
     */
    private Block.Mlp steps(Steps steps, Direction input, ProgramGraph.Node node, boolean cleanBos) {
        Direction start = new Direction("start");
        Direction clean = new Direction("clean_bos");
        Set<Direction> units = new LinkedHashSet<>(List.of(start));
        for (int k = 0; k < steps.steps().size(); k++) {
            units.add(unit(k, 0));
            units.add(unit(k, 1));
        }
        if (cleanBos) {
            units.add(clean);
        }
        Space output = cleanBos ? values.space(node).with(input) : values.space(node);
        Linear first = new Linear(Space.of(input, Direction.ONE, bos), new Space(units));
        Linear second = new Linear(first.to(), output);
        addConstant(first, start, 1, cleanBos);
        write(second, start, node, steps.start(), 1);
        for (int k = 0; k < steps.steps().size(); k++) {
            Steps.Step step = steps.steps().get(k);
            double slope = Math.max(exactness, RAMPS_PER_GAP / step.gap());
            for (int i = 0; i < 2; i++) {
                first.add(input, unit(k, i), slope);
                addConstant(first, unit(k, i), 1 - i - slope * step.threshold(), cleanBos);
                write(second, unit(k, i), node, step.after(), 1 - 2 * i);
                write(second, unit(k, i), node, step.before(), 2 * i - 1);
            }
        }
        if (cleanBos) {
            first.add(bos, clean, 1);
            second.add(clean, input, -1);
            write(second, clean, node, Value.of(0), -1);
        }
        return new Block.Mlp(first, second);
    }

    private static Direction unit(int step, int i) {
        return new Direction("step", Value.tuple(Value.of(step), Value.of(i)));
    }

    private void addConstant(Linear first, Direction unit, double weight, boolean atBosToo) {
        first.add(Direction.ONE, unit, weight);
        if (!atBosToo) {
            first.add(bos, unit, -weight);
        }
    }

    private static void write(Linear second, Direction unit, ProgramGraph.Node node, Value value, double weight) {
        if (node.sop().isNumerical()) {
            second.add(unit, new Direction(node.label()), weight * value.number());
        } else {
            second.add(unit, new Direction(node.label(), value), weight);
        }
    }
}
