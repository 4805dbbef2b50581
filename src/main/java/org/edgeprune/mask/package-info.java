/**
 * The paper's masks: hard-concrete distributions over edges and nodes, the sparsity constraint that trains them, and
 * the thresholds that make them binary. Public API: incompatible changes come only with a new minor version and are
 * listed in CHANGELOG.md.
 *
 * <p>Equations: {@link org.edgeprune.mask.HardConcrete} (L0 relaxation, Louizos et al. 2018),
 * {@link org.edgeprune.mask.Lagrangian} (min-max sparsity constraint), {@link org.edgeprune.mask.SparsitySchedule} (its
 * target over time), {@link org.edgeprune.mask.MaskValues#thresholds} (soft to binary masks).
 */
package org.edgeprune.mask;
