package org.edgeprune.engine;

import java.nio.ByteBuffer;
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
        int edges = 1 + Math.toIntExact(gradients.edges().elementCount());
        int nodes = edges + Math.toIntExact(gradients.nodes().elementCount());
        List<Tensor> all = new ArrayList<>(List.of(loss.detach().view(1), gradients.edges(), gradients.nodes()));
        gradients.neurons().ifPresent(all::add);
        float[] read = Tensor.cat(0, all).toFloats();
        return new MicroBatchGradients(
                read[0],
                Arrays.copyOfRange(read, 1, edges),
                Arrays.copyOfRange(read, edges, nodes),
                Arrays.copyOfRange(read, nodes, read.length));
    }

    /**
     * Loss, numbers of edges and of nodes, gradients of the edges, of the nodes, and those of the neurons up to the
     * end; all in Java's byte order.
     */
    public static final Packing<MicroBatchGradients> PACKING = new Packing<>() {
        @Override
        public byte[] pack(MicroBatchGradients result) {
            int floats = result.edges().length + result.nodes().length + result.neurons().length;
            ByteBuffer bytes =
                    ByteBuffer.allocate(Double.BYTES + 2 * Integer.BYTES + Math.multiplyExact(Float.BYTES, floats));
            bytes.putDouble(result.loss()).putInt(result.edges().length).putInt(result.nodes().length);
            bytes.asFloatBuffer().put(result.edges()).put(result.nodes()).put(result.neurons());
            return bytes.array();
        }

        @Override
        public MicroBatchGradients unpack(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            double loss = buffer.getDouble();
            float[] edges = new float[buffer.getInt()];
            float[] nodes = new float[buffer.getInt()];
            FloatBuffer floats = buffer.asFloatBuffer().get(edges).get(nodes);
            float[] neurons = new float[floats.remaining()];
            floats.get(neurons);
            return new MicroBatchGradients(loss, edges, nodes, neurons);
        }
    };

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

        private static void add(float[] sum, float[] next) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += next[i];
            }
        }

        /**
         * The sum of the losses.
         *
         * @return loss of the micro-batches added so far, of which there must be one
         */
        public double loss() {
            return sum.loss();
        }

        /**
         * The gradients of all that were added.
         *
         * @param device where to put them
         * @return tensors of the current scope, F32
         */
        public MaskGradients gradients(Device device) {
            return new MaskGradients(
                    Tensor.of(sum.edges(), sum.edges().length).to(device),
                    Tensor.of(sum.nodes(), sum.nodes().length).to(device),
                    sum.neurons().length > 0
                            ? Optional.of(Tensor.of(sum.neurons(), sum.neurons().length)
                                    .to(device))
                            : Optional.empty());
        }
    }
}
