package org.edgeprune.tracr.circuit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.edgeprune.graph.Ablation;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.EdgeAblation;
import org.edgeprune.tracr.ReferenceForward;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.Wiring;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.rasp.Comparison;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.Rasp;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Execution(ExecutionMode.CONCURRENT)
class GroundTruthTest {

    private static CompiledModel compile(LibraryProgram program) {
        return new Compiler().compile(program, program.vocabulary(), program.maxLength());
    }

    private static List<TruthEdge> edges(String... lines) {
        return Stream.of(lines)
                .map(line -> line.split(" -> "))
                .map(ends -> new TruthEdge(ends[0], ends[1]))
                .toList();
    }

    private static void assertSameEdges(List<TruthEdge> expected, List<TruthEdge> actual) {
        assertEquals(new HashSet<>(expected), new HashSet<>(actual));
        assertEquals(expected.size(), actual.size());
    }

    @Test
    void theFractionOfPreviousTokens() {
        GroundTruth truth = GroundTruth.of(compile(LibraryProgram.XPROPORTION), 3000);
        List<TruthEdge> matter = edges(
                "tok_embeds -> m0",
                "pos_embeds -> a1.h0.q",
                "pos_embeds -> a1.h0.k",
                "m0 -> a1.h0.v",
                "a1.h0 -> resid_post");
        // The head falls back on BOS where nothing is selected: the weights have it, but here something always is.
        List<TruthEdge> fallback = edges("tok_embeds -> a1.h0.q", "tok_embeds -> a1.h0.k");
        assertSameEdges(
                Stream.concat(matter.stream(), fallback.stream()).toList(),
                truth.structural().edges());
        assertSameEdges(matter, truth.zero().edges());
        // On a corrupted input of the same length the positions are the same.
        assertSameEdges(
                edges("tok_embeds -> m0", "m0 -> a1.h0.v", "a1.h0 -> resid_post"),
                truth.interchange().edges());
        assertTrue(truth.zero().unique() && truth.interchange().unique());
        assertEquals(1024, truth.zero().examples());
        assertEquals(List.of("tokens:x"), truth.structural().reads().get("m0"));
        assertEquals(List.of("map"), truth.structural().writes().get("m0"));
        assertEquals(List.of("frac_prevs"), truth.structural().reads().get("resid_post"));
    }

    @Test
    void theReversalOfSequencesOfFullLength() {
        GroundTruth truth = GroundTruth.of(compile(LibraryProgram.REVERSE), 8000);
        assertSameEdges(
                edges(
                        "tok_embeds -> m0",
                        "tok_embeds -> m1",
                        "pos_embeds -> m1",
                        "m0 -> m1",
                        "m1 -> m2",
                        "m2 -> a3.h0.q",
                        "pos_embeds -> a3.h0.k",
                        "tok_embeds -> a3.h0.v",
                        "a3.h0 -> resid_post"),
                truth.zero().edges());
        assertSameEdges(
                edges("tok_embeds -> a3.h0.v", "a3.h0 -> resid_post"),
                truth.interchange().edges());
        assertEquals(15, truth.structural().edges().size());
        assertEquals(7776, truth.interchange().examples(), "every input with every corruption");
    }

    @Test
    void onSequencesOfEveryLengthTheReversalNeedsTheHeadThatFindsTheLength() {
        CompiledModel model = compile(LibraryProgram.REVERSE);
        List<ProgramExample> examples = new ArrayList<>();
        for (int length = 1; length <= 5; length++) {
            examples.addAll(ProgramExample.ofLength(model.vocabulary(), length, 250, 0));
        }
        FunctionalCircuit circuit = new CircuitSearch(model, Ablation.ZERO, examples, 1, 1e-3).find();
        assertTrue(circuit.edges().containsAll(edges("tok_embeds -> a0.h0.v", "a0.h0 -> m0")), circuit.toString());
    }

