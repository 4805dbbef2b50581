package org.edgeprune.model;

import java.util.List;
import java.util.Optional;

/** Why a {@code config.json} is of no model whose circuits edge pruning can find, where that is known. */
enum OtherModels {
    ENCODER(
            "is an encoder, which does not predict a next token: circuits are found in decoder-only language models",
            "bert",
            "roberta",
            "distilbert",
            "albert",
            "electra",
            "deberta",
            "deberta-v2",
            "xlm",
            "xlm-roberta",
            "xlm-roberta-xl",
            "xlnet",
            "camembert",
            "modernbert",
            "mpnet",
            "funnel",
            "longformer",
            "big_bird",
            "squeezebert",
            "mobilebert",
            "ernie",
            "esm",
            "nomic_bert",
            "vit",
            "clip",
            "siglip"),
    ENCODER_DECODER(
            "is an encoder-decoder, whose graph has cross attention: circuits are found in decoder-only language models",
            "t5",
            "mt5",
            "umt5",
            "longt5",
            "bart",
            "mbart",
            "pegasus",
            "marian",
            "m2m_100",
            "blenderbot",
            "blenderbot-small",
            "prophetnet",
            "led",
            "encoder-decoder",
            "whisper",
            "nllb-moe",
            "switch_transformers",
            "t5gemma"),
    EXPERTS(
            "is a mixture of experts, whose MLPs a router chooses for each token: its graph has no single MLP node to a"
                    + " layer, which edgeprune needs",
            "mixtral",
            "qwen2_moe",
            "qwen3_moe",
            "qwen3_next",
            "gpt_oss",
            "olmoe",
            "phimoe",
            "granitemoe",
            "granitemoeshared",
            "deepseek_v2",
            "deepseek_v3",
            "llama4",
            "llama4_text",
            "dbrx",
            "jamba",
            "arctic",
            "minimax",
            "glm4_moe",
            "ernie4_5_moe",
            "dots1",
            "hunyuan_v1_moe"),
    RECURRENT(
            "is a recurrent or state-space model, which has no attention heads in some or all layers",
            "mamba",
            "mamba2",
            "falcon_mamba",
            "rwkv",
            "xlstm",
            "recurrent_gemma",
            "zamba",
            "zamba2",
            "bamba",
            "lfm2",
            "nemotron_h"),
    REMOTE_CODE(
            "is the name that code inside the repository gave it before transformers had the class: choose a newer"
                    + " revision, whose model_type is phi",
            "phi-msft",
            "mixformer-sequential");

    private static final List<String> EXPERT_FIELDS =
            List.of("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts");

    private final String reason;
    private final List<String> modelTypes;

    OtherModels(String reason, String... modelTypes) {
        this.reason = reason;
        this.modelTypes = List.of(modelTypes);
    }

    /** What to say after the {@code model_type}; empty where nothing is known of it. */
    static Optional<String> reason(ModelConfig config) {
        for (OtherModels kind : values()) {
            if (kind.modelTypes.contains(config.modelType())) {
                return Optional.of(kind.reason);
            }
        }
        if (config.node("is_encoder_decoder").asBoolean()) {
            return Optional.of(ENCODER_DECODER.reason);
        }
        boolean experts =
                EXPERT_FIELDS.stream().anyMatch(field -> config.node(field).asInt() > 1);
        return experts ? Optional.of(EXPERTS.reason) : Optional.empty();
    }
}
