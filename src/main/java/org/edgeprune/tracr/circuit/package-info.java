/** The true circuit of a compiled model: read off its weights, and found by exhaustive ablation. */
package org.edgeprune.tracr.circuit;
