package org.edgeprune.tracr.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.circuit.GroundTruth;
import org.edgeprune.tracr.circuit.GroundTruthFile;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.compile.CompilerOptions;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CompiledModelFilesTest {
    @TempDir
    Path directory;

    private static CompiledModel compile(LibraryProgram program) {
        return new Compiler().compile(program, program.vocabulary(), 3);
    }

    @ParameterizedTest
    @EnumSource(names = {"REVERSE", "XPROPORTION", "SHUFFLE_DYCK2", "NARY_SEQUENCE_MAP", "HAS_PREV"})
    void whatIsWrittenIsReadAgain(LibraryProgram program) {
        CompiledModel model = compile(program);
        CompiledModelFiles.write(model, directory.resolve("new/model"));
        CompiledModel read = CompiledModelFiles.read(directory.resolve("new/model"));
        assertEquals(model.config(), read.config());
        assertEquals(model.vocabulary(), read.vocabulary());
        assertEquals(model.output(), read.output());
        assertEquals(model.residualLabels(), read.residualLabels());
        for (List<Value> input : ProgramExample.inputs(program.vocabulary(), 3, 100, 0)) {
            int[] ids = model.vocabulary().encode(input);
            double[][] expected = model.forward().run(ids);
            double[][] actual = read.forward().run(ids);
            for (int t = 0; t < ids.length; t++) {
                assertArrayEquals(expected[t], actual[t], 1e-4, "weights in f32");
            }
        }
    }

    @Test
    void causalModelsStayCausal() {
        CompiledModel model = new Compiler(CompilerOptions.DEFAULT.withCausal(true))
                .compile(LibraryProgram.LENGTH, LibraryProgram.LENGTH.vocabulary(), 3);
        CompiledModelFiles.write(model, directory);
        assertEquals(
                "[1, 2, 3]",
                CompiledModelFiles.read(directory)
                        .run(LibraryProgram.LENGTH.vocabulary())
                        .toString());
    }

    @Test
    void tensorsFieldsAndVocabularyAreTheReferences() throws IOException {
        CompiledModelFiles.write(
                new Compiler().compile(LibraryProgram.REVERSE, LibraryProgram.REVERSE.vocabulary(), 5), directory);
        try (SafeTensorsFile file = SafeTensorsFile.open(directory.resolve("model.safetensors"))) {
            assertEquals(3 + 4 * 12, file.names().size());
            assertArrayEquals(new long[] {5, 41}, file.info("token_embed").shape());
            assertArrayEquals(new long[] {6, 41}, file.info("pos_embed").shape());
            assertArrayEquals(new long[] {41, 3}, file.info("unembed").shape());
            assertArrayEquals(new long[] {41, 12}, file.info("layer_3.attn.w_q").shape());
            assertArrayEquals(new long[] {12}, file.info("layer_0.attn.b_v").shape());
            assertArrayEquals(new long[] {12, 41}, file.info("layer_0.attn.w_o").shape());
            assertArrayEquals(new long[] {41}, file.info("layer_1.attn.b_o").shape());
            assertArrayEquals(new long[] {41, 30}, file.info("layer_2.mlp.w_up").shape());
            assertArrayEquals(
                    new long[] {30, 41}, file.info("layer_2.mlp.w_down").shape());
        }
        assertEquals(
                "{\"1\":0,\"2\":1,\"3\":2,\"BOS\":3,\"compiler_pad\":4}",
                Files.readString(directory.resolve("vocab.json")).replaceAll("\\s", ""));
        String config = Files.readString(directory.resolve("config.json")).replaceAll("\\s", "");
        assertTrue(
                config.startsWith("{\"model_type\":\"erazr\",\"model_size\":41,\"num_layers\":4,\"num_heads\":1,"
                        + "\"key_size\":12,\"value_size\":12,\"mlp_hidden_size\":30,\"vocab_size\":5,"
                        + "\"max_position_embeddings\":6,\"unembed_size\":3,\"activation_function\":\"relu\","
                        + "\"layer_norm\":false,\"causal\":false,"),
                config);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"key_size\" : 12| \"key_size\" : 0| field 'key_size' is 0, expected a positive integer up to 2147483647",
                "\"relu\"| \"gelu\"| field 'activation_function' is \"gelu\": only relu is supported",
                "\"layer_norm\" : false| \"layer_norm\" : true| field 'layer_norm' is true: only false is supported",
                "\"vocabulary\" : [ 1| \"vocabulary\" : [ 1, 7| field 'tracr.vocabulary' has",
                "\"residual_labels\" : [| \"residual_labels\" : [ \"x\",| field 'tracr.residual_labels' has",
                "\"output_values\" : [| \"output_values\" : [ 9,| field 'tracr.output_values' has",
                "\"categorical\"| \"kategorisch\"| field 'tracr.output_encoding' is 'kategorisch'",
                "\"bos\" : \"BOS\"| \"bos\" : 0| field 'tracr.bos' is 0, which is not in the vocabulary",
                "\"pad\" : \"compiler_pad\"| \"pad\" : \"BOS\"| field 'tracr.vocabulary' holds a token twice",
                "\"vocabulary\"| \"words\"| field 'tracr.vocabulary' is missing",
                "\"mlp_hidden_size\" : 30| \"mlp_hidden_size\" : 29| tensor layer_0.mlp.w_up has the shape [41, 30], but the"
                        + " configuration says [41, 29]"
            })
    void damagedDirectoriesAreNamed(String from, String to, String message) throws IOException {
        CompiledModelFiles.write(
                new Compiler().compile(LibraryProgram.REVERSE, LibraryProgram.REVERSE.vocabulary(), 5), directory);
        Path config = directory.resolve("config.json");
        String text = Files.readString(config);
        assertTrue(text.contains(from), text);
        Files.writeString(config, text.replace(from, to));
        String actual = assertThrows(InputException.class, () -> CompiledModelFiles.read(directory))
                .getMessage();
        assertTrue(actual.contains(": " + message) && actual.startsWith(directory.toString()), actual);
    }

    @Test
    void groundTruthsAreWrittenAsListsOfEdges() throws IOException {
        GroundTruthFile.write(
                GroundTruth.of(compile(LibraryProgram.XPROPORTION), 100), directory.resolve("truth.json"));
        String json = Files.readString(directory.resolve("truth.json")).replaceAll("\\s", "");
        assertTrue(json.contains("\"zero\":{\"edges\":[[\"tok_embeds\",\"m0\"],"), json);
        assertTrue(json.contains("\"unique\":true"), json);
    }
}
