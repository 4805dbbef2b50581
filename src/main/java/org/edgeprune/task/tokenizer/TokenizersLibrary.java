package org.edgeprune.task.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.edgeprune.io.InputException;
import org.edgeprune.io.LibraryLogging;

/** HuggingFace's tokenizers library, through DJL's binding to it. */
public final class TokenizersLibrary {
    static {
        // Without this, DJL queries the cloud's metadata service, and on a machine with a GPU it downloads
        // a CUDA build of the tokenizer.
        System.setProperty("ai.djl.offline", "true");
        LibraryLogging.quiet();
    }

    private TokenizersLibrary() {}

    /**
     * A native tokenizer of a definition, after a trial if it needs one.
     *
     * @param definition the definition
     * @return the tokenizer, to be closed
     * @throws InputException if the library refuses the definition or does not survive the trial
     */
    public static HuggingFaceTokenizer open(TokenizerDefinition definition) {
        Trial.ofUser().requireSafe(definition);
        try {
            return load(definition.json().toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException | RuntimeException e) {
            throw new InputException(
                    definition.source() + ": the tokenizers library cannot use it: " + e.getMessage()
                            + "; fetch the file again",
                    e);
        }
    }

    static HuggingFaceTokenizer load(byte[] json) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false"));
    }
}
