package org.edgeprune.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.InputException;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Token sequences packed into one row of tokens without padding.
 *
 * <p>Everything but attention works token by token, so sequences of any length share one tensor {@code [tokens, ...]}. Attention
 * runs once for each distinct length: sequences of equal length lie next to each other, as a {@link Run}. The tensors belong to the
 * scope in which the batch was made.
 */
public final class TokenBatch {
    private final Tensor ids;
    private final Tensor positions;
    private final List<Run> runs;
    private final int[] firstToken;
    private final int tokenCount;

    /**
     * Sequences of equal length.
     *
     * @param firstToken where the first of them starts
     * @param rows how many
     * @param length tokens of each
     */
    public record Run(int firstToken, int rows, int length) {
        public int tokens() {
            return rows * length;
        }
    }

    private TokenBatch(Tensor ids, Tensor positions, List<Run> runs, int[] firstToken, int tokenCount) {
        this.ids = ids;
        this.positions = positions;
        this.runs = runs;
        this.firstToken = firstToken;
        this.tokenCount = tokenCount;
    }

    /** Packs sequences, each of at least one token. Sequences of one length keep their order. */
    public static TokenBatch of(List<int[]> sequences, Device device) {
        return of(sequences, new int[sequences.size()], device);
    }

    /**
     * Packs sequences that do not begin at position 0.
     *
     * @param start position of each sequence's first token
     */
    public static TokenBatch of(List<int[]> sequences, int[] start, Device device) {
        if (sequences.isEmpty() || sequences.stream().anyMatch(s -> s.length == 0)) {
            throw new IllegalArgumentException("a batch needs at least one sequence, and each at least one token");
        }
        int[] byLength = IntStream.range(0, sequences.size())
                .boxed()
                .sorted((a, b) -> Integer.compare(sequences.get(a).length, sequences.get(b).length))
                .mapToInt(Integer::intValue)
                .toArray();
        int tokens = sequences.stream().mapToInt(s -> s.length).sum();
        long[] ids = new long[tokens];
        long[] positions = new long[tokens];
        int[] firstToken = new int[sequences.size()];
        List<Run> runs = new ArrayList<>();
        int next = 0;
        for (int row : byLength) {
            int[] sequence = sequences.get(row);
            Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (last != null && last.length() == sequence.length) {
                runs.set(runs.size() - 1, new Run(last.firstToken(), last.rows() + 1, last.length()));
            } else {
                runs.add(new Run(next, 1, sequence.length));
            }
            firstToken[row] = next;
            for (int t = 0; t < sequence.length; t++) {
                ids[next] = sequence[t];
                positions[next++] = start[row] + t;
            }
        }
        return new TokenBatch(
                Tensor.of(ids, tokens).to(device),
                Tensor.of(positions, tokens).to(device),
                Collections.unmodifiableList(runs),
                firstToken,
                tokens);
    }

    /** Token ids {@code [tokens]}, i64. */
    public Tensor ids() {
        return ids;
    }

    /** Each token's position in its sequence {@code [tokens]}, i64. */
    public Tensor positions() {
        return positions;
    }

    public List<Run> runs() {
        return runs;
    }

    public int tokenCount() {
        return tokenCount;
    }

    public int rowCount() {
        return firstToken.length;
    }

    /** Where a position of a sequence, counted as they were given, lies among the tokens. */
    public int token(int row, int position) {
        return firstToken[row] + position;
    }

    public int maxLength() {
        return runs.get(runs.size() - 1).length();
    }

    /**
     * For models whose positions end.
     *
     * @throws InputException if a sequence is longer
     */
    void requireAtMost(int maxPositions) {
        if (maxLength() > maxPositions) {
            throw new InputException("a prompt has " + maxLength() + " tokens, but the model has only " + maxPositions
                    + " positions: shorten it");
        }
    }
}
