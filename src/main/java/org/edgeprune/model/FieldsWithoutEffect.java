package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/** Fields of {@code config.json} that do not change what a frozen model computes for given tokens. */
final class FieldsWithoutEffect {
    /** Fields of transformers' PretrainedConfig, of all its versions, but for those that make another model. */
    private static final Set<String> OF_EVERY_CONFIG = Set.of(
            "architectures",
            "auto_map",
            "bos_token_id",
            "chunk_size_feed_forward",
            "cross_attention_hidden_size",
            "custom_pipelines",
            "decoder_start_token_id",
            "dtype",
            "eos_token_id",
            "finetuning_task",
            "id2label",
            "is_decoder",
            "label2id",
            "model_type",
            "name_or_path",
            "num_labels",
            "output_attentions",
            "output_hidden_states",
            "output_past",
            "pad_token_id",
            "prefix",
            "problem_type",
            "return_dict",
            "sep_token_id",
            "task_specific_params",
            "tf_legacy_loss",
            "tie_encoder_decoder",
            "tokenizer_class",
            "torch_dtype",
            "torchscript",
            "transformers_version",
            "unk_token_id",
            "use_bfloat16",
            "use_cache");

    /** Fields of transformers' GenerationConfig, which older versions kept in config.json. */
    private static final Set<String> OF_GENERATION = Set.of(
            "assistant_confidence_threshold",
            "assistant_early_exit",
            "assistant_lookbehind",
            "bad_words_ids",
            "begin_suppress_tokens",
            "cache_config",
            "cache_implementation",
            "compile_config",
            "constraints",
            "disable_compile",
            "diversity_penalty",
            "do_sample",
            "dola_layers",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "encoder_repetition_penalty",
            "epsilon_cutoff",
            "eta_cutoff",
            "exponential_decay_length_penalty",
            "force_words_ids",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "generation_config",
            "guidance_scale",
            "is_assistant",
            "length_penalty",
            "low_memory",
            "max_cache_len",
            "max_length",
            "max_matching_ngram_size",
            "max_new_tokens",
            "max_time",
            "min_length",
            "min_new_tokens",
            "min_p",
            "no_repeat_ngram_size",
            "num_assistant_tokens",
            "num_assistant_tokens_schedule",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "output_logits",
            "output_scores",
            "penalty_alpha",
            "prefill_chunk_size",
            "prompt_lookup_num_tokens",
            "remove_invalid_values",
            "renormalize_logits",
            "repetition_penalty",
            "return_dict_in_generate",
            "sequence_bias",
            "stop_strings",
            "suppress_tokens",
            "target_lookbehind",
            "temperature",
            "token_healing",
            "top_h",
            "top_k",
            "top_p",
            "typical_p",
            "use_mtp",
            "watermarking_config");

    /** Fields for training, or for heads that the language model does not have. */
    private static final Set<String> OF_TRAINING = Set.of(
            "activation_dropout",
            "attention_dropout",
            "attn_pdrop",
            "classifier_bias",
            "classifier_dropout",
            "classifier_dropout_prob",
            "dropout",
            "embd_pdrop",
            "embed_dropout",
            "embedding_dropout",
            "gradient_checkpointing",
            "hidden_dropout",
            "hidden_dropout_prob",
            "init_std",
            "initializer_factor",
            "initializer_range",
            "layerdrop",
            "resid_dropout",
            "residual_dropout",
            "resid_pdrop",
            "summary_activation",
            "summary_first_dropout",
            "summary_proj_to_labels",
            "summary_type",
            "summary_use_proj");

    /** Left over from exporters, trainers and other runtimes; transformers' classes of these models read none. */
    private static final Set<String> LEFT_OVER = Set.of(
            "attn_implementation",
            "bos_token",
            "eos_token",
            "full_attn_mod",
            "interpolate_factor",
            "is_llama_config",
            "model_max_length",
            "n_ctx",
            "n_special",
            "pad_token",
            "predict_special_tokens",
            "pretraining_tp",
            "reorder_and_upcast_attn",
            "sliding_window_size",
            "tokenizer_model_max_length",
            "transformers.js_config",
            "unsloth_fixed",
            "unsloth_version",
            "vocab_file");

    private FieldsWithoutEffect() {}

    /** Whether a field that no architecture has read may be passed over: it has no effect, or is switched off. */
    static boolean contains(String field, JsonNode value) {
        boolean off = value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
        return off || contains(field);
    }

    /** Whether a field has no effect, whatever its value. */
    static boolean contains(String field) {
        return field.startsWith("_")
                || OF_EVERY_CONFIG.contains(field)
                || OF_GENERATION.contains(field)
                || OF_TRAINING.contains(field)
                || LEFT_OVER.contains(field);
    }
}
