/**
 * Checkpoints from the HuggingFace Hub, kept in the cache that all HuggingFace libraries share:
 * {@link org.edgeprune.hub.Hub#download}.
 */
package org.edgeprune.hub;
