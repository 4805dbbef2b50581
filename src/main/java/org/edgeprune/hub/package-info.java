/**
 * Where model directories come from: {@link org.edgeprune.hub.ModelDirectories} resolves a name to the bundled model, a
 * local directory, or a checkpoint of the HuggingFace Hub, which is downloaded by {@link org.edgeprune.hub.Hub} into
 * the cache that all HuggingFace libraries share.
 */
package org.edgeprune.hub;
