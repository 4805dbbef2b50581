"""Makes src/test/resources/golden/convert: files of the genuine writers, for the tests of org.edgeprune.convert.

    pip install torch transformers safetensors tokenizers sentencepiece protobuf gguf
    pip download --no-deps --no-binary :all: llama-cpp-python      # its source holds llama.cpp's own converter (MIT)
    python src/test/python/make_convert_fixtures.py LLAMA_CPP src/test/resources/golden

LLAMA_CPP is the folder vendor/llama.cpp of that source. The second argument holds hf/ (tiny random models with the logits of
transformers) and gets convert/:

    torch/        state dicts of torch.save in its formats, and expected.safetensors with the same tensors
    quantised     every block type of GGUF: quantised.gguf (blocks of random bits, or the gguf package's own quantisation)
                  and quantised.safetensors (dequantised by the gguf package)
    NAME.gguf     llama.cpp's conversion of hf/NAME to F16, without a tokenizer
    tokenizer/    tokenizers in GGUF as llama.cpp's converter writes them, and the ids that the original gives for texts
"""
import json, os, shutil, sys, tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file

MODELS = ["llama-gqa", "llama-rope-llama3", "llama-tied", "llama-head-dim", "llama-attention-bias", "qwen2-full", "qwen3",
          "gemma", "gemma2", "gemma3_text", "phi3", "phi3-longrope", "gpt2-tied", "gpt_neox-parallel", "granite", "olmo2",
          "starcoder2", "phi", "smollm3"]
TEXTS = ["Hello world", " leading space", "It's 2024, I'LL pay 12345.67 for naïve café", "two  spaces\nand\n\nlines\t.",
         "中文 🙂 ß", "snake_case(x) => {y: 1}", "the the the theatre"]


