package org.edgeprune.tracr.rasp.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Value;

/** Parses program text by recursive descent. */
final class Parser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> WORDS = Set.of("and", "or", "not", "true", "false", "return");

    private final String source;
    private final List<Token> tokens;
    private int next;

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
                throw error(start, start + " is a word of the language: choose another name");
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
        Ast left = conjunction();
        while (peek().is("or")) {
            left = new Ast.Binary("or", left, after(this::conjunction), left.at());
        }
        return left;
    }

    private Ast conjunction() {
        Ast left = negation();
        while (peek().is("and")) {
            left = new Ast.Binary("and", left, after(this::negation), left.at());
        }
        return left;
    }

    private Ast negation() {
        Token at = peek();
        return at.is("not") ? new Ast.Unary("not", after(this::negation), at) : comparison();
    }

    private Ast comparison() {
        Ast left = sum();
        if (isComparison(peek())) {
            String operator = peek().text();
            left = new Ast.Binary(operator, left, after(this::sum), left.at());
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
            left = new Ast.Binary(operator, left, after(this::product), left.at());
        }
        return left;
    }

    private Ast product() {
        Ast left = factor();
        while (peek().is("*") || peek().is("/") || peek().is("%")) {
            String operator = peek().text();
            left = new Ast.Binary(operator, left, after(this::factor), left.at());
        }
        return left;
    }

    private Ast factor() {
        Token at = peek();
        return at.is("-") ? new Ast.Unary("-", after(this::factor), at) : primary();
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
        return new Ast.Call(token.text(), List.copyOf(arguments), token);
    }

    /** An argument may also be a function or a bare comparison. */
    private Ast argument() {
        Token at = peek();
        if (isComparison(at)) {
            next++;
            return new Ast.Operator(at.text(), at);
        }
        List<String> parameters = parameters();
        return parameters.isEmpty() ? expression() : new Ast.Lambda(parameters, expression(), at);
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
