package org.edgeprune.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.edgeprune.torch.Tensor;

/** Activation functions of MLPs, by their names in HuggingFace's {@code ACT2FN}. */
public enum Activation {
    /** x Phi(x), with Phi the normal distribution function. */
    GELU(Tensor::gelu, "gelu", "gelu_python"),
    /** 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
    GELU_TANH(Tensor::geluTanh, "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh"),
    /** x sigmoid(1.702 x). */
    QUICK_GELU(x -> x.mul(x.mul(1.702).sigmoid()), "quick_gelu"),
    /** x sigmoid(x). */
    SILU(Tensor::silu, "silu", "swish"),
    /** max(x, 0). */
    RELU(Tensor::relu, "relu");

    private final UnaryOperator<Tensor> function;
    private final List<String> names;

    Activation(UnaryOperator<Tensor> function, String... names) {
        this.function = function;
        this.names = List.of(names);
    }

    /**
     * Applies the function to every element. Differentiable.
     *
     * @param x any shape
     * @return the same shape and dtype
     */
    public Tensor apply(Tensor x) {
        return function.apply(x);
    }

    static Optional<Activation> named(String name) {
        return Arrays.stream(values()).filter(a -> a.names.contains(name)).findFirst();
    }

    static String known() {
        return Arrays.stream(values()).flatMap(a -> a.names.stream()).toList().toString();
    }
}
