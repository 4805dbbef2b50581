package org.edgeprune.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.StepMetrics;
import org.edgeprune.report.TinyRun;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a run's own prompts, a repetition finds the run's circuit. */
class RepetitionTest {
    private static final Pruner.Listener SILENT = new Pruner.Listener() {};

    @TempDir
    private static Path shared;

    @TempDir
    private Path dir;

    private static LoadedModel model;
    private static Path data;

    @BeforeAll
    static void prepare() {
        Path folder = TinyRun.model(shared.resolve("model"));
        data = TinyRun.data("ioi", folder, shared.resolve("data"));
        model = LoadedModel.open(folder.toString(), Device.CPU);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static PruneSession published() {
        return PruneSession.of(model, Tasks.named("ioi")).withData(data).withOptions(TinyRun.options());
    }

    private static PruneSession refining() {
        return ScoredStart.refining(published(), AttributionSetting.Progress.NONE);
    }

    private RunDirectory directory() {
        return new RunDirectory(dir.resolve("run"));
    }

    private Circuit run(PruneSession session) {
        return session.run(directory().path()).circuit();
    }

    private Circuit repeated(PruneSession session) {
        return new Repetition(model, Tasks.named("ioi"), directory().readRecord())
                .prune(session.dataset(directory()), SILENT);
    }

    private BootstrapRuns bootstrap(Dataset dataset) {
        return new BootstrapRuns(model, Tasks.named("ioi"), dataset, directory().readRecord());
    }

    @Test
    void ofAPublishedRun() {
        assertEquals(run(published()), repeated(published()));
    }

    @Test
    void ofADefaultRunThatStartsFromARanking() {
        assertEquals(run(refining()), repeated(refining()));
    }

    /** Resampled prompts need another one of their length: of two prompts, half of all draws have both. */
    @Test
    void aDrawWithoutThePromptsThatTheAblationNeedsIsDrawnAgain() {
        Task task = Tasks.named("ioi-t1");
        PruneSession session = PruneSession.of(model, task)
                .withData(TinyRun.data("ioi-t1", model.directory(), dir.resolve("data")))
                .withOptions(TinyRun.options().withSteps(1).with(Ablation.RESAMPLE));
        run(session);
        List<Example> train = session.dataset(directory()).train().subList(0, 2);
        RunRecord record = directory().readRecord();
        BootstrapRuns runs = new BootstrapRuns(model, task, new Dataset(train, train, train), record);
        for (int seed = 0; seed < 6; seed++) {
            Dataset drawn = runs.draw(new SplittableRandom(seed)).orElseThrow();
            assertEquals(2, Set.copyOf(drawn.train()).size());
            runs.prune(drawn, SILENT);
        }
        List<Example> one = train.subList(0, 1);
        BootstrapRuns impossible = new BootstrapRuns(model, task, new Dataset(one, one, one), record);
        assertTrue(impossible.draw(new SplittableRandom(1)).isEmpty());
    }

    @Test
    void eachDrawHasPromptsOfItsOwn() {
        run(published());
        BootstrapRuns drawn = bootstrap(published().dataset(directory()));
        List<Double> first = losses(drawn, 1);
        assertEquals(20, first.size());
        assertEquals(first, losses(drawn, 1));
        assertNotEquals(first, losses(drawn, 2));
    }

    private static List<Double> losses(BootstrapRuns drawn, long seed) {
        List<Double> losses = new ArrayList<>();
        Dataset prompts = drawn.draw(new SplittableRandom(seed)).orElseThrow();
        drawn.prune(prompts, new Pruner.Listener() {
            @Override
            public void stepped(StepMetrics metrics) {
                losses.add(metrics.kl());
            }
        });
        return losses;
    }

    @Test
    void freshPromptsCannotBeDrawnFrom() {
        PruneSession fresh = PruneSession.of(model, Tasks.named("ioi"))
                .withOptions(TinyRun.options()
                        .with(TinyRun.options().controls().withFreshData(true))
                        .withSteps(1));
        run(fresh);
        assertThrows(IllegalArgumentException.class, () -> bootstrap(fresh.dataset(directory())));
    }
}
