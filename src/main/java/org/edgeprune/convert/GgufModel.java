package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongUnaryOperator;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.StreamedTensor;

/** A model in a GGUF file. */
final class GgufModel implements ModelSource {
    /** Tensors whose values belong into the configuration. */
    private static final Set<String> IN_CONFIG =
            Set.of("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight");

    private static final String HEAD = "output.weight";
    private static final String EMBEDDING = "token_embd.weight";

    private final GgufFile file;
    private final GgufArchitecture architecture;
    private final Map<String, StreamedTensor> tensors = new LinkedHashMap<>();
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    private GgufModel(GgufFile file, boolean ownTokenizer) {
        this.file = file;
        GgufMetadata metadata = file.metadata();
        String name = metadata.text("general.architecture", "");
        this.architecture = GgufArchitecture.of(name).orElseThrow(() -> metadata.complaint()
                .about(
                        "its architecture " + quote(name) + " is not supported",
                        "supported are " + GgufArchitecture.known()));
        boolean tied = isTied();
        ObjectNode config = GgufConfig.of(file, architecture, tied, notes);
        file.tensors().forEach((gguf, entry) -> add(gguf, entry, tied));
        put("config.json", config);
        if (!ownTokenizer) {
            GgufTokenizer.files(metadata, config.path("vocab_size").intValue(), notes)
                    .forEach(this::put);
        }
    }

    /**
     * Opens a model.
     *
     * @param ownTokenizer whether the user supplies a tokenizer, so that none is rebuilt
     * @throws org.edgeprune.io.InputException naming what is damaged or cannot be converted
     */
    static GgufModel open(Path path, boolean ownTokenizer) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufModel(file, ownTokenizer);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private void put(String name, ObjectNode json) {
        files.put(name, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
    }

    private void add(String gguf, GgufFile.Entry entry, boolean tied) {
        if (IN_CONFIG.contains(gguf) || (gguf.equals(HEAD) && tied)) {
            return;
        }
        String name = architecture.name(gguf).orElseThrow(() -> file.metadata()
                .complaint()
                .about(
                        "tensor " + quote(gguf) + " does not belong to the architecture " + architecture.key(),
                        "convert another export of the model"));
        boolean isNorm = gguf.endsWith("norm.weight");
        tensors.put(
                name,
                new GgufTensor(
                                file.file(),
                                entry,
                                order(gguf, entry),
                                architecture.isTransposed(gguf),
                                isNorm && architecture.addsOneToNorms() ? -1 : 0)
                        .streamed());
    }

    /** The file's row for each of HuggingFace's rows. */
    private LongUnaryOperator order(String gguf, GgufFile.Entry entry) {
        GgufArchitecture.Rows rows = architecture.rows(gguf);
        if (rows == GgufArchitecture.Rows.AS_THEY_ARE) {
            return GgufTensor.IN_ORDER;
        }
        long count = entry.shape().getFirst();
        int heads = GgufConfig.heads(file.metadata(), architecture, gguf);
        int parts = rows == GgufArchitecture.Rows.ROTARY_PAIRS ? heads * 2 : heads * 3;
        if (count % parts != 0) {
            throw file.metadata()
                    .complaint()
                    .damaged("tensor " + quote(gguf) + " has " + count + " rows, which cannot be divided among " + heads
                            + " heads");
        }
        long size = count / parts;
        return rows == GgufArchitecture.Rows.ROTARY_PAIRS
                ? row -> {
                    long head = row / (2 * size);
                    long half = row / size % 2;
                    return head * 2 * size + row % size * 2 + half;
                }
                : row -> {
                    long head = row / (3 * size);
                    long part = row / size % 3;
                    return part * heads * size + head * size + row % size;
                };
    }

    /** Whether the file has no head, or a head that is a copy of the embedding, as in older exports of GPT-2. */
    private boolean isTied() {
        GgufFile.Entry head = file.tensors().get(HEAD);
        GgufFile.Entry embedding = file.tensors().get(EMBEDDING);
        return head == null
                || (embedding != null
                        && head.type() == embedding.type()
                        && head.shape().equals(embedding.shape())
                        && Arrays.equals(digest(head), digest(embedding)));
    }

    private byte[] digest(GgufFile.Entry entry) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            file.file().copy(entry.begin(), entry.byteSize(), new OutputStream() {
                @Override
                public void write(int value) {
                    digest.update((byte) value);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) {
                    digest.update(bytes, offset, length);
                }
            });
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String format() {
        Set<String> types = new TreeSet<>();
        file.tensors().values().forEach(entry -> types.add(entry.type().name()));
        return "GGUF " + architecture.key() + " (" + String.join(", ", types) + ")";
    }

    @Override
    public Map<String, StreamedTensor> tensors() {
        return tensors;
    }

    @Override
    public Map<String, byte[]> files() {
        return files;
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    @Override
    public void close() {
        file.close();
    }
}
