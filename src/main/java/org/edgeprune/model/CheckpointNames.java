package org.edgeprune.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;

/**
 * Finds a model's parameters among a checkpoint's tensors under the names that other ways of saving give them: prefixes
 * of torch.compile, DistributedDataParallel, FSDP and PEFT, the base model alone (without {@code model.} or
 * {@code transformer.}), and the text model of a multimodal one.
 */
final class CheckpointNames {
    private static final Pattern WRAPPERS =
            Pattern.compile("(^|\\.)(_orig_mod|module|_forward_module|_fsdp_wrapped_module|_checkpoint_wrapped_module"
                    + "|base_model\\.model)\\.");

    /** What FSDP makes of the parameters that it shards, where a checkpoint is not saved whole. */
    private static final Pattern FLATTENED = Pattern.compile("(.*\\.)?_?flat_param(_\\d+)?");

    /** Recomputed, not parameters: older checkpoints store them. */
    private static final Pattern BUFFERS =
            Pattern.compile("(^|.*\\.)(rotary_emb\\.inv_freq|(attn|attention)\\.(bias|masked_bias)|position_ids)$");

    private static final Pattern ADAPTER = Pattern.compile(
            ".*(lora_[AB]|lora_embedding_[AB]|\\.base_layer\\.|adapter|prompt_encoder|modules_to_save).*");

    private static final Pattern QUANTISED = Pattern.compile(
            ".*\\.(qweight|qzeros|scales|g_idx|weight_scale|weight_scale_inv|input_scale|weight_packed|SCB|absmax"
                    + "|quant_map|quant_state.*|weight_zero_point)$");

    private static final Pattern HEAD =
            Pattern.compile("(score|classifier|qa_outputs|v_head|value_head|reward_head|multiple_choice_head)(\\..*)?");

    private static final Pattern LAYER = Pattern.compile("(.*?\\.|)(\\d+)\\..*");

    private static final List<String> HEADS = List.of("lm_head.weight", "embed_out.weight");

    private static final List<String> EMBEDDINGS =
            List.of("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight");

    private final Set<String> stored;
    /** Stored names by what they are without wrappers. */
    private final Map<String, String> unwrapped = new LinkedHashMap<>();

    CheckpointNames(Collection<String> stored) {
        this.stored = new LinkedHashSet<>(stored);
        for (String name : stored) {
            String without = name;
            for (Matcher m = WRAPPERS.matcher(without); m.find(); m = WRAPPERS.matcher(without)) {
                without = m.replaceFirst("$1");
            }
            unwrapped.putIfAbsent(without, name);
        }
    }

    /** The stored name of a parameter. */
    Optional<String> find(String parameter) {
        if (stored.contains(parameter)) {
            return Optional.of(parameter);
        }
        String rest = HEADS.contains(parameter) ? parameter : parameter.substring(parameter.indexOf('.') + 1);
        return Stream.of(
                        parameter,
                        rest,
                        "language_model." + parameter,
                        "model.language_model." + rest,
                        "language_model.model." + rest)
                .map(unwrapped::get)
                .filter(name -> name != null)
                .findFirst()
                .or(() -> parameter.equals("embed_out.weight") ? find("lm_head.weight") : Optional.empty());
    }

    /** Where tied weights were saved under the unembedding's name alone: its stored name. */
    Optional<String> findTied(String parameter, Set<String> wanted) {
        boolean embedding = EMBEDDINGS.stream().anyMatch(parameter::endsWith);
        if (!embedding || HEADS.stream().anyMatch(wanted::contains)) {
            return Optional.empty();
        }
        return HEADS.stream().map(this::find).flatMap(Optional::stream).findFirst();
    }

    /** What to add where a parameter is missing. */
    String whyMissing(String parameter) {
        Optional<String> flattened = stored.stream()
                .filter(name -> FLATTENED.matcher(name).matches())
                .findFirst();
        if (flattened.isPresent()) {
            return "it has '" + flattened.get() + "', parameters that FSDP flattened: save the model whole, with"
                    + " StateDictType.FULL_STATE_DICT";
        }
        if (!HEADS.contains(parameter)) {
            return "is this the checkpoint that config.json describes?";
        }
        String other = stored.stream()
                .filter(name -> HEAD.matcher(name).matches())
                .findFirst()
                .map(name ->
                        "; it has '" + name + "', the head of a classifier or reward model, which predicts no tokens")
                .orElse("");
        return "tie_word_embeddings is false in config.json (or by default): if the unembedding is the token embedding,"
                + " write \"tie_word_embeddings\": true there" + other;
    }

    /**
     * What to tell of tensors that the model does not use.
     *
     * @param used stored names of its parameters
     * @throws InputException if one of them is of a kind that changes what the model computes
     */
    List<String> unused(String checkpoint, Set<String> used) {
        Set<String> layersUsed = used.stream().map(CheckpointNames::layer).collect(Collectors.toSet());
        Map<String, Integer> others = new TreeMap<>();
        List<String> inLayers = new ArrayList<>();
        for (String name : stored) {
            if (used.contains(name) || BUFFERS.matcher(name).matches() || HEADS.contains(name)) {
                continue;
            }
            String what = checkpoint + ": tensor '" + name + "' ";
            if (ADAPTER.matcher(name).matches()) {
                throw new InputException(what + "is of an adapter that is not merged into the weights: merge it with"
                        + " PEFT's merge_and_unload() and save the model again");
            }
            if (QUANTISED.matcher(name).matches()) {
                throw new InputException(
                        what + "is of quantised weights, which are not supported: choose the checkpoint"
                                + " before quantisation, or save it dequantised");
            }
            if (!layer(name).isEmpty() && layersUsed.contains(layer(name))) {
                inLayers.add(name);
                continue;
            }
            others.merge(name.replaceFirst("\\d+\\..*", "*"), 1, Integer::sum);
        }
        List<String> notes = new ArrayList<>();
        if (!inLayers.isEmpty()) {
            // transformers warns and computes without them, too
            notes.add(checkpoint + ": " + inLayers.size() + " tensors in the model's layers are not used, '"
                    + inLayers.get(0) + "' first: config.json describes another model than was trained, unless its"
                    + " model_type or a field such as attention_bias is corrected");
        }
        if (others.isEmpty()) {
            return notes;
        }
        String list = others.entrySet().stream()
                .limit(8)
                .map(entry -> entry.getKey() + (entry.getValue() > 1 ? " (" + entry.getValue() + ")" : ""))
                .collect(Collectors.joining(", "));
        String more = others.size() > 8 ? " and " + (others.size() - 8) + " more" : "";
        String heads =
                others.keySet().stream().anyMatch(name -> HEAD.matcher(name).matches())
                        ? ": a head for another purpose than predicting tokens, which the fine-tuned model may not do well"
                        : "";
        notes.add(checkpoint + " has tensors that the language model does not use: " + list + more + heads);
        return notes;
    }

    /** Up to the number of the layer; empty for what is in none. */
    private static String layer(String name) {
        Matcher m = LAYER.matcher(name);
        return m.matches() ? m.group(1) + m.group(2) : "";
    }
}
