package org.edgeprune.tracr.compile;

import org.edgeprune.tracr.rasp.Value;

/**
 * How to compile.
 *
 * @param causal whether the model attends to earlier positions only
 * @param bos the token that the compiler puts first
 * @param pad the token that may fill up an input at its end
 * @param mlpExactness the least slope of the steps of numerical MLPs
 * @param softmaxColdness the least attention score of a selected key, before the division by sqrt(key size)
 */
public record CompilerOptions(boolean causal, Value bos, Value pad, double mlpExactness, double softmaxColdness) {

    /** As the published compiler, with its example's name of BOS. */
    public static final CompilerOptions DEFAULT =
            new CompilerOptions(false, Value.of("BOS"), Value.of("compiler_pad"), 100, 100);

    public CompilerOptions withCausal(boolean newCausal) {
        return new CompilerOptions(newCausal, bos, pad, mlpExactness, softmaxColdness);
    }
}
