package org.edgeprune.model;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.edgeprune.torch.Device;

/**
 * The parts of one copy of a model on its devices: all in memory, or brought in when they are used
 * ({@link Execution#offload}). Several threads may use them at a time.
 */
final class PlacedParts implements AutoCloseable {
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

    private PlacedParts(Decoder decoder, Weights weights, Execution execution) {
        this.decoder = decoder;
        this.weights = weights;
        this.execution = execution;
        this.devices =
                execution.copies().getFirst().map().over(decoder.sizes().graph().layers());
    }

    /**
     * Makes every part, or with offloading only checks that each can be made.
     *
     * @param weights must stay open as long as the parts
     * @param execution of one copy
     */
    static PlacedParts open(Decoder decoder, Weights weights, Execution execution) {
        PlacedParts placed = new PlacedParts(decoder, weights, execution);
        try {
            placed.open();
            return placed;
        } catch (RuntimeException e) {
            placed.close();
            throw e;
        }
    }

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

    Execution execution() {
        return execution;
    }

    Part<Embedding> embedding() {
        return part(order().embedding(), execution.device(), decoder::embedding);
    }

    Part<SelfAttention> attention(int layer) {
        return part(order().attention(layer), devices.get(layer), parameters -> decoder.attention(parameters, layer));
    }

    Part<Mlp> mlp(int layer) {
        return part(order().mlp(layer), devices.get(layer), parameters -> decoder.mlp(parameters, layer));
    }

    Part<Unembedding> unembedding() {
        return part(order().unembedding(), execution.device(), decoder::unembedding);
    }

    private PartOrder order() {
        return new PartOrder(devices.size());
    }

    /** Frees the parameters. No thread uses the parts any more. */
    @Override
    public void close() {
        if (prefetcher != null) {
            prefetcher.close();
        }
        resident.values().forEach(Parameters::close);
        resident.clear();
        parts.clear();
    }
}
