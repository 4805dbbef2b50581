/** The true circuit of a compiled model: from its weights, and found by exhaustive ablation. */
package org.edgeprune.tracr.circuit;
