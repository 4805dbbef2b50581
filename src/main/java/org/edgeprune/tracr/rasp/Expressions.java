package org.edgeprune.tracr.rasp;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares and measures expressions: s-ops, selectors, predicates and functions.
 *
 * <p>Expressions share parts, so an expression written out in full can be exponentially larger than its representation
 * in memory. {@code equals} and {@code hashCode} of the records visit the written-out form. This class visits every
 * part once: it numbers a part by its form and the numbers of its own parts, and remembers parts by identity.
 */
public final class Expressions {
    /** Parts measured already, by identity. */
    private final IdentityHashMap<Object, Measure> known = new IdentityHashMap<>();

    private final Map<Form, Measure> byForm = new HashMap<>();

    /** Measures nothing yet. */
    public Expressions() {}

    /**
     * Number and depth of an expression.
     *
     * @param number equal for two expressions measured by the same {@link Expressions} exactly if the expressions are
     *     equal
     * @param depth length of the longest chain of nested expressions, this one included; at least 1
     */
    public record Measure(int number, int depth) {}

    /** What makes two parts equal: their type, plain components and the measures of component expressions. */
    private record Form(Class<?> type, List<Object> parts) {}

    /** Whether two expressions are equal, in time linear in their number of different parts. */
    @SuppressWarnings("ReferenceEquality") // equals would walk over all that is written out
    static boolean equal(Object one, Object other) {
        if (one == other) {
            return true;
        }
        Expressions expressions = new Expressions();
        return expressions.measure(one).equals(expressions.measure(other));
    }

    /**
     * Measures an expression and all of its parts.
     *
     * @param expression an {@link SOp}, {@link Selector}, {@link Predicate}, {@link Fn.Unary} or {@link Fn.Binary}
     * @return its number and depth
     */
    public Measure measure(Object expression) {
        Measure measure = known.get(expression);
        if (measure == null) {
            measure = newMeasure(expression);
            known.put(expression, measure);
        }
        return measure;
    }

    private Measure newMeasure(Object expression) {
        int depth = 0;
        List<Object> parts = new ArrayList<>();
        if (isComposite(expression)) {
            for (RecordComponent component : expression.getClass().getRecordComponents()) {
                Object part = value(component, expression);
                if (isExpression(part)) {
                    Measure inner = measure(part);
                    depth = Math.max(depth, inner.depth());
                    parts.add(inner);
                } else {
                    parts.add(part);
                }
            }
        } else {
            parts.add(expression);
        }
        Measure fresh = new Measure(byForm.size(), depth + 1);
        Measure earlier = byForm.putIfAbsent(new Form(expression.getClass(), parts), fresh);
        return earlier == null ? fresh : earlier;
    }

    private static boolean isExpression(Object part) {
        return part instanceof SOp
                || part instanceof Selector
                || part instanceof Predicate
                || part instanceof Fn.Unary
                || part instanceof Fn.Binary;
    }

    /** The records of this package; functions that others wrote are compared by their own {@code equals}. */
    private static boolean isComposite(Object expression) {
        return expression instanceof Record
                && expression.getClass().getPackageName().equals(Expressions.class.getPackageName());
    }

    private static Object value(RecordComponent component, Object expression) {
        try {
            return component.getAccessor().invoke(expression);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component.toString(), e);
        }
    }
}
