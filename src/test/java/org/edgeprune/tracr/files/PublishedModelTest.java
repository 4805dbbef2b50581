package org.edgeprune.tracr.files;

import static org.edgeprune.tracr.rasp.Comparison.EQ;
import static org.edgeprune.tracr.rasp.Comparison.TRUE;
import static org.edgeprune.tracr.rasp.Rasp.aggregate;
import static org.edgeprune.tracr.rasp.Rasp.indices;
import static org.edgeprune.tracr.rasp.Rasp.select;
import static org.edgeprune.tracr.rasp.Rasp.selectorWidth;
import static org.edgeprune.tracr.rasp.Rasp.tokens;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.Output;
import org.edgeprune.tracr.TransformerConfig;
import org.edgeprune.tracr.TransformerWeights;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.circuit.StructuralCircuit;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The published compiler's weights for the reversal of 1, 2, 3 up to length 5, beside ours. */
class PublishedModelTest {
    private static final Path FILE = Fixtures.golden("tracr/reverse.json");
    private static final List<Value> VOCABULARY = List.of(Value.of(1), Value.of(2), Value.of(3));

    private CompiledModel published;

    @BeforeEach
    void read() {
        published = PublishedModel.read(FILE, new Output(Encoding.CATEGORICAL, VOCABULARY));
    }

    /** The program as the published one was written: without names, so that directions sort alike. */
    private static SOp unnamedReverse() {
        SOp length = selectorWidth(select(tokens(), tokens(), TRUE));
        SOp opposite = length.minus(indices()).minus(1);
        return aggregate(select(indices(), opposite, EQ), tokens());
    }

    @Test
    void oursHasTheSameShapeAndVocabulary() {
        CompiledModel ours = new Compiler().compile(LibraryProgram.REVERSE, VOCABULARY, 5);
        assertEquals(new TransformerConfig(41, 4, 1, 12, 30, 5, 6, 3, false), ours.config());
        assertEquals(published.config(), ours.config());
        assertEquals(published.vocabulary(), ours.vocabulary());
    }

    @Test
    void bothGiveTheSameOutputsOnAllInputs() {
        for (SOp program : List.of(LibraryProgram.REVERSE.build(VOCABULARY, 5), unnamedReverse())) {
            CompiledModel ours = new Compiler().compile(program, VOCABULARY, 5);
            for (int length = 1; length <= 5; length++) {
                for (List<Value> input : ProgramExample.inputs(VOCABULARY, length, 243, 0)) {
                    int[] ids = ours.vocabulary().encode(input);
                    double[][] expected = published.forward().run(ids);
                    double[][] actual = ours.forward().run(ids);
                    for (int t = 0; t <= length; t++) {
                        assertArrayEquals(expected[t], actual[t], 1e-5);
                    }
                    assertEquals(input.reversed(), published.run(input));
                    assertEquals(input.reversed(), ours.run(input));
                }
            }
        }
    }

    @Test
    void theWeightsAreTheSameUpToTheOrderOfHiddenUnits() {
        CompiledModel ours = new Compiler().compile(unnamedReverse(), VOCABULARY, 5);
        assertMatrix(published.weights().tokenEmbed(), ours.weights().tokenEmbed());
        assertMatrix(published.weights().posEmbed(), ours.weights().posEmbed());
        assertMatrix(published.weights().unembed(), ours.weights().unembed());
        for (int l = 0; l < 4; l++) {
            TransformerWeights.Layer expected = published.weights().layers().get(l);
            TransformerWeights.Layer actual = ours.weights().layers().get(l);
            assertMatrix(expected.attention().wQ(), actual.attention().wQ());
            assertMatrix(expected.attention().wK(), actual.attention().wK());
            assertMatrix(expected.attention().wV(), actual.attention().wV());
            assertMatrix(expected.attention().wO(), actual.attention().wO());
            assertEquals(units(expected.mlp()), units(actual.mlp()), "layer " + l);
        }
    }

    @Test
    void bothHaveTheSameStructuralCircuit() {
        CompiledModel ours = new Compiler().compile(LibraryProgram.REVERSE, VOCABULARY, 5);
        assertEquals(
                StructuralCircuit.of(published).edges(),
                StructuralCircuit.of(ours).edges());
    }

    private static void assertMatrix(double[][] expected, double[][] actual) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], actual[i], 1e-5, "row " + i);
        }
    }

    /** What each hidden unit reads and writes, rounded, in the order of that. */
    private static List<String> units(TransformerWeights.Mlp mlp) {
        return IntStream.range(0, mlp.wDown().length)
                .mapToObj(unit -> {
                    double[] in = Arrays.stream(mlp.wUp())
                            .mapToDouble(row -> row[unit])
                            .toArray();
                    return rounded(in) + rounded(mlp.wDown()[unit]);
                })
                .sorted()
                .toList();
    }

    private static String rounded(double[] values) {
        return Arrays.toString(
                Arrays.stream(values).mapToLong(v -> Math.round(v * 1e3)).toArray());
    }
}
