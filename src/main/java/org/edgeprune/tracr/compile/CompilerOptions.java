package org.edgeprune.tracr.compile;

import org.edgeprune.tracr.rasp.Value;

/**
 * How to compile.
 *
 * @param causal whether a position of the model attends to earlier positions and itself only
 * @param bos the token that the compiler puts first
 * @param pad the token that may follow an input
 * @param mlpExactness the smallest slope of the steps of numerical MLPs
 * @param softmaxColdness the smallest attention score of a selected key, before the division by sqrt(key size)
 */
public record CompilerOptions(boolean causal, Value bos, Value pad, double mlpExactness, double softmaxColdness) {

    /** The defaults of the published compiler: not causal, slope and coldness 100; BOS is named as in its example. */
    public static final CompilerOptions DEFAULT =
            new CompilerOptions(false, Value.of("BOS"), Value.of("compiler_pad"), 100, 100);

    /**
     * The same options for a causal model or one that is not.
     *
     * @param newCausal whether positions attend to earlier positions and themselves only
     * @return the changed options
     */
    public CompilerOptions withCausal(boolean newCausal) {
        return new CompilerOptions(newCausal, bos, pad, mlpExactness, softmaxColdness);
    }
}
