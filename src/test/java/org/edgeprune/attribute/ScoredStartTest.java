package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.report.TinyRun;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rankings of a run's edges from scores of the model's graph. */
class ScoredStartTest {
    private static final GraphShape SHAPE = new GraphShape(2, 3, 3, List.of("tok_embeds", "pos_embeds"), false);
    private static final ComputationGraph MODEL = new ComputationGraph(SHAPE);
    private static final ComputationGraph INNER = new ComputationGraph(SHAPE.withoutEmbeddings());

    private static EdgeScores random(ComputationGraph graph, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[graph.edgeCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return EdgeScores.of(graph, values);
    }

    @Test
    void edgesOfTheSmallerGraphKeepTheirOrder() {
        EdgeScores scores = random(MODEL, 3);
        for (Ranking by : Ranking.values()) {
            ScoredStart start = ScoredStart.of(scores, by);
            assertArrayEquals(scores.ranked(by), start.ranking(MODEL, List.of(), Workers.of(1)));
            List<String> expected = IntStream.of(scores.ranked(by))
                    .mapToObj(MODEL::edge)
                    .filter(edge -> !edge.writer().name().endsWith("embeds"))
                    .map(Edge::toString)
                    .toList();
            List<String> ranked = IntStream.of(start.ranking(INNER, List.of(), Workers.of(1)))
                    .mapToObj(i -> INNER.edge(i).toString())
                    .toList();
            assertEquals(expected, ranked);
        }
    }

    @Test
    void scoresWithoutEmbeddingsCannotStartAGraphThatHasThem() {
        ScoredStart start = ScoredStart.of(random(INNER, 3), Ranking.SIGNED);
        InputException e = assertThrows(InputException.class, () -> start.ranking(MODEL, List.of(), Workers.of(1)));
        assertTrue(
                e.getMessage().contains("tok_embeds") && e.getMessage().contains("--no-embedding-nodes"),
                e.getMessage());
    }

    @Test
    void theNameTellsRankingsApart() {
        EdgeScores scores = random(MODEL, 3);
        float[] doubled = scores.toArray();
        for (int i = 0; i < doubled.length; i++) {
            doubled[i] *= 2;
        }
        String name = ScoredStart.of(scores, Ranking.SIGNED).name();
        assertEquals(
                name,
                ScoredStart.of(EdgeScores.of(MODEL, doubled), Ranking.SIGNED).name());
        assertNotEquals(name, ScoredStart.of(scores, Ranking.ABSOLUTE).name());
        assertNotEquals(name, ScoredStart.of(random(MODEL, 4), Ranking.SIGNED).name());
    }

    /** The default run of the library, stopped in the middle of its ranking. */
    @Test
    void aRunThatIsInterruptedWhileItRanksGoesOnFromThere(@TempDir Path dir) {
        Path folder = TinyRun.model(dir.resolve("model"));
        Path data = TinyRun.data("ioi", folder, dir.resolve("data"));
        try (LoadedModel model = LoadedModel.open(folder.toString(), Device.CPU)) {
            PruneSession published = PruneSession.of(model, Tasks.named("ioi"))
                    .withData(data)
                    .withOptions(TinyRun.options())
                    .withPace(new Pruner.Pace(0, 64, 1 << 30));
            Circuit whole = ScoredStart.refining(published, AttributionSetting.Progress.NONE)
                    .run(dir.resolve("whole"))
                    .circuit();
            RunDirectory cut = new RunDirectory(dir.resolve("cut"));
            PruneSession interrupted = ScoredStart.refining(published, (done, total) -> {
                if (total == MatryoshkaAttribution.Options.STEPS && done == 200) {
                    throw new ArithmeticException("stands for a kill");
                }
            });
            assertThrows(ArithmeticException.class, () -> interrupted.run(cut.path()));
            AtomicLong steps = new AtomicLong();
            PruneSession goingOn = ScoredStart.refining(published, (_, total) -> {
                if (total == MatryoshkaAttribution.Options.STEPS) {
                    steps.incrementAndGet();
                }
            });
            assertEquals(whole, goingOn.run(cut, true, new Pruner.Listener() {}).circuit());
            assertEquals(MatryoshkaAttribution.Options.STEPS - 192, steps.get(), "from the state at step 192");
            assertFalse(Files.exists(cut.rankingFile()), "needed no longer");
        }
    }
}
