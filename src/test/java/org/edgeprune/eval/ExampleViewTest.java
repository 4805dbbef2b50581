package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Writer;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.Models;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Patterns and contributions on a trained Llama with grouped-query attention. */
class ExampleViewTest {
    private static final Example EXAMPLE = new Example(
            new int[] {1, 403, 407, 261, 378},
            new int[] {1, 403, 300, 261, 378},
            4,
            5,
            new Answer.Tokens(new int[] {432}, new int[] {300}));

    private static TransformerModel model;

    @BeforeAll
    static void open() {
        Path directory = Fixtures.thirdPartyModel("stories260k");
        model = Models.open(directory, Device.CPU);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    private static Circuit full() {
        return Circuit.full(new ComputationGraph(model.graphShape()));
    }

    @Test
    void inTheFullCircuitPatternsAndContributionsAreTheModels() {
        ExampleView view = ExampleView.of(model, MaskValues.of(full()), EXAMPLE, true);
        assertEquals(
                model.graphShape().layers() * model.graphShape().heads(),
                view.heads().size());
        for (ExampleView.HeadAttention head : view.heads()) {
            for (int i = 0; i < EXAMPLE.length(); i++) {
                assertArrayEquals(head.model()[i], head.circuit()[i], 1e-5f);
                float sum = 0;
                for (int j = 0; j < EXAMPLE.length(); j++) {
                    sum += head.model()[i][j];
                    assertTrue(j <= i || head.model()[i][j] == 0, "the model is causal");
                }
                assertEquals(1, sum, 1e-5);
            }
        }
        view.contributions().forEach(c -> assertEquals(c.model(), c.circuit(), 1e-3));
        assertEquals(full().graph().writers().size(), view.contributions().size());
        assertTrue(view.contributions().stream().anyMatch(c -> Math.abs(c.model()) > 0.1));
    }

    /** An MLP without neurons carries what its cut edges carry. */
    @Test
    void masksOfNeuronsCount() {
        MaskValues full = MaskValues.of(full());
        int inner = Math.toIntExact(model.sizes().inner());
        float[] none = new float[full.graph().shape().layers() * inner];
        ExampleView view =
                ExampleView.of(model, new MaskValues(full.graph(), full.edges(), full.nodes(), none), EXAMPLE, true);
        ExampleView cut = ExampleView.of(
                model, MaskValues.of(full().filter(edge -> edge.writer().kind() != Writer.Kind.MLP)), EXAMPLE, true);
        boolean changed = false;
        for (int head = 0; head < cut.heads().size(); head++) {
            for (int i = 0; i < EXAMPLE.length(); i++) {
                float[] row = view.heads().get(head).circuit()[i];
                assertArrayEquals(cut.heads().get(head).circuit()[i], row, 1e-4f);
                changed |= Math.abs(row[0] - view.heads().get(head).model()[i][0]) > 1e-3;
            }
        }
        assertTrue(changed);
    }

    @Test
    void theWeightsMixTheValuesIntoTheHeadsOutputs() {
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open();
                Part<SelfAttention> part = model.attention(0)) {
            TokenBatch batch = TokenBatch.of(List.of(EXAMPLE.clean()), Device.CPU);
            Tensor residual =
                    model.embeddings(batch).stream().reduce(Tensor::add).orElseThrow();
            SelfAttention attention = part.get();
            SelfAttention.Shared shared = attention.shared(residual, batch, null);
            HeadSet all = HeadSet.all(attention.heads(), attention.kvHeads());
            Tensor weights = attention.weights(
                    Tensor.stack(0, Collections.nCopies(attention.heads(), residual)),
                    Tensor.stack(0, Collections.nCopies(attention.kvHeads(), residual)),
                    all,
                    batch);
            Tensor values = shared.keyValues()
                    .values()
                    .indexSelect(
                            0, Tensor.of(IntStream.of(all.kvOf()).asLongStream().toArray(), all.count()));
            assertArrayEquals(shared.heads().toFloats(), weights.bmm(values).toFloats(), 1e-5f);
        }
    }

    @Test
    void ofASmallCircuitOnlyItsNodesAreShownAndCutEdgesChangeThem() {
        ComputationGraph graph = full().graph();
        BitSet edges = new BitSet();
        for (String[] edge : new String[][] {
            {"a0.h1", "a2.h3.q"},
            {"a0.h1", "a2.h1.k"},
            {"a0.h1", "a2.h1.v"},
            {"a2.h3", "resid_post"},
            {"embeds", "a0.h1.q"},
            {"embeds", "a0.h0.k"},
            {"embeds", "a0.h0.v"}
        }) {
            edges.set(graph.edgeIndex(graph.writer(first(graph, edge[0])), graph.reader(edge[1])));
        }
        ExampleView view = ExampleView.of(model, MaskValues.of(Circuit.of(graph, edges)), EXAMPLE, true);
        assertEquals(
                List.of("a0.h1", "a2.h3"),
                view.heads().stream().map(ExampleView.HeadAttention::name).toList());
        assertEquals(
                List.of("a2.h3"),
                view.contributions().stream()
                        .map(ExampleView.Contribution::name)
                        .toList());
        ExampleView.HeadAttention late = view.heads().getLast();
        double difference = 0;
        for (int i = 0; i < EXAMPLE.length(); i++) {
            for (int j = 0; j <= i; j++) {
                difference += Math.abs(late.model()[i][j] - late.circuit()[i][j]);
            }
        }
        assertTrue(difference > 1e-3, "a query from corrupted states differs");
    }

    /** The embedding writer is the first, whatever its name. */
    private static String first(ComputationGraph graph, String name) {
        return name.equals("embeds") ? graph.writers().getFirst().name() : name;
    }
}
