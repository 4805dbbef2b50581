package org.edgeprune.mini;

import java.nio.file.Path;
import java.util.Map;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.InputException;
import org.edgeprune.task.MiniTokenizer;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.torch.Device;

/** Trains a small GPT-2 on the bundled tasks' texts and writes it as a HuggingFace model directory. */
public record MiniTraining(MiniOptions options, Device device, Listener listener) {
    /** Test prompts of each task in the final report. */
    static final int TEST_EXAMPLES = 1000;

    private static final int VALIDATION_EXAMPLES = 200;
    private static final int EVALUATE_EVERY = 250;

    /** Hears how a run goes. */
    public interface Listener {
        /** After each step, counted from 1; {@code loss} is that of the step's own texts, in nats. */
        void step(int step, double loss);

        /** Now and then: each task's metrics on validation prompts. */
        void evaluated(int step, Map<String, Map<String, Double>> metrics);
    }

    /**
     * What came out.
     *
     * @param parameters how many numbers were trained
     * @param metrics of each task on test prompts
     */
    public record Trained(long parameters, Map<String, Map<String, Double>> metrics) {}

    /**
     * Runs the whole training.
     *
     * @param directory to write, at the end and as a whole; must not exist, or hold nothing but hidden files
     * @param command what the directory's README names as the command to repeat it
     * @throws InputException if the directory holds files or cannot be written, or the loss is not finite any more
     */
    public Trained run(Path directory, String command) {
        AtomicDirectory.requireNew(directory);
        try (PromptTokenizer tokenizer = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini tokenizer");
                MiniTrainer trainer = new MiniTrainer(options, tokenizer, device)) {
            HeldOut validation = new HeldOut(tokenizer, Split.VALIDATION, VALIDATION_EXAMPLES, options.seed());
            for (int step = 0; step < options.steps(); step++) {
                double loss = trainer.step(step);
                if (!Double.isFinite(loss)) {
                    throw new InputException(
                            "train-mini: the loss is " + loss + " at step " + (step + 1) + "; lower the learning rate");
                }
                listener.step(step + 1, loss);
                if ((step + 1) % EVALUATE_EVERY == 0) {
                    listener.evaluated(step + 1, validation.measure(trainer.model()));
                }
            }
            HeldOut test = new HeldOut(tokenizer, Split.TEST, TEST_EXAMPLES, options.seed());
            Trained trained = new Trained(trainer.parameterCount(), test.measure(trainer.model()));
            AtomicDirectory.write(directory, part -> MiniDirectory.write(part, options, trainer, command, trained));
            return trained;
        }
    }
}
