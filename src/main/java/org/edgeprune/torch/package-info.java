/**
 * Tensors: a thin, safe Java face of libtorch. Public API: incompatible changes come only with a new minor version and
 * are listed in CHANGELOG.md.
 *
 * <p>{@link org.edgeprune.torch.Tensor} holds one native handle and offers PyTorch's operations under PyTorch's names,
 * so that a model reads like its paper: {@code x.matmul(w).add(b)}. Who frees a tensor is always known: the innermost
 * open {@link org.edgeprune.torch.TensorScope} of the thread that created it, or, with none open, the caller. Nothing
 * waits for the garbage collector.
 *
 * <pre>{@code
 * try (TensorScope scope = TensorScope.open()) {
 *     Tensor loss = x.matmul(w).sub(y).square().mean();
 *     Tensor gradient = Autograd.grad(loss, w)[0];
 *     ...
 * }                                       // every intermediate tensor is freed here
 * }</pre>
 *
 * <p>Gradients are recorded unless {@link org.edgeprune.torch.GradMode#disabled()} says otherwise, as in PyTorch.
 * Scopes and the gradient mode belong to a thread; use platform threads (libtorch keeps state per operating-system
 * thread).
 *
 * <p>{@link org.edgeprune.torch.LibTorch} finds and loads libtorch. The classes of {@code ffi} are generated from the C
 * header {@code native/include/edgeprune_shim.h}; foreign memory does not leave this package except through
 * {@link org.edgeprune.torch.Tensor#wrap} and {@link org.edgeprune.torch.Tensor#copyTo}.
 */
package org.edgeprune.torch;
