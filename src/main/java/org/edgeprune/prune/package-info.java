/**
 * Pruning: the training loop over masks and multipliers, its optimiser, checkpoints and output. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 *
 * <p>One step ({@link org.edgeprune.prune.MaskTrainer#step}): sample masks, run the masked model on a batch, and
 * descend
 *
 * <pre>  KL(full || masked) + edge term + node term</pre>
 *
 * in log_alpha while the Lagrange multipliers ascend it.
 */
package org.edgeprune.prune;
