/**
 * Trains the bundled mini model: a small GPT-2 that is good at the bundled tasks, from random numbers, by autograd
 * through this project's own tensors. {@link org.edgeprune.mini.MiniTraining} is the whole of it.
 */
package org.edgeprune.mini;
