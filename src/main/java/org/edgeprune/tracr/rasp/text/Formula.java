package org.edgeprune.tracr.rasp.text;

import java.util.List;
import org.edgeprune.tracr.rasp.Comparison;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.Predicate;
import org.edgeprune.tracr.rasp.Value;

/**
 * A function written in the program: {@code (x, y) -> max(x, y) + 1}. It is undefined where a part of it is.
 *
 * @param body checked: its names are parameters and its calls are known
 */
record Formula(List<String> parameters, Ast body) implements Fn.Unary, Fn.Binary, Predicate {

    @Override
    public Value apply(Value x) {
        return value(body, x, x);
    }

    @Override
    public Value apply(Value x, Value y) {
        return value(body, x, y);
    }

    @Override
    public boolean test(Value key, Value query) {
        return value(body, key, query).truth();
    }

    private Value value(Ast ast, Value first, Value second) {
        return switch (ast) {
            case Ast.Literal literal -> literal.value();
            case Ast.Name name -> name.name().equals(parameters.getFirst()) ? first : second;
            case Ast.Unary unary -> simple(unary.operator(), value(unary.operand(), first, second));
            case Ast.Binary binary ->
                combined(binary.operator(), value(binary.left(), first, second), value(binary.right(), first, second));
            case Ast.Call call
            when call.function().equals("if") -> {
                Value condition = value(call.arguments().getFirst(), first, second);
                yield condition.isDefined()
                        ? value(call.arguments().get(condition.truth() ? 1 : 2), first, second)
                        : Value.NONE;
            }
            case Ast.Call call
            when call.arguments().size() == 1 ->
                simple(call.function(), value(call.arguments().getFirst(), first, second));
            case Ast.Call call ->
                combined(
                        call.function(),
                        value(call.arguments().get(0), first, second),
                        value(call.arguments().get(1), first, second));
            case Ast.Lambda l -> throw new IllegalStateException("unchecked formula");
            case Ast.Operator o -> throw new IllegalStateException("unchecked formula");
        };
    }

    private static Value simple(String name, Value x) {
        return x.isDefined() ? unary(name).apply(x) : Value.NONE;
    }

    private static Value combined(String name, Value x, Value y) {
        return x.isDefined() && y.isDefined() ? binary(name).apply(x, y) : Value.NONE;
    }

    /** The function of one value with this name, or null. */
    static Fn.Unary unary(String name) {
        return switch (name) {
            case "not" -> Fn.Simple.NOT;
            case "-" -> Fn.Simple.NEGATE;
            case "abs" -> Fn.Simple.ABS;
            case "round" -> Fn.Simple.ROUND;
            case "floor" -> Fn.Simple.FLOOR;
            default -> null;
        };
    }

    /** The function of two values with this name, or null. */
    static Fn.Binary binary(String name) {
        return switch (name) {
            case "+" -> Fn.Operator.PLUS;
            case "-" -> Fn.Operator.MINUS;
            case "*" -> Fn.Operator.TIMES;
            case "/" -> Fn.Operator.DIVIDE;
            case "%" -> Fn.Operator.MODULO;
            case "min" -> Fn.Operator.MIN;
            case "max" -> Fn.Operator.MAX;
            case "and" -> Fn.Operator.AND;
            case "or" -> Fn.Operator.OR;
            default -> comparison(name) == null ? null : new Fn.Compare(comparison(name));
        };
    }

    /** The comparison with this symbol, or null. */
    static Comparison comparison(String symbol) {
        return switch (symbol) {
            case "==" -> Comparison.EQ;
            case "!=" -> Comparison.NEQ;
            case "<" -> Comparison.LT;
            case "<=" -> Comparison.LEQ;
            case ">" -> Comparison.GT;
            case ">=" -> Comparison.GEQ;
            default -> null;
        };
    }
}
