package org.edgeprune.tracr.rasp.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.RaspProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;

/** A program in the text form. */
public final class TextProgram implements RaspProgram {
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
    public static TextProgram parse(String source, String text) {
        return new TextProgram(source, Parser.parse(source, text));
    }

    public static TextProgram read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read as a program: " + e.getMessage(), e);
        }
    }

    @Override
    public SOp build(List<Value> vocabulary, int maxLength) {
        return new ProgramBuilder(source, maxLength).build(definitions);
    }
}
