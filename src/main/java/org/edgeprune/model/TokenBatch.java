package org.edgeprune.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Token sequences packed into one row of tokens without padding.
 *
 * <p>Everything except attention works token by token, so sequences of any length share one tensor {@code [tokens,
 * ...]}. Attention runs once for each distinct length: sequences of equal length are packed next to each other, as a
 * {@link Run}. The tensors belong to the scope in which the batch was made.
 *
 * <p>A batch may consist of the tails of sequences only. The tokens before them, their <i>past</i>, then take part in
 * attention by their keys and values, which the caller has from an earlier run.
 */
public final class TokenBatch {
    private final Tensor ids;
    private final Tensor positions;
    private final List<Run> runs;
    private final int[] order;
    private final int[] past;
    private final int[] lengths;
    private final int[] firstToken;
    private final int[] firstPast;
    private final long largestId;

    /**
     * Sequences of equal length with equal pasts.
     *
     * @param firstToken index of the first token of the first sequence
     * @param firstPast index of the first token of its past, among all pasts
     * @param rows number of sequences
     * @param length tokens of each sequence that are in the batch
     * @param past tokens of each sequence before these
     */
    public record Run(int firstToken, int firstPast, int rows, int length, int past) {
        /**
         * The number of tokens that are in the batch.
         *
         * @return {@code rows * length}
         */
        public int tokens() {
            return rows * length;
        }

        /**
         * The number of tokens of a whole sequence.
         *
         * @return {@code past + length}
         */
        public int wholeLength() {
            return past + length;
        }
    }

    private TokenBatch(
            Tensor ids,
            Tensor positions,
            List<Run> runs,
            int[] order,
            int[] past,
            int[] lengths,
            int[] firstToken,
            int[] firstPast,
            long largestId) {
        this.ids = ids;
        this.positions = positions;
        this.runs = List.copyOf(runs);
        this.order = order;
        this.past = past;
        this.lengths = lengths;
        this.firstToken = firstToken;
        this.firstPast = firstPast;
        this.largestId = largestId;
    }

    /**
     * Packs whole sequences. Sequences of one length keep their order.
     *
     * @param sequences token ids, at least one each
     * @param device where the tensors are made
     * @return the batch
     */
    public static TokenBatch of(List<int[]> sequences, Device device) {
        return of(sequences, new int[sequences.size()], device);
    }

    /**
     * Packs sequences that do not begin at position 0.
     *
     * @param sequences token ids, at least one each
     * @param start position of each sequence's first token
     * @param device where the tensors are made
     * @return the batch
     */
    public static TokenBatch of(List<int[]> sequences, int[] start, Device device) {
        return pack(sequences, start, new int[sequences.size()], device);
    }

    /**
     * Packs the tails of sequences. Tails of one length with pasts of one length keep their order.
     *
     * @param sequences token ids of the whole sequences
     * @param past number of tokens at the beginning of each sequence that are not packed: fewer than it has
     * @param device where the tensors are made
     * @return the batch
     */
    public static TokenBatch tails(List<int[]> sequences, int[] past, Device device) {
        return pack(sequences, new int[sequences.size()], past, device);
    }

