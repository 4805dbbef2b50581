/**
 * Transformers with known circuits: RASP programs ({@code rasp}), their compilation to weights ({@code compile}), the
 * compiled model with a reference forward pass in double precision, and the ground truth of its circuit
 * ({@code circuit}). These are pure Java, without tensors; reading and writing files is in {@code files}. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.tracr;
