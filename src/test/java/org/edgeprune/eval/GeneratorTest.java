package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A trained Llama of 260 thousand parameters that tells stories: real weights, real tokenizer, grouped-query attention.
 */
class GeneratorTest {
    private static final String STORY =
            "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
    private static TransformerModel model;
    private static PromptTokenizer tokenizer;

    @BeforeAll
    static void open() {
        Path directory = Fixtures.thirdPartyModel("stories260k");
        model = Models.open(directory, Device.CPU);
        tokenizer = PromptTokenizer.open(directory);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
            tokenizer.close();
        }
    }

    @Test
    void theModelTellsItsStory() {
        int[] start = {tokenizer.bos().getAsInt()};
        int[] story = tokenizer.encode(STORY);
        int[] written =
                new Generator(model, Optional.empty(), Set.of()).generate(start, Optional.empty(), story.length - 1);
        assertEquals(STORY, tokenizer.decode(written));
        assertArrayEquals(Arrays.copyOfRange(story, 1, story.length), written);
    }

    @Test
    void aCircuitOfAllEdgesIsTheModel() {
        int[] clean = tokenizer.encode(STORY);
        int[] other = new int[clean.length];
        Arrays.setAll(other, i -> clean[clean.length - 1 - i]);
        float[] expected = new Generator(model, Optional.empty(), Set.of()).nextLogits(clean, Optional.empty());
        for (ComputationGraph graph : List.of(graph(true), graph(false))) {
            Generator circuit = new Generator(model, Optional.of(MaskValues.full(graph)), Set.of());
            assertArrayEquals(expected, circuit.nextLogits(clean, Optional.of(other)), 1e-4f);
            assertArrayEquals(expected, circuit.nextLogits(clean, Optional.empty()), 1e-4f);
        }
    }

    @Test
    void aCircuitWithoutEdgesFollowsTheCorruptedPrompt() {
        Generator model = new Generator(GeneratorTest.model, Optional.empty(), Set.of());
        Generator nothing = new Generator(
                GeneratorTest.model, Optional.of(MaskValues.of(Circuit.of(graph(true), new BitSet()))), Set.of());
        int[] clean = tokenizer.encode("Once upon a time, there was a little girl named Lily. She");
        int[] corrupted = Arrays.copyOf(
                tokenizer.encode("Tom and his mom went to the park to play with the big dog and the cat"),
                clean.length);
        assertArrayEquals(
                model.nextLogits(corrupted, Optional.empty()),
                nothing.nextLogits(clean, Optional.of(corrupted)),
                1e-4f);
        assertFalse(Arrays.equals(
                nothing.generate(clean, Optional.of(corrupted), 4), model.generate(clean, Optional.empty(), 4)));
    }

    @Test
    void itEndsAtAnEndTokenAndRefusesWhatDoesNotFit() {
        int[] start = {tokenizer.bos().getAsInt()};
        int[] first = new Generator(model, Optional.empty(), Set.of()).generate(start, Optional.empty(), 5);
        int[] ended = new Generator(model, Optional.empty(), Set.of(first[2])).generate(start, Optional.empty(), 5);
        assertArrayEquals(Arrays.copyOf(first, 3), ended);
        Generator generator = new Generator(model, Optional.empty(), Set.of());
        // rotary positions have no end of their own: what is left is the largest count
        String tooMany = assertThrows(
                        InputException.class, () -> generator.generate(start, Optional.empty(), Integer.MAX_VALUE))
                .getMessage();
        assertTrue(tooMany.contains(model.maxPositions() + " positions"), tooMany);
        String uneven = assertThrows(InputException.class, () -> generator.generate(start, Optional.of(new int[2]), 1))
                .getMessage();
        assertTrue(uneven.contains("as many"), uneven);
    }

    private static ComputationGraph graph(boolean withEmbeddings) {
        return new ComputationGraph(
                withEmbeddings ? model.graphShape() : model.graphShape().withoutEmbeddings());
    }
}
