package org.edgeprune.tracr.rasp.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Comparison;
import org.edgeprune.tracr.rasp.Expressions;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.Library;
import org.edgeprune.tracr.rasp.Predicate;
import org.edgeprune.tracr.rasp.Rasp;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Selector;
import org.edgeprune.tracr.rasp.Value;

/**
 * Builds the s-op of a parsed program. Besides the language itself it has the library as functions: {@code reverse(s)
 * hist(s) has_prev(s) remove_duplicates(s) sort(values, keys) sort_unique(values, keys) frac_prevs(s) pair_balance(s,
 * "(", ")") shift(s, n) count(s, x) detect_pattern(s, x, y, ...) shuffle_dyck("()", ...)}.
 */
final class ProgramBuilder {

    /** What an expression can be. */
    private sealed interface Item {
        record OfSOp(SOp sop) implements Item {}

        record OfSelector(Selector selector) implements Item {}
    }

    /** Recursion over deeper programs would overflow Java's stack. */
    private static final int MAX_DEPTH = 256;

    private final String source;
    private final Expressions expressions = new Expressions();
    private final Map<String, Item> defined = new HashMap<>();
    private final int maxLength;

    ProgramBuilder(String source, int maxLength) {
        this.source = source;
        this.maxLength = maxLength;
        define("tokens", Rasp.tokens());
        define("indices", Rasp.indices());
        define("length", Library.length());
        define("max_len", Rasp.constant(maxLength));
    }

    SOp build(List<Ast.Definition> definitions) {
        Map<String, Token> own = new HashMap<>();
        for (int i = 0; i < definitions.size(); i++) {
            Ast.Definition definition = definitions.get(i);
            Item item = item(definition.expression());
            if (!definition.name().isEmpty()) {
                Token earlier = own.put(definition.name(), definition.at());
                if (earlier != null) {
                    throw error(definition.at(), definition.at() + " is already defined in line " + earlier.line());
                }
                item = named(item, definition);
                defined.put(definition.name(), item);
            }
            if (i == definitions.size() - 1) {
                return sop(item, definition.at());
            }
        }
        throw new IllegalStateException("no definitions");
    }

    private void define(String name, SOp sop) {
        defined.put(name, new Item.OfSOp(sop));
    }

    private Item named(Item item, Ast.Definition definition) {
        if (SOp.RESERVED_NAMES.contains(definition.name())) {
            throw error(definition.at(), definition.at() + " cannot be redefined: choose another name");
        }
        return switch (item) {
            case Item.OfSelector selector -> selector;
            case Item.OfSOp s when s.sop() instanceof SOp.Tokens || s.sop() instanceof SOp.Indices -> s;
            case Item.OfSOp s -> new Item.OfSOp(s.sop().named(definition.name()));
        };
    }

    private Item item(Ast ast) {
        Item item = built(ast);
        Object expression =
                switch (item) {
                    case Item.OfSOp s -> s.sop();
                    case Item.OfSelector s -> s.selector();
                };
        if (expressions.measure(expression).depth() > MAX_DEPTH) {
            throw error(
                    ast.at(),
                    "this is computed in more than " + MAX_DEPTH
                            + " steps, each from the one before: compute it in fewer");
        }
        return item;
    }

    private Item built(Ast ast) {
        try {
            return switch (ast) {
                case Ast.Literal literal -> new Item.OfSOp(Rasp.constant(literal.value()));
                case Ast.Name name -> lookUp(name);
                case Ast.Unary unary -> {
                    Item operand = item(unary.operand());
                    yield operand instanceof Item.OfSelector s
                                    && unary.operator().equals("not")
                            ? new Item.OfSelector(s.selector().not())
                            : new Item.OfSOp(sop(operand, unary.at()).map(Formula.unary(unary.operator())));
                }
                case Ast.Binary binary -> binary(binary);
                case Ast.Call call
                when call.function().equals("select") -> {
                    arity(call, 3, 3);
                    yield new Item.OfSelector(Rasp.select(
                            sop(call, 0),
                            sop(call, 1),
                            predicate(call.arguments().get(2))));
                }
                case Ast.Call call -> new Item.OfSOp(call(call));
                case Ast.Lambda lambda ->
                    throw error(lambda.at(), "a function can only be given to map, sequence_map" + " and select");
                case Ast.Operator operator -> throw error(operator.at(), "a comparison can only be given to select");
            };
        } catch (IllegalArgumentException e) {
            throw error(ast.at(), e.getMessage());
        }
    }

