/**
 * The safetensors format: the only form in which weights, masks and optimiser states are read and written. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 *
 * <p>A file is an 8-byte little-endian header length, a JSON header of names, dtypes, shapes and offsets, and the raw
 * data. Nothing in it is executed, and it can be checked wholly before a single value is used: every rule of the <a
 * href="https://github.com/huggingface/safetensors#format">format</a> is enforced here, and a file that breaks one is
 * refused with one line. Pickle files ({@code .bin}, {@code .pt}) are never opened.
 *
 * <ul>
 *   <li>{@link org.edgeprune.safetensors.SafeTensorsFile}: one file, memory-mapped, tensors by name, no copies;
 *   <li>{@link org.edgeprune.safetensors.Checkpoint}: a model's weights in one file or in shards;
 *   <li>{@link org.edgeprune.safetensors.SafeTensorsWriter}: writes a file atomically.
 * </ul>
 */
package org.edgeprune.safetensors;
