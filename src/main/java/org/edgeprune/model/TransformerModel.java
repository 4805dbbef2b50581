package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * A transformer as edge pruning sees it: embeddings, then layers of attention and MLP that read from and add to a
 * residual stream, then the unembedding. Its weights are frozen; it owns them until closed.
 *
 * <p>Its parts are all in memory, or come when they are used ({@link Execution#offload}). There may be several copies
 * of them on devices of their own, each a model to be run like this one ({@link #copies}).
 *
 * <p><b>Threads.</b> Any number of threads may run an open model at a time, each on tensors of its own.
 *
 * <p><b>Closing.</b> Training, evaluation and generation enter the model for each step, batch or token ({@link #use}).
 * {@link #close} waits until all of them have left, and entering afterwards throws an {@link IllegalStateException}: a
 * run whose model is closed ends before its next step, with its last checkpoint intact. Whoever uses {@code engine}
 * directly enters by themselves.
 */
public final class TransformerModel implements AutoCloseable {
    private final Decoder decoder;
    private final Weights weights;
    private final Execution execution;
    private final PlacedParts parts;
    /** The model that this is a copy of; the first copy is the model itself. */
    private final TransformerModel first;

    private final List<TransformerModel> copies;
    private final ReentrantReadWriteLock users = new ReentrantReadWriteLock();
    private boolean closed;

    private TransformerModel(Decoder decoder, Weights weights, Execution execution, List<PlacedParts> placed) {
        this.decoder = decoder;
        this.weights = weights;
        this.execution = execution;
        this.parts = placed.getFirst();
        this.first = this;
        this.copies = Stream.concat(
                        Stream.of(this),
                        IntStream.range(1, placed.size()).mapToObj(i -> new TransformerModel(this, placed.get(i))))
                .toList();
    }

    private TransformerModel(TransformerModel first, PlacedParts parts) {
        this.decoder = first.decoder;
        this.weights = first.weights;
        this.execution = parts.execution();
        this.parts = parts;
        this.first = first;
        this.copies = List.of(this);
    }

    /**
     * Makes a model of its weights.
     *
     * @param decoder the architecture with its sizes
     * @param weights the parameters; the model closes them, also if it cannot be made. Where the execution has several
     *     copies, each parameter is asked for once a copy
     * @param execution how the model is run
     * @return the model; the caller closes it
     * @throws org.edgeprune.io.InputException if a parameter is missing or has another shape
     */
    public static TransformerModel of(Decoder decoder, Weights weights, Execution execution) {
        List<PlacedParts> placed = new ArrayList<>();
        try {
            for (int copy = 0; copy < execution.copies().size(); copy++) {
                placed.add(PlacedParts.open(decoder, weights, execution.ofCopy(copy, decoder.sizes())));
            }
            return new TransformerModel(decoder, weights, execution, placed);
        } catch (RuntimeException e) {
            placed.forEach(PlacedParts::close);
            weights.close();
            throw e;
        }
    }

    /**
     * The model's copies, which have the same weights, each on devices of its own. They are entered and closed with
     * this model.
     *
     * @return this model first; itself alone where there are no others, and for a copy
     */
    public List<TransformerModel> copies() {
        return copies;
    }

    /**
     * Loads a layer's attention if it is not in memory.
     *
     * @param layer from 0
     * @return the attention, to be closed after use
     */
    public Part<SelfAttention> attention(int layer) {
        return parts.attention(layer);
    }

    /**
     * Loads a layer's MLP if it is not in memory.
     *
     * @param layer from 0
     * @return the MLP, to be closed after use
     */
    public Part<Mlp> mlp(int layer) {
        return parts.mlp(layer);
    }

    /**
     * What each embedding node adds to the residual stream.
     *
     * @param batch the tokens
     * @return one {@code [tokens, hidden]} for each of the graph's embedding nodes
     * @throws org.edgeprune.io.InputException if a sequence is longer than the model's positions, or a token is not in
     *     its vocabulary
     */
    public List<Tensor> embeddings(TokenBatch batch) {
        batch.requireFor(sizes());
        try (Part<Embedding> embedding = parts.embedding()) {
            return embedding.get().of(batch);
        }
    }

    /**
     * Final norm and unembedding. Differentiable.
     *
     * @param residual {@code [n, hidden]}
     * @return {@code [n, vocab]}, F32
     */
    public Tensor logits(Tensor residual) {
        try (Part<Unembedding> unembedding = parts.unembedding()) {
            return unembedding.get().logits(residual).to(DType.F32);
        }
    }

    /**
     * The architecture's name, HuggingFace's {@code model_type}.
     *
     * @return the name
     */
    public String architecture() {
        return decoder.sizes().architecture();
    }

    /**
     * The model's sizes.
     *
     * @return the sizes
     */
    public ModelSizes sizes() {
        return decoder.sizes();
    }

    /**
     * The computation graph's shape with embedding nodes.
     *
     * @return the shape
     */
    public GraphShape graphShape() {
        return decoder.sizes().graph();
    }

    /**
     * The width of the residual stream.
     *
     * @return number of dimensions
     */
    public int hiddenSize() {
        return decoder.sizes().hidden();
    }

    /**
     * The number of logits at each position.
     *
     * @return number of columns of {@link #logits}
     */
    public int vocabSize() {
        return decoder.outputs();
    }

    /**
     * The longest sequence that the model can take.
     *
     * @return number of tokens
     */
    public int maxPositions() {
        return decoder.sizes().maxPositions();
    }

    /**
     * What to tell the user: what was assumed when the model was opened, and what its checkpoint has that it does not
     * use.
     *
     * @return whole sentences
     */
    public List<String> notes() {
        return weights.notes();
    }

    /**
     * See {@link Decoder#coupledHeads}.
     *
     * @return whether all heads of a layer must be computed if one is
     */
    public boolean coupledHeads() {
        return decoder.coupledHeads();
    }

    /**
     * See {@link Decoder#causal}.
     *
     * @return whether a token's states do not depend on later tokens
     */
    public boolean causal() {
        return decoder.causal();
    }

    /**
     * See {@link Decoder#compiled}.
     *
     * @return whether the weights were compiled from a program
     */
    public boolean compiled() {
        return decoder.compiled();
    }

    /**
     * The device of residual streams, embeddings and logits.
     *
     * @return the device
     */
    public Device device() {
        return execution.device();
    }

    /**
     * The dtype of residual streams.
     *
     * @return the compute dtype
     */
    public DType dtype() {
        return execution.dtype();
    }

    /**
     * How the model is run; of a copy, how that is run by itself.
     *
     * @return devices, dtype, placement of layers, offloading and recomputation
     */
    public Execution execution() {
        return execution;
    }

    /** A use of a model, during which it is not closed. Ended by the thread that began it. */
    public interface Use extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Enters the model: it stays open until the use is closed. A thread may enter it several times.
     *
     * @return the use, to be closed
     * @throws IllegalStateException if the model is closed
     * @throws org.edgeprune.io.InputException if its weights' file was changed or replaced since it was opened
     */
    public Use use() {
        ReentrantReadWriteLock.ReadLock entered = first.users.readLock();
        entered.lock();
        try {
            if (first.closed) {
                throw new IllegalStateException("the " + architecture() + " model is closed: open it again");
            }
            weights.requireUnchanged();
        } catch (RuntimeException e) {
            entered.unlock();
            throw e;
        }
        return entered::unlock;
    }

    /**
     * Checks that the weights' file is as it was when the model was opened, before a result is relied on.
     *
     * @throws org.edgeprune.io.InputException if it was changed or replaced
     */
    public void requireUnchanged() {
        weights.requireUnchanged();
    }

    /**
     * Frees all parameters of all copies and closes the weights, once all threads that use the model have left it. May
     * be called twice.
     *
     * @throws IllegalStateException if the calling thread itself is using the model, since it would wait for ever; or
     *     if this is a copy, which is closed with the model that it is a copy of
     */
    @Override
    @SuppressWarnings("ReferenceEquality") // the very model
    public void close() {
        if (first != this) {
            throw new IllegalStateException("a copy is closed with the model that it is a copy of");
        }
        if (users.getReadHoldCount() > 0) {
            throw new IllegalStateException("a model cannot be closed by a thread that is using it");
        }
        users.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                copies.forEach(copy -> copy.parts.close());
                weights.close();
            }
        } finally {
            users.writeLock().unlock();
        }
    }
}
