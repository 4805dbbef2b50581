package org.edgeprune.torch;

import org.edgeprune.torch.ffi.Shim;

/**
 * Fused products between edge masks and writer states, the inner loops of edge pruning. They skip masks that are
 * exactly zero, and do not read states behind such masks. All operands are contiguous F32 on the CPU, outside autograd;
 * rows may have any shape as long as they have the same number of elements.
 */
public final class EdgeMix {
    /**
     * The instruction sets that these products are compiled for. All give the same bits, so this is for tests and
     * measurements; at first, {@link #BEST} is in use.
     */
    enum InstructionSet {
        BEST(Shim.EP_KERNELS_BEST()),
        PORTABLE(Shim.EP_KERNELS_PORTABLE()),
        AVX2(Shim.EP_KERNELS_AVX2()),
        AVX512(Shim.EP_KERNELS_AVX512());

        private final int code;

        InstructionSet(int code) {
            this.code = code;
        }

        /**
         * Uses it from now on, in the whole process.
         *
         * @return whether this processor has it; if not, nothing changes
         */
        boolean use() {
            LibTorch.load();
            int status = Shim.ep_mix_use(code);
            if (status != Shim.EP_UNSUPPORTED()) {
                NativeCalls.check(status, "edgeMix");
            }
            return status == Shim.EP_OK();
        }

        /** The name of the one in use, such as {@code AVX-512}. */
        static String inUse() {
            LibTorch.load();
            return Shim.ep_mix_instruction_set().getString(0);
        }
    }

    private EdgeMix() {}

    /**
     * {@code out_r = base + sum_w masks_rw states_w}.
     *
     * @param out {@code [readers, ...]}, overwritten
     * @param base one row, or null for zero
     * @param masks {@code [readers, writers]}
     * @param states {@code [writers or more, ...]}
     */
    public static void forward(Tensor out, Tensor base, Tensor masks, Tensor states) {
        NativeCalls.inPlace(
                "edgeMix",
                out,
                masks,
                states,
                (o, m, s) -> Shim.ep_mix(o, NativeCalls.optional("edgeMix", base), m, s));
    }

    /**
     * {@code gradStates_w += sum_r masks_rw grad_r}.
     *
     * @param gradStates {@code [writers or more, ...]}, added to
     * @param masks {@code [readers, writers]}
     * @param grad {@code [readers, ...]}
     */
    public static void addStateGradients(Tensor gradStates, Tensor masks, Tensor grad) {
        NativeCalls.inPlace("edgeMixStateGradients", gradStates, masks, grad, Shim::ep_mix_grad_states);
    }

    /**
     * {@code gradMasks_rw = <grad_r, states_w>} where 0 &lt; masks_rw &lt; 1, else 0.
     *
     * @param gradMasks {@code [readers, writers]}, overwritten
     * @param masks {@code [readers, writers]}
     * @param grad {@code [readers, ...]}
     * @param states {@code [writers or more, ...]}
     */
    public static void maskGradients(Tensor gradMasks, Tensor masks, Tensor grad, Tensor states) {
        NativeCalls.inPlace(
                "edgeMixMaskGradients",
                gradMasks,
                masks,
                grad,
                (o, m, g) -> Shim.ep_mix_grad_masks(o, m, g, NativeCalls.handle("edgeMixMaskGradients", 4, states)));
    }
}
