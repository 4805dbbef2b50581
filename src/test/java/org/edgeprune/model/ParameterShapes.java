package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of a checkpoint's parameters as HuggingFace has them. */
record ParameterShapes(JsonNode config) {
    Map<String, long[]> all() {
        return config.get("model_type").asText().equals("gpt_neox") ? neox() : llama();
    }

    private int integer(String field) {
        return config.get(field).asInt();
    }

    private Map<String, long[]> llama() {
        String type = config.get("model_type").asText();
        long hidden = integer("hidden_size");
        long inner = integer("intermediate_size");
        long heads = integer("num_attention_heads");
        long headDim = config.path("head_dim").asLong(hidden / heads);
        long q = heads * headDim;
        long kv = integer("num_key_value_heads") * headDim;
        boolean bias = config.path("attention_bias").asBoolean();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {integer("vocab_size"), hidden});
        for (int layer = 0; layer < integer("num_hidden_layers"); layer++) {
            String name = "model.layers." + layer + ".";
            shapes.put(name + "input_layernorm.weight", new long[] {hidden});
            shapes.put(name + "post_attention_layernorm.weight", new long[] {hidden});
            if (type.equals("gemma2")) {
                shapes.put(name + "pre_feedforward_layernorm.weight", new long[] {hidden});
                shapes.put(name + "post_feedforward_layernorm.weight", new long[] {hidden});
            }
            if (type.equals("phi3")) {
                linear(shapes, name + "self_attn.qkv_proj", q + 2 * kv, hidden, false);
                linear(shapes, name + "mlp.gate_up_proj", 2 * inner, hidden, false);
            } else {
                linear(shapes, name + "self_attn.q_proj", q, hidden, bias || type.equals("qwen2"));
                linear(shapes, name + "self_attn.k_proj", kv, hidden, bias || type.equals("qwen2"));
                linear(shapes, name + "self_attn.v_proj", kv, hidden, bias || type.equals("qwen2"));
                linear(
                        shapes,
                        name + "mlp.gate_proj",
                        inner,
                        hidden,
                        config.path("mlp_bias").asBoolean());
                linear(
                        shapes,
                        name + "mlp.up_proj",
                        inner,
                        hidden,
                        config.path("mlp_bias").asBoolean());
            }
            linear(shapes, name + "self_attn.o_proj", hidden, q, bias);
            linear(
                    shapes,
                    name + "mlp.down_proj",
                    hidden,
                    inner,
                    config.path("mlp_bias").asBoolean());
            if (type.equals("qwen3")) {
                shapes.put(name + "self_attn.q_norm.weight", new long[] {headDim});
                shapes.put(name + "self_attn.k_norm.weight", new long[] {headDim});
            }
        }
        shapes.put("model.norm.weight", new long[] {hidden});
        if (!config.path("tie_word_embeddings").asBoolean(type.startsWith("gemma"))) {
            shapes.put("lm_head.weight", new long[] {integer("vocab_size"), hidden});
        }
        return shapes;
    }

    private Map<String, long[]> neox() {
        long hidden = integer("hidden_size");
        long inner = integer("intermediate_size");
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("gpt_neox.embed_in.weight", new long[] {integer("vocab_size"), hidden});
        for (int layer = 0; layer < integer("num_hidden_layers"); layer++) {
            String name = "gpt_neox.layers." + layer + ".";
            norm(shapes, name + "input_layernorm", hidden);
            norm(shapes, name + "post_attention_layernorm", hidden);
            linear(shapes, name + "attention.query_key_value", 3 * hidden, hidden, true);
            linear(shapes, name + "attention.dense", hidden, hidden, true);
            linear(shapes, name + "mlp.dense_h_to_4h", inner, hidden, true);
            linear(shapes, name + "mlp.dense_4h_to_h", hidden, inner, true);
        }
        norm(shapes, "gpt_neox.final_layer_norm", hidden);
        shapes.put("embed_out.weight", new long[] {integer("vocab_size"), hidden});
        return shapes;
    }

    private static void norm(Map<String, long[]> shapes, String name, long width) {
        shapes.put(name + ".weight", new long[] {width});
        shapes.put(name + ".bias", new long[] {width});
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
        shapes.put(name + ".weight", new long[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }
}
