package org.edgeprune.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.edgeprune.torch.ffi.Shim;

/**
 * Gradients by reverse-mode differentiation: {@code torch.autograd.grad}. Nothing accumulates in a {@code .grad} field.
 */
public final class Autograd {
    private Autograd() {}

    /**
     * Gradients of {@code sum_i <outputs[i], gradOutputs[i]>} with respect to each of {@code inputs}.
     *
     * @param outputs tensors that were computed with gradients recorded
     * @param gradOutputs one tensor of the output's shape for each output; null (the list or an entry) means one, for a
     *     scalar output
     * @param inputs tensors with {@link Tensor#requiresGrad()}, leaves or intermediate ones
     * @param retainGraph keep the graph for another call
     * @param createGraph record the gradients' own computation, for second derivatives; implies retainGraph
     * @param allowUnused whether an input that no output depends on yields null instead of a {@link TorchException}
     * @return the gradients in the order of {@code inputs}, each of its input's shape, owned by the innermost scope
     */
    public static List<Tensor> grad(
            List<Tensor> outputs,
            List<Tensor> gradOutputs,
            List<Tensor> inputs,
            boolean retainGraph,
            boolean createGraph,
            boolean allowUnused) {
        Objects.requireNonNull(outputs, "outputs");
        Objects.requireNonNull(inputs, "inputs");
        List<Tensor> seeds = gradOutputs == null ? Collections.nCopies(outputs.size(), null) : gradOutputs;
        if (seeds.size() != outputs.size()) {
            throw new IllegalArgumentException(
                    "grad: " + outputs.size() + " outputs but " + seeds.size() + " gradOutputs");
        }
        Scratch scratch = Scratch.begin();
        MemorySegment slots = scratch.words(inputs.size());
        MemorySegment seedHandles = scratch.words(seeds.size());
        for (int i = 0; i < seeds.size(); i++) {
            seedHandles.setAtIndex(ADDRESS, i, NativeCalls.optional("grad", seeds.get(i)));
        }
        int status = Shim.ep_grad(
                NativeCalls.handles("grad", outputs),
                seedHandles,
                outputs.size(),
                NativeCalls.handles("grad", inputs),
                inputs.size(),
                flag(retainGraph || createGraph),
                flag(createGraph),
                flag(allowUnused),
                slots);
        NativeCalls.check(status, "grad", operands(outputs, inputs));
        List<Tensor> gradients = new ArrayList<>(inputs.size());
        for (long handle : slots.toArray(JAVA_LONG)) {
            gradients.add(handle == 0 ? null : NativeCalls.adopt(handle, null));
        }
        return gradients;
    }

    /**
     * Gradients of a scalar, which must depend on all inputs. The gradient graph is freed.
     *
     * @param scalar a tensor with one element
     * @param inputs tensors with {@link Tensor#requiresGrad()}
     * @return the gradients in the order of {@code inputs}, each of its input's shape, owned by the innermost scope
     * @throws TorchException if the scalar does not depend on one of the inputs
     */
    public static Tensor[] grad(Tensor scalar, Tensor... inputs) {
        Objects.requireNonNull(scalar, "scalar");
        return grad(List.of(scalar), null, Arrays.asList(inputs), false, false, false)
                .toArray(Tensor[]::new);
    }

    private static Object[] operands(List<Tensor> outputs, List<Tensor> inputs) {
        List<Object> all = new ArrayList<>(outputs);
        all.addAll(inputs);
        return all.toArray();
    }

    private static int flag(boolean value) {
        return value ? 1 : 0;
    }
}
