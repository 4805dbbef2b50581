package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who owns a tensor, and when it is freed. */
class TensorScopeTest {
    private long liveBefore;

    @BeforeEach
    void count() {
        liveBefore = TensorScope.liveTensors();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(liveBefore, TensorScope.liveTensors());
    }

    private long live() {
        return TensorScope.liveTensors() - liveBefore;
    }

    @Test
    void aScopeFreesWhatWasMadeInIt() {
        Tensor tensor;
        try (TensorScope scope = TensorScope.open()) {
            tensor = Tensor.ones(2).add(1);
            assertEquals(2, scope.size());
            assertEquals(2, live());
        }
        assertFalse(tensor.isOpen());
        assertEquals(0, live());
    }

    @Test
    void theInnermostScopeOwns() {
        try (TensorScope outer = TensorScope.open()) {
            Tensor inOuter = Tensor.ones(1);
            try (TensorScope inner = TensorScope.open()) {
                inOuter.add(1);
                assertEquals(1, inner.size());
                assertEquals(1, outer.size());
            }
            assertTrue(inOuter.isOpen());
            inOuter.add(1);
            assertEquals(2, outer.size());
        }
    }

    @Test
    void withoutAScopeTheCallerOwns() {
        Tensor tensor = Tensor.ones(1);
        assertEquals(1, live());
        tensor.close();
    }

    @Test
    void keepMovesToTheEnclosingScope() {
        try (TensorScope outer = TensorScope.open()) {
            Tensor kept;
            try (TensorScope inner = TensorScope.open()) {
                Tensor made = Tensor.ones(1).add(1);
                kept = inner.keep(made);
                assertSame(made, kept);
                assertEquals(1, inner.size());
                assertEquals(1, outer.size());
            }
            assertEquals(2, kept.item());
        }
    }

    @Test
    void keepFromTheOutermostScopeGivesToTheCaller() {
        Tensor kept;
        try (TensorScope scope = TensorScope.open()) {
            kept = scope.keep(Tensor.ones(1));
        }
        assertTrue(kept.isOpen());
        kept.close();
    }

    @Test
    void keepLeavesAloneWhatOutlivesTheScopeAnyway() {
        try (TensorScope outer = TensorScope.open()) {
            Tensor tensor = Tensor.ones(1);
            try (TensorScope inner = TensorScope.open()) {
                inner.keep(tensor);
            }
            assertTrue(tensor.isOpen());
            assertEquals(1, outer.size());
        }
    }

    @Test
    void anOuterScopeKeepsWhatAnInnerOneOwns() {
        Tensor kept;
        try (TensorScope outer = TensorScope.open();
                TensorScope inner = TensorScope.open()) {
            kept = outer.keep(Tensor.ones(1));
            assertEquals(0, inner.size() + outer.size());
        }
        assertTrue(kept.isOpen());
        kept.close();
    }

    @Test
    void releaseTakesOutOfEveryScope() {
        Tensor released;
        try (TensorScope outer = TensorScope.open();
                TensorScope inner = TensorScope.open()) {
            released = inner.release(Tensor.ones(1));
            assertEquals(0, inner.size() + outer.size());
        }
        assertTrue(released.isOpen());
        released.close();
    }

    @Test
    void tensorsMayCloseEarlyInAnyOrder() {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                tensors.add(Tensor.full(i, DType.F32, Device.CPU));
            }
            for (int i : new int[] {5, 0, 9, 4, 8}) {
                tensors.get(i).close();
            }
            assertEquals(5, scope.size());
            assertEquals(5, live());
            assertEquals(7, tensors.get(7).item());
        }
    }

    @Test
    void scopesCloseInReverseOrder() {
        TensorScope outer = TensorScope.open();
        TensorScope inner = TensorScope.open();
        Tensor tensor = Tensor.ones(1);
        assertThrows(IllegalStateException.class, outer::close);
        assertTrue(tensor.isOpen(), "a refused close changes nothing");
        inner.close();
        inner.close();
        outer.close();
        assertFalse(tensor.isOpen());
    }

    @Test
    void scopesBelongToTheirThread() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor mine = Tensor.ones(1);
            assertNotNull(elsewhere(scope::close));
            assertNotNull(elsewhere(() -> scope.keep(mine)));
            elsewhereFine(() -> {
                try (TensorScope other = TensorScope.open()) {
                    assertThrows(
                            IllegalStateException.class,
                            () -> other.release(mine),
                            "it belongs to another thread's scope");
                    mine.add(1);
                    assertEquals(1, other.size());
                }
            });
            assertEquals(1, scope.size());
        }
    }

    @Test
    void anotherThreadMayCloseATensor() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = Tensor.ones(1);
            elsewhereFine(tensor::close);
            assertFalse(tensor.isOpen());
            assertEquals(0, scope.size());
        }
    }

    @Test
    void racingClosesFreeOnce() {
        for (int round = 0; round < 200; round++) {
            TensorScope scope = TensorScope.open();
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                tensors.add(Tensor.ones(1));
            }
            CompletableFuture<Void> other = CompletableFuture.runAsync(() -> tensors.forEach(Tensor::close));
            scope.close();
            other.join();
            assertEquals(0, live());
        }
    }

    @Test
    void closedTensorsAndScopesKeepNothing() {
        TensorScope scope = TensorScope.open();
        Tensor tensor = Tensor.ones(1);
        tensor.close();
        assertThrows(IllegalStateException.class, () -> scope.keep(tensor));
        scope.close();
        try (Tensor open = Tensor.ones(1)) {
            assertThrows(IllegalStateException.class, () -> scope.keep(open));
        }
    }

    private static Throwable elsewhere(Runnable action) {
        return assertThrows(CompletionException.class, () -> CompletableFuture.runAsync(action)
                        .join())
                .getCause();
    }

    private static void elsewhereFine(Runnable action) {
        CompletableFuture.runAsync(action).join();
    }
}
