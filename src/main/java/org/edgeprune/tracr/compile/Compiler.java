package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.Output;
import org.edgeprune.tracr.TransformerWeights;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.rasp.RaspProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;

/** Compiles RASP programs to transformers. */
public final class Compiler {
    private final CompilerOptions options;

    /** A compiler with {@link CompilerOptions#DEFAULT}. */
    public Compiler() {
        this(CompilerOptions.DEFAULT);
    }

    /**
     * A compiler with other options.
     *
     * @param options how to compile
     */
    public Compiler(CompilerOptions options) {
        this.options = options;
    }

    /**
     * Builds a program for a vocabulary and compiles it.
     *
     * @param program the program
     * @param vocabulary the tokens, without BOS and padding
     * @param maxLength the longest input, BOS not counted
     * @return the model
     * @throws InputException as {@link #compile(SOp, List, int)}
     */
    public CompiledModel compile(RaspProgram program, List<Value> vocabulary, int maxLength) {
        return compile(program.build(vocabulary, maxLength), vocabulary, maxLength);
    }

    /**
     * Compiles a program.
     *
     * @param program the output s-op
     * @param vocabulary the tokens, without BOS and padding
     * @param maxLength the longest input, BOS not counted
     * @return the model
     * @throws InputException if the vocabulary is empty, repeats a token or holds BOS or padding, if the program cannot
     *     be compiled (the message names every expression that cannot) or the model would be too large
     */
    public CompiledModel compile(SOp program, List<Value> vocabulary, int maxLength) {
        check(vocabulary, maxLength);
        ProgramGraph graph = new ProgramGraph(program);
        List<Validator.Unsupported> unsupported = Validator.check(graph);
        if (!unsupported.isEmpty()) {
            throw new InputException("program cannot be compiled: "
                    + unsupported.stream().map(Validator.Unsupported::toString).collect(Collectors.joining("; ")));
        }
        ValueSets values = new ValueSets(graph, vocabulary, maxLength);
        Direction bos = new Direction("tokens", options.bos());
        BlockBuilder builder = new BlockBuilder(graph, values, bos, options.mlpExactness());
        Map<ProgramGraph.Node, Block> blocks = new LinkedHashMap<>();
        for (ProgramGraph.Node node : graph.nodes()) {
            builder.build(node).ifPresent(block -> blocks.put(node, block));
        }
        return assemble(graph, values, blocks, vocabulary, maxLength);
    }

    private CompiledModel assemble(
            ProgramGraph graph,
            ValueSets values,
            Map<ProgramGraph.Node, Block> blocks,
            List<Value> vocabulary,
            int maxLength) {
        TreeSet<Value> allTokens = new TreeSet<>(vocabulary);
        allTokens.add(options.bos());
        allTokens.add(options.pad());
        Space tokens = Space.ofValues("tokens", allTokens);
        TreeSet<Value> positions = new TreeSet<>();
        for (int i = 0; i < maxLength; i++) {
            positions.add(Value.of(i));
        }
        Space indices = Space.ofValues("indices", positions);
        Space output = values.space(graph.output());

        List<Space> used = new ArrayList<>(List.of(tokens, indices, output, Space.of(Direction.ONE)));
        blocks.values().forEach(block -> {
            block.head().ifPresent(head -> used.addAll(head.spaces()));
            block.mlp().ifPresent(mlp -> used.addAll(mlp.spaces()));
        });
        Space residual = Space.join(used);
        Assembler assembler = new Assembler(LayerPlan.of(blocks), residual, options.softmaxColdness());
        TransformerWeights weights = assembler.weights(tokens, indices, output);
        SOp sink = graph.output().sop();
        return new CompiledModel(
                assembler.config(weights, options.causal()),
                weights,
                new Vocabulary(List.copyOf(allTokens), options.bos(), options.pad(), maxLength),
                new Output(sink.encoding(), sink.isCategorical() ? List.copyOf(values.of(graph.output())) : List.of()),
                residual.basis().stream().map(Direction::toString).toList());
    }

    private void check(List<Value> vocabulary, int maxLength) {
        if (maxLength < 1) {
            throw new InputException("maximum length " + maxLength + ": it must be at least 1");
        }
        if (maxLength > ValueSets.MAX_VALUES || vocabulary.size() > ValueSets.MAX_VALUES) {
            throw new InputException("maximum length " + maxLength + " and a vocabulary of " + vocabulary.size()
                    + " tokens: the compiler makes a direction for each position and token, of at most "
                    + ValueSets.MAX_VALUES + ": choose smaller ones");
        }
        if (vocabulary.isEmpty()) {
            throw new InputException("vocabulary is empty: give at least one token");
        }
        if (vocabulary.stream().map(Value::toString).distinct().count() < vocabulary.size()) {
            throw new InputException("vocabulary " + vocabulary + " holds a token twice: give each once");
        }
        for (Value reserved : List.of(options.bos(), options.pad())) {
            if (vocabulary.contains(reserved)) {
                throw new InputException("vocabulary holds " + reserved
                        + ", which the compiler adds itself: rename that token or choose another BOS or padding");
            }
        }
        if (options.bos().equals(options.pad())) {
            throw new InputException("BOS and padding are both " + options.bos() + ": choose two tokens");
        }
    }
}