    @Test
    void ifTheOutputAtBosCountsSoDoesTheFallback() {
        CompiledModel model = compile(LibraryProgram.XPROPORTION);
        List<ProgramExample> examples = ProgramExample.ofLength(model.vocabulary(), 5, 1024, 0);
        FunctionalCircuit circuit = new CircuitSearch(model, Ablation.ZERO, examples, 0, 1e-3).find();
        assertTrue(circuit.edges().containsAll(edges("tok_embeds -> a1.h0.q", "tok_embeds -> a1.h0.k")));
    }

    @ParameterizedTest
    @EnumSource
    void theCircuitGivesTheOutputsAndNoEdgeOfItCanBeLeftOut(LibraryProgram program) {
        CompiledModel model = compile(program);
        GroundTruth truth = GroundTruth.of(model, 300);
        Set<TruthEdge> structural = Set.copyOf(truth.structural().edges());
        for (Ablation kind : GroundTruth.ABLATIONS) {
            FunctionalCircuit circuit = truth.functional(kind);
            assertTrue(structural.containsAll(circuit.edges()));
            assertTrue(circuit.error() <= 1e-3);
            // The bracket checkers average over all positions: uniform attention does that too, without query or key.
            boolean canAttendUniformly = program.name().startsWith("SHUFFLE") && kind.equals(Ablation.ZERO);
            assertEquals(!canAttendUniformly, circuit.unique());
            List<ProgramExample> examples = ProgramExample.ofLength(model.vocabulary(), program.maxLength(), 300, 0);
            Set<TruthEdge> rest = new HashSet<>(structural);
            circuit.edges().forEach(rest::remove);
            CircuitSearch search = new CircuitSearch(model, kind, examples, 1, 1e-3);
            assertSameEdges(circuit.edges(), search.mattering(rest));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"REVERSE", "SHUFFLE_DYCK", "DETECT_PATTERN", "HIST_NO_BOS"})
    void edgesOutsideTheStructureChangeNothingAtAll(LibraryProgram program) {
        CompiledModel model = compile(program);
        Set<TruthEdge> structural = Set.copyOf(StructuralCircuit.of(model).edges());
        ReferenceForward forward = model.forward();
        Wiring wiring = forward.wiring();
        boolean[][] cut = new boolean[wiring.readers().size()][wiring.writers().size()];
        for (int r = 0; r < cut.length; r++) {
            for (int w = 0; w < wiring.visible(r); w++) {
                cut[r][w] = !structural.contains(
                        new TruthEdge(wiring.writers().get(w), wiring.readers().get(r)));
            }
        }
        for (ProgramExample example : ProgramExample.ofLength(model.vocabulary(), 5, 50, 3)) {
            ReferenceForward.States clean = forward.states(example.ids());
            for (var corrupted : List.of(
                    Optional.<ReferenceForward.States>empty(), Optional.of(forward.states(example.corrupted())))) {
                double[][] outputs = forward.run(example.ids(), clean, new EdgeAblation(cut, corrupted));
                for (int t = 0; t < outputs.length; t++) {
                    assertArrayEquals(clean.outputs()[t], outputs[t], 0);
                }
            }
        }
    }

    private static final SOp A = Rasp.tokens().is(Comparison.EQ, 1).numerical();
    private static final SOp COPY_OF_A =
            Rasp.aggregate(Rasp.select(Rasp.indices(), Rasp.indices(), Comparison.EQ), A, 0);
    private static final TruthEdge DIRECT = new TruthEdge("m0", "m1");
    private static final TruthEdge COPY = new TruthEdge("a1.h0", "m1");

    private static FunctionalCircuit zeroCircuit(SOp program) {
        CompiledModel model = new Compiler().compile(program, List.of(Value.of(0), Value.of(1)), 3);
        FunctionalCircuit circuit = GroundTruth.of(model, 100).zero();
        assertTrue(circuit.error() <= 1e-3);
        assertFalse(circuit.unique());
        return circuit;
    }

