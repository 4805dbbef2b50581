/**
 * Conversion of checkpoints in other formats into HuggingFace model directories: PyTorch's pickles through an unpickler
 * that can only read tensors and plain data, and GGUF with its quantised weights and its tokenizer. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.convert;
