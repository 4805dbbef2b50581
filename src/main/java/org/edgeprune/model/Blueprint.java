package org.edgeprune.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Which parameters an architecture asks for, found by letting it ask.
 *
 * @param shapes by name, in the order of asking
 * @param largestBlock numbers in the attention or MLP that has most of them
 * @param largestEnd numbers in the embedding or the unembedding, whichever has more
 */
public record Blueprint(Map<String, long[]> shapes, long largestBlock, long largestEnd) {
    public Blueprint {
        shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
    }

    /** @param has which optional names exist; names only matter to architectures that look for them */
    public static Blueprint of(Architecture architecture, Predicate<String> has) {
        Recorder recorder = new Recorder(has);
        long end = recorder.part(architecture::embedding);
        long block = 0;
        for (int i = 0; i < architecture.sizes().graph().layers(); i++) {
            int layer = i;
            block = Math.max(block, recorder.part(parameters -> architecture.attention(parameters, layer)));
            block = Math.max(block, recorder.part(parameters -> architecture.mlp(parameters, layer)));
        }
        end = Math.max(end, recorder.part(architecture::unembedding));
        return new Blueprint(recorder.shapes, block, end);
    }

    /** How many numbers all parameters have. */
    public long count() {
        return shapes.values().stream().mapToLong(Blueprint::count).sum();
    }

    private static long count(long[] shape) {
        return LongStream.of(shape).reduce(1, Math::multiplyExact);
    }

    /** Gives zeros that take no memory. */
    private static final class Recorder implements Weights {
        private final Predicate<String> has;
        private final Map<String, long[]> shapes = new LinkedHashMap<>();
        private long ofPart;

        Recorder(Predicate<String> has) {
            this.has = has;
        }

        /** How many numbers a part has. */
        long part(Consumer<Parameters> maker) {
            ofPart = 0;
            try (TensorScope scope = TensorScope.open();
                    Parameters parameters = new Parameters(this, DType.F32, Device.CPU)) {
                maker.accept(parameters);
            }
            return ofPart;
        }

        @Override
        public boolean has(String name) {
            return has.test(name);
        }

        @Override
        public Tensor get(String name, long... shape) {
            shapes.put(name, shape.clone());
            ofPart += count(shape);
            return Tensor.zeros(DType.F32, Device.CPU, 1).expand(shape);
        }

        @Override
        public void close() {}
    }
}
