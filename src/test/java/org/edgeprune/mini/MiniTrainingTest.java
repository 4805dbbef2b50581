package org.edgeprune.mini;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.edgeprune.engine.FullModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.Weights;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.task.MiniTokenizer;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.TrainingCorpus;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real, if short, trainings of a tiny model. */
class MiniTrainingTest {
    private static final PromptTokenizer TOKENIZER = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");
    private static final MiniOptions TINY = new MiniOptions(2, 2, 16, 30, 8, 5, 1e-2, 5, 0.1, 0.1);

    @AfterAll
    static void close() {
        TOKENIZER.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "cuda:0"})
    void lossFalls(String where) {
        Device device = Device.parse(where);
        assumeTrue(!device.isCuda() || LibTorch.cudaDevices() > 0, "no CUDA device here, or a libtorch without CUDA");
        try (MiniTrainer trainer = new MiniTrainer(TINY, TOKENIZER, device)) {
            List<Double> losses = train(trainer);
            // Before the first update all tokens are as good as equally likely.
            assertEquals(Math.log(TOKENIZER.vocabSize()), losses.get(0), 0.05);
            double last = losses.subList(25, 30).stream()
                    .mapToDouble(d -> d)
                    .average()
                    .orElseThrow();
            assertTrue(last < losses.get(0) - 1.5, losses.toString());
        }
    }

    /**
     * The model keeps views of its parameters: after updates in place, gradients must be those of a model made anew.
     */
    @Test
    void gradientsAfterUpdatesAreThoseOfAFreshModel() {
        try (MiniTrainer trainer = new MiniTrainer(TINY, TOKENIZER, Device.CPU);
                TrainableWeights copies = new TrainableWeights(copiesOf(trainer.weights()), Device.CPU);
                TransformerModel fresh = trained(trainer, copies);
                TensorScope _ = TensorScope.open()) {
            TrainingCorpus corpus = new TrainingCorpus(TOKENIZER, 9);
            TextBatch batch =
                    TextBatch.of(Stream.generate(corpus::next).limit(4).toList(), 0.1, fresh, new Random(1));
            Tensor[] gradients = Autograd.grad(batch.loss(trainer.model()), leaves(trainer.weights()));
            Tensor[] expected = Autograd.grad(batch.loss(fresh), leaves(copies.byName()));
            for (int i = 0; i < expected.length; i++) {
                assertArrayEquals(expected[i].toFloats(), gradients[i].toFloats(), 1e-7f, "parameter " + i);
                assertTrue(expected[i].abs().sum().item() > 0, "parameter " + i + " has no gradient");
            }
        }
    }

    @Test
    void sameSeedSameBytesAndTheDirectoryHoldsTheTrainedModel(@TempDir Path dir) throws IOException {
        List<String> heard = new ArrayList<>();
        MiniTraining.Listener listener = new MiniTraining.Listener() {
            @Override
            public void step(int step, double loss) {
                heard.add("step " + step);
            }

            @Override
            public void evaluated(int step, Map<String, Map<String, Double>> metrics) {
                heard.add("evaluated");
            }
        };
        MiniTraining.Trained trained =
                new MiniTraining(TINY, Device.CPU, listener).run(dir.resolve("one"), "the command");
        assertEquals(30, heard.size());
        assertEquals(List.of("ioi", "gt", "gp"), List.copyOf(trained.metrics().keySet()));

        try (MiniTrainer again = new MiniTrainer(TINY, TOKENIZER, Device.CPU)) {
            train(again);
            Path two = Files.createDirectory(dir.resolve("two"));
            MiniDirectory.write(two, TINY, again, "the command", trained);
            for (String file : List.of(
                    "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "README.md")) {
                assertArrayEquals(
                        Files.readAllBytes(two.resolve(file)),
                        Files.readAllBytes(dir.resolve("one").resolve(file)),
                        file);
            }
            try (TransformerModel opened = Models.open(two, Device.CPU);
                    PromptTokenizer tokenizer = PromptTokenizer.open(two);
                    TensorScope _ = TensorScope.open()) {
                assertEquals("gpt2", opened.architecture());
                TokenBatch batch = TokenBatch.of(
                        List.of(tokenizer.encode("When Mary and John went home,"), tokenizer.encode(" 1732 to 17")),
                        Device.CPU);
                assertArrayEquals(
                        FullModel.logits(again.model(), batch).toFloats(),
                        FullModel.logits(opened, batch).toFloats(),
                        1e-6f);
            }
        }
        String readme = Files.readString(dir.resolve("one/README.md"));
        assertTrue(readme.contains("    the command\n") && readme.contains("| gp | accuracy | "), readme);
    }

    @Test
    void wrongSizesAreRefused() {
        assertThrows(InputException.class, () -> new MiniOptions(2, 3, 16, 30, 8, 5, 1e-2, 5, 0.1, 0.1));
        assertThrows(InputException.class, () -> new MiniOptions(0, 2, 16, 30, 8, 5, 1e-2, 5, 0.1, 0.1));
    }

    private static List<Double> train(MiniTrainer trainer) {
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < TINY.steps(); step++) {
            losses.add(trainer.step(step));
        }
        return losses;
    }

    /** Trains, then has another model built over the weights that came out. */
    private static TransformerModel trained(MiniTrainer trainer, TrainableWeights copies) {
        train(trainer);
        return TransformerModel.of(Gpt2.decoder(TINY.config(TOKENIZER.vocabSize())), copies, Execution.on(Device.CPU));
    }

    private static Tensor[] leaves(Map<String, Tensor> weights) {
        return weights.values().toArray(Tensor[]::new);
    }

    private static Weights copiesOf(Map<String, Tensor> tensors) {
        return new Weights() {
            @Override
            public boolean has(String name) {
                return tensors.containsKey(name);
            }

            @Override
            public Tensor get(String name, long... shape) {
                return tensors.get(name).detach().copy();
            }

            @Override
            public void close() {}
        };
    }
}
