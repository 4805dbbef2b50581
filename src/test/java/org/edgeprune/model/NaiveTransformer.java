package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * The plain forward pass of Llama's relatives and of GPT-NeoX, token by token in double loops: what the tensor code is
 * held against. It reads HuggingFace's configuration and parameters itself and shares nothing with the code under test.
 *
 * @param config a {@code config.json}
 * @param weights row-major parameters by name
 */
record NaiveTransformer(JsonNode config, Map<String, float[]> weights) {
    private static final double NONE = 0;

    /** Logits of each position. */
    double[][] logits(int... tokens) {
        return type().equals("gpt_neox") ? neox(tokens) : llama(tokens);
    }

    private String type() {
        return config.get("model_type").asText();
    }

    private boolean isGemma() {
        return type().startsWith("gemma");
    }

    private int integer(String field) {
        return config.get(field).asInt();
    }

    private double number(String field, double otherwise) {
        return config.path(field).asDouble(otherwise);
    }

    // ---- Llama and its relatives ----

    private double[][] llama(int[] tokens) {
        int hidden = integer("hidden_size");
        double[][] h = embed("model.embed_tokens.weight", tokens, isGemma() ? Math.sqrt(hidden) : 1);
        for (int layer = 0; layer < integer("num_hidden_layers"); layer++) {
            String name = "model.layers." + layer + ".";
            double[][] attention = attention(rms(h, name + "input_layernorm"), name + "self_attn.", layer);
            if (type().equals("gemma2")) {
                add(h, rms(attention, name + "post_attention_layernorm"));
                double[][] mlp = gated(rms(h, name + "pre_feedforward_layernorm"), name + "mlp.");
                add(h, rms(mlp, name + "post_feedforward_layernorm"));
            } else {
                add(h, attention);
                add(h, gated(rms(h, name + "post_attention_layernorm"), name + "mlp."));
            }
        }
        String head = weights.containsKey("lm_head.weight") ? "lm_head" : "model.embed_tokens";
        double[][] logits = linear(rms(h, "model.norm"), head, null, integer("vocab_size"));
        for (double[] row : logits) {
            java.util.Arrays.setAll(row, i -> cap(row[i], number("final_logit_softcapping", NONE)));
        }
        return logits;
    }

    private double[][] attention(double[][] x, String name, int layer) {
        int heads = integer("num_attention_heads");
        int kvHeads = config.path("num_key_value_heads").asInt(heads);
        int hidden = integer("hidden_size");
        int headDim = config.path("head_dim").asInt(hidden / heads);
        double[][] q;
        double[][] k;
        double[][] v;
        if (type().equals("phi3")) {
            double[][] all = linear(x, name + "qkv_proj", null, (heads + 2 * kvHeads) * headDim);
            q = columns(all, 0, heads * headDim);
            k = columns(all, heads * headDim, kvHeads * headDim);
            v = columns(all, (heads + kvHeads) * headDim, kvHeads * headDim);
        } else {
            q = linear(x, name + "q_proj", name + "q_proj", heads * headDim);
            k = linear(x, name + "k_proj", name + "k_proj", kvHeads * headDim);
            v = linear(x, name + "v_proj", name + "v_proj", kvHeads * headDim);
        }
        if (type().equals("qwen3")) {
            normHeads(q, headDim, name + "q_norm");
            normHeads(k, headDim, name + "k_norm");
        }
        int rotary = (int) (headDim * number("partial_rotary_factor", 1));
        rotate(q, headDim, rotary);
        rotate(k, headDim, rotary);
        int window = config.path("sliding_window").asInt(Integer.MAX_VALUE);
        if (type().startsWith("qwen")
                && !(config.path("use_sliding_window").asBoolean() && layer >= integer("max_window_layers"))) {
            window = Integer.MAX_VALUE;
        }
        if (type().equals("gemma2") && layer % 2 == 1) {
            window = Integer.MAX_VALUE;
        }
        double scale = 1 / Math.sqrt(number("query_pre_attn_scalar", headDim));
        double[][] mixed = attend(q, k, v, headDim, heads / kvHeads, scale, window);
        return linear(mixed, name + "o_proj", name + "o_proj", hidden);
    }

    private boolean phi3() {
        return config.path("model_type").asText().equals("phi3");
    }

    /** Rotates the first {@code rotary} dimensions of each head: x cos + rotate_half(x) sin. */
    private void rotate(double[][] x, int headDim, int rotary) {
        double[] inverse = inverseFrequencies(rotary, x.length);
        double factor = config.path("rope_scaling").path("attention_factor").asDouble(1);
        if (config.path("rope_scaling").has("long_factor")) {
            double trained = number("original_max_position_embeddings", NONE);
            factor = Math.sqrt(1 + Math.log(integer("max_position_embeddings") / trained) / Math.log(trained));
        }
        for (int t = 0; t < x.length; t++) {
            for (int head = 0; head < x[t].length / headDim; head++) {
                double[] old = java.util.Arrays.copyOfRange(x[t], head * headDim, head * headDim + rotary);
                for (int i = 0; i < rotary; i++) {
                    double angle = t * inverse[i % (rotary / 2)];
                    double half = i < rotary / 2 ? -old[i + rotary / 2] : old[i - rotary / 2];
                    x[t][head * headDim + i] = factor * (old[i] * Math.cos(angle) + half * Math.sin(angle));
                }
            }
        }
    }

