#!/usr/bin/env python3
"""Small tokenizers with configuration files beside them, and what transformers makes of them.

usage: tokenizer_configs.py FOLDER     for src/test/resources/golden/tokenizers, with transformers 5.24, then again with 4.57 for the
                                       folders whose names end in -v4: there add_bos_token and add_eos_token count, which
                                       transformers 5 leaves unread beside a tokenizer.json

Each folder holds the files of one tokenizer and expected.json: texts with their ids as AutoTokenizer encodes them, and how many ids at
the end are special tokens put after a text.
"""
import json
import pathlib
import shutil
import sys

import transformers
from transformers import AutoTokenizer

TEXTS = ["", "the cat", " the cat", "cat the ", "the<|x|>cat", "<s>the</s>", "the cat\n12", "<|endoftext|>cat"]


def added(id, content, special=True, normalized=False):
    return dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=normalized, special=special)


def byte_level(prefix=False):
    """GPT-2's kind."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {b: chr(b) for b in printable}
    letters.update({b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in printable)})
    merges = [("t", "h"), ("th", "e"), ("c", "a"), ("ca", "t"), ("Ġ", "the"), ("Ġ", "cat"), ("1", "2")]
    vocab = {c: i for i, c in enumerate([*letters.values(), *(a + b for a, b in merges), "<|endoftext|>"])}
    step = dict(type="ByteLevel", add_prefix_space=prefix, trim_offsets=True, use_regex=True)
    return dict(version="1.0", truncation=None, padding=None, added_tokens=[added(vocab["<|endoftext|>"], "<|endoftext|>")],
                normalizer=None, pre_tokenizer=step, post_processor=dict(step, add_prefix_space=True), decoder=step,
                model=dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix="", end_of_word_suffix="",
                           fuse_unk=False, byte_fallback=False, vocab=vocab, merges=[f"{a} {b}" for a, b in merges]))


def llama(legacy=False, template=True):
    """Llama's kind, in the form of today (Metaspace) or of before (Prepend and Replace)."""
    merges = [("t", "h"), ("th", "e"), ("c", "a"), ("ca", "t"), ("▁", "the"), ("▁", "cat")]
    words = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *"▁thecaxs|<>/12"]
    vocab = {}
    for w in [*words, *(a + b for a, b in merges)]:
        vocab.setdefault(w, len(vocab))
    bos = {"SpecialToken": dict(id="<s>", type_id=0)}
    text = {"Sequence": dict(id="A", type_id=0)}
    return dict(version="1.0", truncation=None, padding=None, added_tokens=[added(i, t) for i, t in enumerate(words[:3])],
                normalizer=dict(type="Sequence", normalizers=[dict(type="Prepend", prepend="▁"),
                                dict(type="Replace", pattern=dict(String=" "), content="▁")]) if legacy else None,
                pre_tokenizer=None if legacy else dict(type="Metaspace", replacement="▁", prepend_scheme="first", split=False),
                post_processor=dict(type="TemplateProcessing", single=[bos, text], pair=[bos, text, {"Sequence": dict(id="B", type_id=1)}],
                                    special_tokens={"<s>": dict(id="<s>", ids=[1], tokens=["<s>"])}) if template else None,
                decoder=dict(type="Sequence", decoders=[dict(type="Replace", pattern=dict(String="▁"), content=" "),
                             dict(type="ByteFallback"), dict(type="Fuse"), dict(type="Strip", content=" ", start=1, stop=0)]),
                model=dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None,
                           fuse_unk=True, byte_fallback=True, ignore_merges=False, vocab=vocab, merges=[f"{a} {b}" for a, b in merges]))


def config(cls, **fields):
    return dict(tokenizer_class=cls, **fields)


L = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>")
E = dict(bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")
CASES = {
    # name: (tokenizer.json or None for vocab.json and merges.txt, other files)
    "gpt2": (byte_level(), {"tokenizer_config.json": config("GPT2Tokenizer", **E)}),
    "gpt2-prefix-space": (byte_level(), {"tokenizer_config.json": config("GPT2TokenizerFast", add_prefix_space=True, **E)}),
    "gpt2-no-prefix-space": (byte_level(True), {"tokenizer_config.json": config("GPT2Tokenizer", add_prefix_space=False, **E)}),
    "gpt2-bos": (byte_level(), {"tokenizer_config.json": config("GPT2Tokenizer", add_bos_token=True, **E)}),
    "gpt2-bos-unnamed": (byte_level(), {"tokenizer_config.json": config("GPT2Tokenizer", add_bos_token=True)}),
    "gpt2-pair": (None, {"tokenizer_config.json": config("GPT2Tokenizer", add_bos_token=True),
                         "special_tokens_map.json": dict(E, bos_token="the")}),
    "gpt2-pair-added": (None, {"tokenizer_config.json": config("GPT2Tokenizer", **E), "added_tokens.json": {"<|x|>": 264}}),
    "neox-prefix-space": (byte_level(), {"tokenizer_config.json": config("GPTNeoXTokenizer", add_prefix_space=True, **E)}),
    "fast-prefix-space": (byte_level(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", add_prefix_space=True, **E)}),
    "fast-bos-and-eos": (llama(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", add_bos_token=True, add_eos_token=True, **L)}),
    "fast-no-bos": (llama(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", add_bos_token=False, **L)}),
    "fast-template": (llama(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", **L)}),
    "fast-bos-null": (llama(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", add_bos_token=None, **L)}),
    "fast-bos-without-token": (llama(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", add_bos_token=True)}),
    "fast-added": (llama(), {"tokenizer_config.json": config("PreTrainedTokenizerFast", added_tokens_decoder={
        "0": added(0, "<unk>"), "1": added(1, "<s>"), "2": added(2, "</s>"), "280": {k: v for k, v in added(280, "<|x|>").items() if k != "id"}}, **L)}),
    "llama": (llama(), {"tokenizer_config.json": config("LlamaTokenizer", **L)}),
    "llama-no-bos-v4": (llama(), {"tokenizer_config.json": config("LlamaTokenizer", add_bos_token=False, add_eos_token=False, **L)}),
    "llama-eos-v4": (llama(), {"tokenizer_config.json": config("LlamaTokenizerFast", add_bos_token=True, add_eos_token=True, **L)}),
    "llama-no-prefix-space": (llama(), {"tokenizer_config.json": config("LlamaTokenizer", add_prefix_space=False, **L)}),
    "llama-without-template": (llama(template=False), {"tokenizer_config.json": config("LlamaTokenizer", **L)}),
    "llama-bos-from-map-v4": (llama(), {"tokenizer_config.json": config("LlamaTokenizer", add_bos_token=True),
                                     "special_tokens_map.json": {"bos_token": {"content": "</s>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}}}),
}


def main(out):
    for name, (tokenizer, files) in CASES.items():
        if name.endswith("-v4") != transformers.__version__.startswith("4."):
            continue
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

        def write(file, value):
            (folder / file).write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        if tokenizer is None:
            model = byte_level()["model"]
            write("vocab.json", model["vocab"])
            (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(model["merges"]) + "\n", encoding="utf-8")
        else:
            write("tokenizer.json", tokenizer)
        for file, value in files.items():
            write(file, value)
        tok = AutoTokenizer.from_pretrained(folder)
        after = tok("")["input_ids"]
        ends = 1 if name == "llama-eos-v4" else 0
        write("expected.json", dict(suffix=ends, texts={t: tok(t)["input_ids"] for t in TEXTS}))
        print(name, type(tok).__name__, after, tok("the cat")["input_ids"], tok("the<|x|>cat")["input_ids"])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
