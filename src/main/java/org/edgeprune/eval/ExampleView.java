package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What the full model and a circuit do on one example: attention patterns of the circuit's heads, and the direct
 * contribution of each node to the answer's logit.
 *
 * @param example the example, whose answer is tokens
 * @param heads of the circuit, in the order of the graph
 * @param contributions of the nodes that the circuit's output reads, in the order of the graph
 */
public record ExampleView(Example example, List<HeadAttention> heads, List<Contribution> contributions) {
    /**
     * Attention patterns of a head.
     *
     * @param name such as {@code a3.h7}
     * @param model {@code [tokens][tokens]}: how much each token (rows) attends to each in the full model
     * @param circuit the same in the circuit
     */
    public record HeadAttention(String name, float[][] model, float[][] circuit) {}

    /**
     * How much the score of the answer falls when what a node writes is taken from the input of the final norm, with
     * all other nodes as they are. The score is the logit difference of answer and distractor at the last scored
     * position, or the answer's logit less the mean of all logits where there is no distractor.
     *
     * @param name of the node
     * @param model in the full model
     * @param circuit in the circuit
     */
    public record Contribution(String name, double model, double circuit) {}

    /**
     * Runs an example.
     *
     * @param model the full model
     * @param binary binary masks of the circuit, of which neurons may have some, too
     * @param example a prompt pair whose answer is tokens
     * @param interchange whether cut edges carry the corrupted prompt's states; zero otherwise
     * @return patterns and contributions
     * @throws IllegalArgumentException if the example's answer is not tokens
     */
    public static ExampleView of(TransformerModel model, MaskValues binary, Example example, boolean interchange) {
        if (!(example.answer() instanceof Answer.Tokens answer)) {
            throw new IllegalArgumentException("the answer is not tokens");
        }
        try (TransformerModel.Use _ = model.use();
                GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            Circuit circuit = binary.circuit();
            ComputationGraph graph = circuit.graph();
            TokenBatch batch = TokenBatch.of(List.of(example.clean()), model.device());
            TokenBatch corrupted = TokenBatch.of(List.of(example.corrupted()), model.device());
            Baseline baseline = interchange ? Baseline.record(model, corrupted) : Baseline.ZERO;
            MaskValues all = MaskValues.full(graph);
            Tensor clean = states(model, batch, Baseline.ZERO, all);
            Tensor cut = interchange
                    ? states(model, corrupted, Baseline.ZERO, all)
                    : Tensor.zeros(clean.dtype(), clean.device(), clean.shape());
            Tensor own = states(model, batch, baseline, binary);
            Inputs full = new Inputs(model, Circuit.full(graph), batch, clean, cut);
            Inputs part = new Inputs(model, circuit, batch, own, cut);
            return new ExampleView(
                    example,
                    attention(model, circuit, batch, full, part),
                    contributions(model, example, answer, full, part));
        }
    }

    private static Tensor states(TransformerModel model, TokenBatch batch, Baseline baseline, MaskValues masks) {
        return MaskedPass.forward(model, batch, baseline, Masks.of(masks, model.device()), MaskedPass.Gradients.NONE)
                .writerStates();
    }

    /** What readers of a circuit read: its writers' states along kept edges, the cut states along others. */
    private record Inputs(TransformerModel model, Circuit circuit, TokenBatch batch, Tensor states, Tensor cut) {
        /** {@code [tokens, hidden]}. */
        Tensor of(Reader reader) {
            List<Tensor> parts = new ArrayList<>();
            if (!circuit.graph().shape().hasEmbeddings()) {
                parts.addAll(model.embeddings(batch));
            }
            for (Writer writer : circuit.graph().writers()) {
                if (circuit.graph().hasEdge(writer, reader)) {
                    parts.add((circuit.contains(writer, reader) ? states : cut).select(0, writer.index()));
                }
            }
            return parts.stream().reduce(Tensor::add).orElseThrow();
        }
    }

    private static List<HeadAttention> attention(
            TransformerModel model, Circuit circuit, TokenBatch batch, Inputs full, Inputs part) {
        ComputationGraph graph = circuit.graph();
        Circuit connected = circuit.connected();
        List<HeadAttention> patterns = new ArrayList<>();
        for (Writer writer : graph.writers()) {
            boolean live = writer.kind() == Writer.Kind.HEAD
                    && connected.edges().stream().anyMatch(edge -> edge.writer().equals(writer));
            if (live) {
                patterns.add(new HeadAttention(
                        writer.name(),
                        pattern(model, graph, writer, batch, full),
                        pattern(model, graph, writer, batch, part)));
            }
        }
        return patterns;
    }

    private static float[][] pattern(
            TransformerModel model, ComputationGraph graph, Writer head, TokenBatch batch, Inputs inputs) {
        try (TensorScope _ = TensorScope.open();
                Part<SelfAttention> attention = model.attention(head.layer())) {
            HeadSet set = HeadSet.of(
                    new int[] {head.head()},
                    graph.shape().heads(),
                    graph.shape().kvHeads());
            String layer = "a" + head.layer() + ".h";
            Tensor query = inputs.of(graph.reader(layer + head.head() + ".q"));
            Tensor key = inputs.of(graph.reader(layer + set.kvHeads()[0] + ".k"));
            Tensor weights = attention
                    .get()
                    .weights(
                            query.to(attention.device()).unsqueeze(0),
                            key.to(attention.device()).unsqueeze(0),
                            set,
                            batch);
            float[] values = weights.toFloats();
            int tokens = (int) weights.size(1);
            return IntStream.range(0, tokens)
                    .mapToObj(i -> Arrays.copyOfRange(values, i * tokens, (i + 1) * tokens))
                    .toArray(float[][]::new);
        }
    }

    private static List<Contribution> contributions(
            TransformerModel model, Example example, Answer.Tokens answer, Inputs full, Inputs part) {
        ComputationGraph graph = part.circuit().graph();
        Reader output = graph.readers().getLast();
        double[] inModel = withoutEach(model, example, answer, full, output);
        double[] inCircuit = withoutEach(model, example, answer, part, output);
        return graph.writers().stream()
                .filter(writer -> part.circuit().contains(writer, output))
                .map(writer -> new Contribution(writer.name(), inModel[writer.index()], inCircuit[writer.index()]))
                .toList();
    }

    /** By how much the score falls without each writer. */
    private static double[] withoutEach(
            TransformerModel model, Example example, Answer.Tokens answer, Inputs inputs, Reader output) {
        int position = example.scoreEnd() - 1;
        Tensor whole = inputs.of(output).select(0, position);
        List<Tensor> rows = new ArrayList<>(List.of(whole));
        for (Writer writer : inputs.circuit().graph().writers()) {
            rows.add(whole.sub(inputs.states().select(0, writer.index()).select(0, position)));
        }
        double[] scores = new double[rows.size()];
        for (int i = 0; i < scores.length; i++) {
            try (TensorScope _ = TensorScope.open()) {
                scores[i] = score(model.logits(rows.get(i).unsqueeze(0)).toFloats(), answer);
            }
        }
        return IntStream.range(1, scores.length)
                .mapToDouble(i -> scores[0] - scores[i])
                .toArray();
    }

    private static double score(float[] logits, Answer.Tokens answer) {
        int last = answer.targets().length - 1;
        double target = logits[answer.targets()[last]];
        if (answer.distractors().length > 0) {
            return target - logits[answer.distractors()[last]];
        }
        double mean = IntStream.range(0, logits.length)
                .mapToDouble(i -> logits[i])
                .average()
                .orElseThrow();
        return target - mean;
    }
}
