/**
 * Scores of edges: how much each edge of the computation graph matters to a model's output on a task. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 *
 * <pre>  score(u -&gt; v) = mean over prompts of sum_pos,d (a'_u - a_u) dL/d in_v  =  -dL/dz_uv at z = 1</pre>
 *
 * <p>{@link org.edgeprune.attribute.EdgeScores} holds a score for every edge, ranks edges by it and reads and writes
 * {@code scores.safetensors}. {@link org.edgeprune.attribute.GradientAttribution} makes them by edge attribution
 * patching (EAP, EAP-IG), {@link org.edgeprune.attribute.ExactPatching} by cutting every edge, node or neuron alone;
 * what they have in common is an {@link org.edgeprune.attribute.AttributionSetting}, and what is attributed an
 * {@link org.edgeprune.attribute.Objective}. {@link org.edgeprune.attribute.MatryoshkaAttribution} trains scores,
 * {@link org.edgeprune.attribute.Acdc} searches for a circuit edge by edge.
 *
 * <p>A {@link org.edgeprune.attribute.Selection} makes a circuit of scores, and a
 * {@link org.edgeprune.attribute.CurveEvaluator} measures how faithful circuits of growing size are.
 * {@link org.edgeprune.attribute.CircuitInput} recognises files of circuits and scores by their content.
 */
package org.edgeprune.attribute;
