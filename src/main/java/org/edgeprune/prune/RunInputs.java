package org.edgeprune.prune;

import java.nio.ByteBuffer;
import java.util.List;
import org.edgeprune.io.Digest;
import org.edgeprune.io.Json;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;

/**
 * Digests of what a run's model is fed and of what reads it, beside the weights: SHA-256, in hex.
 *
 * @param train of the training examples that the run uses, in their order: token ids of both prompts, scored positions
 *     and answer of each
 * @param validation of the validation examples
 * @param test of the test examples
 * @param architecture of what the model reads from its {@code config.json}
 * @param tokenizer of the tokenizer's definition
 */
public record RunInputs(String train, String validation, String test, String architecture, String tokenizer) {
    /** Of a data set and of a model's files. */
    public static RunInputs of(Dataset data, String architecture, String tokenizer) {
        return new RunInputs(
                digest(data.train()), digest(data.validation()), digest(data.test()), architecture, tokenizer);
    }

    /** Of a data set for a model. */
    public static RunInputs of(Dataset data, LoadedModel model) {
        return of(data, model.architectureSha256(), model.tokenizer().sha256());
    }

    /** Of one part of the data. */
    public String part(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }

    /** Of examples in their order. */
    public static String digest(List<Example> examples) {
        Digest digest = Digest.sha256();
        for (Example example : examples) {
            numbers(digest, example.clean());
            numbers(digest, example.corrupted());
            numbers(digest, example.scoreStart(), example.scoreEnd());
            String answer = example.answer().getClass().getSimpleName() + Json.PLAIN.tree(example.answer());
            digest.update(Digest.sha256(answer).getBytes(java.nio.charset.StandardCharsets.UTF_8), 64);
        }
        return digest.hex();
    }

    private static void numbers(Digest digest, int... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (numbers.length + 1));
        bytes.putInt(numbers.length);
        bytes.asIntBuffer().put(numbers);
        digest.update(bytes.rewind());
    }
}
