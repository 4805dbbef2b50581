package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.Output;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.files.PublishedModel;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The published compiler's weights in our model class: what libtorch computes from them is what our own compiler's
 * weights give.
 */
class PublishedTracrModelTest {
    private static final Path FILE = Fixtures.golden("tracr/reverse.json");
    private static final List<Value> VOCABULARY = LibraryProgram.REVERSE.vocabulary();

    @TempDir
    private Path folder;

    @Test
    void bothGiveTheSameOutputsOnAllInputs() {
        CompiledModelFiles.write(
                PublishedModel.read(FILE, new Output(Encoding.CATEGORICAL, VOCABULARY)), folder.resolve("published"));
        CompiledModel ours = new Compiler().compile(LibraryProgram.REVERSE, VOCABULARY, 5);
        CompiledModelFiles.write(ours, folder.resolve("ours"));
        for (int length = 1; length <= 5; length++) {
            List<int[]> inputs = ProgramExample.inputs(VOCABULARY, length, 243, 0).stream()
                    .map(ours.vocabulary()::encode)
                    .toList();
            float[] expected = new float[0];
            for (int[] ids : inputs) {
                for (double[] row : ours.forward().run(ids)) {
                    expected = Arrays.copyOf(expected, expected.length + row.length);
                    for (int i = 0; i < row.length; i++) {
                        expected[expected.length - row.length + i] = (float) row[i];
                    }
                }
            }
            assertArrayEquals(expected, logits(folder.resolve("published"), inputs), 1e-3f);
            assertArrayEquals(expected, logits(folder.resolve("ours"), inputs), 1e-3f);
        }
    }

    private static float[] logits(Path directory, List<int[]> inputs) {
        try (TransformerModel model = Models.open(directory, Device.CPU);
                TensorScope _ = TensorScope.open()) {
            return FullModel.logits(model, TokenBatch.of(inputs, Device.CPU)).toFloats();
        }
    }
}
