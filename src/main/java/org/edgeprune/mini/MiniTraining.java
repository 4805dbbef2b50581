package org.edgeprune.mini;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.edgeprune.InputException;
import org.edgeprune.task.MiniTokenizer;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;

/** Trains a small GPT-2 on the bundled tasks' texts and writes it as a HuggingFace model directory. */
public final class MiniTraining {
    /** Examples of each task in the final report. */
    static final int TEST_EXAMPLES = 1000;

    private static final int VALIDATION_EXAMPLES = 200;
    private static final int EVALUATE_EVERY = 250;

    /** Hears how a run goes. */
    public interface Listener {
        /** After a step, counted from 1; {@code loss} is that of the step's own texts. */
        void step(int step, double loss);

        /** Now and then: the tasks' metrics on validation prompts, and at last on test prompts. */
        void evaluated(int step, Split split, Map<String, Map<String, Double>> metrics);
    }

    private MiniTraining() {}

    /**
     * Runs a whole training.
     *
     * @param command what the directory's README names as the command to repeat it
     * @throws InputException if the directory cannot be written
     */
    public static void run(MiniOptions options, Path directory, String command, Listener listener) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new InputException(directory + ": cannot be made: " + e + "; choose another --out", e);
        }
        try (PromptTokenizer tokenizer = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini tokenizer");
                MiniTrainer trainer = new MiniTrainer(options, tokenizer)) {
            HeldOut validation = new HeldOut(tokenizer, Split.VALIDATION, VALIDATION_EXAMPLES, options.seed());
            for (int step = 0; step < options.steps(); step++) {
                double loss = trainer.step(step);
                if (!Double.isFinite(loss)) {
                    throw new InputException("train-mini: the loss is " + loss + " at step " + (step + 1)
                            + "; lower the learning rate");
                }
                listener.step(step + 1, loss);
                if ((step + 1) % EVALUATE_EVERY == 0) {
                    listener.evaluated(step + 1, Split.VALIDATION, validation.measure(trainer.model()));
                }
            }
            var metrics = new HeldOut(tokenizer, Split.TEST, TEST_EXAMPLES, options.seed()).measure(trainer.model());
            listener.evaluated(options.steps(), Split.TEST, metrics);
            MiniDirectory.write(directory, options, trainer, command, metrics);
        }
    }
}