    private Item lookUp(Ast.Name name) {
        Item item = defined.get(name.name());
        if (item == null) {
            throw error(name.at(), name.at() + " is not defined");
        }
        return item;
    }

    private Item binary(Ast.Binary binary) {
        Item left = item(binary.left());
        Item right = item(binary.right());
        if (left instanceof Item.OfSelector l && right instanceof Item.OfSelector r) {
            return switch (binary.operator()) {
                case "and" -> new Item.OfSelector(l.selector().and(r.selector()));
                case "or" -> new Item.OfSelector(l.selector().or(r.selector()));
                default -> throw error(binary.at(), "selectors can only be combined by 'and', 'or' and 'not'");
            };
        }
        SOp first = sop(left, binary.left().at());
        SOp second = sop(right, binary.right().at());
        return new Item.OfSOp(first.combine(Formula.binary(binary.operator()), second));
    }

    private SOp call(Ast.Call call) {
        Fn.Unary unary = Formula.unary(call.function());
        Fn.Binary binary = Formula.binary(call.function());
        if (unary != null || binary != null) {
            int arity = unary != null ? 1 : 2;
            arity(call, arity, arity);
            return unary != null ? sop(call, 0).map(unary) : sop(call, 0).combine(binary, sop(call, 1));
        }
        switch (call.function()) {
            case "aggregate" -> {
                arity(call, 2, 3);
                Value fallback = call.arguments().size() == 3 ? constant(call, 2) : Value.NONE;
                return Rasp.aggregate(selector(call, 0), sop(call, 1), fallback);
            }
            case "selector_width" -> {
                arity(call, 1, 1);
                return Rasp.selectorWidth(selector(call, 0));
            }
            case "map" -> {
                arity(call, 2, 2);
                return sop(call, 1).map(formula(call.arguments().getFirst(), 1));
            }
            case "sequence_map" -> {
                arity(call, 3, 3);
                return Rasp.sequenceMap(formula(call.arguments().getFirst(), 2), sop(call, 1), sop(call, 2));
            }
            case "linear" -> {
                arity(call, 4, 4);
                return Rasp.linearSequenceMap(
                        sop(call, 0),
                        sop(call, 1),
                        constant(call, 2).number(),
                        constant(call, 3).number());
            }
            case "numerical" -> {
                arity(call, 1, 1);
                return sop(call, 0).numerical();
            }
            case "categorical" -> {
                arity(call, 1, 1);
                return sop(call, 0).categorical();
            }
            default -> {
                return library(call);
            }
        }
    }

    private SOp library(Ast.Call call) {
        int most = Integer.MAX_VALUE;
        return switch (call.function()) {
            case "reverse" -> Library.reverse(sop(arity(call, 1, 1), 0));
            case "hist" -> Library.hist(sop(arity(call, 1, 1), 0));
            case "has_prev" -> Library.hasPrevious(sop(arity(call, 1, 1), 0));
            case "remove_duplicates" -> Library.removeDuplicates(sop(arity(call, 1, 1), 0));
            case "sort" -> Library.sort(sop(arity(call, 2, 2), 0), sop(call, 1), maxLength, 1);
            case "sort_unique" -> Library.sortUnique(sop(arity(call, 2, 2), 0), sop(call, 1));
            case "frac_prevs" -> Library.fractionOfPrevious(sop(arity(call, 1, 1), 0));
            case "pair_balance" ->
                Library.pairBalance(
                        sop(arity(call, 3, 3), 0),
                        constant(call, 1).toString(),
                        constant(call, 2).toString());
            case "shift" ->
                Library.shift(sop(arity(call, 2, 2), 0), (int) constant(call, 1).number());
            case "count" -> Library.count(sop(arity(call, 2, 2), 0), constant(call, 1));
            case "detect_pattern" -> Library.detectPattern(sop(arity(call, 2, most), 0), constants(call, 1));
            case "shuffle_dyck" ->
                Library.shuffleDyck(constants(arity(call, 1, most), 0).stream()
                        .map(Value::toString)
                        .toList());
            default -> throw error(call.at(), "there is no function " + call.at());
        };
    }

