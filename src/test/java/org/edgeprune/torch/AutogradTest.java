package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link Autograd#grad} and {@link GradMode} as an interface; the values are {@link NumericAutogradTest}'s. */
class AutogradTest extends TensorFixture {
    private static Tensor leaf(double... values) {
        return vector(values).requiresGrad_(true);
    }

    @Test
    void gradientOfAScalar() {
        Tensor x = leaf(1, 2, 3);
        Tensor y = leaf(4, 5, 6);
        Tensor[] gradients = Autograd.grad(x.mul(y).sum(), x, y);
        assertTensor(gradients[0], shape(3), 4, 5, 6);
        assertTensor(gradients[1], shape(3), 1, 2, 3);
        assertFalse(gradients[0].requiresGrad());
    }

    @Test
    void gradOutputsWeighTheOutputs() {
        Tensor x = leaf(1, 2, 3);
        List<Tensor> gradients = Autograd.grad(
                List.of(x.square(), x.sum()), Arrays.asList(vector(1, 10, 100), null), List.of(x), false, false, false);
        assertTensor(gradients.get(0), shape(3), 2 + 1, 40 + 1, 600 + 1);
    }

    @Test
    void gradientOfAnIntermediateTensor() {
        Tensor x = leaf(1, 2);
        Tensor middle = x.square();
        Tensor[] gradients = Autograd.grad(middle.mul(3).sum(), middle, x);
        assertTensor(gradients[0], shape(2), 3, 3);
        assertTensor(gradients[1], shape(2), 6, 12);
    }

    @Test
    void theGraphIsFreedUnlessRetained() {
        Tensor x = leaf(1, 2);
        Tensor loss = x.square().sum();
        Autograd.grad(List.of(loss), null, List.of(x), true, false, false);
        assertTensor(Autograd.grad(loss, x)[0], shape(2), 2, 4);
        assertThrows(TorchException.class, () -> Autograd.grad(loss, x));
    }

    @Test
    void secondDerivative() {
        Tensor x = leaf(2, 3);
        Tensor first = Autograd.grad(List.of(x.pow(3).sum()), null, List.of(x), false, true, false)
                .get(0);
        assertTrue(first.requiresGrad());
        assertTensor(Autograd.grad(first.sum(), x)[0], shape(2), 12, 18);
    }

    @Test
    void unusedInputs() {
        Tensor x = leaf(1, 2);
        Tensor unused = leaf(3);
        List<Tensor> gradients = Autograd.grad(List.of(x.sum()), null, List.of(x, unused), true, false, true);
        assertTensor(gradients.get(0), shape(2), 1, 1);
        assertNull(gradients.get(1));
        String message = assertThrows(TorchException.class, () -> Autograd.grad(x.sum(), x, unused))
                .getMessage();
        assertTrue(
                message.startsWith("grad: [] f64 x [2] f64 x [1] f64: ")
                        && message.contains("not have been used in the graph"),
                message);
    }

    @Test
    void mistakes() {
        Tensor x = leaf(1, 2);
        assertThrows(TorchException.class, () -> Autograd.grad(x.square(), x), "not a scalar");
        assertThrows(TorchException.class, () -> Autograd.grad(vector(1, 2).sum(), x), "nothing was recorded");
        assertThrows(
                IllegalArgumentException.class,
                () -> Autograd.grad(List.of(x.sum()), List.of(), List.of(x), false, false, false),
                "one gradOutput an output");
        assertThrows(NullPointerException.class, () -> Autograd.grad(x.sum(), x, null));
        assertThrows(TorchException.class, () -> Tensor.arange(0, 2).requiresGrad_(true), "integers have no gradient");
        assertThrows(TorchException.class, () -> x.add_(x), "a leaf changes only where nothing is recorded");
    }

    @Test
    void detachCutsTheGraph() {
        Tensor x = leaf(3);
        assertFalse(x.detach().requiresGrad());
        assertTensor(Autograd.grad(x.mul(x.detach()).sum(), x)[0], shape(1), 3);
    }

    @Test
    @SuppressWarnings("try") // closed twice
    void gradModeNestsAndRestores() {
        Tensor x = leaf(1, 2);
        assertTrue(x.mul(2).requiresGrad());
        try (GradMode off = GradMode.disabled()) {
            assertFalse(x.mul(2).requiresGrad());
            try (GradMode _ = GradMode.enabled()) {
                assertTrue(x.mul(2).requiresGrad());
            }
            assertFalse(x.mul(2).requiresGrad());
            off.close();
            off.close();
            assertTrue(x.mul(2).requiresGrad(), "closing twice restores once");
        }
        assertTrue(x.mul(2).requiresGrad());
    }

    @Test
    void parametersAreUpdatedWithGradModeOff() {
        Tensor x = leaf(1, 2);
        Tensor gradient = Autograd.grad(x.square().sum(), x)[0];
        try (GradMode _ = GradMode.disabled()) {
            x.add_(gradient, -0.1);
        }
        assertTrue(x.requiresGrad());
        assertTensor(x, shape(2), 0.8, 1.6);
    }

    @Test
    void gradientsOutliveTheScopeOfTheirForwardPass() {
        Tensor x = leaf(1, 2);
        Tensor gradient;
        try (TensorScope step = TensorScope.open()) {
            gradient = step.keep(Autograd.grad(x.square().sum(), x)[0]);
        }
        assertEquals(6, gradient.sum().item());
    }

    @Test
    void intermediateTensorsMayCloseBeforeTheBackwardPass() {
        Tensor x = leaf(1, 2);
        Tensor loss;
        try (TensorScope forward = TensorScope.open()) {
            loss = forward.keep(x.square().exp().sum());
        }
        assertTensor(Autograd.grad(loss, x)[0], shape(2), 2 * Math.exp(1), 4 * Math.exp(4));
    }
}
