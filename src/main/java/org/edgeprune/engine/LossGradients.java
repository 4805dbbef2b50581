package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The loss of a batch, or what a micro-batch adds to it, and its gradients down to the masks.
 *
 * @param loss a scalar without gradient, F32; of several micro-batches F64
 * @param toMasks its gradients, on the same device
 */
public record LossGradients(Tensor loss, MaskGradients toMasks) {
    /**
     * Adds up the losses and gradients of a batch's micro-batches, in their order. Those of a single micro-batch stay
     * on the model's device; several are read by the host, which sums them.
     *
     * @param workers run the micro-batches, perhaps on several ranks
     * @param model the model, of whose copies each worker uses one
     * @param microBatches how many there are on all ranks together, at least 1
     * @param job computes a micro-batch's, in the current scope of its thread and on the device of its copy of the
     *     model
     * @return the sums, on the model's device and in the current scope
     */
    public static LossGradients of(
            Workers workers, TransformerModel model, int microBatches, Workers.Job<LossGradients> job) {
        if (microBatches == 1 && workers.ranks().size() == 1) {
            List<LossGradients> one = new ArrayList<>(1);
            workers.run(model, 1, job, one::add);
            return one.getFirst();
        }
        MicroBatchGradients sum = workers.sum(model, microBatches, (copy, number) -> {
            try (TensorScope _ = TensorScope.open()) {
                LossGradients part = job.run(copy, number);
                return MicroBatchGradients.of(part.loss(), part.toMasks());
            }
        });
        return new LossGradients(Tensor.full(sum.loss(), DType.F64, model.device()), sum.tensors(model.device()));
    }

    /**
     * Hands these tensors over to the scope around the one that they belong to.
     *
     * @param scope the scope that they belong to, which is about to be closed
     */
    public void keepIn(TensorScope scope) {
        scope.keep(loss);
        scope.keep(toMasks.edges());
        scope.keep(toMasks.nodes());
        toMasks.neurons().ifPresent(scope::keep);
    }
}
