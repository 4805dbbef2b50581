package org.edgeprune.model;

import java.util.List;

/**
 * An architecture: which {@code model_type}s it reads, and what their {@code config.json} means. To add one, write a
 * class with a public constructor without arguments and name it in
 * {@code META-INF/services/org.edgeprune.model.Architecture}; opening checkpoints, {@code init}, {@code info} and
 * predictions of memory follow from the {@link Decoder} that it returns.
 */
public interface Architecture {
    /**
     * The values of {@code model_type} in {@code config.json} that this architecture reads, such as {@code gpt_neox}.
     *
     * @return names, none of which another architecture on the class path may have
     */
    List<String> modelTypes();

    /**
     * Reads a configuration whose {@code model_type} is one of {@link #modelTypes}. Absent fields have the defaults of
     * the HuggingFace class. An implementation ends with {@link ModelConfig#refuseOthers}, so that a field that would
     * change what the model computes is not ignored.
     *
     * @param config the contents of {@code config.json}
     * @return the model that it describes, without weights
     * @throws org.edgeprune.io.InputException naming file and field, if anything is missing, malformed or not supported
     */
    Decoder decoder(ModelConfig config);
}
