package org.edgeprune.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** Which parameters an architecture asks for, and of which shapes: found by letting it ask. */
public final class Blueprint {
    private Blueprint() {}

    /**
     * @param has which optional names exist; names only matter to architectures that look for them
     * @return shapes by name, in the order of asking
     */
    public static Map<String, long[]> of(Architecture architecture, Predicate<String> has) {
        Recorder recorder = new Recorder(has);
        try (TensorScope scope = TensorScope.open();
                Parameters parameters = new Parameters(recorder, DType.F32, Device.CPU)) {
            architecture.embedding(parameters);
            for (int layer = 0; layer < architecture.sizes().graph().layers(); layer++) {
                architecture.attention(parameters, layer);
                architecture.mlp(parameters, layer);
            }
            architecture.unembedding(parameters);
        }
        return Collections.unmodifiableMap(recorder.shapes);
    }

    /** Gives zeros that take no memory. */
    private static final class Recorder implements Weights {
        private final Predicate<String> has;
        private final Map<String, long[]> shapes = new LinkedHashMap<>();

        Recorder(Predicate<String> has) {
            this.has = has;
        }

        @Override
        public boolean has(String name) {
            return has.test(name);
        }

        @Override
        public Tensor get(String name, long... shape) {
            shapes.put(name, shape.clone());
            return Tensor.zeros(DType.F32, Device.CPU, 1).expand(shape);
        }

        @Override
        public void close() {}
    }
}
