package org.edgeprune.mini;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.MiniTokenizer;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;

/** The model that comes with the project, as it lies there. */
class BundledModelTest {
    private static final Path MODEL = Path.of("data/models/mini-gpt2");

    /** Another seed than the training run's own report, so other prompts. */
    @Test
    void isGoodAtAllThreeTasksOnWhatItHasNotSeen() {
        try (TransformerModel model = Models.open(MODEL, Device.CPU);
                PromptTokenizer tokenizer = PromptTokenizer.open(MODEL)) {
            Map<String, Map<String, Double>> metrics = new HeldOut(tokenizer, Split.TEST, 400, 1234).measure(model);
            assertTrue(metrics.get("ioi").get("accuracy") >= 0.97, metrics.toString());
            assertTrue(metrics.get("gt").get("probability_difference") >= 0.8, metrics.toString());
            assertTrue(metrics.get("gp").get("accuracy") >= 0.97, metrics.toString());
        }
    }

    @Test
    void isSmall() throws IOException {
        try (Stream<Path> files = Files.list(MODEL)) {
            long bytes = files.mapToLong(file -> file.toFile().length()).sum();
            assertTrue(bytes <= 8_000_000, bytes + " bytes");
        }
    }

    /** Whoever changes a word of the bundled lists must train the model again. */
    @Test
    void hasTheTokenizerOfTheBundledLists() throws IOException {
        assertEquals(MiniTokenizer.json(), Files.readString(MODEL.resolve("tokenizer.json")));
    }
}
