package org.edgeprune.tracr.rasp.text;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Value;

/**
 * Parses program text by recursive descent. Expressions lie at most {@value #MAX_DEPTH} deep inside each other, so that
 * walking over them by recursion is safe; {@code a + b + c} is a sum inside a sum.
 */
final class Parser {
    /** The deepest expression that is read. */
    static final int MAX_DEPTH = 256;

    private static final int MAX_ARGUMENTS = 256;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> WORDS = Set.of("and", "or", "not", "true", "false", "return");

    private final String source;
    private final List<Token> tokens;
    private final IdentityHashMap<Ast, Integer> depths = new IdentityHashMap<>();
    private int next;
    private int depth;

    private Parser(String source, String program) {
        this.source = source;
        this.tokens = Lexer.tokens(source, program);
    }

    /** The definitions of a program in order, at least one. */
    static List<Ast.Definition> parse(String source, String program) {
        Parser parser = new Parser(source, program);
        List<Ast.Definition> definitions = new ArrayList<>();
        while (true) {
            while (parser.peek().kind() == Token.Kind.END_OF_LINE) {
                parser.next++;
            }
            if (parser.peek().kind() == Token.Kind.END) {
                break;
            }
            definitions.add(parser.definition());
        }
        if (definitions.isEmpty()) {
            throw parser.error(parser.peek(), "the program is empty: write at least one expression");
        }
        return definitions;
    }

    private Ast.Definition definition() {
        Token start = peek();
        String name = "";
        if (start.is("return")) {
            next++;
        } else if (start.kind() == Token.Kind.NAME && tokens.get(next + 1).is("=")) {
            if (WORDS.contains(start.text())) {
                throw error(start, start + " is a reserved word: choose another name");
            }
            name = start.text();
            next += 2;
        }
        Ast expression = expression();
        if (peek().kind() != Token.Kind.END_OF_LINE && peek().kind() != Token.Kind.END) {
            throw error(peek(), "expected the end of the line, but found " + peek());
        }
        return new Ast.Definition(name, expression, start);
    }

    private Ast expression() {
        enter();
        Ast left = conjunction();
        while (peek().is("or")) {
            left = binary("or", left, after(this::conjunction));
        }
        depth--;
        return left;
    }

    private void enter() {
        depth++;
        if (depth > MAX_DEPTH) {
            throw tooDeep(peek());
        }
    }

    private Ast binary(String operator, Ast left, Ast right) {
        return nested(new Ast.Binary(operator, left, right, left.at()), List.of(left, right));
    }

    private Ast unary(String operator, Token at, Supplier<Ast> rule) {
        enter();
        Ast operand = after(rule);
        depth--;
        return nested(new Ast.Unary(operator, operand, at), List.of(operand));
    }

    /** Notes how deep an expression is. Literals and names are not noted: their depth is 1. */
    private Ast nested(Ast ast, List<Ast> parts) {
        int deepest = 1;
        for (Ast part : parts) {
            deepest = Math.max(deepest, depths.getOrDefault(part, 1) + 1);
        }
        if (deepest > MAX_DEPTH) {
            throw tooDeep(ast.at());
        }
        depths.put(ast, deepest);
        return ast;
    }

    private InputException tooDeep(Token at) {
        return error(
                at, "more than " + MAX_DEPTH + " expressions inside each other: give a part of them a name of its own");
    }

    private Ast conjunction() {
        Ast left = negation();
        while (peek().is("and")) {
            left = binary("and", left, after(this::negation));
        }
        return left;
    }

    private Ast negation() {
        Token at = peek();
        return at.is("not") ? unary("not", at, this::negation) : comparison();
    }

    private Ast comparison() {
        Ast left = sum();
        if (isComparison(peek())) {
            String operator = peek().text();
            left = binary(operator, left, after(this::sum));
            if (isComparison(peek())) {
                throw error(peek(), "comparisons cannot be chained: use 'and'");
            }
        }
        return left;
    }

    private Ast sum() {
        Ast left = product();
        while (peek().is("+") || peek().is("-")) {
            String operator = peek().text();
            left = binary(operator, left, after(this::product));
        }
        return left;
    }

    private Ast product() {
        Ast left = factor();
        while (peek().is("*") || peek().is("/") || peek().is("%")) {
            String operator = peek().text();
            left = binary(operator, left, after(this::factor));
        }
        return left;
    }

    private Ast factor() {
        Token at = peek();
        return at.is("-") ? unary("-", at, this::factor) : primary();
    }

    private Ast primary() {
        Token token = tokens.get(next++);
        switch (token.kind()) {
            case NUMBER -> {
                return new Ast.Literal(Value.of(Double.parseDouble(token.text())), token);
            }
            case TEXT -> {
                return new Ast.Literal(Value.of(token.text()), token);
            }
            case NAME -> {
                return named(token);
            }
            default -> {
                if (token.is("(")) {
                    Ast inner = expression();
                    expect(")");
                    return inner;
                }
                throw error(token, "expected an expression, but found " + token);
            }
        }
    }

    private Ast named(Token token) {
        if (token.is("true") || token.is("false")) {
            return new Ast.Literal(Value.of(token.is("true")), token);
        }
        if (WORDS.contains(token.text())) {
            throw error(token, "expected an expression, but found " + token);
        }
        if (!peek().is("(")) {
            return new Ast.Name(token.text(), token);
        }
        next++;
        List<Ast> arguments = new ArrayList<>();
        if (!peek().is(")")) {
            arguments.add(argument());
            while (peek().is(",")) {
                arguments.add(after(this::argument));
            }
        }
        expect(")");
        if (arguments.size() > MAX_ARGUMENTS) {
            throw error(token, token + " has " + arguments.size() + " arguments, of at most " + MAX_ARGUMENTS);
        }
        return nested(new Ast.Call(token.text(), List.copyOf(arguments), token), arguments);
    }

    /** An argument may also be a function or a bare comparison. */
    private Ast argument() {
        Token at = peek();
        if (isComparison(at)) {
            next++;
            return new Ast.Operator(at.text(), at);
        }
        List<String> parameters = parameters();
        if (parameters.isEmpty()) {
            return expression();
        }
        Ast body = expression();
        return nested(new Ast.Lambda(parameters, body, at), List.of(body));
    }

    /** The names before {@code ->}, which is passed over; none, and nothing read, where this is no function. */
    private List<String> parameters() {
        int start = next;
        List<String> names = new ArrayList<>();
        boolean bracket = peek().is("(");
        next += bracket ? 1 : 0;
        while (peek().kind() == Token.Kind.NAME) {
            names.add(tokens.get(next++).text());
            if (!bracket || !peek().is(",")) {
                break;
            }
            next++;
        }
        boolean closed = !bracket || peek().is(")");
        next += bracket && closed ? 1 : 0;
        if (!names.isEmpty() && closed && peek().is("->")) {
            next++;
            return List.copyOf(names);
        }
        next = start;
        return List.of();
    }

    private Ast after(Supplier<Ast> rule) {
        next++;
        return rule.get();
    }

    private void expect(String symbol) {
        if (!peek().is(symbol)) {
            throw error(peek(), "expected '" + symbol + "', but found " + peek());
        }
        next++;
    }

    private static boolean isComparison(Token token) {
        return token.kind() == Token.Kind.SYMBOL && COMPARISONS.contains(token.text());
    }

    private Token peek() {
        return tokens.get(next);
    }

    private InputException error(Token at, String message) {
        return Lexer.error(source, at.line(), at.column(), message);
    }
}
