package org.edgeprune.model;

import org.edgeprune.graph.GraphShape;

/**
 * A model's sizes as its {@code config.json} states them, without its weights.
 *
 * @param architecture HuggingFace's {@code model_type}
 * @param graph the computation graph's shape with embedding nodes
 * @param hidden width of the residual stream
 * @param inner width of the MLPs
 * @param vocabulary number of tokens
 * @param maxPositions the longest sequence
 */
public record ModelSizes(String architecture, GraphShape graph, int hidden, int inner, int vocabulary, int maxPositions) {}
