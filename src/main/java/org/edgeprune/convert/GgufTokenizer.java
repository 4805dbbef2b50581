package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Json;

/**
 * Rebuilds {@code tokenizer.json} and {@code tokenizer_config.json} from the keys of a GGUF file, as transformers does:
 * byte-level BPE ({@code gpt2}) with the pre-tokenizer that the file names, and SentencePiece BPE ({@code llama}),
 * whose merges follow from the pieces' scores.
 */
final class GgufTokenizer {
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    private final GgufMetadata metadata;
    private final Complaint complaint;
    private final List<String> tokens;
    private final double[] types;
    private final boolean byteLevel;
    private final ObjectNode root = Json.object();
    private final ObjectNode config = Json.object();

    private GgufTokenizer(GgufMetadata metadata, List<String> tokens, boolean byteLevel) {
        this.metadata = metadata;
        this.complaint = metadata.complaint();
        this.tokens = tokens;
        this.types = metadata.numbers("tokenizer.ggml.token_type");
        this.byteLevel = byteLevel;
    }

    /**
     * The tokenizer's files by name; empty if the GGUF file has no tokenizer.
     *
     * @param vocabulary the model's number of tokens
     * @param notes receives a note if there is no tokenizer
     * @throws org.edgeprune.io.InputException if the tokenizer is of a kind that cannot be rebuilt
     */
    static Map<String, ObjectNode> files(GgufMetadata metadata, int vocabulary, List<String> notes) {
        List<String> tokens = metadata.texts("tokenizer.ggml.tokens");
        String model = metadata.text("tokenizer.ggml.model", "none");
        if (tokens.isEmpty() || model.equals("none") || model.equals("no_vocab")) {
            notes.add(
                    "the file has no tokenizer: copy the model's tokenizer.json and tokenizer_config.json into the directory");
            return Map.of();
        }
        if (!model.equals("gpt2") && !model.equals("llama")) {
            throw metadata.complaint()
                    .about(
                            "its tokenizer is of the kind " + quote(model) + ", which cannot be rebuilt",
                            "take the tokenizer's files from the original model: --tokenizer DIR");
        }
        if (tokens.size() > vocabulary) {
            throw metadata.complaint()
                    .damaged("its tokenizer has " + tokens.size() + " tokens, the model only " + vocabulary);
        }
        GgufTokenizer tokenizer = new GgufTokenizer(metadata, tokens, model.equals("gpt2"));
        tokenizer.build();
        Map<String, ObjectNode> files = new LinkedHashMap<>();
        files.put("tokenizer.json", tokenizer.root);
        files.put("tokenizer_config.json", tokenizer.config);
        return files;
    }

    private void build() {
        root.put("version", "1.0");
        root.putNull("truncation");
        root.putNull("padding");
        addedTokens();
        if (byteLevel) {
            byteLevel();
        } else {
            sentencePiece();
        }
        String name = metadata.text("general.architecture", "");
        boolean addsBos = metadata.flag("tokenizer.ggml.add_bos_token", !byteLevel || isLlama3());
        boolean addsEos = metadata.flag("tokenizer.ggml.add_eos_token", false);
        Optional<String> bos = special("bos_token", "bos_token_id");
        Optional<String> eos = special("eos_token", "eos_token_id");
        special("unk_token", "unknown_token_id");
        special("pad_token", "padding_token_id");
        template(addsBos ? bos : Optional.empty(), addsEos ? eos : Optional.empty());
        config.put("add_bos_token", addsBos && bos.isPresent());
        config.put("add_eos_token", addsEos && eos.isPresent());
        config.put("clean_up_tokenization_spaces", false);
        metadata.optionalCount(name + ".context_length").ifPresent(n -> config.put("model_max_length", n));
        if (metadata.has("tokenizer.chat_template")) {
            config.put("chat_template", metadata.text("tokenizer.chat_template", ""));
        }
        // the class that uses tokenizer.json unchanged
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
    }

    private void byteLevel() {
        String pre = metadata.text("tokenizer.ggml.pre", "gpt-2");
        List<PreTokenizer> kinds = PreTokenizer.named(pre)
                .orElseThrow(() -> complaint.about(
                        "its pre-tokenizer " + quote(pre) + " is not supported",
                        "supported are " + PreTokenizer.known()
                                + "; take the tokenizer's files from the original model: --tokenizer DIR"));
        root.putNull("normalizer");
        ArrayNode steps =
                root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        boolean split = false;
        for (PreTokenizer kind : kinds) {
            steps.add(kind.json());
            split |= kind.splitsWords();
        }
        byteLevel(steps.addObject()).put("use_regex", !split);
        byteLevel(root.putObject("decoder")).put("add_prefix_space", true).put("use_regex", true);
        ArrayNode merges = model(isLlama3());
        metadata.texts("tokenizer.ggml.merges").forEach(merge -> {
            int space = merge.indexOf(' ', 1);
            if (space < 0) {
                throw complaint.damaged("key 'tokenizer.ggml.merges' holds " + quote(merge) + ", which is not a pair");
            }
            merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
        });
        if (merges.isEmpty()) {
            throw complaint.damaged("key 'tokenizer.ggml.merges' is missing or empty");
        }
    }

