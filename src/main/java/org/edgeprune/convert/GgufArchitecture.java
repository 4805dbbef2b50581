package org.edgeprune.convert;

import static java.util.Map.entry;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The architectures of GGUF that can be converted: HuggingFace's names of their tensors, and the order of rows. */
enum GgufArchitecture {
    LLAMA("llama", "llama", "LlamaForCausalLM", Names.LLAMA, Rows.ROTARY_PAIRS),
    QWEN2("qwen2", "qwen2", "Qwen2ForCausalLM", Names.LLAMA, Rows.AS_THEY_ARE),
    QWEN3("qwen3", "qwen3", "Qwen3ForCausalLM", Names.LLAMA, Rows.AS_THEY_ARE),
    GEMMA("gemma", "gemma", "GemmaForCausalLM", Names.LLAMA, Rows.AS_THEY_ARE),
    GEMMA2("gemma2", "gemma2", "Gemma2ForCausalLM", Names.GEMMA2, Rows.AS_THEY_ARE),
    GEMMA3("gemma3", "gemma3_text", "Gemma3ForCausalLM", Names.GEMMA2, Rows.AS_THEY_ARE),
    PHI3("phi3", "phi3", "Phi3ForCausalLM", Names.PHI3, Rows.AS_THEY_ARE),
    GPT2("gpt2", "gpt2", "GPT2LMHeadModel", Names.GPT2, Rows.AS_THEY_ARE),
    GPT_NEOX("gptneox", "gpt_neox", "GPTNeoXForCausalLM", Names.GPT_NEOX, Rows.HEAD_BY_HEAD),
    GRANITE("granite", "granite", "GraniteForCausalLM", Names.LLAMA, Rows.ROTARY_PAIRS),
    SMOLLM3("smollm3", "smollm3", "SmolLM3ForCausalLM", Names.LLAMA, Rows.ROTARY_PAIRS),
    OLMO2("olmo2", "olmo2", "Olmo2ForCausalLM", Names.OLMO2, Rows.AS_THEY_ARE),
    STARCODER2("starcoder2", "starcoder2", "Starcoder2ForCausalLM", Names.STARCODER2, Rows.AS_THEY_ARE),
    PHI2("phi2", "phi", "PhiForCausalLM", Names.PHI2, Rows.AS_THEY_ARE);

    /** How llama.cpp's order of the rows of query and key projections differs from HuggingFace's. */
    enum Rows {
        AS_THEY_ARE,
        /**
         * The rows of a head are pairs (i, i + half) that rotate together; HuggingFace has the first half, then the
         * second.
         */
        ROTARY_PAIRS,
        /** All queries, then all keys, then all values; HuggingFace has query, key and value of each head in turn. */
        HEAD_BY_HEAD
    }

    private static final class Names {
        static final Map<String, String> LLAMA = Map.ofEntries(
                entry("token_embd", "model.embed_tokens"),
                entry("output_norm", "model.norm"),
                entry("output", "lm_head"),
                entry("blk", "model.layers."),
                entry("attn_norm", "input_layernorm"),
                entry("attn_q", "self_attn.q_proj"),
                entry("attn_k", "self_attn.k_proj"),
                entry("attn_v", "self_attn.v_proj"),
                entry("attn_q_norm", "self_attn.q_norm"),
                entry("attn_k_norm", "self_attn.k_norm"),
                entry("attn_output", "self_attn.o_proj"),
                entry("ffn_norm", "post_attention_layernorm"),
                entry("ffn_gate", "mlp.gate_proj"),
                entry("ffn_up", "mlp.up_proj"),
                entry("ffn_down", "mlp.down_proj"));
        static final Map<String, String> GEMMA2 = with(
                LLAMA,
                "post_attention_norm",
                "post_attention_layernorm",
                "ffn_norm",
                "pre_feedforward_layernorm",
                "post_ffw_norm",
                "post_feedforward_layernorm");
        static final Map<String, String> OLMO2 = with(
                LLAMA,
                "post_attention_norm",
                "post_attention_layernorm",
                "post_ffw_norm",
                "post_feedforward_layernorm");
        static final Map<String, String> PHI3 =
                with(LLAMA, "attn_qkv", "self_attn.qkv_proj", "ffn_up", "mlp.gate_up_proj");
        static final Map<String, String> STARCODER2 = with(LLAMA, "ffn_up", "mlp.c_fc", "ffn_down", "mlp.c_proj");
        static final Map<String, String> PHI2 = with(
                LLAMA,
                "output_norm",
                "model.final_layernorm",
                "attn_output",
                "self_attn.dense",
                "ffn_up",
                "mlp.fc1",
                "ffn_down",
                "mlp.fc2");
        static final Map<String, String> GPT2 = Map.ofEntries(
                entry("token_embd", "transformer.wte"),
                entry("position_embd", "transformer.wpe"),
                entry("output_norm", "transformer.ln_f"),
                entry("output", "lm_head"),
                entry("blk", "transformer.h."),
                entry("attn_norm", "ln_1"),
                entry("attn_qkv", "attn.c_attn"),
                entry("attn_output", "attn.c_proj"),
                entry("ffn_norm", "ln_2"),
                entry("ffn_up", "mlp.c_fc"),
                entry("ffn_down", "mlp.c_proj"));
        static final Map<String, String> GPT_NEOX = Map.ofEntries(
                entry("token_embd", "gpt_neox.embed_in"),
                entry("output_norm", "gpt_neox.final_layer_norm"),
                entry("output", "embed_out"),
                entry("blk", "gpt_neox.layers."),
                entry("attn_norm", "input_layernorm"),
                entry("attn_qkv", "attention.query_key_value"),
                entry("attn_output", "attention.dense"),
                entry("ffn_norm", "post_attention_layernorm"),
                entry("ffn_up", "mlp.dense_h_to_4h"),
                entry("ffn_down", "mlp.dense_4h_to_h"));

