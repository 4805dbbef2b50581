package org.edgeprune.cli;

import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.TransformerConfig;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.compile.CompilerOptions;
import org.edgeprune.tracr.compile.Validator;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.RaspProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;
import org.edgeprune.tracr.rasp.text.Programs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune tracr compile}: compiles a RASP program to a model directory. */
@Command(
        name = "compile",
        description = {
            "Compile a RASP program to a transformer: config.json, model.safetensors, vocab.json, tokenizer.json.",
            "The program is one of the library, a file in RASP's text form, or a Java class that implements RaspProgram."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune tracr compile reverse --vocab 1,2,3 --max-len 5 -o out/reverse",
            "  edgeprune tracr compile my-program.rasp --vocab a,b,c --max-len 4 --causal -o out/mine",
            "  edgeprune tracr compile com.example.Majority --class-path target/classes --vocab a,b --max-len 5 -o out/majority"
        })
final class TracrCompileCommand implements Callable<Integer> {
    /** The number of inputs that are checked for errors which depend on the input. */
    private static final int TRIED_INPUTS = 2000;

    /** The most pairs of positions in all checked inputs: fewer inputs are checked if they are long. */
    private static final long TRIED_PAIRS = 200_000_000;

    @Parameters(paramLabel = "PROGRAM", description = "Library program, file, or class.")
    private String program;

    @Option(
            names = "--vocab",
            paramLabel = "TOKENS",
            split = ",",
            description = "The tokens, separated by commas (default: the library program's).")
    private List<String> vocabulary = List.of();

    @Option(
            names = "--max-len",
            paramLabel = "N",
            description = "Longest input, BOS not counted (default: the library program's).")
    private Optional<Integer> maxLength = Optional.empty();

    @Option(
            names = "--class-path",
            paramLabel = "PATHS",
            split = "[:;]",
            description = "Jars and class directories with PROGRAM, separated by colons.")
    private List<Path> classPath = List.of();

    @Option(names = "--causal", description = "Let positions attend only to earlier positions and themselves.")
    private boolean causal;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Directory of the new model.")
    private Path out;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        RaspProgram found = Programs.find(program, classes());
        AtomicDirectory.requireNew(out);
        Optional<LibraryProgram> usual = LibraryProgram.byName(program);
        List<Value> tokens = vocabulary.isEmpty()
                ? usual.map(LibraryProgram::vocabulary).orElseThrow(() -> missing("--vocab"))
                : vocabulary.stream().map(Value::parse).toList();
        int length = maxLength.or(() -> usual.map(LibraryProgram::maxLength)).orElseThrow(() -> missing("--max-len"));
        SOp built = build(found, tokens, length);
        CompiledModel model = new Compiler(CompilerOptions.DEFAULT.withCausal(causal)).compile(built, tokens, length);
        List<Validator.Unsupported> faults =
                Validator.check(built, causal, ProgramExample.inputs(tokens, length, tried(length), 0));
        if (!faults.isEmpty()) {
            throw new InputException(
                    "program " + program + " cannot be compiled for these inputs: " + faults.getFirst());
        }
        compute.start();
        AtomicDirectory.write(out, part -> CompiledModelFiles.write(model, part));
        TransformerConfig c = model.config();
        Result result = new Result(
                program,
                out.toString(),
                c.numLayers(),
                c.numHeads(),
                c.modelSize(),
                c.keySize(),
                c.mlpHiddenSize(),
                c.vocabSize(),
                length,
                c.causal(),
                model.output().encoding().toString());
        results.print(
                result, () -> "%s: %s in %d layers of %d heads, model size %d, key size %d, MLP size %d, %s output"
                        .formatted(
                                out,
                                program,
                                c.numLayers(),
                                c.numHeads(),
                                c.modelSize(),
                                c.keySize(),
                                c.mlpHiddenSize(),
                                result.output()));
        return 0;
    }

    private static int tried(int length) {
        return Math.clamp(TRIED_PAIRS / ((long) length * length), 10, TRIED_INPUTS);
    }

    /** Builds a program, which may be a user's and have errors. */
    private SOp build(RaspProgram found, List<Value> tokens, int length) {
        try {
            return found.build(tokens, length);
        } catch (InputException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new InputException("program " + program + ": its build failed: " + e, e);
        }
    }

    /** The classes of the class path and of {@code --class-path}. */
    private ClassLoader classes() {
        List<URL> places = new ArrayList<>();
        for (Path place : classPath) {
            if (!Files.exists(place)) {
                throw new InputException("--class-path: " + place + " does not exist");
            }
            try {
                places.add(place.toUri().toURL());
            } catch (MalformedURLException e) {
                throw new InputException("--class-path: " + place + ": " + e.getMessage(), e);
            }
        }
        return new URLClassLoader(places.toArray(URL[]::new), RaspProgram.class.getClassLoader());
    }

    private InputException missing(String option) {
        return new InputException("program " + program + " does not belong to the library, so it needs " + option);
    }

    private record Result(
            String program,
            String out,
            int layers,
            int heads,
            int modelSize,
            int keySize,
            int mlpSize,
            int vocabSize,
            int maxLength,
            boolean causal,
            String output) {}
}
