package org.edgeprune.tracr;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Value;

/**
 * The tokens of a compiled model.
 *
 * @param tokens each token at its id, BOS and padding included
 * @param bos the token at position 0 of every input
 * @param pad the token that may follow an input
 * @param maxLength the longest input, BOS not counted
 */
public record Vocabulary(List<Value> tokens, Value bos, Value pad, int maxLength) {

    /**
     * Copies the tokens.
     *
     * @throws IllegalArgumentException if {@code bos} or {@code pad} is not among the tokens
     */
    public Vocabulary {
        tokens = List.copyOf(tokens);
        if (!tokens.contains(bos) || !tokens.contains(pad)) {
            throw new IllegalArgumentException("BOS or padding is missing from " + tokens);
        }
    }

    /**
     * The tokens that a program reads.
     *
     * @return all but BOS and padding, in the order of their ids
     */
    public List<Value> programTokens() {
        return tokens.stream().filter(t -> !t.equals(bos) && !t.equals(pad)).toList();
    }

    /**
     * The id of a token.
     *
     * @param token the token
     * @return its id, from 0
     * @throws InputException if the token is not in the vocabulary
     */
    public int id(Value token) {
        int id = tokens.indexOf(token);
        if (id < 0) {
            throw new InputException("token '" + token + "' is not in the vocabulary " + tokens);
        }
        return id;
    }

    /**
     * The ids of an input.
     *
     * @param input the tokens, without BOS
     * @return [1 + length]: the id of BOS and those of the input
     * @throws InputException if the input is too long or a token is not in the vocabulary
     */
    public int[] encode(List<Value> input) {
        if (input.size() > maxLength) {
            throw new InputException("input of " + input.size() + " tokens: this model takes at most " + maxLength);
        }
        int[] ids = new int[input.size() + 1];
        ids[0] = id(bos);
        for (int i = 0; i < input.size(); i++) {
            ids[i + 1] = id(input.get(i));
        }
        return ids;
    }

    /**
     * The tokens of an input.
     *
     * @param ids the id of BOS and those of the input
     * @return the tokens after BOS
     */
    public List<Value> decode(int[] ids) {
        List<Value> input = new ArrayList<>();
        for (int i = 1; i < ids.length; i++) {
            input.add(tokens.get(ids[i]));
        }
        return input;
    }
}
