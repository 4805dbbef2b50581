package org.edgeprune.task.tracr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Answer;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Records;
import org.edgeprune.task.Row;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.Interpreter;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.Value;

/**
 * The input-output behaviour of a compiled RASP program: {@code {"clean": "1 2 3", "corrupted": "2 3 1", "output":
 * ["3", "2", "1"]}}. Inputs have the model's maximal length; the corrupted input has another token at every position.
 * Every position except BOS, whose output has no meaning, is scored.
 *
 * <p>Expected outputs are computed by the RASP interpreter. For {@code tracr}, which has a model but not its program,
 * they are the model's.
 */
public class TracrTask implements Task {
    /** The first scored position: after BOS. */
    public static final int FIRST_SCORED = 1;

    /** If there are at most this many inputs, every split has all of them. */
    static final int ALL_INPUTS = 4096;

    private final String name;
    private final Optional<LibraryProgram> program;
    private final Supplier<CompiledModel> model;

    /** The task {@code tracr}: the program of any compiled model. */
    public TracrTask() {
        this("tracr", Optional.empty(), () -> {
            throw new InputException(
                    "task tracr needs a compiled model: name one with --model, or choose tracr-reverse");
        });
    }

    private TracrTask(LibraryProgram program) {
        this("tracr-" + program.programName(), Optional.of(program), new Usual(program));
    }

    private TracrTask(String name, Optional<LibraryProgram> program, Supplier<CompiledModel> model) {
        this.name = name;
        this.program = program;
        this.model = model;
    }

    /**
     * The task {@code tracr-NAME} of a library program.
     *
     * @param program the program
     * @return the task, for the default vocabulary and length until {@link #forModel} is called
     */
    public static TracrTask of(LibraryProgram program) {
        return new TracrTask(program);
    }

    /** Compiles a program on first use: most instances are only created for their name. */
    private static final class Usual implements Supplier<CompiledModel> {
        private final LibraryProgram program;
        private CompiledModel compiled;

        Usual(LibraryProgram program) {
            this.program = program;
        }

        @Override
        public synchronized CompiledModel get() {
            if (compiled == null) {
                compiled = new Compiler().compile(program, program.vocabulary(), program.maxLength());
            }
            return compiled;
        }
    }

    /** {@code tracr-reverse}: the tokens in reversed order. */
    public static final class Reverse extends TracrTask {
        /** The task of {@link LibraryProgram#REVERSE}. */
        public Reverse() {
            super(LibraryProgram.REVERSE);
        }
    }

