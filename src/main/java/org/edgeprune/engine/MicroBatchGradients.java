package org.edgeprune.engine;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * What a micro-batch contributes to a step: its part of the batch's loss, and the gradients of that part. Plain
 * numbers, so that they can come from another thread, device or process.
 *
 * @param loss its part of the loss
 * @param edges gradients of the edge masks, flat, in the layout of the masks
 * @param nodes gradients of the node masks, {@code [nodes]}
 * @param neurons gradients of the neuron masks, {@code [layers * inner]}; none where neurons have no masks
 */
public record MicroBatchGradients(double loss, float[] edges, float[] nodes, float[] neurons) {
    /**
     * Copies the result of a backward to the host, in one piece: each read of a device waits for it.
     *
     * @param loss the micro-batch's part of the loss, a scalar, F32
     * @param gradients gradients of that part, on the loss's device
     * @return a copy
     */
    public static MicroBatchGradients of(Tensor loss, MaskGradients gradients) {
        int edges = Math.toIntExact(gradients.edges().elementCount());
        int nodes = Math.toIntExact(gradients.nodes().elementCount());
        List<Tensor> all = new ArrayList<>(List.of(loss.detach().view(1), gradients.edges(), gradients.nodes()));
        gradients.neurons().ifPresent(all::add);
        float[] read = Tensor.cat(0, all).toFloats();
        return of(read[0], edges, nodes, read, 1);
    }

    /** From the gradients of edges, nodes and neurons one after the other. */
    static MicroBatchGradients ofFlat(double loss, int edges, int nodes, float[] all) {
        return of(loss, edges, nodes, all, 0);
    }

    private static MicroBatchGradients of(double loss, int edges, int nodes, float[] all, int from) {
        int nodesFrom = from + edges;
        int neuronsFrom = nodesFrom + nodes;
        return new MicroBatchGradients(
                loss,
                Arrays.copyOfRange(all, from, nodesFrom),
                Arrays.copyOfRange(all, nodesFrom, neuronsFrom),
                Arrays.copyOfRange(all, neuronsFrom, all.length));
    }

    /** The gradients of edges, nodes and neurons one after the other. */
    float[] flat() {
        return FloatBuffer.allocate(edges.length + nodes.length + neurons.length)
                .put(edges)
                .put(nodes)
                .put(neurons)
                .array();
    }

    /**
     * The gradients as tensors.
     *
     * @param device where to put them
     * @return tensors of the current scope, F32
     */
    public MaskGradients tensors(Device device) {
        return new MaskGradients(
                Tensor.of(edges, edges.length).to(device),
                Tensor.of(nodes, nodes.length).to(device),
                neurons.length > 0
                        ? Optional.of(Tensor.of(neurons, neurons.length).to(device))
                        : Optional.empty());
    }

    /** The sum of micro-batches. Adding them in the same order gives the same bits. */
    public static final class Sum {
        private MicroBatchGradients sum;

        /** A sum of no micro-batches. */
        public Sum() {}

        /**
         * Adds the next micro-batch.
         *
         * @param next loss and gradients, whose arrays this object may change from now on
         */
        public void add(MicroBatchGradients next) {
            if (sum == null) {
                sum = next;
                return;
            }
            add(sum.edges(), next.edges());
            add(sum.nodes(), next.nodes());
            add(sum.neurons(), next.neurons());
            sum = new MicroBatchGradients(sum.loss() + next.loss(), sum.edges(), sum.nodes(), sum.neurons());
        }

        static void add(float[] sum, float[] next) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += next[i];
            }
        }

        /**
         * The sum so far.
         *
         * @return loss and gradients of the micro-batches that were added, of which there must be one
         */
        public MicroBatchGradients total() {
            return sum;
        }
    }
}
