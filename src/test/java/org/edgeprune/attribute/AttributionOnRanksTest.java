package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.edgeprune.engine.Ranks;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.fixture.ThreadRanks;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scores have the same bits for every number of ranks and workers, and every rank has them. */
class AttributionOnRanksTest {
    private static final int MICRO_BATCH = 40;

    private LoadedModel model;
    private List<Example> examples;

    @BeforeEach
    void open() throws IOException {
        GoldenScores golden = GoldenScores.of("tiny-llama-gqa");
        model = LoadedModel.open(
                "tiny",
                golden.model(),
                Execution.on(Device.CPU).withMicroBatch(MICRO_BATCH).withWorkers(1));
        examples = golden.examples(model.tokenizer()).subList(0, 10);
    }

    @AfterEach
    void close() {
        model.close();
    }

    private AttributionSetting setting(Ranks ranks, int workers, int batchSize) {
        AttributionSetting alone = GoldenScores.setting(model, Objective.KL, AblationStates.INTERCHANGE, batchSize);
        return new AttributionSetting(
                alone.model(),
                alone.graph(),
                alone.scorer(),
                alone.objective(),
                alone.ablation(),
                batchSize,
                Workers.of(workers).on(ranks));
    }

    /** What a method gives on some ranks is what it gives alone, bit for bit. */
    private void requireSame(int size, int workers, int batchSize, Function<AttributionSetting, float[]> method) {
        long before = TensorScope.liveTensors();
        float[] expected = method.apply(setting(Ranks.alone(), 1, batchSize));
        assertTrue(expected.length > 0 && !Arrays.equals(expected, new float[expected.length]));
        ThreadRanks.run(size, ranks -> method.apply(setting(ranks, workers, batchSize)))
                .forEach(each -> assertEquals(Arrays.toString(expected), Arrays.toString(each)));
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 2", "7, 1"})
    void gradients(int size, int workers) {
        requireSame(size, workers, 5, setting -> new GradientAttribution(setting, new GradientMethod.InputGradients(3))
                .scores(examples, AttributionSetting.Progress.NONE)
                .toArray());
    }

    @Test
    void gradientsOfEachPrompt() {
        requireSame(2, 1, 5, setting -> new GradientAttribution(setting, new GradientMethod.Eap())
                .scoresByPrompt(examples, AttributionSetting.Progress.NONE)
                .scores()[9]);
    }

    /** A rank hands over the scores of a few prompts at a time, and does not keep those of all. */
    @Test
    void scoresAreExchangedInRounds() {
        ThreadRanks.run(2, ranks -> {
                    int[] made = {0, 0}; // by this rank: in all, and when the first were handed over
                    setting(ranks, 1, 5)
                            .forEachExample(
                                    examples,
                                    AttributionSetting.Progress.NONE,
                                    1,
                                    (model, batch, members, tick) -> new float[] {made[0]++},
                                    (numbers, scores) -> made[1] = made[1] == 0 ? made[0] : made[1]);
                    return made;
                })
                .forEach(made -> assertArrayEquals(new int[] {5, 4}, made));
    }

    /** Also continued: a state says how many pieces are done, whoever did them. */
    @ParameterizedTest
    @CsvSource({"2, 1, 0", "3, 2, 0", "2, 1, 11"})
    void exactPatching(int size, int workers, int done) {
        ExactState[] left = new ExactState[1];
        ExactPatching alone = new ExactPatching(setting(Ranks.alone(), 1, 5));
        ExactState whole = new ExactState(new double[alone.sums()], 0, state -> {
            if (state.done() == done) {
                left[0] = new ExactState(state.sums(), done, ExactState.Keeper.NONE);
            }
        });
        alone.scores(examples, whole, AttributionSetting.Progress.NONE);
        requireSame(size, workers, 5, setting -> new ExactPatching(setting)
                .scores(
                        examples,
                        done == 0
                                ? ExactState.fresh(alone)
                                : new ExactState(left[0].sums(), done, ExactState.Keeper.NONE),
                        AttributionSetting.Progress.NONE)
                .edges()
                .toArray());
    }

    @ParameterizedTest
    @CsvSource({"2, 1, 0", "3, 2, 1048576"})
    void matryoshka(int size, int workers, long cacheBytes) {
        requireSame(size, workers, 5, setting -> {
            try (MatryoshkaAttribution training = new MatryoshkaAttribution(
                    setting, new MatryoshkaAttribution.Options(6, 0.05, 0.5, 1), examples, cacheBytes)) {
                training.startFrom(ScoredStart.eapIg(setting, AttributionSetting.Progress.NONE)
                        .ranking(setting.graph(), examples, setting.workers()));
                return training.train((step, k, loss, now) -> {}).toArray();
            }
        });
    }

    @Test
    void trainingsThatDifferAreStopped() {
        InputException e = assertThrows(
                InputException.class,
                () -> ThreadRanks.run(2, ranks -> {
                    try (MatryoshkaAttribution training = new MatryoshkaAttribution(
                            setting(ranks, 1, 5),
                            new MatryoshkaAttribution.Options(6, 0.05, 0.5, ranks.rank()),
                            examples,
                            0)) {
                        return training.train((step, k, loss, now) -> {});
                    }
                }));
        assertTrue(e.getMessage().startsWith("rank 1 and rank 0 differ in the masks of step 0"), e.getMessage());
    }

    @Test
    void acdc() {
        requireSame(3, 1, 5, setting -> new Acdc(setting, Acdc.Order.PUBLISHED)
                .search(examples, 0.02, Long.MAX_VALUE, AttributionSetting.Progress.NONE)
                .rises()
                .toArray());
    }

    /** A rank counts what it does itself. */
    @Test
    void progressIsThatOfTheRank() {
        List<Long> totals = ThreadRanks.run(2, ranks -> {
            long[] last = new long[2];
            new GradientAttribution(setting(ranks, 1, 5), new GradientMethod.InputGradients(3))
                    .scores(examples, (done, total) -> {
                        last[0] = done;
                        last[1] = total;
                    });
            assertEquals(last[1], last[0]);
            return last[1];
        });
        long[] alone = {0};
        new GradientAttribution(setting(Ranks.alone(), 1, 5), new GradientMethod.InputGradients(3))
                .scores(examples, (done, total) -> alone[0] = total);
        assertEquals(alone[0], totals.stream().mapToLong(Long::longValue).sum());
    }
}
