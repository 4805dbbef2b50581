/**
 * Transformers, cut where edge pruning cuts them: attention that takes separate query, key and value inputs for each
 * head and returns each head's own output, MLPs, embeddings, unembedding. One small class an architecture.
 */
package org.edgeprune.model;
