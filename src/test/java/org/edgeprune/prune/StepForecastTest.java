package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.ConfigTemplate;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepForecastTest {
    private static final int LAYERS = 12;
    private static final int HIDDEN = 48;

    @TempDir
    private Path folder;

    private ConfigTemplate template() throws IOException {
        Path config = folder.resolve("config.json");
        Files.writeString(config, """
                {"model_type": "llama", "num_hidden_layers": %d, "num_attention_heads": 4, "num_key_value_heads": 2,
                 "hidden_size": %d, "intermediate_size": 16, "vocab_size": 50, "max_position_embeddings": 32,
                 "rms_norm_eps": 1e-5}""".formatted(LAYERS, HIDDEN));
        return ConfigTemplate.of(config.toString());
    }

    /** Seconds that grow with layers, with edges times width, and with prompts, beside what does not grow. */
    private static StepTimes law(TransformerModel model, int prompts) {
        double layer = model.hiddenSize() < HIDDEN ? 0.01 : 0.7;
        double edges = new ComputationGraph(model.graphShape()).edgeCount();
        double step = 0.5
                + prompts
                        * (0.2
                                + layer * model.graphShape().layers()
                                + 1e-5 * edges * model.hiddenSize()
                                + 2e-4 * edges);
        return new StepTimes(2 * step, step, step / 3);
    }

    @Test
    void whatGrowsWithLayersEdgesWidthAndPromptsIsForecast() throws IOException {
        List<int[]> timed = new ArrayList<>();
        StepForecast.Timer timer = (model, prompts) -> {
            timed.add(new int[] {model.graphShape().layers(), model.hiddenSize(), prompts});
            return law(model, prompts);
        };
        StepForecast forecast = StepForecast.ofRandom(
                template(), Execution.on(Device.CPU).withWorkers(2).withMicroBatch(20), timer);
        assertEquals(4, forecast.few(30, 10), "prompts of two workers' micro-batches");
        StepTimes found = forecast.of(30, 10);
        double edges =
                new ComputationGraph(Models.decoder(template().config()).sizes().graph()).edgeCount();
        double step = 0.5 + 30 * (0.2 + 0.7 * LAYERS + 1e-5 * edges * HIDDEN + 2e-4 * edges);
        assertEquals(step, found.cached(), 1e-6 * step);
        assertEquals(2 * step, found.full(), 1e-6 * step);
        assertEquals(step / 3, found.evaluation(), 1e-6 * step);
        TreeSet<Integer> prompts = new TreeSet<>();
        for (int[] one : timed) {
            assertTrue(one[0] <= LAYERS / 2 || one[1] < HIDDEN, "the whole model was made");
            prompts.add(one[2]);
        }
        assertEquals(List.of(4, 8), List.copyOf(prompts));
    }

    @Test
    void noiseDoesNotMakeAStepOfAllLayersFasterThanThatOfOne() throws IOException {
        StepForecast.Timer noise = (model, _) -> {
            double seconds = 1.0 / model.graphShape().layers();
            return new StepTimes(seconds, seconds, seconds);
        };
        StepTimes found = StepForecast.ofRandom(template(), Execution.on(Device.CPU), noise)
                .of(2, 10);
        assertTrue(found.full() >= 1, found.toString());
    }

    @Test
    void weightsThatDoNotFitAreReadInEveryPass() throws IOException {
        StepTimes least = new WeightReads(26_000_000_000L, 1e9).of(2);
        assertEquals(2 * 4 * 26, least.full(), 1e-9);
        assertEquals(2 * 2 * 26, least.cached(), 1e-9);
        assertEquals(new StepTimes(300, 104, 200), new StepTimes(300, 1, 200).atLeast(least));
        Path weights = folder.resolve("model.safetensors");
        Files.write(weights, new byte[20_000_000]);
        WeightReads.of(folder, 20_000_000).ifPresent(reads -> assertTrue(reads.bytesPerSecond() > 1e5, "a second"));
        assertTrue(WeightReads.of(folder.resolve("none"), 1).isEmpty());
    }
}
