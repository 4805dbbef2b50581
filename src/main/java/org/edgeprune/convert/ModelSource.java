package org.edgeprune.convert;

import java.util.List;
import java.util.Map;
import org.edgeprune.safetensors.StreamedTensor;

/** An open model in another format, with everything that a HuggingFace directory needs. */
interface ModelSource extends AutoCloseable {
    /** The format, in a few words. */
    String format();

    /** The weights by HuggingFace's names; they can be written while this is open. */
    Map<String, StreamedTensor> tensors();

    /** The other files of the directory by name, with {@code config.json}. */
    Map<String, byte[]> files();

    /** What was left out or assumed. */
    List<String> notes();

    @Override
    void close();
}
