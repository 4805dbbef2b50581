package org.edgeprune.tracr;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.tracr.TransformerWeights.Attention;
import org.edgeprune.tracr.TransformerWeights.Mlp;

/**
 * The writers and readers of a transformer, and which dimensions of the residual stream each writes and reads according
 * to its weights.
 *
 * <p>Writers in order: {@code tok_embeds}, {@code pos_embeds}, then for each layer l its heads {@code al.hh} and its
 * MLP {@code ml}. Readers in order: for each layer {@code al.hh.q} of all heads, then {@code .k}, then {@code .v}, then
 * {@code ml}; at last {@code resid_post}. A reader sees the writers before it, an MLP also the heads of its layer.
 */
public final class Wiring {
    private final TransformerConfig config;
    private final List<String> writers = new ArrayList<>();
    private final List<String> readers = new ArrayList<>();
    private final List<boolean[]> writes = new ArrayList<>();
    private final List<boolean[]> reads = new ArrayList<>();
    private final List<Integer> visible = new ArrayList<>();

    /**
     * Analyses weights: a dimension counts as written or read where a weight is not zero.
     *
     * @param config the shape
     * @param weights the weights, of that shape
     */
    public Wiring(TransformerConfig config, TransformerWeights weights) {
        this.config = config;
        addWriter("tok_embeds", columns(weights.tokenEmbed()));
        addWriter("pos_embeds", columns(weights.posEmbed()));
        for (int l = 0; l < config.numLayers(); l++) {
            addAttention(l, weights.layers().get(l).attention());
            addMlp(l, weights.layers().get(l).mlp());
        }
        addReader("resid_post", rows(weights.unembed()));
    }

    /**
     * The names of the writers.
     *
     * @return in order
     */
    public List<String> writers() {
        return List.copyOf(writers);
    }

    /**
     * The names of the readers.
     *
     * @return in order
     */
    public List<String> readers() {
        return List.copyOf(readers);
    }

    /**
     * The number of writers that a reader sees.
     *
     * @param r the reader's index
     * @return the reader sees the writers of a lower index than this
     */
    public int visible(int r) {
        return visible.get(r);
    }

    /**
     * Whether a writer writes a dimension for some input.
     *
     * @param w the writer's index
     * @param d the dimension of the residual stream
     * @return false if the output is 0 there for every input
     */
    public boolean writes(int w, int d) {
        return writes.get(w)[d];
    }

    /**
     * Whether the output of a reader's node can depend on a dimension.
     *
     * @param r the reader's index
     * @param d the dimension of the residual stream
     * @return false if the dimension is not used
     */
    public boolean reads(int r, int d) {
        return reads.get(r)[d];
    }

    /**
     * Whether an edge can carry anything.
     *
     * @param w the writer's index
     * @param r the reader's index
     * @return whether the reader sees the writer and reads a dimension that it writes
     */
    public boolean connected(int w, int r) {
        if (w >= visible(r)) {
            return false;
        }
        for (int d = 0; d < config.modelSize(); d++) {
            if (writes(w, d) && reads(r, d)) {
                return true;
            }
        }
        return false;
    }

    int writerOfHead(int layer, int head) {
        return 2 + layer * (config.numHeads() + 1) + head;
    }

    int writerOfMlp(int layer) {
        return writerOfHead(layer, config.numHeads());
    }

    /** The reader of a head's query (0), key (1) or value (2). */
    int readerOfHead(int layer, int part, int head) {
        return layer * (3 * config.numHeads() + 1) + part * config.numHeads() + head;
    }

    int readerOfMlp(int layer) {
        return readerOfHead(layer, 3, 0);
    }

    int lastReader() {
        return readerOfHead(config.numLayers(), 0, 0);
    }

