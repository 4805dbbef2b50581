/**
 * Scores of edges: how much each edge of the computation graph matters to a model's output on a task.
 *
 * <p>{@link org.edgeprune.attribute.EdgeScores} holds a score for every edge, ranks edges by it and reads and writes
 * {@code scores.safetensors}. A {@link org.edgeprune.attribute.Selection} makes a circuit of them, and a
 * {@link org.edgeprune.attribute.CurveEvaluator} measures how faithful circuits of growing size are.
 * {@link org.edgeprune.attribute.CircuitInput} recognises files of circuits and scores by their content.
 */
package org.edgeprune.attribute;
