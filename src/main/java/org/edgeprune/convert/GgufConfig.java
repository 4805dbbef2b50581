package org.edgeprune.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Json;

/** Rebuilds a HuggingFace {@code config.json} from the keys of a GGUF file and the shapes of its tensors. */
final class GgufConfig {
    private static final double[] LLAMA3_LENGTHS = {8192, 4096, 2048, 16384, 32768};

    private final GgufFile file;
    private final GgufMetadata metadata;
    private final GgufArchitecture architecture;
    private final List<String> notes;
    private final ObjectNode config = Json.object();

    private GgufConfig(GgufFile file, GgufArchitecture architecture, List<String> notes) {
        this.file = file;
        this.metadata = file.metadata();
        this.architecture = architecture;
        this.notes = notes;
    }

    /**
     * The configuration.
     *
     * @param tied whether the unembedding is the token embedding
     * @param notes receives a note for each value that the file does not state
     */
    static ObjectNode of(GgufFile file, GgufArchitecture architecture, boolean tied, List<String> notes) {
        return new GgufConfig(file, architecture, notes).build(tied);
    }

    private ObjectNode build(boolean tied) {
        config.putArray("architectures").add(architecture.className());
        config.put("model_type", architecture.modelType());
        int vocabulary = (int) tensor("token_embd.weight").rows();
        config.put("vocab_size", vocabulary);
        token("bos_token_id", vocabulary);
        token("eos_token_id", vocabulary);
        if (architecture == GgufArchitecture.GPT2) {
            gpt2();
        } else {
            sizes();
            switch (architecture) {
                case LLAMA, SMOLLM3 -> {
                    llama();
                    rope();
                }
                case GRANITE -> {
                    llama();
                    rope();
                    scale("logit_scale", "logits_scaling");
                    scale("embedding_scale", "embedding_multiplier");
                    scale("residual_scale", "residual_multiplier");
                    scale("attention.scale", "attention_multiplier");
                }
                case QWEN2, QWEN3, OLMO2 -> {
                    rms();
                    config.put("hidden_act", "silu");
                    rope();
                }
                case GEMMA -> {
                    rms();
                    config.put("hidden_act", "gelu_pytorch_tanh");
                    config.put("hidden_activation", "gelu_pytorch_tanh");
                    rope();
                }
                case GEMMA2 -> gemma2();
                case GEMMA3 -> gemma3();
                case PHI3 -> phi3();
                case GPT_NEOX -> neox();
                case STARCODER2 -> {
                    config.put("norm_epsilon", layerNorm());
                    config.put("hidden_act", "gelu_pytorch_tanh");
                    config.put("use_bias", file.tensors().containsKey("blk.0.attn_q.bias"));
                    config.putNull("sliding_window");
                    notes.add(
                            "GGUF does not state starcoder2's sliding_window: config.json has null, as llama.cpp assumes");
                    rope();
                }
                case PHI2 -> {
                    config.put("layer_norm_eps", layerNorm());
                    config.put("hidden_act", "gelu_new");
                    config.put("partial_rotary_factor", count("rope.dimension_count") / (double) headDim());
                    rope();
                }
                default -> throw new IllegalStateException(architecture.name());
            }
        }
        config.put("tie_word_embeddings", tied);
        config.put(
                "torch_dtype",
                switch (tensor("token_embd.weight").type().stored()) {
                    case F16 -> "float16";
                    case BF16 -> "bfloat16";
                    default -> "float32";
                });
        return config;
    }

    private void sizes() {
        int heads = count("attention.head_count");
        config.put("hidden_size", count("embedding_length"));
        config.put("num_hidden_layers", count("block_count"));
        config.put("num_attention_heads", heads);
        if (architecture != GgufArchitecture.GPT_NEOX) {
            config.put(
                    "num_key_value_heads",
                    metadata.optionalCount(key("attention.head_count_kv")).orElse(heads));
        }
        // not the key feed_forward_length, which llama.cpp's converter takes for four times the width in some
        // architectures
        config.put("intermediate_size", tensor("blk.0.ffn_down.weight").columns());
        config.put("max_position_embeddings", count("context_length"));
        boolean hasHeadDim =
                metadata.has(key("attention.key_length")) || headDim() * heads != count("embedding_length");
        if (hasHeadDim && architecture != GgufArchitecture.PHI3) {
            config.put("head_dim", headDim());
        }
    }

    private void gpt2() {
        int hidden = count("embedding_length");
        long inner = tensor("blk.0.ffn_down.weight").columns();
        config.put("n_embd", hidden);
        config.put("n_layer", count("block_count"));
        config.put("n_head", count("attention.head_count"));
        config.put("n_positions", tensor("position_embd.weight").rows());
        if (inner != 4L * hidden) {
            config.put("n_inner", inner);
        }
        config.put("layer_norm_epsilon", layerNorm());
        assumed("activation_function", "gelu_new");
    }