    /**
     * The writer whose output depends on a reader.
     *
     * @param r the reader's index
     * @return the writer's index; -1 for {@code resid_post}
     */
    public int writerFedBy(int r) {
        int perLayer = 3 * config.numHeads() + 1;
        int layer = r / perLayer;
        if (layer == config.numLayers()) {
            return -1;
        }
        return r % perLayer == perLayer - 1
                ? writerOfMlp(layer)
                : writerOfHead(layer, r % perLayer % config.numHeads());
    }

    int layerOf(int r) {
        return r / (3 * config.numHeads() + 1);
    }

    private void addAttention(int layer, Attention a) {
        boolean[] queries = used(a.wQ(), a.bQ());
        boolean[] keys = used(a.wK(), a.bK());
        boolean[] values = used(a.wV(), a.bV());
        boolean[] outs = rows(a.wO());
        List<boolean[]> headWrites = new ArrayList<>();
        List<List<boolean[]>> parts = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int h = 0; h < config.numHeads(); h++) {
            int start = h * config.keySize();
            int end = start + config.keySize();
            boolean[] written = columns(a.wO(), values, start, end);
            or(written, nonZero(a.bO()));
            headWrites.add(written);
            parts.get(0).add(rows(a.wQ(), keys, start, end));
            parts.get(1).add(rows(a.wK(), queries, start, end));
            parts.get(2).add(rows(a.wV(), outs, start, end));
        }
        for (int part = 0; part < 3; part++) {
            for (int h = 0; h < config.numHeads(); h++) {
                addReader(
                        "a" + layer + ".h" + h + "." + "qkv".charAt(part),
                        parts.get(part).get(h));
            }
        }
        for (int h = 0; h < config.numHeads(); h++) {
            addWriter("a" + layer + ".h" + h, headWrites.get(h));
        }
    }

    private void addMlp(int layer, Mlp mlp) {
        addReader("m" + layer, rows(mlp.wUp(), rows(mlp.wDown()), 0, config.mlpHiddenSize()));
        boolean[] written = columns(mlp.wDown(), used(mlp.wUp(), mlp.bUp()), 0, config.mlpHiddenSize());
        or(written, nonZero(mlp.bDown()));
        addWriter("m" + layer, written);
    }

    private void addWriter(String name, boolean[] dimensions) {
        writers.add(name);
        writes.add(dimensions);
    }

    private void addReader(String name, boolean[] dimensions) {
        readers.add(name);
        reads.add(dimensions);
        visible.add(writers.size());
    }

    /** The columns of {@code x @ w + bias} that can be other than zero, because of a weight or the bias. */
    private static boolean[] used(double[][] w, double[] bias) {
        boolean[] used = columns(w);
        or(used, nonZero(bias));
        return used;
    }

    private static boolean[] columns(double[][] w) {
        boolean[] all = new boolean[w.length];
        Arrays.fill(all, true);
        return columns(w, all, 0, w.length);
    }

    /** The columns with an entry that is not zero in one of the given rows. */
    private static boolean[] columns(double[][] w, boolean[] rows, int start, int end) {
        boolean[] found = new boolean[w[0].length];
        for (int i = start; i < end; i++) {
            if (rows[i]) {
                or(found, nonZero(w[i]));
            }
        }
        return found;
    }

    private static boolean[] rows(double[][] w) {
        boolean[] all = new boolean[w[0].length];
        Arrays.fill(all, true);
        return rows(w, all, 0, all.length);
    }

    /** The rows with an entry that is not zero in one of the given columns. */
    private static boolean[] rows(double[][] w, boolean[] columns, int start, int end) {
        boolean[] found = new boolean[w.length];
        for (int i = 0; i < w.length; i++) {
            for (int j = start; j < end; j++) {
                found[i] |= columns[j] && w[i][j] != 0;
            }
        }
        return found;
    }

    private static boolean[] nonZero(double[] row) {
        boolean[] found = new boolean[row.length];
        for (int i = 0; i < row.length; i++) {
            found[i] = row[i] != 0;
        }
        return found;
    }

    private static void or(boolean[] target, boolean[] other) {
        for (int i = 0; i < target.length; i++) {
            target[i] |= other[i];
        }
    }
}