    @Test
    void ofEdgesThatStandInForEachOtherOneIsKept() {
        // a or its copy, as a sum above 0: m1 can do without either, but not without both; both are needed later on.
        SOp either = Rasp.linearSequenceMap(A, COPY_OF_A, 1, 1).map(x -> Value.of(x.number() > 0.2));
        SOp later = Rasp.linearSequenceMap(either.numerical(), COPY_OF_A, 1, 2);
        FunctionalCircuit circuit = zeroCircuit(Rasp.linearSequenceMap(later, A, 1, 4));
        assertFalse(circuit.necessary().contains(DIRECT) || circuit.necessary().contains(COPY));
        assertTrue(circuit.edges().contains(DIRECT) ^ circuit.edges().contains(COPY), circuit.toString());
    }

    @Test
    void edgesThatCancelAreCutTogether() {
        // a minus its copy is always 0: without one of both it is not, without both it is. The sums beside it make
        // sure that nothing else between the MLPs can be cut.
        SOp differ = Rasp.linearSequenceMap(A, COPY_OF_A, 1, -1).map(x -> Value.of(Math.abs(x.number()) > 0.2));
        SOp sum = Rasp.tokens();
        for (int i = 0; i < 4; i++) {
            sum = sum.plus(Rasp.indices());
        }
        FunctionalCircuit circuit = zeroCircuit(sum.plus(differ));
        List<TruthEdge> cancelling = edges("m0 -> m2", "a1.h0 -> m2");
        assertTrue(circuit.necessary().containsAll(cancelling), circuit.toString());
        assertTrue(circuit.edges().stream().noneMatch(cancelling::contains), circuit.toString());
        assertTrue(circuit.edges().containsAll(edges("m0 -> m1", "m1 -> m2", "m2 -> m3", "m3 -> m4")));
    }

    @Test
    void edgesThatMatterOnlyBesideOthersAreDroppedWithThem() {
        // No sequence of odd length is balanced: the output is constant. Cutting the query of a head that averages
        // over what precedes makes it fall back on BOS, which changes the output, unless that is cut too.
        CompiledModel model =
                new Compiler().compile(LibraryProgram.SHUFFLE_DYCK, LibraryProgram.SHUFFLE_DYCK.vocabulary(), 5);
        FunctionalCircuit circuit = GroundTruth.of(model, 100).zero();
        assertFalse(circuit.unique());
        assertTrue(circuit.necessary().size() > circuit.edges().size(), circuit.toString());
        assertTrue(circuit.error() <= 1e-3);
    }

    @Test
    void examplesAreAllInputsAndCorruptionsOrASampleOfThem() {
        Vocabulary vocabulary = compile(LibraryProgram.REVERSE).vocabulary();
        List<ProgramExample> all = ProgramExample.ofLength(vocabulary, 3, 216, 0);
        assertEquals(27 * 8, new HashSet<>(all).size());
        for (ProgramExample example : all) {
            assertEquals(vocabulary.id(vocabulary.bos()), example.ids()[0]);
            assertEquals(example.ids()[0], example.corrupted()[0]);
            for (int t = 1; t < 4; t++) {
                assertTrue(example.ids()[t] != example.corrupted()[t] && example.corrupted()[t] < 3);
            }
        }
        List<ProgramExample> some = ProgramExample.ofLength(vocabulary, 3, 100, 0);
        assertEquals(81, some.size());
        assertEquals(
                27, some.stream().map(e -> Arrays.toString(e.ids())).distinct().count());
        assertEquals(10, ProgramExample.ofLength(vocabulary, 3, 10, 0).size());
        assertThrows(
                IllegalArgumentException.class,
                () -> ProgramExample.ofLength(
                        new Compiler()
                                .compile(Rasp.tokens(), List.of(Value.of(1)), 3)
                                .vocabulary(),
                        3,
                        10,
                        0));
    }
}
