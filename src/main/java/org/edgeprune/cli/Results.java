package org.edgeprune.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import org.edgeprune.io.Json;
import org.edgeprune.model.TransformerModel;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code --json}; prints a command's result on standard output, once, as text or as JSON. */
final class Results {
    @Option(names = "--json", description = "Print the result as JSON on standard output, and nothing else there.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /**
     * Prints the result of the command.
     *
     * @param result a record, map or JSON node; names become snake_case
     * @param text the same for people
     */
    void print(Object result, Supplier<String> text) {
        PrintWriter out = command.commandLine().getOut();
        out.println(json ? json(result) : text.get().stripTrailing());
        out.flush();
    }

    /** The command that prints. */
    CommandLine commandLine() {
        return command.commandLine();
    }

    /** Prints a note on standard error. */
    void note(String line) {
        PrintWriter err = command.commandLine().getErr();
        err.println(line);
        err.flush();
    }

    /** Says on standard error how to continue, if the command is interrupted while the hint is open. */
    ResumeHint resumeHint(String remedy) {
        return new ResumeHint(command.commandLine().getErr(), remedy);
    }

    /** Prints what was assumed when a model was opened, and which tensors of its checkpoint are not used. */
    void note(TransformerModel model) {
        model.notes().forEach(this::note);
    }

    private static String json(Object result) {
        return Json.SNAKE_CASE_WITHOUT_NULLS.tree(result).toPrettyString();
    }
}
