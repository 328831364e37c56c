#!/usr/bin/env python3
"""Makes tiny random checkpoints of each family and the logits that they give, by PyTorch alone.

    apt-get install python3-torch
    /usr/bin/python3 bench/reference/make_vectors.py tests/Bgpo.Model.Tests/Reference

The networks are written here from the papers and the families' configuration fields; nothing of bgpo is used, so that its
tests compare two implementations. Each folder gets config.json, tokenizer.json, safetensors in the family's names, and
vectors.json: token sequences, the logits in float32, and those of the same weights in bfloat16 arithmetic.
"""
import json
import math
import os
import struct
import sys

import torch
import torch.nn.functional as F

BYTES = [b for b in range(256)]
NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}


def byte_alphabet():
    """GPT-2's printable character of each byte."""
    kept = list(range(ord("!"), ord("~") + 1)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    table, extra = {}, 0
    for b in BYTES:
        if b in kept:
            table[b] = chr(b)
        else:
            table[b] = chr(256 + extra)
            extra += 1
    return table


def tokenizer(special):
    vocab = {character: b for b, character in byte_alphabet().items()}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": 256 + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
            for i, name in enumerate(special)],
        "normalizer": None, "pre_tokenizer": level, "post_processor": level, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": vocab, "merges": []},
    }


def write_safetensors(path, tensors):
    header, at, parts = {}, 0, []
    for name, value in tensors.items():
        data = value.contiguous().view(torch.int16 if value.element_size() == 2 else torch.int32).numpy().tobytes()
        header[name] = {"dtype": NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def rms_norm(x, weight, eps):
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)).to(x.dtype) * weight