    private static ObjectNode byteLevel(ObjectNode step) {
        return step.put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true);
    }

    private void sentencePiece() {
        boolean gemma = metadata.text("general.architecture", "").startsWith("gemma");
        boolean prefix = metadata.flag("tokenizer.ggml.add_space_prefix", !gemma);
        ObjectNode normalizer = root.putObject("normalizer").put("type", "Sequence");
        ArrayNode steps = normalizer.putArray("normalizers");
        if (prefix) {
            steps.addObject().put("type", "Prepend").put("prepend", "\u2581");
        }
        replace(steps.addObject(), " ", "\u2581");
        root.putNull("pre_tokenizer");
        ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        replace(decoders.addObject(), "\u2581", " ");
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (prefix) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        List<String> pieces = gemma ? spaced() : tokens;
        double[] scores = metadata.numbers("tokenizer.ggml.scores");
        if (!gemma && scores.length != tokens.size()) {
            throw complaint.damaged(
                    "key 'tokenizer.ggml.scores' has " + scores.length + " entries for " + tokens.size() + " tokens");
        }
        ArrayNode merges = model(false);
        // Gemma's scores do not follow its merges; the order of its pieces does
        SentencePieceMerges.of(pieces, gemma ? null : scores)
                .forEach(pair -> merges.addArray().add(pair.left()).add(pair.right()));
    }

    /**
     * Pieces of several spaces, which Gemma's files have as spaces, with the mark that the model's vocabulary has for a
     * space.
     */
    private List<String> spaced() {
        return tokens.stream()
                .map(t -> t.length() > 1 && t.isBlank() && t.indexOf(' ') >= 0 ? "\u2581".repeat(t.length()) : t)
                .toList();
    }

    private static void replace(ObjectNode step, String from, String to) {
        step.put("type", "Replace");
        step.putObject("pattern").put("String", from);
        step.put("content", to);
    }

    /** Builds the model and returns its empty list of merges. */
    private ArrayNode model(boolean ignoreMerges) {
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.putNull("dropout");
        OptionalInt unknown = metadata.token("tokenizer.ggml.unknown_token_id", tokens.size());
        if (!byteLevel && unknown.isPresent()) {
            model.put("unk_token", tokens.get(unknown.getAsInt()));
        } else {
            model.putNull("unk_token");
        }
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", !byteLevel);
        model.put("byte_fallback", !byteLevel);
        model.put("ignore_merges", ignoreMerges);
        ObjectNode vocabulary = model.putObject("vocab");
        List<String> pieces =
                !byteLevel && metadata.text("general.architecture", "").startsWith("gemma") ? spaced() : tokens;
        for (int id = 0; id < pieces.size(); id++) {
            if (vocabulary.has(pieces.get(id))) {
                throw complaint.damaged("key 'tokenizer.ggml.tokens' holds " + quote(pieces.get(id)) + " twice");
            }
            vocabulary.put(pieces.get(id), id);
        }
        return model.putArray("merges");
    }

    /** Llama 3's tokenizer looks up whole words in the vocabulary before it applies merges. */
    private boolean isLlama3() {
        return byteLevel && PreTokenizer.isLlama3(metadata.text("tokenizer.ggml.pre", "gpt-2"));
    }

    private void addedTokens() {
        ArrayNode added = root.putArray("added_tokens");
        if (types.length != 0 && types.length != tokens.size()) {
            throw complaint.damaged("key 'tokenizer.ggml.token_type' has " + types.length + " entries for "
                    + tokens.size() + " tokens");
        }
        for (int id = 0; id < types.length; id++) {
            if (types[id] == CONTROL || types[id] == USER_DEFINED) {
                added(added, id, types[id] == CONTROL);
            }
        }
        OptionalInt unknown = metadata.token("tokenizer.ggml.unknown_token_id", tokens.size());
        if (unknown.isPresent() && (types.length == 0 || types[unknown.getAsInt()] == 2)) {
            added(added, unknown.getAsInt(), true);
        }
    }

    private void added(ArrayNode added, int id, boolean special) {
        added.addObject()
                .put("id", id)
                .put("content", tokens.get(id))
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    private Optional<String> special(String field, String key) {
        OptionalInt id = metadata.token("tokenizer.ggml." + key, tokens.size());
        id.ifPresent(token -> config.put(field, tokens.get(token)));
        return id.isPresent() ? Optional.of(tokens.get(id.getAsInt())) : Optional.empty();
    }

    private void template(Optional<String> bos, Optional<String> eos) {
        if (bos.isEmpty() && eos.isEmpty()) {
            root.putNull("post_processor");
            return;
        }
        ObjectNode processor = root.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        ArrayNode pair = processor.putArray("pair");
        ObjectNode specials = processor.putObject("special_tokens");
        List<String> used = new ArrayList<>();
        for (int part = 0; part < 2; part++) {
            for (ArrayNode template : part == 0 ? List.of(single, pair) : List.of(pair)) {
                int type = part;
                bos.ifPresent(token -> piece(template, "SpecialToken", token, type));
                piece(template, "Sequence", part == 0 ? "A" : "B", type);
                eos.ifPresent(token -> piece(template, "SpecialToken", token, type));
            }
        }
        bos.ifPresent(used::add);
        eos.ifPresent(used::add);
        for (String token : used) {
            ObjectNode special = specials.putObject(token).put("id", token);
            special.putArray("ids").add(tokens.indexOf(token));
            special.putArray("tokens").add(token);
        }
    }

    private static void piece(ArrayNode template, String kind, String id, int type) {
        template.addObject().putObject(kind).put("id", id).put("type_id", type);
    }
}