    private double[] inverseFrequencies(int dim, int length) {
        JsonNode scaling = config.path("rope_scaling");
        String kind = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
        double factor = scaling.path("factor").asDouble(1);
        double base = number("rope_theta", 10000);
        int longest = integer("max_position_embeddings");
        if (kind.equals("dynamic") && length > longest) {
            base *= Math.pow(factor * length / longest - (factor - 1), dim / (dim - 2.0));
        }
        double[] inverse = new double[dim / 2];
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = 1 / Math.pow(base, 2.0 * i / dim);
            double original = scaling.path("original_max_position_embeddings").asDouble(longest);
            switch (kind) {
                case "linear" -> inverse[i] /= factor;
                case "longrope", "su" -> {
                    boolean isLong = length > integer("original_max_position_embeddings");
                    inverse[i] /= scaling.get(isLong ? "long_factor" : "short_factor")
                            .get(i)
                            .asDouble();
                }
                case "llama3" -> {
                    double low = scaling.get("low_freq_factor").asDouble();
                    double high = scaling.get("high_freq_factor").asDouble();
                    double wavelength = 2 * Math.PI / inverse[i];
                    if (wavelength > original / low) {
                        inverse[i] /= factor;
                    } else if (wavelength >= original / high) {
                        double smooth = (original / wavelength - low) / (high - low);
                        inverse[i] = (1 - smooth) * inverse[i] / factor + smooth * inverse[i];
                    }
                }
                case "yarn" -> {
                    double low = Math.max(
                            0, Math.floor(dim * Math.log(original / (32 * 2 * Math.PI)) / (2 * Math.log(base))));
                    double high = Math.min(
                            dim - 1, Math.ceil(dim * Math.log(original / (2 * Math.PI)) / (2 * Math.log(base))));
                    double ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
                    inverse[i] = inverse[i] / factor * ramp + inverse[i] * (1 - ramp);
                }
                default -> {}
            }
        }
        return inverse;
    }

    private double[][] gated(double[][] x, String name) {
        int inner = integer("intermediate_size");
        double[][] gate;
        double[][] up;
        if (type().equals("phi3")) {
            double[][] both = linear(x, name + "gate_up_proj", null, 2 * inner);
            gate = columns(both, 0, inner);
            up = columns(both, inner, inner);
        } else {
            gate = linear(x, name + "gate_proj", name + "gate_proj", inner);
            up = linear(x, name + "up_proj", name + "up_proj", inner);
        }
        DoubleUnaryOperator act = isGemma() ? NaiveTransformer::geluTanh : y -> y / (1 + Math.exp(-y));
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < inner; i++) {
                gate[t][i] = act.applyAsDouble(gate[t][i]) * up[t][i];
            }
        }
        return linear(gate, name + "down_proj", name + "down_proj", integer("hidden_size"));
    }

    private void normHeads(double[][] x, int headDim, String name) {
        for (double[] row : x) {
            for (int head = 0; head < row.length / headDim; head++) {
                double[] one = java.util.Arrays.copyOfRange(row, head * headDim, (head + 1) * headDim);
                System.arraycopy(rms(new double[][] {one}, name)[0], 0, row, head * headDim, headDim);
            }
        }
    }

    private double[][] rms(double[][] x, String name) {
        float[] weight = weights.get(name + ".weight");
        double[][] y = new double[x.length][weight.length];
        for (int t = 0; t < x.length; t++) {
            double squares = 0;
            for (double value : x[t]) {
                squares += value * value;
            }
            double scale = 1 / Math.sqrt(squares / weight.length + number("rms_norm_eps", phi3() ? 1e-5 : 1e-6));
            for (int i = 0; i < weight.length; i++) {
                y[t][i] = x[t][i] * scale * (isGemma() ? 1.0 + weight[i] : weight[i]);
            }
        }
        return y;
    }

    // ---- GPT-NeoX ----

    private double[][] neox(int[] tokens) {
        int hidden = integer("hidden_size");
        int heads = integer("num_attention_heads");
        int headDim = hidden / heads;
        double[][] h = embed("gpt_neox.embed_in.weight", tokens, 1);
        for (int layer = 0; layer < integer("num_hidden_layers"); layer++) {
            String name = "gpt_neox.layers." + layer + ".";
            double[][] all = linear(
                    layerNorm(h, name + "input_layernorm"),
                    name + "attention.query_key_value",
                    name + "attention.query_key_value",
                    3 * hidden);
            double[][][] parts = new double[3][tokens.length][hidden];
            for (int t = 0; t < tokens.length; t++) {
                for (int i = 0; i < 3 * hidden; i++) {
                    int head = i / (3 * headDim);
                    parts[i / headDim % 3][t][head * headDim + i % headDim] = all[t][i];
                }
            }
            int rotary = (int) (headDim * number("rotary_pct", 0.25));
            rotate(parts[0], headDim, rotary);
            rotate(parts[1], headDim, rotary);
            double[][] mixed =
                    attend(parts[0], parts[1], parts[2], headDim, 1, 1 / Math.sqrt(headDim), Integer.MAX_VALUE);
            double[][] attention = linear(mixed, name + "attention.dense", name + "attention.dense", hidden);
            boolean parallel = config.path("use_parallel_residual").asBoolean(true);
            if (!parallel) {
                add(h, attention);
            }
            double[][] inner = linear(
                    layerNorm(h, name + "post_attention_layernorm"),
                    name + "mlp.dense_h_to_4h",
                    name + "mlp.dense_h_to_4h",
                    integer("intermediate_size"));
            for (double[] row : inner) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = geluErf(row[i]);
                }
            }
            add(h, linear(inner, name + "mlp.dense_4h_to_h", name + "mlp.dense_4h_to_h", hidden));
            if (parallel) {
                add(h, attention);
            }
        }
        return linear(layerNorm(h, "gpt_neox.final_layer_norm"), "embed_out", null, integer("vocab_size"));
    }

    private double[][] layerNorm(double[][] x, String name) {
        float[] weight = weights.get(name + ".weight");
        float[] bias = weights.get(name + ".bias");
        double[][] y = new double[x.length][weight.length];
        for (int t = 0; t < x.length; t++) {
            double mean = java.util.Arrays.stream(x[t]).average().orElseThrow();
            double variance = java.util.Arrays.stream(x[t])
                    .map(v -> (v - mean) * (v - mean))
                    .average()
                    .orElseThrow();
            for (int i = 0; i < weight.length; i++) {
                y[t][i] = (x[t][i] - mean) / Math.sqrt(variance + number("layer_norm_eps", 1e-5)) * weight[i] + bias[i];
            }
        }
        return y;
    }

    // ---- both ----

    private double[][] attend(
            double[][] q, double[][] k, double[][] v, int headDim, int group, double scale, int window) {
        double[][] out = new double[q.length][q[0].length];
        for (int head = 0; head < q[0].length / headDim; head++) {
            int kv = head / group * headDim;
            for (int t = 0; t < q.length; t++) {
                double[] p = new double[t + 1];
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int i = 0; i < headDim; i++) {
                        score += q[t][head * headDim + i] * k[s][kv + i];
                    }
                    p[s] = t - s < window ? Math.exp(cap(scale * score, number("attn_logit_softcapping", NONE))) : 0;
                    sum += p[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < headDim; i++) {
                        out[t][head * headDim + i] += p[s] / sum * v[s][kv + i];
                    }
                }
            }
        }
        return out;
    }

    private static double cap(double value, double cap) {
        return cap == NONE ? value : cap * Math.tanh(value / cap);
    }

    private double[][] embed(String name, int[] tokens, double scale) {
        int hidden = integer("hidden_size");
        double[][] h = new double[tokens.length][hidden];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < hidden; i++) {
                h[t][i] = scale * weights.get(name)[tokens[t] * hidden + i];
            }
        }
        return h;
    }

    /** x W^T + b, with W [out, in]; the bias is left out where there is none of that name. */
    private double[][] linear(double[][] x, String name, String bias, int out) {
        float[] weight = weights.get(name.endsWith(".weight") ? name : name + ".weight");
        float[] b = bias == null ? null : weights.get(bias + ".bias");
        int in = x[0].length;
        double[][] y = new double[x.length][out];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < out; o++) {
                double sum = b == null ? 0 : b[o];
                for (int i = 0; i < in; i++) {
                    sum += x[t][i] * weight[o * in + i];
                }
                y[t][o] = sum;
            }
        }
        return y;
    }

    private static double[][] columns(double[][] x, int from, int count) {
        return java.util.Arrays.stream(x)
                .map(row -> java.util.Arrays.copyOfRange(row, from, from + count))
                .toArray(double[][]::new);
    }

    private static void add(double[][] h, double[][] x) {
        for (int t = 0; t < h.length; t++) {
            for (int i = 0; i < h[t].length; i++) {
                h[t][i] += x[t][i];
            }
        }
    }

    private static double geluTanh(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    /** x Phi(x), Phi by Simpson's rule. */
    private static double geluErf(double x) {
        int steps = 200;
        double integral = 0;
        for (int i = 0; i <= steps; i++) {
            double u = x * i / steps;
            double weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
            integral += weight * Math.exp(-u * u / 2);
        }
        return x * (0.5 + integral * x / steps / 3 / Math.sqrt(2 * Math.PI));
    }
}
