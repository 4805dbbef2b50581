/**
 * The architectures that come with edgeprune, each an {@link org.edgeprune.model.Architecture} that is found through
 * {@code META-INF/services}: a class that builds its parts, and a record with what its {@code config.json} says. They
 * use the public API of {@link org.edgeprune.model} alone, so that any of them is a pattern for an architecture of
 * one's own. Relatives of Llama share {@link org.edgeprune.model.architecture.LlamaConfig}, decoders with LayerNorm and
 * a plain MLP {@code GptConfig}. Public API: incompatible changes come only with a new minor version and are listed in
 * CHANGELOG.md.
 */
package org.edgeprune.model.architecture;
