/**
 * Scores of edges: how much each edge of the computation graph matters to a model's output on a task.
 *
 * <p>{@link org.edgeprune.attribute.EdgeScores} holds a score for every edge, ranks edges by it and reads and writes
 * {@code scores.safetensors}.
 */
package org.edgeprune.attribute;
