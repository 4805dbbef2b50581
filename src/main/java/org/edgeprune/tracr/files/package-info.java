/**
 * Files of compiled models: weights as safetensors with their configuration, vocabulary and tokenizer, in the layout of
 * the edge pruning reference ({@link org.edgeprune.tracr.files.CompiledModelFiles}) and in that of the published
 * compiler ({@link org.edgeprune.tracr.files.PublishedModel}). Only this part of {@code tracr} uses tensors. Public
 * API: incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.tracr.files;