    private void llama() {
        rms();
        config.put("hidden_act", "silu");
        config.put("attention_bias", file.tensors().containsKey("blk.0.attn_output.bias"));
        config.put("mlp_bias", file.tensors().containsKey("blk.0.ffn_down.bias"));
    }

    private void gemma2() {
        rms();
        config.put("hidden_activation", "gelu_pytorch_tanh");
        config.put("attn_logit_softcapping", number("attn_logit_softcapping").orElse(50));
        config.put("final_logit_softcapping", number("final_logit_softcapping").orElse(30));
        queryScale(46);
        window();
        rope();
    }

    private void gemma3() {
        rms();
        config.put("hidden_activation", "gelu_pytorch_tanh");
        queryScale(62);
        window();
        config.put("sliding_window_pattern", 6);
        config.put("rope_local_base_freq", base("rope.freq_base_swa"));
        number("final_logit_softcapping").ifPresent(cap -> config.put("final_logit_softcapping", cap));
        rope();
    }

    /**
     * Assumes what llama.cpp does: it recognises the 27B model, the only one with another divisor, by its number of
     * layers.
     */
    private void queryScale(int layersOfLargest) {
        boolean largest = count("block_count") == layersOfLargest;
        int scale = largest ? count("embedding_length") / count("attention.head_count") : headDim();
        config.put("query_pre_attn_scalar", scale);
        notes.add("GGUF does not state query_pre_attn_scalar: config.json has " + scale + ", as llama.cpp assumes");
    }

    private void phi3() {
        rms();
        config.put("hidden_act", "silu");
        window();
        int dimensions = count("rope.dimension_count");
        if (dimensions != headDim()) {
            config.put("partial_rotary_factor", dimensions / (double) headDim());
        }
        metadata.optionalCount(key("rope.scaling.original_context_length"))
                .ifPresent(length -> config.put("original_max_position_embeddings", length));
        config.put("rope_theta", base("rope.freq_base"));
        if (file.tensors().containsKey("rope_factors_long.weight")) {
            ObjectNode scaling = config.putObject("rope_scaling").put("rope_type", "longrope");
            scaling.put("type", "longrope");
            list(scaling, "short_factor", floats("rope_factors_short.weight"));
            list(scaling, "long_factor", floats("rope_factors_long.weight"));
        }
    }

    private void neox() {
        config.put("layer_norm_eps", layerNorm());
        assumed("hidden_act", "gelu");
        config.put("use_parallel_residual", metadata.flag(key("use_parallel_residual"), true));
        config.put("attention_bias", file.tensors().containsKey("blk.0.attn_qkv.bias"));
        config.put("rotary_pct", count("rope.dimension_count") / (double) headDim());
        config.put("rotary_emb_base", base("rope.freq_base"));
    }

    /** The base of rotary positions. llama.cpp's converter does not write that of every architecture. */
    private double base(String name) {
        OptionalDouble stated = number(name);
        if (stated.isEmpty()) {
            notes.add("GGUF does not state the base of the rotary positions (" + key(name)
                    + "): config.json has 10000, as llama.cpp assumes; change it there if the model has another");
        }
        return stated.orElse(10000);
    }

    private void rope() {
        double base = base("rope.freq_base");
        config.put("rope_theta", base);
        String type = metadata.text(key("rope.scaling.type"), "none");
        OptionalDouble factor = number("rope.scaling.factor");
        OptionalInt trained = metadata.optionalCount(key("rope.scaling.original_context_length"));
        if (file.tensors().containsKey("rope_freqs.weight")) {
            frequencyFactors(floats("rope_freqs.weight"), base);
        } else if (type.equals("linear") && factor.isPresent()) {
            config.putObject("rope_scaling").put("rope_type", "linear").put("factor", factor.getAsDouble());
        } else if (type.equals("yarn") && factor.isPresent()) {
            ObjectNode yarn =
                    config.putObject("rope_scaling").put("rope_type", "yarn").put("factor", factor.getAsDouble());
            trained.ifPresent(length -> yarn.put("original_max_position_embeddings", length));
            number("rope.scaling.yarn_beta_fast").ifPresent(beta -> yarn.put("beta_fast", beta));
            number("rope.scaling.yarn_beta_slow").ifPresent(beta -> yarn.put("beta_slow", beta));
        } else if (!type.equals("none")) {
            throw metadata.complaint()
                    .about(
                            "key " + Complaint.quote(key("rope.scaling.type")) + " is " + Complaint.quote(type)
                                    + " without a factor",
                            "supported are none, linear and yarn");
        }
    }