    /** {@code tracr-xproportion}: the fraction of tokens so far that are x. */
    public static final class XProportion extends TracrTask {
        /** The task of {@link LibraryProgram#XPROPORTION}. */
        public XProportion() {
            super(LibraryProgram.XPROPORTION);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String summary() {
        return program.map(p -> "Tracr: " + p.description())
                .orElse("the program of a model compiled by edgeprune tracr compile");
    }

    @Override
    public TracrTask forModel(Path modelDirectory) {
        return forModel(CompiledModelFiles.read(modelDirectory));
    }

    /**
     * The task for a compiled model.
     *
     * @param compiled the model
     * @return the task with its vocabulary and length
     */
    public TracrTask forModel(CompiledModel compiled) {
        return new TracrTask(name, program, () -> compiled);
    }

    /**
     * The compiled model of the task.
     *
     * @return the model given to {@link #forModel} or, for a library program, the program compiled with its defaults
     * @throws InputException for {@code tracr} without a model
     */
    public CompiledModel model() {
        return model.get();
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        int[] clean = row.encode(row.text("clean"), tokenizer);
        int[] corrupted = row.encode(row.text("corrupted"), tokenizer);
        int length = model().vocabulary().maxLength() + FIRST_SCORED;
        if (clean.length != length || corrupted.length != length) {
            throw row.wrong("\"clean\" and \"corrupted\" have " + clean.length + " and " + corrupted.length
                    + " tokens including BOS; this model's examples have " + length);
        }
        JsonNode outputs = row.json().path("output");
        if (!outputs.isArray() || outputs.size() != length - FIRST_SCORED) {
            throw row.wrong("needs \"output\", a list of " + (length - FIRST_SCORED) + " values, but has " + outputs);
        }
        return new Example(clean, corrupted, FIRST_SCORED, length, answer(row, outputs));
    }

    private Answer answer(Row row, JsonNode outputs) {
        if (model().output().encoding() == Encoding.NUMERICAL) {
            double[] numbers = new double[outputs.size()];
            for (int i = 0; i < numbers.length; i++) {
                if (!outputs.get(i).isNumber()) {
                    throw row.wrong("\"output\" holds " + outputs.get(i) + "; this model's outputs are numbers");
                }
                numbers[i] = outputs.get(i).doubleValue();
            }
            return new TracrScorer.Numbers(numbers);
        }
        List<String> values =
                model().output().values().stream().map(Value::toString).toList();
        int[] columns = new int[outputs.size()];
        for (int i = 0; i < columns.length; i++) {
            JsonNode output = outputs.get(i);
            columns[i] = output.isNull() ? TracrScorer.NONE : values.indexOf(spelled(output));
            if (columns[i] < 0 && !output.isNull()) {
                throw row.wrong("\"output\" holds " + output + ", but this model's outputs are " + values
                        + ": was it compiled from another program?");
            }
        }
        return new TracrScorer.Columns(columns);
    }

    /** Whole numbers without a fraction, as values are spelled. */
    private static String spelled(JsonNode output) {
        return output.isNumber() ? Value.of(output.doubleValue()).toString() : output.asText();
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return scorer();
    }

    /**
     * The scorer, which depends only on the model.
     *
     * @return a scorer of numbers or of one-hot outputs, as the model's output encoding is
     */
    public Scorer scorer() {
        return model().output().encoding() == Encoding.NUMERICAL
                ? new TracrScorer.Numerical()
                : new TracrScorer.Categorical();
    }

    /**
     * Every input, with as many of its corruptions as the split's size allows, at least one; a sample of the size asked
     * for if there are more than {@value #ALL_INPUTS} inputs. All splits have the same inputs, as in the published
     * data: nothing is learned but the circuit.
     */
    @Override
    public Generated generate(DataRequest request) {
        if (request.names().isPresent() || request.templates().isPresent()) {
            throw new InputException(
                    "task " + name + " uses neither names nor templates; omit --names and --templates");
        }
        double inputs = Math.pow(
                model().vocabulary().programTokens().size(),
                model().vocabulary().maxLength());
        Map<Split, List<Row>> rows = new EnumMap<>(Split.class);
        for (Split split : Split.values()) {
            int size = (int) Math.max(request.size(split), inputs <= ALL_INPUTS ? inputs : 0);
            rows.put(split, rows(split, size, request.seed()));
        }
        return new Generated(new Records(rows), List.of());
    }

    private List<Row> rows(Split split, int size, long seed) {
        if (model().vocabulary().programTokens().size() < 2) {
            throw new InputException("task " + name
                    + ": a vocabulary of one token cannot be corrupted; compile the program with two or more");
        }
        List<Row> rows = new ArrayList<>();
        long splitSeed = 31 * seed + split.ordinal();
        for (var pair : ProgramExample.ofLength(
                model().vocabulary(), model().vocabulary().maxLength(), size, splitSeed)) {
            List<Value> input = model().vocabulary().decode(pair.ids());
            ObjectNode line = JsonNodeFactory.instance.objectNode();
            line.put("clean", text(input));
            line.put("corrupted", text(model().vocabulary().decode(pair.corrupted())));
            line.set("output", json(output(input)));
            rows.add(new Row("generated " + name + " " + split.key(), rows.size() + 1, line));
        }
        return List.copyOf(rows);
    }

    private List<Value> output(List<Value> input) {
        CompiledModel compiled = model();
        return program.map(p -> new Interpreter(compiled.config().causal())
                        .evaluate(
                                p.build(
                                        compiled.vocabulary().programTokens(),
                                        compiled.vocabulary().maxLength()),
                                input))
                .orElseGet(() -> compiled.run(input));
    }

    private static String text(List<Value> tokens) {
        return tokens.stream().map(Value::toString).collect(Collectors.joining(" "));
    }

    private static ArrayNode json(List<Value> values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (Value value : values) {
            switch (value) {
                case Value.None none -> array.addNull();
                case Value.Num whole when whole.value() == (int) whole.value() -> array.add((int) whole.value());
                case Value.Num number -> array.add(number.value());
                default -> array.add(value.toString());
            }
        }
        return array;
    }
}
