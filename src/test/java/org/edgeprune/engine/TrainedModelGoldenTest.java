package org.edgeprune.engine;

import static org.edgeprune.engine.Golden.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;

/**
 * A small GPT-2 with trained weights (it sorts three digits), against activations that another implementation recorded.
 */
class TrainedModelGoldenTest {
    @Test
    void residualStreamsAndLogitsAreTheRecordedOnes() {
        Path directory = Fixtures.thirdPartyModel("gpt-nano-sort");
        try (TensorScope _ = TensorScope.open();
                TransformerModel model = Models.open(directory, Device.CPU);
                SafeTensorsFile golden = SafeTensorsFile.open(directory.resolve("golden_activations.safetensors"))) {
            TokenBatch batch = TokenBatch.of(rows(golden.tensor("idx")), Device.CPU);
            RecordedRun run = Baseline.record(model, batch);
            int layers = model.graphShape().layers();
            for (int layer = 0; layer < layers; layer++) {
                Tensor after = layer + 1 < layers ? run.layers().get(layer + 1).attentionInput() : run.finalResidual();
                assertClose(
                        floats(golden, "block" + layer),
                        after.toFloats(),
                        1e-4,
                        "residual stream after block " + layer);
            }
            float[] expected = floats(golden, "lm_head");
            assertClose(expected, FullModel.logits(model, batch).toFloats(), 1e-4, "logits");

            ComputationGraph graph = new ComputationGraph(model.graphShape());
            TokenBatch other = TokenBatch.of(rows(golden.tensor("idx")).reversed(), Device.CPU);
            MaskedPass full = MaskedPass.forward(
                    model,
                    batch,
                    Baseline.record(model, other),
                    Masks.of(MaskValues.full(graph), Device.CPU),
                    MaskedPass.Gradients.NONE);
            Tensor logits = model.logits(full.finalResidual());
            assertClose(expected, logits.toFloats(), 1e-4, "logits of the masked model at full masks");
            long length = golden.info("idx").shape()[1];
            Tensor sorted = logits.view(-1, length, model.vocabSize())
                    .narrow(1, length / 2, length - length / 2)
                    .argmax(2);
            assertArrayEquals(sorted(rows(golden.tensor("idx")), (int) (length / 2) + 1), sorted.toLongs(), "it sorts");
        }
    }

    private static float[] floats(SafeTensorsFile file, String name) {
        return file.tensor(name).toFloats();
    }

    private static List<int[]> rows(Tensor matrix) {
        long[] values = matrix.toLongs();
        int length = (int) matrix.size(1);
        List<int[]> rows = new ArrayList<>();
        for (int from = 0; from < values.length; from += length) {
            rows.add(Arrays.stream(values, from, from + length)
                    .mapToInt(Math::toIntExact)
                    .toArray());
        }
        return rows;
    }

    /** The first {@code count} digits of each row, sorted. */
    private static long[] sorted(List<int[]> rows, int count) {
        return rows.stream()
                .flatMapToLong(row -> Arrays.stream(row).limit(count).sorted().asLongStream())
                .toArray();
    }
}