    /**
     * Each frequency is divided by a factor. If one of the usual forms of Llama 3.1's rule gives these factors, the
     * configuration has that rule; any other list becomes LongRoPE with the same list for all lengths.
     */
    private void frequencyFactors(double[] factors, double base) {
        double largest = 1;
        for (double factor : factors) {
            largest = Math.max(largest, factor);
        }
        ObjectNode scaling = config.putObject("rope_scaling");
        for (double length : LLAMA3_LENGTHS) {
            if (isLlama3(factors, base, largest, length)) {
                scaling.put("rope_type", "llama3").put("factor", largest);
                scaling.put("low_freq_factor", 1.0).put("high_freq_factor", 4.0);
                scaling.put("original_max_position_embeddings", (int) length);
                return;
            }
        }
        scaling.put("rope_type", "longrope").put("type", "longrope");
        list(scaling, "short_factor", factors);
        list(scaling, "long_factor", factors);
        scaling.put("factor", 1.0).put("attention_factor", 1.0);
        scaling.put("original_max_position_embeddings", count("context_length"));
    }

    private static boolean isLlama3(double[] factors, double base, double factor, double length) {
        for (int i = 0; i < factors.length; i++) {
            double turns = length * Math.pow(base, -(double) i / factors.length) / (2 * Math.PI);
            double kept = Math.clamp((turns - 1) / 3, 0, 1);
            double expected = 1 / ((1 - kept) / factor + kept);
            if (Math.abs(factors[i] - expected) > 1e-4 * expected) {
                return false;
            }
        }
        return true;
    }

    private void window() {
        OptionalDouble window = number("attention.sliding_window");
        if (window.isPresent() && window.getAsDouble() > 0) {
            config.put("sliding_window", (int) window.getAsDouble());
        } else {
            config.putNull("sliding_window");
        }
    }

    private void rms() {
        config.put("rms_norm_eps", required("attention.layer_norm_rms_epsilon"));
    }

    private double layerNorm() {
        return required("attention.layer_norm_epsilon");
    }

    private void scale(String key, String field) {
        number(key).ifPresent(value -> config.put(field, value));
    }

    private void assumed(String field, String value) {
        config.put(field, value);
        notes.add("GGUF does not state the activation function of the model: config.json has " + value
                + ", the default of its architecture");
    }

    private void token(String field, int vocabulary) {
        metadata.token("tokenizer.ggml." + field, vocabulary).ifPresent(id -> config.put(field, id));
    }

    private int headDim() {
        return metadata.optionalCount(key("attention.key_length"))
                .orElseGet(() -> count("embedding_length") / count("attention.head_count"));
    }

    private int count(String name) {
        return metadata.count(key(name));
    }

    private OptionalDouble number(String name) {
        return metadata.number(key(name));
    }

    private double required(String name) {
        return number(name)
                .orElseThrow(() -> metadata.complaint().damaged("key " + Complaint.quote(key(name)) + " is missing"));
    }

    private String key(String name) {
        return architecture.key() + "." + name;
    }

    private GgufFile.Entry tensor(String name) {
        GgufFile.Entry entry = file.tensors().get(name);
        if (entry == null) {
            throw metadata.complaint().damaged("tensor " + Complaint.quote(name) + " is missing");
        }
        return entry;
    }

    private double[] floats(String name) {
        GgufFile.Entry entry = tensor(name);
        if (entry.type() != GgmlType.F32
                || entry.columns() > 1 << 16
                || entry.shape().size() != 1) {
            throw metadata.complaint().damaged("tensor " + Complaint.quote(name) + " is not a list of F32 factors");
        }
        ByteBuffer bytes = ByteBuffer.wrap(file.file().read(entry.begin(), (int) entry.byteSize()))
                .order(ByteOrder.LITTLE_ENDIAN);
        double[] numbers = new double[(int) entry.columns()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Double.parseDouble(Float.toString(bytes.getFloat()));
        }
        return numbers;
    }

    private static void list(ObjectNode parent, String field, double[] numbers) {
        ArrayNode list = parent.putArray(field);
        for (double number : numbers) {
            list.add(number);
        }
    }

    /** For {@link GgufModel}: the heads whose rows are permuted in a tensor. */
    static int heads(GgufMetadata metadata, GgufArchitecture architecture, String tensor) {
        int heads = metadata.count(architecture.key() + ".attention.head_count");
        return tensor.contains("attn_k.")
                ? metadata.optionalCount(architecture.key() + ".attention.head_count_kv")
                        .orElse(heads)
                : heads;
    }
}
