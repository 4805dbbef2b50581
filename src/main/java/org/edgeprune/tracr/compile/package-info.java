/**
 * The compiler from RASP programs to transformer weights of Lindner et al., "Tracr: Compiled Transformers as a
 * Laboratory for Interpretability" (2023). Public API: incompatible changes come only with a new minor version and are
 * listed in CHANGELOG.md.
 *
 * <p>Its stages: {@link org.edgeprune.tracr.compile.ProgramGraph} merges equal expressions;
 * {@link org.edgeprune.tracr.compile.Validator} finds what cannot be compiled;
 * {@link org.edgeprune.tracr.compile.ValueSets} infers which values, and so which residual directions, each s-op has;
 * {@link org.edgeprune.tracr.compile.BlockBuilder} builds an attention head, an MLP or both of each s-op;
 * {@link org.edgeprune.tracr.compile.LayerPlan} puts them into layers; {@link org.edgeprune.tracr.compile.Assembler}
 * writes the weights.
 */
package org.edgeprune.tracr.compile;
