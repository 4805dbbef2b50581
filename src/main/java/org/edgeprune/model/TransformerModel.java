package org.edgeprune.model;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * A transformer as edge pruning sees it: embeddings, then layers of attention and MLP that read from and add to a
 * residual stream, then the unembedding. Its weights are frozen; it owns them until closed.
 *
 * <p>Its parts are all in memory, or come when they are used ({@link Execution#offload}).
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
    private final List<Device> devices;
    /** What is always in memory, by device; empty where everything is brought in. */
    private final Map<Device, Parameters> resident = new ConcurrentHashMap<>();
    /** The parts made of it, by number. */
    private final Map<Integer, Object> parts = new ConcurrentHashMap<>();
    /** Null where nothing is brought in. */
    private Prefetcher prefetcher;

    private final ReentrantReadWriteLock users = new ReentrantReadWriteLock();
    private boolean closed;

    private TransformerModel(Decoder decoder, Weights weights, Execution execution) {
        this.decoder = decoder;
        this.weights = weights;
        this.execution = execution;
        this.devices = execution.map().over(decoder.sizes().graph().layers());
    }

    /**
     * Makes a model of its weights.
     *
     * @param decoder the architecture with its sizes
     * @param weights the parameters; the model closes them, also if it cannot be made
     * @param execution how the model is run
     * @return the model; the caller closes it
     * @throws org.edgeprune.io.InputException if a parameter is missing or has another shape
     */
    public static TransformerModel of(Decoder decoder, Weights weights, Execution execution) {
        try {
            TransformerModel model = new TransformerModel(decoder, weights, execution);
            try {
                model.open();
                return model;
            } catch (RuntimeException e) {
                model.freeParameters();
                throw e;
            }
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /** Makes every part, or with offloading only checks that each can be made. */
    private void open() {
        if (execution.offload()) {
            Blueprint blueprint = Blueprint.of(decoder, weights::has);
            blueprint.shapes().forEach((name, shape) -> weights.get(name, shape).close());
            prefetcher = new Prefetcher(weights, blueprint.parts());
            return;
        }
        embedding().close();
        for (int layer = 0; layer < devices.size(); layer++) {
            attention(layer).close();
            mlp(layer).close();
        }
        unembedding().close();
    }

    /** @param number of the part in {@link PartOrder} */
    private <T> Part<T> part(int number, Device device, Function<Parameters, T> maker) {
        if (execution.offload()) {
            prefetcher.using(number);
            Parameters brought = new Parameters(weights, execution.dtype(), device);
            try {
                return new Part<>(maker.apply(brought), device, brought);
            } catch (RuntimeException e) {
                brought.close();
                throw e;
            }
        }
        @SuppressWarnings("unchecked") // a number always has the same maker
        T made = (T) parts.computeIfAbsent(
                number,
                n -> maker.apply(resident.computeIfAbsent(device, d -> new Parameters(weights, execution.dtype(), d))));
        return new Part<>(made, device, null);
    }

    private Part<Embedding> embedding() {
        return part(order().embedding(), device(), decoder::embedding);
    }

    /**
     * Loads a layer's attention if it is not in memory.
     *
     * @param layer from 0
     * @return the attention, to be closed after use
     */
    public Part<SelfAttention> attention(int layer) {
        return part(order().attention(layer), devices.get(layer), parameters -> decoder.attention(parameters, layer));
    }

    /**
     * Loads a layer's MLP if it is not in memory.
     *
     * @param layer from 0
     * @return the MLP, to be closed after use
     */
    public Part<Mlp> mlp(int layer) {
        return part(order().mlp(layer), devices.get(layer), parameters -> decoder.mlp(parameters, layer));
    }

    private Part<Unembedding> unembedding() {
        return part(order().unembedding(), device(), decoder::unembedding);
    }

    private PartOrder order() {
        return new PartOrder(devices.size());
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
        try (Part<Embedding> embedding = embedding()) {
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
        try (Part<Unembedding> unembedding = unembedding()) {
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
     * How the model is run.
     *
     * @return device, dtype, placement of layers, offloading and recomputation
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
        users.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the " + architecture() + " model is closed: open it again");
            }
            weights.requireUnchanged();
        } catch (RuntimeException e) {
            users.readLock().unlock();
            throw e;
        }
        return users.readLock()::unlock;
    }

    /**
     * Checks that the weights' file is as it was when the model was opened, before a result is relied on.
     *
     * @throws org.edgeprune.io.InputException if it was changed or replaced
     */
    public void requireUnchanged() {
        weights.requireUnchanged();
    }

    private void freeParameters() {
        resident.values().forEach(Parameters::close);
        resident.clear();
        parts.clear();
    }

    /**
     * Frees all parameters and closes the weights, once all threads that use the model have left it. May be called
     * twice.
     *
     * @throws IllegalStateException if the calling thread itself is using the model, since it would wait for ever
     */
    @Override
    public void close() {
        if (users.getReadHoldCount() > 0) {
            throw new IllegalStateException("a model cannot be closed by a thread that is using it");
        }
        users.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                if (prefetcher != null) {
                    prefetcher.close();
                }
                freeParameters();
                weights.close();
            }
        } finally {
            users.writeLock().unlock();
        }
    }
}
