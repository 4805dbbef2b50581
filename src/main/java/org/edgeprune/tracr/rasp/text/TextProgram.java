package org.edgeprune.tracr.rasp.text;

import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;
import org.edgeprune.tracr.rasp.RaspProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;

/** A program in the text form. */
final class TextProgram implements RaspProgram {
    private static final int MAX_BYTES = 1 << 24;

    private final String source;
    private final List<Ast.Definition> definitions;

    private TextProgram(String source, List<Ast.Definition> definitions) {
        this.source = source;
        this.definitions = definitions;
    }

    /**
     * Parses a program.
     *
     * @param source what messages call the text
     * @throws InputException with source, line and column where the text is wrong
     */
    static TextProgram parse(String source, String text) {
        return new TextProgram(source, Parser.parse(source, text));
    }

    static TextProgram read(Path file) {
        return parse(file.toString(), TextReader.upTo(MAX_BYTES).read(file, "name a file that holds a program"));
    }

    @Override
    public SOp build(List<Value> vocabulary, int maxLength) {
        return new ProgramBuilder(source, maxLength).build(definitions);
    }
}
