/**
 * Model directories: {@link org.edgeprune.hub.ModelDirectories} resolves a name to the bundled model, a local
 * directory, or a checkpoint of the HuggingFace Hub, which {@link org.edgeprune.hub.Hub} downloads into the cache that
 * all HuggingFace libraries share. Public API: incompatible changes come only with a new minor version and are listed
 * in CHANGELOG.md.
 */
package org.edgeprune.hub;
