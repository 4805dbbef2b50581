/**
 * Files of compiled models: weights as safetensors with their configuration, vocabulary and tokenizer, in the layout of
 * the edge pruning reference ({@link org.edgeprune.tracr.files.CompiledModelFiles}) and in that of the published
 * compiler ({@link org.edgeprune.tracr.files.PublishedModel}). The only part of {@code tracr} that knows tensors.
 */
package org.edgeprune.tracr.files;
