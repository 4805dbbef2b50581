package org.edgeprune.tracr.circuit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.rasp.Value;

/**
 * An input with another one to take corrupted activations from.
 *
 * @param ids the input's token ids, BOS first
 * @param corrupted as many ids, BOS first and at every other position another token than {@code ids} has
 */
public record Example(int[] ids, int[] corrupted) {

    /**
     * Every input of the given length with each of its corruptions, or, where those are more than {@code limit}, a
     * sample of about that size. Whatever the limit, each input occurs if it allows one example for each.
     *
     * @throws IllegalArgumentException for a vocabulary of one token, which has no corruptions
     */
    public static List<Example> ofLength(Vocabulary vocabulary, int length, int limit, long seed) {
        int tokens = vocabulary.programTokens().size();
        if (tokens < 2) {
            throw new IllegalArgumentException("one token cannot be corrupted: give a vocabulary of at least two");
        }
        List<List<Value>> inputs = inputs(vocabulary.programTokens(), length, limit, seed);
        double corruptions = Math.pow(tokens - 1, length);
        Random random = new Random(seed);
        List<Example> examples = new ArrayList<>();
        for (List<Value> input : inputs) {
            int count = (int) Math.min(corruptions, Math.max(1, limit / inputs.size()));
            for (int i = 0; i < count; i++) {
                long code = count == corruptions ? i : (long) (random.nextDouble() * corruptions);
                examples.add(
                        new Example(vocabulary.encode(input), vocabulary.encode(corrupt(vocabulary, input, code))));
            }
        }
        return examples;
    }

    /** Every sequence of the given tokens and length, or a sample of {@code limit} where those are more. */
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
        return other instanceof Example e && Arrays.equals(ids, e.ids) && Arrays.equals(corrupted, e.corrupted);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(corrupted);
    }
}
