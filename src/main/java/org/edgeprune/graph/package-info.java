/**
 * The computation graph that edge pruning cuts: writers, readers and the edges between them. Pure Java, no tensors.
 * Public API: incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 *
 * <p>A transformer is read as a directed acyclic graph. A {@link org.edgeprune.graph.Writer} adds to the residual
 * stream (an embedding, an attention head, an MLP); a {@link org.edgeprune.graph.Reader} reads from it (a head's query,
 * key or value input, an MLP's input, the final {@code resid_post}). Every pair of a writer and a later reader is an
 * {@link org.edgeprune.graph.Edge}. Names are those of the published implementation, so that {@code edges.json} files
 * interchange.
 */
package org.edgeprune.graph;
