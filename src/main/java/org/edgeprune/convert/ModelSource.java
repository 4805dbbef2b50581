package org.edgeprune.convert;

import java.util.List;
import java.util.Map;
import org.edgeprune.safetensors.StreamedTensor;

/** A model in another format, opened: everything that a HuggingFace directory of it needs. */
interface ModelSource extends AutoCloseable {
    /** What it is, in a few words. */
    String format();

    /** The weights under HuggingFace's names; each can be written while this is open. */
    Map<String, StreamedTensor> tensors();

    /** The other files of the directory, {@code config.json} among them, by name. */
    Map<String, byte[]> files();

    /** What the user should know: what was left out or assumed. */
    List<String> notes();

    @Override
    void close();
}
