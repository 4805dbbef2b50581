/**
 * Transformers with known circuits: RASP programs ({@code rasp}), their compilation to weights ({@code compile}), the
 * compiled model with a reference forward in double precision, and the ground truth of its circuit ({@code circuit}).
 * Pure Java: no tensors.
 */
package org.edgeprune.tracr;
