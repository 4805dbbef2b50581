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
 * Parameters on one device in the compute dtype: taken from {@link Weights}, which stay the caller's, out of every
 * scope, and freed together.
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

    /** Where the parameters are. */
    public Device device() {
        return device;
    }

    /** Whether there is a parameter of this name: for checkpoints that come with different prefixes. */
    public boolean has(String name) {
        return source.has(name);
    }

    /**
     * A parameter, the same tensor each time: without a copy where it is stored on this device in this dtype.
     *
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
     * The unembedding's matrix, {@code [vocabulary, hidden]}: the token embedding where the configuration ties the two,
     * unless the checkpoint has both, with different values.
     */
    public Tensor unembedding(boolean tied, String head, String embedding, long vocabulary, long hidden) {
        return get(tied && !source.apart(head, embedding) ? embedding : head, vocabulary, hidden);
    }

    /** Makes a tensor that lives as long as the parameters: a view of one, or something computed from one. */
    public Tensor own(Supplier<Tensor> maker) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = scope.release(maker.get());
            owned.add(tensor);
            return tensor;
        }
    }

    /** Frees the parameters; those that were stored as they are here leave memory too. */
    @Override
    public void close() {
        owned.forEach(Tensor::close);
        byName.keySet().forEach(source::unload);
        owned.clear();
        byName.clear();
    }
}