        private static Map<String, String> with(Map<String, String> names, String... changes) {
            Map<String, String> changed = new HashMap<>(names);
            for (int i = 0; i < changes.length; i += 2) {
                changed.put(changes[i], changes[i + 1]);
            }
            return Map.copyOf(changed);
        }
    }

    /** The weights of GPT-2 that HuggingFace stores with inputs first. */
    private static final Set<String> CONV1D = Set.of("attn_qkv", "attn_output", "ffn_up", "ffn_down");

    private final String key;
    private final String modelType;
    private final String className;
    private final Map<String, String> names;
    private final Rows rows;

    GgufArchitecture(String key, String modelType, String className, Map<String, String> names, Rows rows) {
        this.key = key;
        this.modelType = modelType;
        this.className = className;
        this.names = names;
        this.rows = rows;
    }

    static Optional<GgufArchitecture> of(String key) {
        return Arrays.stream(values()).filter(a -> a.key.equals(key)).findFirst();
    }

    static String known() {
        return Arrays.stream(values()).map(a -> a.key).collect(Collectors.joining(", "));
    }

    /** The prefix of the architecture's keys in a file. */
    String key() {
        return key;
    }

    String modelType() {
        return modelType;
    }

    /** HuggingFace's class of the model. */
    String className() {
        return className;
    }

    /** HuggingFace's name of a tensor such as {@code blk.3.attn_q.weight}. */
    Optional<String> name(String gguf) {
        List<String> parts = List.of(gguf.split("\\.", -1));
        if (parts.size() == 2
                && names.containsKey(parts.get(0))
                && !parts.get(0).equals("blk")) {
            return Optional.of(names.get(parts.get(0)) + "." + parts.get(1));
        }
        boolean inBlock = parts.size() == 4
                && parts.get(0).equals("blk")
                && parts.get(1).matches("\\d{1,6}")
                && names.containsKey(parts.get(2));
        return inBlock
                ? Optional.of(names.get("blk") + parts.get(1) + "." + names.get(parts.get(2)) + "." + parts.get(3))
                : Optional.empty();
    }

    /** The order of the rows of a tensor. */
    Rows rows(String gguf) {
        boolean attention = gguf.matches("blk\\.\\d+\\.(attn_q|attn_k|attn_qkv)\\.(weight|bias)");
        return attention ? rows : Rows.AS_THEY_ARE;
    }

    boolean isTransposed(String gguf) {
        String[] parts = gguf.split("\\.", -1);
        return this == GPT2 && parts.length == 4 && CONV1D.contains(parts[2]) && parts[3].equals("weight");
    }

    /** Whether llama.cpp adds one to the weights of norms. */
    boolean addsOneToNorms() {
        return this == GEMMA || this == GEMMA2 || this == GEMMA3;
    }
}