def rotate(x, theta):
    t, e = x.shape[-2], x.shape[-1]
    frequency = 1.0 / theta ** (torch.arange(0, e, 2, dtype=torch.float64) / e)
    angle = torch.outer(torch.arange(t, dtype=torch.float64), frequency)
    angle = torch.cat([angle, angle], -1)
    half = torch.cat([-x[..., e // 2:], x[..., : e // 2]], -1)
    return (x.float() * angle.cos().float() + half.float() * angle.sin().float()).to(x.dtype)


def logits_of(shape, names, weights, tokens):
    """(T, V) of one sequence. Attention is written out: scores, mask, softmax."""
    d, h, k, e = shape["width"], shape["heads"], shape["kv"], shape["head_dim"]
    t = len(tokens)
    x = weights[names["embedding"]][tokens]
    block_length = shape.get("attention_block", 0)
    place = torch.arange(t)
    sees = torch.ones(t, t, dtype=torch.bool)
    if block_length:
        sees = (place[None, :] // block_length) <= (place[:, None] // block_length)
    for n in range(shape["layers"]):
        w = lambda name: weights.get(names["block"].format(n) + name)
        def project(name, y):
            return F.linear(y, w(name + ".weight"), w(name + ".bias"))
        y = rms_norm(x, w(names["attention_norm"]), shape["eps"])
        q = project(names["q"], y).view(t, h, e)
        key = project(names["k"], y).view(t, k, e)
        v = project(names["v"], y).view(t, k, e)
        if names.get("q_norm"):
            q, key = rms_norm(q, w(names["q_norm"]), shape["eps"]), rms_norm(key, w(names["k_norm"]), shape["eps"])
        q, key, v = (z.transpose(0, 1) for z in (q, key, v))
        q, key = rotate(q, shape["theta"]), rotate(key, shape["theta"])
        key, v = (z.repeat_interleave(h // k, 0) for z in (key, v))
        scores = (q @ key.transpose(1, 2)).float() / math.sqrt(e)
        share = scores.masked_fill(~sees, -math.inf).softmax(-1).to(x.dtype)
        x = x + project(names["o"], (share @ v).transpose(0, 1).reshape(t, h * e))
        y = rms_norm(x, w(names["mlp_norm"]), shape["eps"])
        x = x + project(names["down"], F.silu(project(names["gate"], y)) * project(names["up"], y))
    x = rms_norm(x, weights[names["final_norm"]], shape["eps"])
    return F.linear(x, weights.get(names["head"], weights[names["embedding"]]))


LLADA = {
    "embedding": "model.transformer.wte.weight", "block": "model.transformer.blocks.{}.", "attention_norm": "attn_norm.weight",
    "q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "attn_out", "mlp_norm": "ff_norm.weight", "gate": "ff_proj", "up": "up_proj",
    "down": "ff_out", "final_norm": "model.transformer.ln_f.weight", "head": "model.transformer.ff_out.weight",
}
QWEN = {
    "embedding": "model.embed_tokens.weight", "block": "model.layers.{}.", "attention_norm": "input_layernorm.weight",
    "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
    "mlp_norm": "post_attention_layernorm.weight", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
    "final_norm": "model.norm.weight", "head": "lm_head.weight",
}
LLADA_TOKENS = ["<|startoftext|>", "<|endoftext|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|mdm_mask|>"]
CHATML_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|mask|>"]
SDAR_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<MASK>"]


def llada_config(shape, vocabulary, **more):
    return {
        "architectures": ["LLaDAModelLM"], "model_type": "llada", "activation_type": "silu", "alibi": False, "attention_layer_norm": False,
        "block_type": "llama", "block_group_size": 1, "d_model": shape["width"], "n_layers": shape["layers"], "n_heads": shape["heads"],
        "n_kv_heads": shape["kv"], "mlp_hidden_size": shape["hidden"], "vocab_size": vocabulary, "embedding_size": vocabulary,
        "max_sequence_length": 128, "rope": True, "rope_theta": shape["theta"], "rms_norm_eps": shape["eps"], "layer_norm_type": "rms",
        "include_bias": False, "include_qkv_bias": False, "scale_logits": False, "mask_token_id": 261, "eos_token_id": 257,
        "pad_token_id": 257, "weight_tying": False, **more}


def qwen_config(shape, vocabulary, **more):
    return {
        "hidden_act": "silu", "hidden_size": shape["width"], "num_hidden_layers": shape["layers"], "num_attention_heads": shape["heads"],
        "num_key_value_heads": shape["kv"], "intermediate_size": shape["hidden"], "vocab_size": vocabulary, "max_position_embeddings": 128,
        "rope_theta": shape["theta"], "rope_scaling": None, "rms_norm_eps": shape["eps"], "tie_word_embeddings": False,
        "use_sliding_window": False, "sliding_window": None, "eos_token_id": 256, "pad_token_id": 256, **more}


def families():
    shape = {"width": 24, "layers": 2, "heads": 4, "kv": 2, "head_dim": 6, "hidden": 40, "eps": 1e-5, "theta": 500.0}
    full = {**shape, "kv": 4}
    yield "llada", LLADA, full, llada_config(full, 264), LLADA_TOKENS, 264, torch.float32
    yield "illada", LLADA, shape, llada_config(shape, 264, weight_tying=True), LLADA_TOKENS, 264, torch.float16
    dream = {**shape, "eps": 1e-6, "theta": 1000.0}
    yield "dream", QWEN, dream, qwen_config(dream, 262, model_type="Dream", architectures=["DreamModel"], mask_token_id=259), \
        CHATML_TOKENS, 262, torch.float32
    sdar = {**dream, "head_dim": 8, "attention_block": 4}
    yield "sdar", {**QWEN, "q_norm": "self_attn.q_norm.weight", "k_norm": "self_attn.k_norm.weight"}, sdar, \
        qwen_config(sdar, 262, model_type="sdar", architectures=["SDARForCausalLM"], head_dim=8, attention_bias=False, block_size=4,
                    fuse_cross_entropy=True), SDAR_TOKENS, 262, torch.bfloat16


def random_weights(family, names, shape, config, rows):
    d, q, kv, hidden = shape["width"], shape["heads"] * shape["head_dim"], shape["kv"] * shape["head_dim"], shape["hidden"]
    def matrix(out, inputs):
        return torch.randn(out, inputs) * (1.5 / math.sqrt(inputs))
    def norm(size):
        return 0.5 + torch.rand(size)
    weights = {names["embedding"]: torch.randn(rows, d)}
    for n in range(shape["layers"]):
        b = names["block"].format(n)
        weights[b + names["attention_norm"]] = norm(d)
        for name, out in (("q", q), ("k", kv), ("v", kv)):
            weights[f"{b}{names[name]}.weight"] = matrix(out, d)
            if family == "dream":
                weights[f"{b}{names[name]}.bias"] = torch.randn(out) * 0.5
        if names.get("q_norm"):
            weights[b + names["q_norm"]], weights[b + names["k_norm"]] = norm(shape["head_dim"]), norm(shape["head_dim"])
        weights[f"{b}{names['o']}.weight"] = matrix(d, q)
        weights[b + names["mlp_norm"]] = norm(d)
        weights[f"{b}{names['gate']}.weight"] = matrix(hidden, d)
        weights[f"{b}{names['up']}.weight"] = matrix(hidden, d)
        weights[f"{b}{names['down']}.weight"] = matrix(d, hidden)
    weights[names["final_norm"]] = norm(d)
    if not config.get("weight_tying"):
        weights[names["head"]] = matrix(rows, d)
    return weights


def main(out):
    for number, (family, names, shape, config, special, rows, dtype) in enumerate(families()):
        torch.manual_seed(100 + number)
        folder = os.path.join(out, family)
        os.makedirs(folder, exist_ok=True)
        weights = {name: value.to(dtype) for name, value in random_weights(family, names, shape, config, rows).items()}
        if family == "dream":  # in two files, as the real one is in four
            halves = [dict(list(weights.items())[0::2]), dict(list(weights.items())[1::2])]
            files = [f"model-0000{i + 1}-of-00002.safetensors" for i in range(2)]
            for file, half in zip(files, halves):
                write_safetensors(os.path.join(folder, file), half)
            places = {name: file for file, half in zip(files, halves) for name in half}
            total = sum(value.numel() * value.element_size() for value in weights.values())
            with open(os.path.join(folder, "model.safetensors.index.json"), "w") as file:
                json.dump({"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}, file, indent=1)
        else:
            write_safetensors(os.path.join(folder, "model.safetensors"), weights)
        mask = config.get("mask_token_id", 256 + len(special) - 1)
        sequences = [[72, 105, 33, mask, mask, 10, mask, 0, 255], [mask] * 5 + list(range(40, 53)), [97]]
        vectors = []
        for tokens in sequences:
            wide = {name: value.float() for name, value in weights.items()}
            narrow = {name: value.bfloat16() for name, value in weights.items()}
            vectors.append({
                "tokens": tokens,
                "float32": logits_of(shape, names, wide, tokens).flatten().tolist(),
                "bfloat16": logits_of(shape, names, narrow, tokens).float().flatten().tolist(),
            })
        for file, content in (("config.json", config), ("tokenizer.json", tokenizer(special))):
            with open(os.path.join(folder, file), "w") as stream:
                json.dump(content, stream, indent=1, ensure_ascii=False)
        with open(os.path.join(folder, "vectors.json"), "w") as stream:
            stream.write(json.dumps([{k: [float(f"{x:.8g}") for x in v] if k != "tokens" else v for k, v in one.items()} for one in vectors]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
