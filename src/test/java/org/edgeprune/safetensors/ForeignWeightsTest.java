package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights that are no safetensors are named for what they are, with what makes them readable. */
class ForeignWeightsTest {
    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "version https://git-lfs.github.com/spec/v1\\noid sha256:248d\\nsize 548105171\\n | Git LFS pointer | git lfs pull",
                "Entry not found | is not a safetensors file: it holds the text 'Entry not found' | download the file again",
                "Entry | too few for the 8-byte header length | download or export",
                "Invalid username or password. | is not a safetensors file | download the file again",
                "<!DOCTYPE html><html class=''> | HTML page | download or export the file again",
                "\\n<html><head> | HTML page | download or export the file again",
                "GGUF\\3\\0\\0\\0\\1\\0\\0\\0 | GGUF file | edgeprune convert",
                "PK\\3\\4\\0\\0\\10\\10 | pickle checkpoint | edgeprune convert",
                "{'error': 'not authorised'} | JSON text | download or export the file again"
            })
    void contentIsNamedWithTheRemedy(String content, String fault, String remedy) throws IOException {
        Files.write(dir.resolve(Checkpoint.SINGLE), content.translateEscapes().getBytes(StandardCharsets.ISO_8859_1));
        for (Path named : new Path[] {dir, dir.resolve(Checkpoint.SINGLE)}) {
            String message = assertThrows(InputException.class, () -> Checkpoint.open(named))
                    .getMessage();
            assertTrue(message.startsWith(dir.resolve(Checkpoint.SINGLE) + ": "), message);
            assertTrue(message.contains(fault) && message.contains(remedy), message);
            assertEquals(1, message.lines().count());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pytorch_model.bin | convert the model to safetensors: edgeprune convert",
                "pytorch_model.bin.index.json | edgeprune convert",
                "model-q4.gguf | GGUF file, and no safetensors are beside it: convert it to safetensors: edgeprune convert",
                "consolidated.safetensors | holds consolidated.safetensors, which names tensors as",
                "consolidated.00.pth | holds consolidated.00.pth, which names tensors as",
                "gpt2.safetensors | rename it to model.safetensors",
                "model.ckpt | edgeprune convert",
                "tf_model.h5 | another framework",
                "adapter_model.safetensors | PEFT adapter"
            })
    void directoryWithOtherWeightsSaysWhichTheyAre(String name, String expected) throws IOException {
        Files.writeString(dir.resolve(name), "{}");
        String message =
                assertThrows(InputException.class, () -> Checkpoint.open(dir)).getMessage();
        assertTrue(message.contains(expected), message);
        // the same where config.json is looked for first
        message = assertThrows(InputException.class, () -> Models.decoder(dir)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void adapterNamesItsBaseModel() throws IOException {
        Files.writeString(
                dir.resolve("adapter_config.json"), "{\"base_model_name_or_path\": \"some/model\", \"r\": 8}");
        String message =
                assertThrows(InputException.class, () -> Models.decoder(dir)).getMessage();
        assertTrue(message.contains("without its base model 'some/model': merge the two"), message);
    }

    @Test
    void aFileInPlaceOfADirectoryIsNamedForWhatItIs() throws IOException {
        Path gguf = Files.writeString(dir.resolve("m.gguf"), "GGUF");
        assertEquals(
                gguf + ": is a GGUF file, not a model directory: convert it into one: edgeprune convert " + gguf
                        + " -o DIR",
                assertThrows(InputException.class, () -> Models.decoder(gguf)).getMessage());
        Path text = Files.writeString(dir.resolve("notes.txt"), "x");
        assertTrue(assertThrows(InputException.class, () -> Models.decoder(text))
                .getMessage()
                .contains("is a file, not a model directory: name the directory"));
    }
}