    private static TokenBatch pack(List<int[]> sequences, int[] start, int[] past, Device device) {
        int rows = sequences.size();
        int[] lengths = IntStream.range(0, rows)
                .map(row -> sequences.get(row).length - past[row])
                .toArray();
        if (rows == 0 || IntStream.of(lengths).anyMatch(length -> length < 1)) {
            throw new IllegalArgumentException("a batch needs at least one sequence, and each at least one token");
        }
        int[] order = IntStream.range(0, rows)
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(row -> lengths[row]).thenComparingInt(row -> past[row]))
                .mapToInt(Integer::intValue)
                .toArray();
        int tokens = IntStream.of(lengths).sum();
        long[] ids = new long[tokens];
        long[] positions = new long[tokens];
        int[] firstToken = new int[rows];
        int[] firstPast = new int[rows];
        List<Run> runs = new ArrayList<>();
        int next = 0;
        int nextPast = 0;
        for (int row : order) {
            int[] sequence = sequences.get(row);
            int length = lengths[row];
            Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (last != null && last.length() == length && last.past() == past[row]) {
                runs.set(
                        runs.size() - 1,
                        new Run(last.firstToken(), last.firstPast(), last.rows() + 1, length, past[row]));
            } else {
                runs.add(new Run(next, nextPast, 1, length, past[row]));
            }
            firstToken[row] = next;
            firstPast[row] = nextPast;
            nextPast += past[row];
            for (int t = past[row]; t < sequence.length; t++) {
                ids[next] = sequence[t];
                positions[next++] = (long) start[row] + t;
            }
        }
        return new TokenBatch(
                Tensor.of(ids, tokens).to(device),
                Tensor.of(positions, tokens).to(device),
                runs,
                order,
                past.clone(),
                lengths,
                firstToken,
                firstPast,
                LongStream.of(ids).max().orElseThrow());
    }

    /**
     * Token ids.
     *
     * @return {@code [tokens]}, i64
     */
    public Tensor ids() {
        return ids;
    }

    /**
     * The position of each token in its sequence.
     *
     * @return {@code [tokens]}, i64
     */
    public Tensor positions() {
        return positions;
    }

    /**
     * The sequences by length.
     *
     * @return in the order in which they are packed
     */
    public List<Run> runs() {
        return runs;
    }

    /**
     * The number of tokens in the batch.
     *
     * @return number of tokens, without pasts
     */
    public int tokenCount() {
        return (int) ids.elementCount();
    }

    /**
     * The number of tokens of all pasts.
     *
     * @return number of tokens; 0 if the batch consists of whole sequences
     */
    public int pastCount() {
        return IntStream.of(past).sum();
    }

    /**
     * The number of sequences.
     *
     * @return number of sequences
     */
    public int rowCount() {
        return firstToken.length;
    }

    /**
     * The order in which the sequences are packed.
     *
     * @return indices of the sequences as they were given
     */
    public int[] order() {
        return order.clone();
    }

    /**
     * The index of a token in the batch.
     *
     * @param row index of the sequence as it was given
     * @param position position in the whole sequence, which must not be in the past
     * @return index from 0 to {@link #tokenCount()} - 1
     */
    public int token(int row, int position) {
        return firstToken[row] + position - past[row];
    }

    /**
     * The index of a past's first token among all pasts.
     *
     * @param row index of the sequence as it was given
     * @return index from 0 to {@link #pastCount()} - 1
     */
    public int firstPast(int row) {
        return firstPast[row];
    }

    /**
     * The length of the longest sequence, including its past.
     *
     * @return number of tokens
     */
    public int maxLength() {
        return runs.stream().mapToInt(Run::wholeLength).max().orElseThrow();
    }

    /**
     * The indices of this batch's tokens in a batch of the whole sequences.
     *
     * @param whole a batch of the whole sequences, in the same order
     * @return {@code [tokens]}, i64
     */
    public Tensor tokensIn(TokenBatch whole) {
        long[] index = new long[tokenCount()];
        for (int row = 0; row < rowCount(); row++) {
            for (int t = 0; t < lengths[row]; t++) {
                index[firstToken[row] + t] = whole.token(row, past[row] + t);
            }
        }
        return Tensor.of(index, index.length).to(ids.device());
    }

    /**
     * The indices of the pasts' tokens in a batch of the whole sequences.
     *
     * @param whole a batch of the whole sequences, in the same order
     * @return {@code [pasts]}, i64
     */
    public Tensor pastIn(TokenBatch whole) {
        long[] index = new long[pastCount()];
        for (int row = 0; row < rowCount(); row++) {
            for (int position = 0; position < past[row]; position++) {
                index[firstPast[row] + position] = whole.token(row, position);
            }
        }
        return Tensor.of(index, index.length).to(ids.device());
    }

    /**
     * Several copies of a batch, packed together.
     *
     * @param batch the copies: sequence r of copy c is sequence {@code c * rows + r}
     * @param tokens where each token of the copies comes from in the original, {@code [copies * tokens]}, i64
     * @param copies of which copy each token is, {@code [copies * tokens]}, i64
     * @param pasts where each token of the copies' pasts comes from, {@code [copies * pasts]}, i64
     */
    public record Copies(TokenBatch batch, Tensor tokens, Tensor copies, Tensor pasts) {}

    /**
     * This batch several times over, in one batch.
     *
     * @param count how many times, at least once
     * @return the copies, whose tensors belong to the current scope
     */
    public Copies copies(int count) {
        int rows = rowCount();
        int tokens = tokenCount();
        long[] source = new long[count * tokens];
        long[] copyOf = new long[source.length];
        long[] pastSource = new long[count * pastCount()];
        int[] newPast = new int[count * rows];
        int[] newLengths = new int[newPast.length];
        int[] newFirstToken = new int[newPast.length];
        int[] newFirstPast = new int[newPast.length];
        int[] newOrder = new int[newPast.length];
        List<Run> newRuns = new ArrayList<>();
        int next = 0;
        int nextPast = 0;
        int nextRow = 0;
        int placed = 0;
        for (Run run : runs) {
            newRuns.add(new Run(next, nextPast, run.rows() * count, run.length(), run.past()));
            for (int copy = 0; copy < count; copy++) {
                for (int i = 0; i < run.rows(); i++) {
                    int row = order[nextRow + i];
                    int newRow = copy * rows + row;
                    newOrder[placed++] = newRow;
                    newPast[newRow] = run.past();
                    newLengths[newRow] = run.length();
                    newFirstToken[newRow] = next;
                    newFirstPast[newRow] = nextPast;
                    for (int t = 0; t < run.length(); t++, next++) {
                        source[next] = (long) firstToken[row] + t;
                        copyOf[next] = copy;
                    }
                    for (int t = 0; t < run.past(); t++, nextPast++) {
                        pastSource[nextPast] = (long) firstPast[row] + t;
                    }
                }
            }
            nextRow += run.rows();
        }
        Tensor from = Tensor.of(source, source.length).to(ids.device());
        return new Copies(
                new TokenBatch(
                        ids.indexSelect(0, from),
                        positions.indexSelect(0, from),
                        newRuns,
                        newOrder,
                        newPast,
                        newLengths,
                        newFirstToken,
                        newFirstPast,
                        largestId),
                from,
                Tensor.of(copyOf, copyOf.length).to(ids.device()),
                Tensor.of(pastSource, pastSource.length).to(ids.device()));
    }

    /** @throws InputException if a sequence is longer than a model's positions, or a token is outside its vocabulary */
    void requireFor(ModelSizes model) {
        if (maxLength() > model.maxPositions()) {
            throw new InputException("a prompt has " + maxLength() + " tokens, but the model has only "
                    + model.maxPositions() + " positions: shorten it");
        }
        if (largestId >= model.vocabulary()) {
            throw new InputException("token " + largestId + " is outside the model's vocabulary of "
                    + model.vocabulary() + ": is the tokenizer the model's own?");
        }
    }
}
