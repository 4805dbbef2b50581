package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.edgeprune.eval.Generator;
import org.edgeprune.io.InputException;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.report.TinyRun;
import org.edgeprune.task.Example;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that are closed, and files that are changed, while they are used. */
class LoadedModelTest {
    private static final int MANY = 1_000_000;

    @TempDir
    private static Path shared;

    @TempDir
    private Path dir;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() {
        model = TinyRun.model(shared.resolve("model"));
        data = TinyRun.data("ioi", model, shared.resolve("data"));
    }

    private static LoadedModel open() {
        return LoadedModel.open(model.toString(), Device.CPU);
    }

    private static PruneSession session(LoadedModel loaded, int steps) {
        return PruneSession.of(loaded, Tasks.named("ioi"))
                .withData(data)
                .withOptions(TinyRun.options().withSteps(steps))
                .withPace(new Pruner.Pace(0, 5, 1 << 30));
    }

    /** Closes the model once the work has begun. @return what the work ended with */
    private static Throwable closedDuring(LoadedModel loaded, CountDownLatch begun, Runnable work) throws Exception {
        try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
            Future<?> running = pool.submit(work);
            assertTrue(begun.await(60, TimeUnit.SECONDS));
            loaded.close();
            return assertThrows(ExecutionException.class, () -> running.get(60, TimeUnit.SECONDS))
                    .getCause();
        }
    }

    @Test
    void aRunWhoseModelIsClosedEndsBeforeItsNextStepAndCanBeContinued() throws Exception {
        long live = TensorScope.liveTensors();
        Path run = dir.resolve("run");
        for (int i = 0; i < 3; i++) {
            LoadedModel loaded = open();
            CountDownLatch begun = new CountDownLatch(8);
            Throwable end = closedDuring(
                    loaded, begun, () -> session(loaded, MANY).run(new RunDirectory(run), true, new Pruner.Listener() {
                        @Override
                        public void stepped(StepMetrics metrics) {
                            begun.countDown();
                        }
                    }));
            assertInstanceOf(IllegalStateException.class, end);
            assertEquals("the gpt2 model is closed: open it again", end.getMessage());
            assertFalse(Files.exists(run.resolve("masks.safetensors")));
            assertFalse(Files.exists(run.resolve(".lock")));
            assertEquals(live, TensorScope.liveTensors());
        }
        int[] first = {-1};
        try (LoadedModel loaded = open()) {
            assertThrows(ArithmeticException.class, () -> session(loaded, MANY)
                    .run(new RunDirectory(run), true, new Pruner.Listener() {
                        @Override
                        public void started(int firstStep, int steps) {
                            first[0] = firstStep;
                            throw new ArithmeticException("enough");
                        }
                    }));
        }
        assertTrue(first[0] >= 15, "three times eight steps, saved at every fifth: " + first[0]);
    }

    @Test
    void evaluationAndGenerationEndToo() throws Exception {
        LoadedModel evaluated = open();
        List<Example> examples =
                Tasks.named("ioi").read(data, evaluated.tokenizer()).test();
        CountDownLatch evaluating = new CountDownLatch(1);
        Throwable end = closedDuring(evaluated, evaluating, () -> {
            while (true) {
                session(evaluated, 1).evaluateFullModel(examples);
                evaluating.countDown();
            }
        });
        assertTrue(end.getMessage().contains("model is closed"), end.toString());
        LoadedModel generating = open();
        int[] prompt = examples.get(0).clean();
        CountDownLatch begun = new CountDownLatch(1);
        end = closedDuring(generating, begun, () -> {
            while (true) {
                new Generator(generating.model(), Optional.empty(), Set.of()).generate(prompt, Optional.empty(), 3);
                begun.countDown();
            }
        });
        assertTrue(end.getMessage().contains("model is closed"), end.toString());
    }

    @Test
    void aModelMayBeClosedByItsOwnRunBetweenStepsButNotWithinOne() {
        LoadedModel loaded = open();
        IllegalStateException end = assertThrows(IllegalStateException.class, () -> session(loaded, MANY)
                .run(new RunDirectory(dir.resolve("run")), false, new Pruner.Listener() {
                    @Override
                    public void stepped(StepMetrics metrics) {
                        loaded.close();
                    }
                }));
        assertTrue(end.getMessage().contains("model is closed"), end.getMessage());
        try (LoadedModel other = open();
                TransformerModel.Use _ = other.model().use()) {
            String refused =
                    assertThrows(IllegalStateException.class, other::close).getMessage();
            assertTrue(refused.contains("by a thread that is using it"), refused);
            other.model().use().close();
        }
    }

    @Test
    void afterItsEndAModelSaysThatItIsClosed() {
        LoadedModel loaded = open();
        PruneSession session = session(loaded, 3);
        loaded.close();
        loaded.close();
        for (String message : List.of(
                assertThrows(IllegalStateException.class, () -> session.run(dir.resolve("run")))
                        .getMessage(),
                assertThrows(IllegalStateException.class, () -> loaded.tokenizer()
                                .encode("When"))
                        .getMessage(),
                assertThrows(IllegalStateException.class, () -> loaded.tokenizer()
                                .decode(1))
                        .getMessage())) {
            assertTrue(message.contains("is closed"), message);
        }
        assertFalse(Files.exists(dir.resolve("run")), "nothing was begun");
    }

    private interface Change {
        void to(Path file) throws IOException;
    }

    private void assertNoResultWhen(String name, Change change) throws IOException {
        Path copy = Files.createDirectory(dir.resolve("model-" + name));
        try (var files = Files.list(model)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Path run = dir.resolve("run-" + name);
        try (LoadedModel loaded = LoadedModel.open(copy.toString(), Device.CPU)) {
            String refused = assertThrows(InputException.class, () -> session(loaded, 20)
                            .run(new RunDirectory(run), false, new Pruner.Listener() {
                                @Override
                                public void stepped(StepMetrics metrics) {
                                    if (metrics.step() == 12) {
                                        try {
                                            change.to(copy.resolve("model.safetensors"));
                                        } catch (IOException e) {
                                            throw new AssertionError(e);
                                        }
                                    }
                                }
                            }))
                    .getMessage();
            assertTrue(
                    refused.startsWith(copy.resolve("model.safetensors")
                            + ": was written to, replaced or removed while it was in use"),
                    refused);
        }
        assertFalse(Files.exists(run.resolve("masks.safetensors")));
        assertFalse(Files.exists(run.resolve("checkpoints/step-000015.safetensors")));
        assertTrue(Files.exists(run.resolve("checkpoints/step-000010.safetensors")), "what was whole is kept");
    }

    @Test
    void noResultOfTwoModelsIsWritten() throws IOException {
        assertNoResultWhen("overwritten", file -> {
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.seek(open.length() - 8);
                open.writeLong(0);
            }
        });
        assertNoResultWhen("replaced", file -> {
            Path other = Files.copy(file, file.resolveSibling("other"));
            Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
            Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        });
        assertNoResultWhen("truncated", file -> {
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.setLength(open.length() / 2);
            }
        });
        assertNoResultWhen("removed", Files::delete);
    }
}
