/**
 * Masked forward and backward: the model in which every reader sees a mix of clean and corrupted writers. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 *
 * <p>With x_w what writer w adds to the residual stream in the masked run, corr_w what it adds in the corrupted run,
 * and z the masks, reader r reads
 *
 * <pre>  input_r = sum_w z_rw x_w + (1 - z_rw) corr_w  =  base_r + sum_w z_rw delta_w</pre>
 *
 * where base_r is the corrupted run's residual stream at r and delta_w = x_w - corr_w (delta form). A writer with
 * output out_n and node mask z_n adds z_n out_n + (1 - z_n) corr_n, so delta_n = z_n (out_n - corr_n). Under zero
 * ablation base and corr are zero. Where the neurons of MLPs have masks, out_n is what the MLP's last projection makes
 * of z h + (1 - z) corr_h, with h the neurons' activations in the masked run and corr_h in the corrupted one.
 *
 * <p>{@link org.edgeprune.engine.MaskedPass} runs it: all deltas lie in one outbox {@code [writers, tokens, hidden]};
 * {@code EdgeMux} mixes them, or {@code PositionMux} where every position has masks of its own; a block (one layer's
 * attention or MLP) runs under autograd from its reader inputs to its deltas; {@code Liveness} finds what need not be
 * computed. In a causal model every delta is zero before the first token at which clean and corrupted prompts differ,
 * so a pass may be of their tails only: attention then sees the tokens before through the corrupted run's keys and
 * values ({@link org.edgeprune.engine.Baseline.Layer#past}).
 */
package org.edgeprune.engine;
