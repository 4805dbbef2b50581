package org.edgeprune.prune;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.io.Digest;
import org.edgeprune.io.Json;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;

/**
 * Digests of a run's inputs beside the weights: SHA-256, in hex.
 *
 * @param train digest of the training examples that the run uses, in their order: token ids of both prompts, scored
 *     positions and answer of each
 * @param validation digest of the validation examples
 * @param test digest of the test examples
 * @param architecture digest of what the model reads from its {@code config.json}
 * @param tokenizer digest of the tokenizer's definition
 * @param templates digest of the user's file of templates, of a run that generates prompts from it in every epoch; null
 *     in all others
 */
public record RunInputs(
        String train,
        String validation,
        String test,
        String architecture,
        String tokenizer,
        @JsonInclude(JsonInclude.Include.NON_NULL) String templates) {
    /** Digests of a data set, with those of a model's files. */
    static RunInputs of(Dataset data, String architecture, String tokenizer, Optional<String> templates) {
        return new RunInputs(
                digest(data.train()),
                digest(data.validation()),
                digest(data.test()),
                architecture,
                tokenizer,
                templates.orElse(null));
    }

    /** Digests of a data set, of the model that it is for, and of the templates that later epochs are made of. */
    static RunInputs of(Dataset data, LoadedModel model, Optional<String> templates) {
        return of(data, model.architectureSha256(), model.tokenizer().sha256(), templates);
    }

    /** Whether it has what every run notes: a file that was edited or damaged may lack some. */
    boolean complete() {
        return Stream.of(train, validation, test, architecture, tokenizer).noneMatch(Objects::isNull);
    }

    /** Digest of one part of the data. */
    String part(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }

    /**
     * Digest of examples in their order.
     *
     * @param examples token ids of both prompts, scored positions and answer of each count
     * @return SHA-256, in hex
     */
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
