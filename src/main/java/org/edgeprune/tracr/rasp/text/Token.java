package org.edgeprune.tracr.rasp.text;

/**
 * A piece of program text.
 *
 * @param line from 1
 * @param column from 1
 */
record Token(Kind kind, String text, int line, int column) {

    enum Kind {
        NUMBER,
        TEXT,
        NAME,
        SYMBOL,
        END_OF_LINE,
        END
    }

    boolean is(String symbol) {
        return (kind == Kind.SYMBOL || kind == Kind.NAME) && text.equals(symbol);
    }

    @Override
    public String toString() {
        return switch (kind) {
            case END_OF_LINE -> "the end of the line";
            case END -> "the end of the program";
            case TEXT -> "\"" + text + "\"";
            default -> "'" + text + "'";
        };
    }
}
