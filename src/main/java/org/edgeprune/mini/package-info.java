/**
 * Trains the bundled mini model, a small GPT-2 for the bundled tasks, from random weights.
 * {@link org.edgeprune.mini.MiniTraining} is the entry point. Internal: may change in any version.
 */
package org.edgeprune.mini;
