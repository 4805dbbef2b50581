/**
 * Transformers, cut where edge pruning cuts them: attention that takes separate query, key and value inputs for each
 * head and returns each head's own output, MLPs, embeddings, unembedding. Public API: incompatible changes come only
 * with a new minor version and are listed in CHANGELOG.md.
 *
 * <p>To add an architecture, implement {@link org.edgeprune.model.Architecture} and name the class in
 * {@code META-INF/services/org.edgeprune.model.Architecture}. It reads {@link org.edgeprune.model.ModelConfig} and
 * returns a {@link org.edgeprune.model.Decoder}, built from {@link org.edgeprune.model.Linear},
 * {@link org.edgeprune.model.NormKind}, {@link org.edgeprune.model.SelfAttention},
 * {@link org.edgeprune.model.RotaryConfig}, {@link org.edgeprune.model.AttentionWindows} and
 * {@link org.edgeprune.model.Mlp}. The architectures that come with edgeprune are in
 * {@code org.edgeprune.model.architecture}. {@link org.edgeprune.model.Models} opens checkpoints; the package reads
 * local directories only.
 */
package org.edgeprune.model;
