package org.edgeprune.convert;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.Consumer;
import org.edgeprune.convert.PickleValue.Dict;
import org.edgeprune.convert.PickleValue.Sequence;
import org.edgeprune.convert.PickleValue.Tensor;

/** Finds all tensors in a value of a pickle, at any depth. Each container is entered once, even if it is shared. */
final class TensorWalk {
    private TensorWalk() {}

    static void forEach(PickleValue root, Consumer<Tensor> user) {
        Set<PickleValue> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<PickleValue> waiting = new ArrayDeque<>();
        waiting.push(root);
        while (!waiting.isEmpty()) {
            PickleValue value = waiting.pop();
            if (!seen.add(value)) {
                continue;
            }
            switch (value) {
                case Tensor tensor -> user.accept(tensor);
                case Sequence sequence -> sequence.items().forEach(waiting::push);
                case Dict dict -> dict.entries().values().forEach(waiting::push);
                default -> {
                    // holds no tensor
                }
            }
        }
    }
}
