package org.edgeprune.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The parameters that an architecture asks for, found by letting it ask.
 *
 * @param shapes shapes by name, in the order of asking
 * @param parts names of the parameters of each part of the model, in the order in which a forward pass uses the parts:
 *     embedding, attention and MLP of each layer, unembedding
 */
public record Blueprint(Map<String, long[]> shapes, List<List<String>> parts) {
    /** Keeps unmodifiable views. */
    public Blueprint {
        shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
        parts = List.copyOf(parts);
    }

    /**
     * Makes every part of a model of weights that take no memory, and notes what was asked for.
     *
     * @param decoder the model
     * @param has which optional names exist; only matters to architectures that look for them
     * @return its parameters
     */
    public static Blueprint of(Decoder decoder, Predicate<String> has) {
        Recorder recorder = new Recorder(has);
        List<List<String>> parts = new ArrayList<>();
        parts.add(recorder.part(decoder::embedding));
        for (int i = 0; i < decoder.sizes().graph().layers(); i++) {
            int layer = i;
            parts.add(recorder.part(parameters -> decoder.attention(parameters, layer)));
            parts.add(recorder.part(parameters -> decoder.mlp(parameters, layer)));
        }
        parts.add(recorder.part(decoder::unembedding));
        return new Blueprint(recorder.shapes, parts);
    }

    /**
     * The size of all parameters.
     *
     * @return number of elements
     */
    public long count() {
        return shapes.values().stream().mapToLong(Blueprint::count).sum();
    }

    /**
     * The size of a layer's attention and MLP.
     *
     * @param layer from 0
     * @return number of elements
     */
    public long ofLayer(int layer) {
        return count(parts.get(order().attention(layer))) + count(parts.get(order().mlp(layer)));
    }

    /**
     * The size of embedding and unembedding, which may have parameters in common.
     *
     * @return number of elements
     */
    public long ofEnds() {
        return Stream.of(order().embedding(), order().unembedding())
                .flatMap(part -> parts.get(part).stream())
                .distinct()
                .mapToLong(name -> count(shapes.get(name)))
                .sum();
    }

    /**
     * The size of the largest layer's attention.
     *
     * @return number of elements
     */
    public long largestAttention() {
        return largest(order()::attention);
    }

    /**
     * The size of the largest MLP.
     *
     * @return number of elements
     */
    public long largestMlp() {
        return largest(order()::mlp);
    }

    private long largest(IntUnaryOperator partOfLayer) {
        return IntStream.range(0, order().layers())
                .map(partOfLayer)
                .mapToLong(part -> count(parts.get(part)))
                .max()
                .orElse(0);
    }

    /**
     * The size of the embedding or of the unembedding, whichever is larger.
     *
     * @return number of elements
     */
    public long largestEnd() {
        return Math.max(count(parts.get(order().embedding())), count(parts.get(order().unembedding())));
    }

    private PartOrder order() {
        return new PartOrder((parts.size() - 2) / 2);
    }

    private long count(List<String> names) {
        return names.stream().mapToLong(name -> count(shapes.get(name))).sum();
    }

    private static long count(long[] shape) {
        return LongStream.of(shape).reduce(1, Math::multiplyExact);
    }

    /** Gives zeros that take no memory. */
    private static final class Recorder implements Weights {
        private final Predicate<String> has;
        private final Map<String, long[]> shapes = new LinkedHashMap<>();
        private List<String> part = new ArrayList<>();

        Recorder(Predicate<String> has) {
            this.has = has;
        }

        /** Which parameters a part asks for. */
        List<String> part(Consumer<Parameters> maker) {
            part = new ArrayList<>();
            try (TensorScope _ = TensorScope.open();
                    Parameters parameters = new Parameters(this, DType.F32, Device.CPU)) {
                maker.accept(parameters);
            }
            return List.copyOf(part);
        }

        @Override
        public boolean has(String name) {
            return has.test(name);
        }

        @Override
        public Tensor get(String name, long... shape) {
            shapes.put(name, shape.clone());
            part.add(name);
            return Tensor.zeros(DType.F32, Device.CPU, 1).expand(shape);
        }

        @Override
        public void close() {}
    }
}
