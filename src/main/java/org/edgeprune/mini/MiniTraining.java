package org.edgeprune.mini;

import java.nio.file.Path;
import java.util.Map;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.InputException;
import org.edgeprune.task.MiniTokenizer;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.torch.Device;

/**
 * Trains a small GPT-2 on the bundled tasks' texts and writes it as a HuggingFace model directory.
 *
 * @param options sizes and hyper-parameters
 * @param device where the model is trained
 * @param listener told of the progress
 */
public record MiniTraining(MiniOptions options, Device device, Listener listener) {
    /** Test prompts of each task in the final report. */
    static final int TEST_EXAMPLES = 1000;

    private static final int VALIDATION_EXAMPLES = 200;
    private static final int EVALUATE_EVERY = 250;

    /** Is told of the progress. */
    public interface Listener {
        /**
         * A step has ended.
         *
         * @param step its number, from 1
         * @param loss the loss on the step's texts before the step, in nats
         */
        void step(int step, double loss);

        /**
         * The model was evaluated, after every 250 steps.
         *
         * @param step the number of steps so far
         * @param metrics each task's metrics on validation prompts
         */
        void evaluated(int step, Map<String, Map<String, Double>> metrics);
    }

    /**
     * The result of a training run.
     *
     * @param parameters the number of trained parameters
     * @param metrics each task's metrics on test prompts
     */
    public record Trained(long parameters, Map<String, Map<String, Double>> metrics) {}

    /**
     * Trains a model.
     *
     * @param directory the directory to write, at the end and as a whole; it must not exist, or have hidden files only
     * @param command the command to repeat the training, for the directory's README
     * @return the result
     * @throws InputException if the directory has files or cannot be written, or the loss is not finite any more
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
