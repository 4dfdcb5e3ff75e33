"""peer.py - the reference workloads in PyTorch, the same work from the same weights and batches.

Usage: peer.py WORKLOAD f32|bf16 eager|compile THREADS FOLDER STEPS [WINDOWS]

FOLDER is what `mlrt bench WORKLOAD --export FOLDER` wrote. Prints "losses" of the first STEPS steps and "windows", the
seconds a step of each window. peers.py runs it and compares.
"""
import contextlib
import json
import os
import struct
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional


def safetensors(path):
    """The f32 tensors of a checkpoint, by the names of their parameters."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    tensors = {}
    for name, entry in header.items():
        if name.startswith("param/"):
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
            tensors[name[len("param/"):]] = torch.from_numpy(values.copy())
    return tensors


class Weights:
    """Hands weights over to PyTorch's modules, and knows when one was forgotten."""

    def __init__(self, path):
        self.tensors = safetensors(path)

    def take(self, name):
        return self.tensors.pop(name)

    def set(self, parameter, *names):
        values = torch.cat([self.take(name) for name in names])
        with torch.no_grad():
            parameter.copy_(values.reshape(parameter.shape))

    def linear(self, module, at):
        self.set(module.weight, at + ".weight")
        if at + ".bias" in self.tensors:
            self.set(module.bias, at + ".bias")
        return module

    def norm(self, module, at):
        self.set(module.weight, at + ".gain")
        self.set(module.bias, at + ".bias")
        return module

    def embedding(self, at):
        return nn.Embedding.from_pretrained(self.take(at + ".weight"), freeze=False)

    def attention(self, module, at):
        for kind in "weight", "bias":
            parts = [f"{at}.{part}.{kind}" for part in ("query", "key", "value")]
            self.set(getattr(module, "in_proj_" + kind), *parts)
        self.linear(module.out_proj, at + ".output")

    def layer(self, module, at):
        """An encoder or decoder layer of a transformer."""
        self.attention(module.self_attn, at + ".attention")
        norms = ["attention_norm", "ffn_norm"]
        if hasattr(module, "multihead_attn"):
            self.attention(module.multihead_attn, at + ".cross_attention")
            norms.insert(1, "cross_attention_norm")
        for i, name in enumerate(norms):
            self.norm(getattr(module, f"norm{i + 1}"), f"{at}.{name}")
        self.linear(module.linear1, at + ".ffn.inner")
        self.linear(module.linear2, at + ".ffn.outer")
        return module

    def count(self, pattern):
        return len({name for name in self.tensors if name.endswith(pattern)})


# ---- models: from weights to what gives the loss of a batch ----

class Seq2Seq(nn.Module):
    PAD = 1

    def __init__(self, weights, heads=8):
        super().__init__()
        layers = {side: weights.count(".ffn.inner.weight") // 2 for side in ("encoder", "decoder")}
        self.tokens, self.places, self.norms, self.stacks = (nn.ModuleDict() for _ in range(4))
        for side, kind in ("encoder", nn.TransformerEncoderLayer), ("decoder", nn.TransformerDecoderLayer):
            at = f"seq2seq.{side}"
            self.tokens[side] = weights.embedding(at + ".embedding")
            self.places[side] = weights.embedding(at + ".position")
            dim = self.tokens[side].weight.shape[1]
            self.norms[side] = weights.norm(nn.LayerNorm(dim), at + ".embedding_norm")
            self.stacks[side] = nn.ModuleList(
                weights.layer(kind(dim, heads, 4 * dim, 0.0, batch_first=True), f"{at}.{i + 1}")
                for i in range(layers[side]))
        self.bias = nn.Parameter(weights.take("seq2seq.decoder.output.bias"))

    def embed(self, side, tokens):
        return self.norms[side](self.tokens[side](tokens) + self.places[side].weight)

    def forward(self, source, target):
        memory = self.embed("encoder", source)
        for layer in self.stacks["encoder"]:
            memory = layer(memory)
        shifted = torch.cat([torch.zeros_like(target[:, :1]), target[:, :-1]], 1)
        causal = torch.full((target.shape[1],) * 2, float("-inf"), device=memory.device).triu(1)
        hidden = self.embed("decoder", shifted)
        for layer in self.stacks["decoder"]:
            hidden = layer(hidden, memory, tgt_mask=causal)
        logits = functional.linear(hidden, self.tokens["decoder"].weight, self.bias)
        return functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=self.PAD)


