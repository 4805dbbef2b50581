package org.edgeprune.recovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a program to exactly its circuit. */
class RecoveryTest {
    @TempDir
    private Path folder;

    @Test
    void reverseComesOutPerfect() {
        recoversPerfectly(LibraryProgram.REVERSE, Ablation.ZERO, 9);
    }

    @Test
    void xproportionComesOutPerfect() {
        recoversPerfectly(LibraryProgram.XPROPORTION, Ablation.ZERO, 5);
    }

    @Test
    void underInterchangeOnlyWhatDependsOnTheTokensIsLeft() {
        recoversPerfectly(LibraryProgram.XPROPORTION, Ablation.INTERCHANGE, 3);
    }

    private void recoversPerfectly(LibraryProgram program, Ablation ablation, int edges) {
        long live = TensorScope.liveTensors();
        Recovery recovery = new Recovery(ablation, 300, 42);
        Recovery.Result result = recovery.run(TracrTask.of(program), folder, Device.CPU);
        assertTrue(result.minimal().perfect(), result.minimal().text());
        assertEquals(edges, result.minimal().found().size());
        assertEquals(1, result.trained().recall(), "training drops nothing that matters");
        assertEquals(1, result.metrics().get("accuracy"));
        assertTrue(result.metrics().get("kl") < 1e-3);
        assertEquals(List.of(), result.minimal().dropped());
        assertEquals(live, TensorScope.liveTensors());
        String again = assertThrows(InputException.class, () -> recovery.run(TracrTask.of(program), folder, Device.CPU))
                .getMessage();
        assertTrue(again.contains("already has a finished run"), again);
    }
}
