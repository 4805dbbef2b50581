package org.edgeprune.tracr.rasp.text;

import java.util.List;
import org.edgeprune.tracr.rasp.Value;

/** An expression of the text form, not yet known to be an s-op, a selector or part of a function. */
sealed interface Ast {

    /** Where the expression stands, for messages. */
    Token at();

    record Literal(Value value, Token at) implements Ast {}

    record Name(String name, Token at) implements Ast {}

    record Call(String function, List<Ast> arguments, Token at) implements Ast {}

    /** {@code not x} and {@code -x}. */
    record Unary(String operator, Ast operand, Token at) implements Ast {}

    record Binary(String operator, Ast left, Ast right, Token at) implements Ast {}

    /** {@code x -> body} and {@code (x, y) -> body}. */
    record Lambda(List<String> parameters, Ast body, Token at) implements Ast {}

    /** A comparison as an argument, as in {@code select(a, b, ==)}. */
    record Operator(String operator, Token at) implements Ast {}

    /** {@code name = expression}, or the expression alone with an empty name. */
    record Definition(String name, Ast expression, Token at) {}
}
