package org.edgeprune.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Parameters on one device in the compute dtype. They are taken from {@link Weights}, which the caller owns, belong to
 * no scope, and are freed together.
 */
public final class Parameters implements AutoCloseable {
    private final Weights source;
    private final DType dtype;
    private final Device device;
    private final Map<String, Tensor> byName = new HashMap<>();
    private final List<Tensor> owned = new ArrayList<>();

    Parameters(Weights source, DType dtype, Device device) {
        this.source = source;
        this.dtype = dtype;
        this.device = device;
    }

    /**
     * The device of the parameters.
     *
     * @return where they are
     */
    public Device device() {
        return device;
    }

    /**
     * Whether there is a parameter of a name: for checkpoints that come with different prefixes.
     *
     * @param name the name
     * @return whether {@link #get} would find it
     */
    public boolean has(String name) {
        return source.has(name);
    }

    /**
     * A parameter, the same tensor each time. It is not copied if it is stored on this device in this dtype.
     *
     * @param name its name in the checkpoint
     * @param shape its shape
     * @return the parameter, owned by this object
     * @throws org.edgeprune.io.InputException if the checkpoint has none of this name, or one of another shape
     */
    public Tensor get(String name, long... shape) {
        Tensor known = byName.get(name);
        if (known != null) {
            return known;
        }
        Tensor parameter = own(() -> {
            Tensor stored = source.get(name, shape);
            source.requireFinite(name, stored);
            if (stored.dtype() == dtype && stored.device().equals(device)) {
                return stored;
            }
            Tensor copy = stored.to(device).to(dtype);
            source.unload(name);
            return copy;
        });
        byName.put(name, parameter);
        return parameter;
    }

    /**
     * The unembedding's matrix: the token embedding if the configuration ties the two, unless the checkpoint has both
     * with different values.
     *
     * @param tied whether the configuration ties them
     * @param head name of the unembedding
     * @param embedding name of the token embedding
     * @param vocabulary number of tokens
     * @param hidden width of the residual stream
     * @return {@code [vocabulary, hidden]}
     * @throws org.edgeprune.io.InputException if neither is there
     */
    public Tensor unembedding(boolean tied, String head, String embedding, long vocabulary, long hidden) {
        return get(tied && !source.apart(head, embedding) ? embedding : head, vocabulary, hidden);
    }

    /**
     * Makes a tensor that lives as long as the parameters: a view of one, or something computed from one.
     *
     * @param maker makes it
     * @return the tensor, owned by this object
     */
    public Tensor own(Supplier<Tensor> maker) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = scope.release(maker.get());
            owned.add(tensor);
            return tensor;
        }
    }

    /** Frees the parameters, also the pages of those that are used as they are stored. */
    @Override
    public void close() {
        owned.forEach(Tensor::close);
        byName.keySet().forEach(source::unload);
        owned.clear();
        byName.clear();
    }
}
