package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.mask.SparsitySchedule;
import org.junit.jupiter.api.Test;

/** Hyper-parameters in run.json: as edgeprune 0.1 wrote them. */
class OptionsFormatTest {
    private static final String OF_0_1 = """
            {"steps":3000,"batch_size":32,"seed":42,"edge_learning_rate":0.8,"node_learning_rate":0.8,\
            "edge_multiplier_learning_rate":0.8,"node_multiplier_learning_rate":0.8,"warmup_steps":200,\
            "edge_sparsity":{"warmup":"LINEAR","start":0.0,"target":0.98,"warmup_steps":2500},\
            "node_sparsity":{"warmup":"LINEAR","start":0.0,"target":0.72,"warmup_steps":2500},\
            "node_loss":true,"relax_sparser_nodes":false,"linear_term":true,"embedding_nodes":false,\
            "ablation":"INTERCHANGE","max_grad_norm":1.0,"initial_log_alpha":10.0}""";

    private static PruneOptions read(JsonNode options) {
        return Json.SNAKE_CASE.value("test", options, PruneOptions.class, "");
    }

    @Test
    void theTextOfEarlierVersionsIsReadAndWritten() {
        ObjectNode old = (ObjectNode) Json.parse("test", OF_0_1, "");
        assertEquals(PruneOptions.gpt2(), read(OptionsFormat.completed(old)));
        String fields = OF_0_1.substring(0, OF_0_1.length() - 1);
        String written = OptionsFormat.write(PruneOptions.gpt2()).toString();
        assertTrue(written.startsWith(fields), written);
        assertEquals(OF_0_1, OptionsFormat.identity(PruneOptions.gpt2()).toString());
    }

    @Test
    void everyHyperParameterIsWritten() {
        PruneOptions other = new PruneOptions(
                new PruneOptions.Training(7, 3, 0.5, 2),
                new PruneOptions.LearningRates(0.1, 0.2, 0.3, 0.4, 5),
                PruneOptions.Targets.rising(0.6, 0.7, 4)
                        .withNodeLoss(true)
                        .withRelaxSparserNodes(true)
                        .withLinearTerm(false),
                new PruneOptions.Graph(true),
                new PruneControls(true, 4, true, "eap-ig", MaskLevel.EDGES, 0.75, false),
                Ablation.ZERO,
                9);
        ObjectNode written = OptionsFormat.write(other);
        assertEquals(other, read(written));
        PruneOptions byPosition = PruneOptions.gpt2().with(PruneControls.PUBLISHED.withPositions(true));
        assertEquals(byPosition, read(OptionsFormat.write(byPosition)));
        assertTrue(OptionsFormat.identity(byPosition).get("positions").asBoolean());
        List.of("steps", "node_learning_rate", "relax_sparser_nodes", "ablation")
                .forEach(name -> assertTrue(written.has(name), name));
    }

    @Test
    void aMissingFieldIsNamed() {
        ObjectNode damaged = (ObjectNode) Json.parse("test", OF_0_1, "");
        damaged.remove(List.of("node_loss", "seed"));
        String message = assertThrows(InputException.class, () -> OptionsFormat.completed(damaged))
                .getMessage();
        assertTrue(message.contains("lacks seed, node_loss"), message);
    }

    @Test
    void whatIsNoNumberIsNotTakenForOne() {
        for (JsonNode wrong :
                List.of(TextNode.valueOf(""), TextNode.valueOf("32"), DoubleNode.valueOf(2.5), BooleanNode.TRUE)) {
            ObjectNode damaged = OptionsFormat.write(PruneOptions.gpt2()).set("batch_size", wrong);
            String message =
                    assertThrows(InputException.class, () -> read(damaged)).getMessage();
            assertTrue(message.startsWith("test: field 'batch_size': Cannot "), message);
            assertFalse(message.contains("CoercionConfig"), message);
        }
    }

    @Test
    void aFieldWithoutValueIsNamed() {
        ObjectNode damaged = OptionsFormat.write(PruneOptions.gpt2());
        damaged.putNull("warm_start");
        String message = assertThrows(InputException.class, () -> OptionsFormat.completed(damaged))
                .getMessage();
        assertTrue(message.contains("warm_start is null"), message);
    }

    @Test
    void refiningStartsAtTheTargetAndStaysThere() {
        PruneOptions refining = PruneOptions.bundled().refining();
        assertEquals("mattr", refining.controls().warmStart());
        assertEquals(MaskLevel.EDGES, refining.controls().level());
        assertTrue(refining.graph().embeddingNodes() && refining.controls().holdTarget());
        SparsitySchedule edges = refining.targets().edgeSparsity();
        assertEquals(0.93, edges.at(0));
        assertEquals(0.93, edges.at(1000));
        assertEquals(0, edges.risen());
        assertEquals(refining, refining.dense().with(refining.controls()), "but for the hold");
        assertTrue(!refining.dense().controls().holdTarget(), "a step that is timed removes no edge");
        SparsitySchedule rising = PruneOptions.bundled().targets().edgeSparsity();
        assertEquals(0, rising.at(0));
        assertEquals(600, rising.risen());
    }

    @Test
    void withStepsKeepsTheShareOfEveryWarmUp() {
        PruneOptions shorter = PruneOptions.gpt2().withSteps(300);
        assertEquals(300, shorter.training().steps());
        assertEquals(20, shorter.learningRates().warmupSteps());
        assertEquals(250, shorter.targets().edgeSparsity().warmupSteps());
        assertEquals(250, shorter.targets().nodeSparsity().warmupSteps());
    }
}