    private Ast.Call arity(Ast.Call call, int least, int most) {
        int given = call.arguments().size();
        if (given < least || given > most) {
            String wanted =
                    least == most ? "" + least : most == least + 1 ? least + " or " + most : "at least " + least;
            throw error(call.at(), call.function() + " takes " + wanted + " arguments, but got " + given);
        }
        return call;
    }

    private SOp sop(Ast.Call call, int i) {
        Ast argument = call.arguments().get(i);
        return sop(item(argument), argument.at());
    }

    private SOp sop(Item item, Token at) {
        if (item instanceof Item.OfSOp s) {
            return s.sop();
        }
        throw error(at, "expected an s-op, but this is a selector: use aggregate or selector_width");
    }

    private Selector selector(Ast.Call call, int i) {
        Ast argument = call.arguments().get(i);
        if (item(argument) instanceof Item.OfSelector s) {
            return s.selector();
        }
        throw error(argument.at(), call.function() + " needs a selector here: use select(keys, queries, comparison)");
    }

    private Value constant(Ast.Call call, int i) {
        if (sop(call, i) instanceof SOp.Full full) {
            return full.fill();
        }
        throw error(call.arguments().get(i).at(), call.function() + " needs a constant here");
    }

    private List<Value> constants(Ast.Call call, int from) {
        return IntStream.range(from, call.arguments().size())
                .mapToObj(i -> constant(call, i))
                .toList();
    }

    private Predicate predicate(Ast ast) {
        return switch (ast) {
            case Ast.Operator operator -> Formula.comparison(operator.operator());
            case Ast.Literal literal
            when literal.value() instanceof Value.Bool b -> b.value() ? Comparison.TRUE : Comparison.FALSE;
            default -> formula(ast, 2);
        };
    }

    private Formula formula(Ast ast, int parameters) {
        if (!(ast instanceof Ast.Lambda lambda)) {
            throw error(
                    ast.at(),
                    parameters == 1
                            ? "expected a function: x -> ..."
                            : "expected a comparison or a function: (x, y) -> ...");
        }
        if (lambda.parameters().size() != parameters) {
            throw error(
                    lambda.at(),
                    "this function takes " + lambda.parameters().size() + " parameters, but needs " + parameters);
        }
        check(lambda.body(), lambda.parameters());
        return new Formula(lambda.parameters(), lambda.body());
    }

    /** That a function's body uses only its parameters and functions of values. */
    private void check(Ast ast, List<String> parameters) {
        switch (ast) {
            case Ast.Literal literal -> {}
            case Ast.Name name -> {
                if (!parameters.contains(name.name())) {
                    throw error(name.at(), name.at() + " is not a parameter of this function");
                }
            }
            case Ast.Unary unary -> check(unary.operand(), parameters);
            case Ast.Binary binary -> {
                check(binary.left(), parameters);
                check(binary.right(), parameters);
            }
            case Ast.Call call -> {
                int arity = call.function().equals("if")
                        ? 3
                        : Formula.unary(call.function()) != null ? 1 : Formula.binary(call.function()) != null ? 2 : -1;
                if (arity < 0) {
                    throw error(call.at(), "there is no function " + call.at() + " of values");
                }
                arity(call, arity, arity);
                call.arguments().forEach(argument -> check(argument, parameters));
            }
            case Ast.Lambda lambda -> throw error(lambda.at(), "a function cannot stand inside a function");
            case Ast.Operator operator -> throw error(operator.at(), "a comparison needs two sides here");
        }
    }

    private InputException error(Token at, String message) {
        return Lexer.error(source, at.line(), at.column(), message);
    }
}
