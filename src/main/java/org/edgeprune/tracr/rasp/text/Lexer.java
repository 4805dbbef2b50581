package org.edgeprune.tracr.rasp.text;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.InputException;

/** Cuts program text into tokens. */
final class Lexer {
    private static final Pattern TOKEN = Pattern.compile("(?<number>\\d+(?:\\.\\d+)?)"
            + "|(?<text>\"[^\"]*\"|'[^']*')"
            + "|(?<name>[A-Za-z_]\\w*)"
            + "|(?<symbol>->|==|!=|<=|>=|[-+*/%<>=(),;])"
            + "|(?<skip>[ \\t\\r]+|#.*)");

    private Lexer() {}

    static List<Token> tokens(String source, String program) {
        List<Token> tokens = new ArrayList<>();
        String[] lines = program.split("\n", -1);
        int depth = 0;
        for (int i = 0; i < lines.length; i++) {
            Matcher matcher = TOKEN.matcher(lines[i]);
            int at = 0;
            while (at < lines[i].length()) {
                if (!matcher.region(at, lines[i].length()).lookingAt()) {
                    throw error(source, i + 1, at + 1, "unexpected character '" + lines[i].charAt(at) + "'");
                }
                if (matcher.group("skip") == null) {
                    Token token = token(matcher, i + 1, at + 1);
                    depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
                    tokens.add(token);
                }
                at = matcher.end();
            }
            if (depth <= 0) {
                tokens.add(new Token(Token.Kind.END_OF_LINE, "", i + 1, lines[i].length() + 1));
            }
        }
        tokens.add(new Token(Token.Kind.END, "", lines.length, lines[lines.length - 1].length() + 1));
        return tokens;
    }

    static InputException error(String source, int line, int column, String message) {
        return new InputException(source + ":" + line + ":" + column + ": " + message);
    }

    private static Token token(Matcher matcher, int line, int column) {
        String text = matcher.group();
        if (matcher.group("number") != null) {
            return new Token(Token.Kind.NUMBER, text, line, column);
        }
        if (matcher.group("text") != null) {
            return new Token(Token.Kind.TEXT, text.substring(1, text.length() - 1), line, column);
        }
        if (text.equals(";")) {
            return new Token(Token.Kind.END_OF_LINE, text, line, column);
        }
        return new Token(matcher.group("name") != null ? Token.Kind.NAME : Token.Kind.SYMBOL, text, line, column);
    }
}