class Toy(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.number = weights.embedding("number")
        sizes = [1, 200, 200, 30]
        linear = [weights.linear(nn.Linear(a, b), "decoder.linear" + ("" if i == 0 else f"_{i + 1}"))
                  for i, (a, b) in enumerate(zip(sizes, sizes[1:]))]
        self.decoder = nn.Sequential(linear[0], nn.Tanh(), linear[1], nn.Tanh(), linear[2])

    def forward(self, a, b, target):
        return functional.mse_loss(self.decoder(self.number(a) + self.number(b)), target)


class Modular(nn.Module):
    def __init__(self, weights, heads=4):
        super().__init__()
        self.tokens, self.places = weights.embedding("body.embedding"), weights.embedding("body.position")
        dim = self.tokens.weight.shape[1]
        self.layers = nn.ModuleList(
            weights.layer(nn.TransformerEncoderLayer(dim, heads, 4 * dim, 0.0, batch_first=True),
                          "body.transformer_encoder_layer" + ("" if i == 0 else f"_{i + 1}"))
            for i in range(weights.count(".ffn.inner.weight")))
        self.answer = weights.linear(nn.Linear(dim, 53), "answer")

    def forward(self, equation, target):
        hidden = self.tokens(equation) + self.places.weight
        causal = torch.full((equation.shape[1],) * 2, float("-inf")).triu(1)
        for layer in self.layers:
            hidden = layer(hidden, src_mask=causal)
        return functional.cross_entropy(self.answer(hidden[:, -1]), target)


class Lipschitz(nn.Module):
    def __init__(self, weights):
        super().__init__()
        names = ["lipschitz", "lipschitz_2", "lipschitz_3"]
        self.weights = nn.ParameterList(nn.Parameter(weights.take(name + ".weight")) for name in names)
        self.biases = nn.ParameterList(nn.Parameter(weights.take(name + ".bias")) for name in names)

    def forward(self, image, label):
        hidden = image
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            if i:
                hidden = self.group_sort(hidden)
            norm = weight.abs().sum(0, keepdim=True).clamp_min(1)
            hidden = functional.linear(hidden, weight / norm, bias)
        return functional.cross_entropy(hidden, label)

    @staticmethod
    def group_sort(x):
        """The least and the largest of each pair: faster here than sort()."""
        first, second = x.unflatten(1, (-1, 2)).unbind(2)
        return torch.stack([torch.minimum(first, second), torch.maximum(first, second)], 2).flatten(1)


def adam(model, lr=1e-4):
    return torch.optim.Adam(model.parameters(), lr)


def faster_adam(model):
    return adam(model, 1e-3)


def two_groups(model):
    return torch.optim.AdamW([{"params": model.number.parameters(), "lr": 1e-3, "weight_decay": 0.0},
                              {"params": model.decoder.parameters(), "lr": 1e-4, "weight_decay": 1.0}])


def adamw(model):
    return torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.1)


# Fields in the order of forward, model, optimizer, largest norm of the gradient.
WORKLOADS = {
    "W1": (("word", "coefficient"), Seq2Seq, adam, 5.0),
    "W2": (("parents", "coefficient"), Seq2Seq, adam, 5.0),
    "W3": (("a", "b", "sum"), Toy, two_groups, None),
    "W4.1": (("equation", "sum"), Modular, adamw, None),
    "W4.2": (("equation", "sum"), Modular, adamw, None),
    "W6": (("image", "label"), Lipschitz, faster_adam, None),
}

STEPS = 10  # exported batches
WINDOW_SECONDS = 0.5


def batches_of(folder, fields):
    """The exported batches, a list of tuples of tensors."""
    arrays = [torch.from_numpy(numpy.load(os.path.join(folder, name + ".npy"))) for name in fields]
    arrays = [a.long() if a.dtype == torch.int32 else a for a in arrays]
    return list(zip(*[a.chunk(STEPS) for a in arrays]))


def main(workload, precision, mode, threads, folder, steps, windows="0"):
    torch.set_num_threads(int(threads))
    fields, make, optimizer_of, clip = WORKLOADS[workload]
    weights = Weights(os.path.join(folder, "weights.safetensors"))
    batches = batches_of(folder, fields)
    model = make(weights)
    if weights.tensors:
        sys.exit(f"{workload}: no use for {', '.join(weights.tensors)}")
    optimizer = optimizer_of(model)
    forward = torch.compile(model) if mode == "compile" else model

    def step(i):
        cast = torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else contextlib.nullcontext()
        optimizer.zero_grad(set_to_none=True)
        with cast:
            loss = forward(*batches[i % STEPS])
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        return loss

    def window(steps):
        start = time.perf_counter()
        for i in range(steps):
            step(i)
        return (time.perf_counter() - start) / steps

    print("losses", *[step(i).item() for i in range(int(steps))])
    many = max(1, int(WINDOW_SECONDS / window(1))) if int(windows) > 1 else 1
    print("windows", *[window(many) for _ in range(int(windows))])


if __name__ == "__main__":
    main(*sys.argv[1:])