def pickles(out):
    out.mkdir(parents=True)
    g = torch.Generator().manual_seed(1)
    rand = lambda *s: torch.randn(*s, generator=g)
    shared = rand(7, 4)
    big = rand(40)
    state = {
        "transformer.wte.weight": shared, "lm_head.weight": shared,
        "f32": rand(3, 5), "f16": rand(5).half(), "bf16": rand(2, 3).bfloat16(), "f64": rand(4).double(),
        "i64": torch.tensor([1, -2, 2**40]), "i32": torch.tensor([[3], [-4]], dtype=torch.int32),
        "i16": torch.tensor([5, -6], dtype=torch.int16), "i8": torch.tensor([7, -8], dtype=torch.int8),
        "u8": torch.tensor([9, 255], dtype=torch.uint8), "bool": torch.tensor([True, False, True]),
        "transposed": rand(6, 4).t(), "permuted": rand(2, 3, 4).permute(2, 0, 1), "slice": big[8:20].view(3, 4),
        "column": rand(5, 3)[:, 1], "empty": torch.empty(0, 3), "scalar": torch.tensor(2.5),
        "parameter": torch.nn.Parameter(rand(2, 2)),
    }
    torch.save(state, out / "zip.bin")
    torch.save(state, out / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(state, out / "protocol4.bin", pickle_protocol=4)
    torch.save({"epoch": 3, "lr": 0.1, "args": {"tags": ["a", None], 1: (2.0, True)}, "state_dict": state}, out / "wrapped.bin")
    linear = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    torch.manual_seed(2)
    torch.save(linear.state_dict(), out / "module.bin")
    odd = {"f8": rand(4).to(torch.float8_e4m3fn), "u16": torch.tensor([1, 65535], dtype=torch.uint16)}
    torch.save(odd, out / "v3.bin")
    torch.save({"a": 1}, out / "no_tensors.bin")
    half = len(state) // 2
    names = list(state)
    parts = {"pytorch_model-00001-of-00002.bin": names[:half], "pytorch_model-00002-of-00002.bin": names[half:]}
    for file, part in parts.items():
        torch.save({n: state[n] for n in part}, out / file)
    json.dump({"metadata": {"total_size": 1}, "weight_map": {n: f for f, part in parts.items() for n in part}},
              open(out / "pytorch_model.bin.index.json", "w"))
    copy = lambda d: {k: v.detach().clone().contiguous() for k, v in d.items()}
    save_file(copy(state), out / "expected.safetensors")
    save_file(copy(linear.state_dict()), out / "module.safetensors")
    save_file(copy(odd), out / "v3.safetensors")


def quantised(out):
    import gguf
    from gguf import GGMLQuantizationType as T
    rng = np.random.default_rng(3)
    writer = gguf.GGUFWriter(out / "quantised.gguf", "llama")
    expected = {}
    for t in (T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0):
        blocks = gguf.quantize(rng.standard_normal((3, 64)).astype(np.float32), t)
        writer.add_tensor(t.name, blocks, raw_dtype=t)
        expected[t.name] = np.ascontiguousarray(gguf.dequantize(blocks, t), np.float32)
    for t, halves in ((T.Q4_K, (0, 2)), (T.Q5_K, (0, 2)), (T.Q6_K, (208,))):
        size = gguf.GGML_QUANT_SIZES[t][1]
        blocks = rng.integers(0, 256, (2, size), np.uint8)
        for at in halves:
            blocks[:, at:at + 2] = rng.standard_normal((2, 1)).astype(np.float16).view(np.uint8)
        writer.add_tensor(t.name, blocks, raw_dtype=t)
        expected[t.name] = np.ascontiguousarray(gguf.dequantize(blocks, t), np.float32)
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
    save_numpy(expected, out / "quantised.safetensors")


def gguf_of(directory, file, ftype, vocabulary, pre=None):
    """llama.cpp's converter, run as a library: it refuses tokenizers that it does not know by hash, and ours are new."""
    import gguf
    from conversion import get_model_class
    from conversion.base import ModelBase
    hparams = ModelBase.load_hparams(directory, False)
    hparams = {**{"n_ctx": hparams.get("n_positions")}, **hparams} if hparams["model_type"] == "gpt2" else hparams
    rope = hparams.get("rope_parameters") or {}
    for ours, theirs in (("rope_theta", "rope_theta"), ("rotary_pct", "partial_rotary_factor")):
        if theirs in rope:
            hparams.setdefault(ours, rope[theirs])
    if hparams["model_type"] == "phi3":
        hparams["rope_parameters"].setdefault("original_max_position_embeddings",
                                              hparams.get("original_max_position_embeddings") or hparams["max_position_embeddings"])
    kind = get_model_class(hparams["architectures"][0])
    overrides = {"model_arch": kind.model_arch}
    if not vocabulary:
        overrides["set_vocab"] = lambda self: self.gguf_writer.add_tokenizer_model("none")
        # Gemma 3's removes rows that no token has
        if hparams["model_type"] == "gemma3_text":
            overrides["modify_tensors"] = lambda self, data, name, bid: super(kind, self).modify_tensors(
                data + self.norm_shift(name), name, bid)
    if pre:
        overrides["get_vocab_base_pre"] = lambda self, tokenizer: pre
    made = type(kind.__name__ + "ForTests", (kind,), overrides)
    made(directory, ftype, file, eager=True, hparams=hparams).write()


def tokenizers(source, out):
    """Byte-level BPE with each known pre-tokenizer, and SentencePiece BPE with and without the prefix space."""
    import gguf, sentencepiece
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    out.mkdir()
    corpus = [Path(__file__).read_text(), " ".join(TEXTS)] * 2
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    contractions = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
    rest = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    split = lambda numbers: pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(contractions + numbers + rest), "isolated"), bare])
    kinds = {"gpt-2": gpt2, "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2]),
             "llama-bpe": split(r"\p{N}{1,3}"), "qwen2": split(r"\p{N}")}
    for pre, pre_tokenizer in kinds.items():
        t = Tokenizer(models.BPE(ignore_merges=pre == "llama-bpe"))
        t.pre_tokenizer, t.decoder = pre_tokenizer, decoders.ByteLevel()
        t.train_from_iterator(corpus, trainers.BpeTrainer(
            vocab_size=420, special_tokens=["<|begin|>", "<|end|>"], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
        if pre == "llama-bpe":
            t.post_processor = processors.TemplateProcessing(single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B",
                                                             special_tokens=[("<|begin|>", 0)])
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            shrunk(source / "llama-tied", folder, t.get_vocab_size())
            t.save(str(folder / "tokenizer.json"))
            json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin|>", "eos_token": "<|end|>",
                       "add_bos_token": pre == "llama-bpe", "chat_template": "{{ messages }}"},
                      open(folder / "tokenizer_config.json", "w"))
            gguf_of(folder, out / f"{pre}.gguf", gguf.LlamaFileType.MOSTLY_Q8_0, True, pre)
        answers(out / f"{pre}.json", lambda text: t.encode(text).ids)
    for name, prefix, model in (("spm", True, "llama-tied"), ("spm-gemma", False, "gemma")):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "corpus.txt").write_text("\n".join(corpus))
            sentencepiece.SentencePieceTrainer.train(
                input=str(folder / "corpus.txt"), model_prefix=str(folder / "tokenizer"), vocab_size=520, model_type="bpe",
                byte_fallback=True, add_dummy_prefix=prefix, remove_extra_whitespaces=False, normalization_rule_name="identity",
                character_coverage=0.98, bos_id=1, eos_id=2, unk_id=0, minloglevel=2)
            s = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
            shrunk(source / model, folder, s.vocab_size(), 1, 2)
            json.dump({"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>",
                       "eos_token": "</s>", "unk_token": "<unk>"}, open(folder / "tokenizer_config.json", "w"))
            gguf_of(folder, out / f"{name}.gguf", gguf.LlamaFileType.MOSTLY_Q8_0, True)
        answers(out / f"{name}.json", lambda text: [1] + s.encode(text))


def shrunk(source, folder, vocabulary, bos=0, eos=1):
    """A model of one layer and zeros with a vocabulary of this size, to carry a tokenizer."""
    from safetensors.torch import load_file
    config = json.load(open(source / "config.json"))
    tensors = {n: t for n, t in load_file(source / "model.safetensors").items() if ".layers." not in n or ".layers.0." in n}
    tensors = {n: torch.zeros(vocabulary if t.shape[0] == config["vocab_size"] else t.shape[0], *t.shape[1:]) for n, t in tensors.items()}
    config.update(vocab_size=vocabulary, num_hidden_layers=1, bos_token_id=bos, eos_token_id=eos)
    json.dump(config, open(folder / "config.json", "w"))
    save_file(tensors, folder / "model.safetensors")


def answers(file, ids):
    json.dump({text: ids(text) for text in TEXTS}, open(file, "w"), ensure_ascii=True, indent=0)


def main(llama_cpp, golden):
    sys.path.insert(0, str(Path(llama_cpp)))
    sys.path.insert(0, str(Path(llama_cpp) / "gguf-py"))
    import gguf
    out = Path(golden) / "convert"
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    pickles(out / "torch")
    quantised(out)
    for name in MODELS:
        try:
            gguf_of(Path(golden) / "hf" / name, out / f"{name}.gguf", gguf.LlamaFileType.MOSTLY_F16, False)
        except Exception as e:
            print(name, "FAILED", type(e).__name__, e)
    tokenizers(Path(golden) / "hf", out / "tokenizer")


if __name__ == "__main__":
    main(*sys.argv[1:])
