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
 * <p>An expression may use one part many times, so that what it would be if written out can be exponentially larger
 * than what is in memory; {@code equals} and {@code hashCode} of its records walk over all of that. Here every part is
 * visited once: it is numbered by its form and the numbers of its own parts, and remembered by identity.
 */
public final class Expressions {
    private final IdentityHashMap<Object, Measure> known = new IdentityHashMap<>();
    private final Map<Form, Measure> byForm = new HashMap<>();

    /**
     * What is known of an expression.
     *
     * @param number the same for two expressions of one instance of {@link Expressions} exactly if they are equal
     * @param depth how many expressions lie inside each other, itself included
     */
    public record Measure(int number, int depth) {}

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

    /** Numbers an expression and all of its parts. */
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
