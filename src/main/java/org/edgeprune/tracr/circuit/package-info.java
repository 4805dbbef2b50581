/**
 * The true circuit of a compiled model: from its weights, and found by exhaustive ablation. Public API: incompatible
 * changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.tracr.circuit;
