package org.edgeprune.tracr.circuit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.rasp.Value;

/**
 * An input with a corrupted input for interchange ablation.
 *
 * @param ids the input's token ids, BOS first
 * @param corrupted as many ids, BOS first; at every other position it has another token than {@code ids}
 */
public record ProgramExample(int[] ids, int[] corrupted) {

    /**
     * Every input of a length with each of its corruptions or, if those are more than {@code limit}, a sample of about
     * that size. Each input occurs if {@code limit} is at least their number.
     *
     * @param vocabulary the tokens
     * @param length the length of the inputs, BOS not counted
     * @param limit about the most examples to return
     * @param seed the seed of the sample
     * @return the examples, grouped by input
     * @throws IllegalArgumentException for a vocabulary of one token, which has no corruptions
     */
    public static List<ProgramExample> ofLength(Vocabulary vocabulary, int length, int limit, long seed) {
        int tokens = vocabulary.programTokens().size();
        if (tokens < 2) {
            throw new IllegalArgumentException("one token cannot be corrupted: give a vocabulary of at least two");
        }
        List<List<Value>> inputs = inputs(vocabulary.programTokens(), length, limit, seed);
        double corruptions = Math.pow(tokens - 1, length);
        Random random = new Random(seed);
        List<ProgramExample> examples = new ArrayList<>();
        for (List<Value> input : inputs) {
            int count = (int) Math.min(corruptions, Math.max(1, limit / inputs.size()));
            for (int i = 0; i < count; i++) {
                long code = count == corruptions ? i : (long) (random.nextDouble() * corruptions);
                examples.add(new ProgramExample(
                        vocabulary.encode(input), vocabulary.encode(corrupt(vocabulary, input, code))));
            }
        }
        return examples;
    }

    /**
     * Every sequence of a length or, if those are more than {@code limit}, a sample.
     *
     * @param tokens the tokens
     * @param length the length of the sequences
     * @param limit the most sequences to return
     * @param seed the seed of the sample
     * @return all sequences, or {@code limit} that are drawn with replacement
     */
    public static List<List<Value>> inputs(List<Value> tokens, int length, int limit, long seed) {
        double all = Math.pow(tokens.size(), length);
        boolean exhaustive = all <= limit;
        Random random = new Random(seed);
        List<List<Value>> inputs = new ArrayList<>();
        for (int i = 0; i < (exhaustive ? all : limit); i++) {
            Value[] input = new Value[length];
            int code = i;
            for (int t = 0; t < length; t++) {
                input[t] = tokens.get(exhaustive ? code % tokens.size() : random.nextInt(tokens.size()));
                code /= tokens.size();
            }
            inputs.add(List.of(input));
        }
        return inputs;
    }

    /** Shifts the token at each position by a digit of {@code code} that is not zero. */
    private static List<Value> corrupt(Vocabulary vocabulary, List<Value> input, long code) {
        List<Value> tokens = vocabulary.programTokens();
        List<Value> corrupted = new ArrayList<>();
        for (Value token : input) {
            int shift = 1 + (int) (code % (tokens.size() - 1));
            code /= tokens.size() - 1;
            corrupted.add(tokens.get((tokens.indexOf(token) + shift) % tokens.size()));
        }
        return corrupted;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ProgramExample e && Arrays.equals(ids, e.ids) && Arrays.equals(corrupted, e.corrupted);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(corrupted);
    }
}
